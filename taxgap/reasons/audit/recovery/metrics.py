"""How well rankings find what was planted: recall, precision, rank and mass, by return and case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd

from taxgap.reasons.audit.figures import Bootstrap, Estimate
from taxgap.reasons.audit.planted import Planted
from taxgap.reasons.audit.recovery.chance import chance_precision, chance_recall, chance_reciprocal_rank
from taxgap.reasons.audit.recovery.ranked import Ranked
from taxgap.reasons.selection import MOST_REASONS, NONE
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.intervals import find_percentiles
from taxgap.risk.evaluation.metrics import divide


@dataclass(frozen=True, eq=False)
class Target:
    """What a ranking is to find at one level.

    Attributes
    ----------
    level : str
    row : ndarray of int
        The return of each case: a mechanism planted in it.
    relevant : ndarray of bool, shape (cases, choices)
        What can reveal each case.
    rows : int
        How many returns there are.
    """

    level: str
    row: Integers
    relevant: Bools
    rows: int

    @cached_property
    def cases(self) -> Floats:
        """How many cases each return has."""
        return np.bincount(self.row, minlength=self.rows).astype(np.float64)

    @cached_property
    def union(self) -> Bools:
        """What can reveal any case of each return; shape (returns, choices)."""
        union = np.zeros((self.rows, self.relevant.shape[1]), dtype=np.bool_)
        cases, columns = np.nonzero(self.relevant)
        union[self.row[cases], columns] = True
        return union

    @cached_property
    def sizes(self) -> Integers:
        """How many can reveal any case of each return."""
        sizes: Integers = self.union.sum(axis=1)
        return sizes

    def by_return(self, cases: Floats | Bools) -> Floats:
        """Return the mean over the cases of each return; missing where it has none."""
        total = np.bincount(self.row, np.asarray(cases, dtype=np.float64), self.rows)
        return divide(total, self.cases)

    def where_planted(self, values: Floats) -> Floats:
        """Return the values, missing of returns without a case."""
        there: Floats = np.where(self.cases > 0, values, np.nan)
        return there


def target_of(planted: Planted, level: str, cases: pd.DataFrame | None = None) -> Target:
    """Make a target of planted cases.

    Parameters
    ----------
    planted : Planted
    level : {"code", "field", "family"}
    cases : DataFrame, optional
        Rows of `Planted.cases`; those of `Planted.counted` when absent.

    Returns
    -------
    Target
    """
    chosen = planted.counted if cases is None else cases
    row = chosen["row"].to_numpy(dtype=np.int64)
    return Target(level, row, planted.relevant(level, chosen), planted.rows)


def hits_of(named: Integers, target: Target) -> Bools:
    """Tell of each case whether what is named of its return can reveal it.

    Parameters
    ----------
    named : ndarray of int, shape (returns, reasons)
        Places at the target's level; -1 where nothing is named.
    target : Target
    """
    hits: Bools = np.any(_among(named[target.row], target.relevant), axis=1)
    return hits


def find_hits(ranked: Ranked, target: Target, k: int) -> Bools:
    """Tell of each case whether one of the first k can reveal it.

    Examples
    --------
    >>> target = Target("code", np.array([0, 0]), np.array([[True, False, False], [False, False, True]]), 1)
    >>> ranked = Ranked("mine", {"code": np.array([[1, 2, 0]])}, {})
    >>> [find_hits(ranked, target, k).tolist() for k in (1, 2, 3)]
    [[False, False], [False, True], [True, True]]
    """
    return hits_of(ranked.positions[target.level][:, :k], target)


def find_recall(ranked: Ranked, target: Target, k: int) -> Floats:
    """Return, by return, the share of its cases that one of the first k can reveal."""
    return target.by_return(find_hits(ranked, target, k))


def find_precision(ranked: Ranked, target: Target, k: int) -> Floats:
    """Return, by return, the share of the first k that can reveal any case; missing where none is named."""
    first = ranked.positions[target.level][:, :k]
    named = (first != NONE).sum(axis=1).astype(np.float64)
    return target.where_planted(divide(_among(first, target.union).sum(axis=1), named))


def find_r_precision(ranked: Ranked, target: Target) -> Floats:
    """Return, by return, precision at as many as can reveal a case, up to `MOST_REASONS`.

    What is not named counts as wrong. It is missing where nothing can reveal a case.
    """
    size = np.minimum(target.sizes, MOST_REASONS)
    first = ranked.positions[target.level][:, :MOST_REASONS]
    right = _among(first, target.union) & (np.arange(first.shape[1]) < size[:, np.newaxis])
    return divide(right.sum(axis=1), size)


def find_reciprocal_rank(ranked: Ranked, target: Target) -> Floats:
    """Return, by return, one over the rank of the first that can reveal any case.

    It is 0 where none of the first `MOST_REASONS` can: nobody is shown more.
    """
    right = _among(ranked.positions[target.level][:, :MOST_REASONS], target.union)
    ranks = np.where(right.any(axis=1), 1.0 / (right.argmax(axis=1) + 1), 0.0)
    return target.where_planted(ranks)


def find_mass(ranked: Ranked, target: Target) -> Floats:
    """Return, by return, the share of all positive scores that lies on what can reveal any case.

    It is missing where no score is positive.
    """
    positive = np.maximum(ranked.scores[target.level], 0.0)
    return target.where_planted(
        divide(np.where(target.union, positive, 0.0).sum(axis=1), positive.sum(axis=1))
    )


Finder: TypeAlias = Callable[[Ranked, Target], Floats]
Chance: TypeAlias = Callable[[Target], Floats]


def measures_for(k: int) -> dict[str, tuple[Finder, Chance]]:
    """Return every measure by name, with its level by chance, both by return.

    Parameters
    ----------
    k : int
        How many reasons are looked at.

    Returns
    -------
    dict of str to tuple
        ``recall@1``, ``recall@k``, ``recall@4``, ``precision@k``, ``R-precision``, ``reciprocal rank`` and
        ``mass``.

    Examples
    --------
    >>> list(measures_for(3))[:3]
    ['recall@1', 'recall@3', 'recall@4']
    """

    def recall(k: int) -> tuple[Finder, Chance]:
        return (lambda ranked, target: find_recall(ranked, target, k), lambda own: expect_recall(own, k))

    recalls = {f"recall@{number}": recall(number) for number in sorted({1, k, MOST_REASONS})}
    return recalls | {
        f"precision@{k}": (lambda ranked, target: find_precision(ranked, target, k), _expect_precision),
        "R-precision": (find_r_precision, _expect_r_precision),
        "reciprocal rank": (find_reciprocal_rank, _expect_reciprocal_rank),
        "mass": (find_mass, _expect_precision),
    }


def expect_recall(target: Target, k: int) -> Floats:
    """Return, by return, what `find_recall` is by chance."""
    return target.by_return(expect_hits(target, k))


def expect_hits(target: Target, k: int) -> Floats:
    """Return, by case, the chance that `find_hits` is true."""
    return chance_recall(target.relevant.shape[1], target.relevant.sum(axis=1), k)


def share_of_cases(
    bootstrap: Bootstrap, row: Integers, values: Floats | Bools, weight: Floats | None = None
) -> Estimate:
    """Return the weighted mean over cases, of which a return may have several.

    Parameters
    ----------
    bootstrap : Bootstrap
    row : ndarray of int
        The return of each case.
    values : ndarray
        Of each case; a share.
    weight : ndarray, optional
        Of each case, such as the tax at stake; all alike when absent.

    Returns
    -------
    Estimate
    """
    by = np.ones(len(row)) if weight is None else weight
    rows = len(bootstrap.index)
    total = np.bincount(row, by, rows).astype(np.float64)
    return bootstrap.mean(divide(np.bincount(row, by * values, rows), total), weight=total)


def draw_shares(bootstrap: Bootstrap, above: Floats, below: Floats) -> tuple[Floats, Floats]:
    """Return several ratios of totals on the same draws, so that they can be set against each other.

    Parameters
    ----------
    bootstrap : Bootstrap
    above, below : ndarray, shape (returns, ratios)
        What each return holds of the totals.

    Returns
    -------
    values : ndarray, shape (ratios,)
    drawn : ndarray, shape (draws, ratios)
        Missing where nothing is below.
    """
    taxpayers, width = bootstrap.counts.shape[1], above.shape[1]
    sums = np.zeros((taxpayers, 2 * width))
    both = np.concatenate([above, below], axis=1) * bootstrap.weight[:, np.newaxis]
    np.add.at(sums, bootstrap.clusters, both)
    some = np.flatnonzero(sums.any(axis=1))
    drawn = np.round(bootstrap.counts[:, some] @ sums[some], 10)
    total = sums.sum(axis=0)
    return divide(total[:width], total[width:]), divide(drawn[:, :width], drawn[:, width:])


def estimate_of(bootstrap: Bootstrap, value: float, drawn: Floats, n: int) -> Estimate:
    """Return a figure with the percentile interval of its draws."""
    return Estimate(float(value), *find_percentiles(drawn, bootstrap.confidence), n)


def _among(places: Integers, relevant: Bools) -> Bools:
    if not relevant.size:
        return np.zeros(places.shape, dtype=np.bool_)
    right: Bools = np.take_along_axis(relevant, np.maximum(places, 0), axis=1) & (places != NONE)
    return right


def _expect_precision(target: Target) -> Floats:
    return target.where_planted(chance_precision(target.union.shape[1], target.sizes))


def _expect_r_precision(target: Target) -> Floats:
    chance: Floats = np.where(target.sizes > 0, _expect_precision(target), np.nan)
    return chance


def _expect_reciprocal_rank(target: Target) -> Floats:
    return target.where_planted(chance_reciprocal_rank(target.union.shape[1], target.sizes, MOST_REASONS))
