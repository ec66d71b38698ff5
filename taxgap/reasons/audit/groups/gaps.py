"""Gaps between groups: the largest difference of means, honest about having been looked for among many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.reasons.audit.bands import FEWEST
from taxgap.reasons.audit.figures import Bootstrap, Estimate
from taxgap.risk.arrays import Bools, Floats, Integers

OTHERS = "all smaller groups"
"""What groups that are too small are put together as, where they are enough then."""

PERMUTATIONS = 400


@dataclass(frozen=True, eq=False)
class Levels:
    """The groups that are held against each other.

    Attributes
    ----------
    codes : ndarray of int64
        The group of each return; -1 where it is in none, or has nothing to measure.
    names : list of str
    left_out : dict of str to int
        Groups that were too small to stand alone, and their returns.
    """

    codes: Integers
    names: list[str]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Gap:
    """The largest difference between two groups.

    Attributes
    ----------
    found : Estimate
        With a simultaneous interval.
    chance : float
        The gap to be expected were the groups drawn by lot.
    p : float
        How often lots give so large a gap.
    highest, lowest : str
        The two groups.
    """

    found: Estimate
    chance: float
    p: float
    highest: str
    lowest: str


def level_groups(groups: pd.Series, values: Floats, *, fewest: int = FEWEST) -> Levels:
    """Put groups that are too small together, and leave them out if they are too few even then.

    Parameters
    ----------
    groups : Series
        The group of each return, as text or category; missing where it is not known.
    values : ndarray of float64
        What is measured; missing where it is not defined.
    fewest : int, default 30
        Returns of the smallest group.

    Returns
    -------
    Levels

    Examples
    --------
    >>> levels = level_groups(pd.Series(["a", "a", "b", "c", None]), np.ones(5), fewest=2)
    >>> levels.names, levels.codes.tolist(), levels.left_out
    (['a', 'all smaller groups'], [0, 0, 1, 1, -1], {'b': 1, 'c': 1})
    """
    known = pd.Categorical(groups)
    codes = np.where(np.isnan(values), -1, known.codes).astype(np.int64)
    sizes = np.bincount(codes[codes >= 0], minlength=len(known.categories))
    large = sizes >= fewest
    small = {str(known.categories[i]): int(sizes[i]) for i in np.flatnonzero(~large & (sizes > 0))}
    names = [str(name) for name in known.categories[large]]
    pooled = len(names) if sum(small.values()) >= fewest else -1
    place = np.append(np.where(large, np.cumsum(large) - 1, pooled), -1)
    return Levels(place[codes].astype(np.int64), [*names, *([OTHERS] if pooled >= 0 else [])], small)


def find_gap(
    draws: Bootstrap, values: Floats, levels: Levels, *, permutations: int = PERMUTATIONS
) -> Gap | None:
    r"""Find the largest difference of means between groups.

    Parameters
    ----------
    draws : Bootstrap
    values : ndarray of float64
        Of each return; missing where it is not defined.
    levels : Levels
    permutations : int, default 400

    Returns
    -------
    Gap or None
        None with fewer than two groups.

    Notes
    -----
    A plain interval of the largest gap ends too high and begins too high, for the largest of many noisy gaps
    is looked for anew in every draw. Here all pairs of groups get intervals that hold together,

    .. math::

        d_{ij} \pm c \, s_{ij}, \qquad c: P(\max_{ij} |d^*_{ij} - d_{ij}| / s_{ij} \le c) = 1 - \alpha

    with the standard error s over the draws, as Tukey's do. The gap is then at least the largest lower end,
    and at most the largest upper end. For p, what is measured of one taxpayer is given to another with as
    many returns: groups, sizes and what returns of one taxpayer have in common all stay.
    """
    if len(levels.names) < 2:
        return None
    inside = levels.codes >= 0
    by = np.where(inside, draws.weight, 0.0)
    means, drawn = _means(draws, np.nan_to_num(values), by, levels)
    low, high = _together(means, drawn, draws.confidence)
    by_lot = _shuffle(draws, values, levels, permutations)
    gap = float(means.max() - means.min())
    p = (1 + np.count_nonzero(by_lot >= gap - 1e-12)) / (1 + permutations)
    found = Estimate(gap, low, high, int(np.count_nonzero(inside)))
    ends = levels.names[int(means.argmax())], levels.names[int(means.argmin())]
    return Gap(found, float(by_lot.mean()), float(p), *ends)


def _means(draws: Bootstrap, values: Floats, by: Floats, levels: Levels) -> tuple[Floats, Floats]:
    """Return the mean of each group, as it is and on each draw."""
    size, people = len(levels.names), draws.counts.shape[1]
    cell = draws.clusters * size + np.maximum(levels.codes, 0)
    above, below = (
        np.bincount(cell, part, people * size).reshape(people, size) for part in (by * values, by)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn: Floats = (draws.counts @ above) / (draws.counts @ below)
    return above.sum(axis=0) / below.sum(axis=0), drawn


def _together(means: Floats, drawn: Floats, confidence: float) -> tuple[float, float]:
    one, other = np.triu_indices(len(means), 1)
    apart, moved = means[one] - means[other], drawn[:, one] - drawn[:, other]
    error = np.nanstd(moved, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.abs(moved - apart) / error
    worst = np.nanmax(np.where(error > 0, far, 0.0), axis=1)
    reach = float(np.quantile(worst, confidence)) * error
    return max(float((np.abs(apart) - reach).max()), 0.0), float((np.abs(apart) + reach).max())


def _shuffle(draws: Bootstrap, values: Floats, levels: Levels, permutations: int) -> Floats:
    """Return the largest gaps when taxpayers with as many returns have exchanged what was measured."""
    places = np.flatnonzero(levels.codes >= 0)
    places = places[np.argsort(draws.clusters[places], kind="stable")]
    _, starts, counts = np.unique(draws.clusters[places], return_index=True, return_counts=True)
    code, weight = levels.codes[places], draws.weight[places]
    own = np.nan_to_num(values)[places]
    blocks = [starts[counts == size][:, np.newaxis] + np.arange(size) for size in np.unique(counts)]
    size, random = len(levels.names), np.random.default_rng([draws.seed, 19])
    total = np.bincount(code, weight, size)
    gaps = np.empty(permutations)
    for each in range(permutations):
        dealt = own.copy()
        for block in blocks:
            dealt[block] = own[block[random.permutation(len(block))]]
        means = np.bincount(code, weight * dealt, size) / total
        gaps[each] = means.max() - means.min()
    return gaps


def residual(values: Floats, kinds: pd.Series, rows: Bools) -> Floats:
    """Take the mean of its kind from each value and put the mean of all in its place: like held against like.

    Parameters
    ----------
    values : ndarray of float64
        Missing where it is not defined.
    kinds : Series
        Of each return; missing where there is none.
    rows : ndarray of bool
        Which returns count.

    Returns
    -------
    ndarray of float64
        Missing where the value or the kind is.

    Examples
    --------
    >>> residual(np.array([1.0, 0.0, 1.0, 1.0]), pd.Series(["a", "a", "b", "b"]), np.ones(4, bool)).tolist()
    [1.25, 0.25, 0.75, 0.75]
    """
    own = pd.Series(np.where(rows & kinds.notna().to_numpy(), values, np.nan), index=kinds.index)
    left = own - own.groupby(kinds.to_numpy(), observed=True).transform("mean") + own.mean()
    return np.asarray(left, dtype=np.float64)
