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
