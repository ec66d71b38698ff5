"""What is known of everyone: sizes of strata and totals of scores, held against the sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.checks import check_positive, check_same_rows
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
        If strata differ from those of the sample, sizes from one another, or a size is not above 0.
    """
    check_same_rows(population_scores=scores, population_strata=strata)
    of_all = None if scores is None else to_floats(scores, "population_scores")
    known = None if size is None else check_positive(size, "population_size")
    if isinstance(strata, Mapping):
        found = _read_sizes(names, strata, of_all)
    elif strata is not None:
        found = _count_strata(names, strata, of_all)
    else:
        found = _read_whole(names, expected, of_all, known)
    if known is not None:
        _check_size(known, float(found.sizes.sum()), scored=of_all is not None)
    return found


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


def _read_sizes(names: pd.Index, sizes: Mapping[object, int], scores: Floats | None) -> Population:
    _check_names(names, pd.Index(list(sizes)))
    if scores is not None:
        raise UsageError(
            "With scores, population_strata must give the stratum of everyone, not sizes.",
            where="population_strata",
        )
    where = "population_strata"
    known = [check_positive(sizes[name], f"The size of stratum {name!r}", where=where) for name in names]
    return Population(np.array(known), None)


def _count_strata(names: pd.Index, strata: Column, scores: Floats | None) -> Population:
    labels = pd.Series(strata)
    _check_names(names, pd.Index(labels.unique()))
    if scores is not None and len(scores) != len(labels):
        raise UsageError(
            "population_scores and population_strata differ in length.", where="population_scores"
        )
    codes: Integers = names.get_indexer(pd.Index(labels))
    sizes = np.bincount(codes, minlength=len(names)).astype(np.float64)
    totals = None if scores is None else np.bincount(codes, scores, minlength=len(names)).astype(np.float64)
    return Population(sizes, totals)


def _read_whole(names: pd.Index, expected: Floats, scores: Floats | None, size: float | None) -> Population:
    if len(names) > 1 and scores is not None:
        raise UsageError(
            "With strata and scores, the stratum of everyone is needed.",
            where="population_strata",
            remedy="Give one stratum for each of population_scores.",
        )
    if scores is not None:
        return Population(np.array([float(len(scores))]), np.array([scores.sum()]))
    if size is not None and len(names) == 1:
        return Population(np.array([size]), None)
    return Population(expected, None)


def _check_size(size: float, found: float, *, scored: bool) -> None:
    if abs(size - found) > (0.0 if scored else _ROUNDING * found):
        known = (
            f"there are {found:,.0f} population_scores" if scored else f"the strata add up to {found:,.0f}"
        )
        raise InvalidDataError(f"population_size is {size:,.0f}, but {known}.", where="population_size")


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
