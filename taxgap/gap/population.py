"""What is known of everyone: sizes of strata and totals of scores, held against the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Column, Floats, Integers, to_floats

_ROUNDING = 0.01
"""Recorded probabilities may be rounded: sizes that differ by one part in a hundred are let pass."""

_ERRORS = 6.0


@dataclass(frozen=True)
class Population:
    """What is known of everyone.

    Parameters
    ----------
    sizes : ndarray
        Cases by stratum.
    score_totals : ndarray or None
        Totals of the scores by stratum.
    """

    sizes: Floats
    score_totals: Floats | None


def read_population(
    names: pd.Index,
    expected: Floats,
    *,
    strata: Column | Mapping[object, int] | None,
    scores: Column | None,
    size: int | None,
) -> Population:
    """Return what is known of everyone.

    Parameters
    ----------
    names : Index
        The strata of the sample.
    expected : ndarray
        Sums of 1 / probability by stratum: used where nothing else tells a size.
    strata, scores, size
        ``population_strata, population_scores, population_size`` of `estimate_total`.

    Returns
    -------
    Population

    Raises
    ------
    InvalidDataError, UsageError
        If strata differ from those of the sample, or sizes from one another.
    """
    of_all = None if scores is None else to_floats(scores, "population_scores")
    if size is not None and of_all is not None and size != len(of_all):
        raise InvalidDataError(
            f"population_size is {size:,}, but there are {len(of_all):,} population_scores.",
            where="population_size",
        )
    if strata is not None:
        return _read_strata(names, strata, of_all, size)
    if len(names) > 1 and of_all is not None:
        raise UsageError(
            "With strata and scores, the stratum of everyone is needed.",
            where="population_strata",
            remedy="Give one stratum for each of population_scores.",
        )
    known = len(of_all) if of_all is not None else size
    if len(names) > 1:
        _check_size(size, float(expected.sum()))
        return Population(expected, None)
    sizes = expected if known is None else np.array([float(known)])
    return Population(sizes, None if of_all is None else np.array([of_all.sum()]))


def check_total_weight(probability: Floats, size: float, *, exact: bool) -> None:
    """Refuse probabilities that do not add up to the population.

    Parameters
    ----------
    probability : ndarray
        Of the cases.
    size : float
        Cases of the population.
    exact : bool
        Whether the sum of 1 / probability is N in every sample; else within six standard errors.

    Raises
    ------
    InvalidDataError
        If they do not.
    """
    weight = float((1 / probability).sum())
    chance = 0.0 if exact else _ERRORS * float(np.sqrt(((1 - probability) / probability**2).sum()))
    if abs(weight - size) > max(_ROUNDING * size, chance):
        raise InvalidDataError(
            f"The cases stand for {weight:,.0f} by their probabilities, the population has {size:,.0f}.",
            where="inclusion_probability",
            remedy="Check the probabilities, or the size or scores of the population.",
        )


def _read_strata(
    names: pd.Index, strata: Column | Mapping[object, int], scores: Floats | None, size: int | None
) -> Population:
    if isinstance(strata, Mapping):
        _check_names(names, pd.Index(list(strata)))
        if scores is not None:
            raise UsageError(
                "With scores, population_strata must give the stratum of everyone, not sizes.",
                where="population_strata",
            )
        sizes = np.array([float(strata[name]) for name in names])
        _check_size(size, float(sizes.sum()))
        return Population(sizes, None)
    labels = pd.Series(strata)
    _check_names(names, pd.Index(labels.unique()))
    if scores is not None and len(scores) != len(labels):
        raise UsageError(
            "population_scores and population_strata differ in length.", where="population_scores"
        )
    codes: Integers = names.get_indexer(pd.Index(labels))
    sizes = np.bincount(codes, minlength=len(names)).astype(np.float64)
    _check_size(size, float(sizes.sum()))
    totals = None if scores is None else np.bincount(codes, scores, minlength=len(names)).astype(np.float64)
    return Population(sizes, totals)


def _check_size(size: int | None, found: float) -> None:
    if size is not None and abs(size - found) > _ROUNDING * found:
        raise InvalidDataError(
            f"population_size is {size:,}, but the strata add up to {found:,.0f}.", where="population_size"
        )


def _check_names(names: pd.Index, known: pd.Index) -> None:
    unsampled = len(known.difference(names, sort=False))
    unknown = len(names.difference(known, sort=False))
    if unsampled or unknown:
        raise InvalidDataError(
            f"Sample and population differ in their strata: {unsampled} have no case, {unknown} are not in "
            "the population.",
            where="population_strata",
            available=[str(name) for name in known[:20]],
            remedy="Join strata without a case to the one most like them, before you estimate.",
        )
