"""Scores for every case from an ensemble that has not seen its taxpayer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.boosting import read_booster, score_raw

TAXPAYER = "taxpayer_id"


def assign_folds(index: pd.Index, strata: npt.NDArray[np.integer], folds: int, seed: int) -> Integers:
    """Deal taxpayers into folds, evenly within strata.

    Parameters
    ----------
    index : pandas.Index
        Rows that share the level ``taxpayer_id`` stay together; without that level each row is on its own.
    strata : ndarray of int
        The stratum of each row; a taxpayer belongs to the highest of his rows.
    folds : int
        How many folds, at least 2.
    seed : int
        Seed of the deal.

    Returns
    -------
    ndarray of int
        The fold of each row.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("A", 1), ("A", 2), ("B", 1)], names=["taxpayer_id", "period"])
    >>> fold = assign_folds(index, np.array([0, 1, 0]), folds=2, seed=0)
    >>> fold[0] == fold[1] != fold[2]
    np.True_
    """
    group = number_taxpayers(index)
    groups = int(group.max()) + 1
    if not 2 <= folds <= groups:
        raise UsageError(f"Folds must be at least 2 and at most the {groups} taxpayers; {folds} were asked.")
    stratum = np.full(groups, -1, dtype=np.int64)
    np.maximum.at(stratum, group, strata)
    shuffled = np.random.default_rng([seed, 1]).permutation(groups)
    dealt = shuffled[np.argsort(stratum[shuffled], kind="stable")]
    fold_of_group = np.empty(groups, dtype=np.int64)
    fold_of_group[dealt] = np.arange(groups) % folds
    fold: Integers = fold_of_group[group]
    return fold


def number_taxpayers(index: pd.Index) -> Integers:
    """Return the number of each row's taxpayer, from 0.

    Parameters
    ----------
    index : pandas.Index
        Without the level ``taxpayer_id`` each row is its own.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("B", 1), ("A", 1), ("B", 2)], names=["taxpayer_id", "period"])
    >>> number_taxpayers(index).tolist(), number_taxpayers(pd.RangeIndex(2)).tolist()
    ([1, 0, 1], [0, 1])
    """
    if TAXPAYER not in index.names:
        return np.arange(len(index))
    numbers: Integers = pd.factorize(index.get_level_values(TAXPAYER), sort=True)[0]
    return numbers


def cross_fit(
    matrix: Floats,
    target: Floats,
    weight: Floats,
    fold: Integers,
    plant: Callable[[Floats, Floats, Floats], str],
) -> Floats:
    """Return out-of-fold raw scores of all rows.

    Parameters
    ----------
    matrix : ndarray, shape (rows, features)
        Encoded features.
    target, weight : ndarray
        What is modelled, and weights.
    fold : ndarray of int
        As `assign_folds` gives it.
    plant : callable
        From matrix, target and weight to the text of a booster.

    Returns
    -------
    ndarray of float64
    """
    scores = np.empty(len(target))
    for held_out in np.unique(fold):
        test = fold == held_out
        booster = read_booster(plant(matrix[~test], target[~test], weight[~test]))
        scores[test] = score_raw(booster, matrix[test])
    return scores
