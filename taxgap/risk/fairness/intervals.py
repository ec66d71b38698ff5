"""Percentile intervals of many levels at once; those of proportions no shorter than Wilson's."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from taxgap.risk.arrays import Floats


def find_intervals(drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return lower and upper percentile of each column, over the draws in which it is defined.

    Parameters
    ----------
    drawn : ndarray, shape (draws, columns)
        Missing where the measure is not defined.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray

    Examples
    --------
    >>> low, high = find_intervals(np.arange(101.0)[:, None], 0.5)
    >>> low.tolist(), high.tolist()
    ([25.0], [75.0])
    """
    low, high = np.full(drawn.shape[1], np.nan), np.full(drawn.shape[1], np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    missing = np.isnan(drawn)
    whole = ~missing.any(axis=0)
    if whole.any():
        low[whole], high[whole] = np.quantile(drawn[:, whole], tails, axis=0)
    part = ~whole & ~missing.all(axis=0)
    if part.any():
        low[part], high[part] = np.nanquantile(drawn[:, part], tails, axis=0)
    return low, high


def widen(
    low: Floats, high: Floats, share: Floats, cases: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Widen intervals of proportions to Wilson's, which do not shrink to a point at 0 and 1.

    Parameters
    ----------
    low, high : ndarray
        From the draws.
    share : ndarray
        The proportions.
    cases : ndarray
        Cases each rests on, or as many as their weights are worth.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : ndarray

    Examples
    --------
    >>> one = np.ones(1)
    >>> low, high = widen(one, one, one, 8 * one, 0.95)
    >>> low.round(2).tolist(), high.tolist()
    ([0.68], [1.0])
    """
    z = float(norm.ppf((1 + confidence) / 2))
    held = np.maximum(cases, 1e-9)
    middle = (share + z**2 / (2 * held)) / (1 + z**2 / held)
    inner = np.maximum(share * (1 - share), 0.0) / held + z**2 / (4 * held**2)
    half = z / (1 + z**2 / held) * np.sqrt(inner)
    known = (cases > 0) & ~np.isnan(share)
    lower = np.where(known, np.fmin(low, np.maximum(middle - half, 0.0)), low)
    upper = np.where(known, np.fmax(high, np.minimum(middle + half, 1.0)), high)
    return lower, upper


def widen_differences(
    interval: tuple[Floats, Floats],
    first: tuple[Floats, Floats, Floats],
    second: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Floats]:
    """Widen intervals of differences of proportions to those made of the two proportions' own intervals.

    Parameters
    ----------
    interval : tuple of ndarray
        Lower and upper, from the draws.
    first, second : tuple of ndarray
        Each proportion with its interval; the difference is first less second.

    Returns
    -------
    low, high : ndarray

    Notes
    -----
    Newcombe's (1998) hybrid of two Wilson intervals. It takes the two for independent, and so is wide where
    both rankings take the same cases; it is meant for counts so small that draws hardly vary.

    Examples
    --------
    >>> none, some = np.zeros(1), np.full(1, 0.2)
    >>> low, high = widen_differences((none, none), (none, none, some), (none, none, some))
    >>> low.tolist(), high.tolist()
    ([-0.2], [0.2])
    """
    (value, low, high), (other, other_low, other_high) = first, second
    apart = value - other
    lower = apart - np.hypot(value - low, other_high - other)
    upper = apart + np.hypot(high - value, other - other_low)
    return np.fmin(interval[0], lower), np.fmax(interval[1], upper)


def widen_upwards(high: Floats, mean: Floats, error: Floats, confidence: float) -> Floats:
    """Widen the upper ends of intervals of mean amounts by a studentised bootstrap of their logarithms.

    Parameters
    ----------
    high : ndarray
        Upper ends, from the draws.
    mean, error : ndarray, shape (1 + draws, columns)
        Means and their standard errors; the first row is of the cases as they are.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    ndarray

    Notes
    -----
    A few large cases hold much of the amount. A sample that misses them finds a spread that is too small
    too, so that the percentile interval ends too low.
    """
    wider = high.copy()
    usable = (mean > 0) & (error > 0) & np.isfinite(mean) & np.isfinite(error)
    for column in np.flatnonzero(usable[0] & (usable[1:].sum(axis=0) > 1)):
        own = usable[1:, column]
        drawn, drawn_error = mean[1:, column][own], error[1:, column][own]
        moved = np.log(drawn / mean[0, column]) / (drawn_error / drawn)
        least = float(np.quantile(moved, (1 - confidence) / 2))
        upper = mean[0, column] * np.exp(-least * error[0, column] / mean[0, column])
        wider[column] = max(high[column], upper)
    return wider
