"""Whether one share is lower than another beyond noise: intervals, exact tests, drift, many comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Numbers = NDArray[np.float64]

Z95 = 1.959963984540054
PRIOR = 4.0
"""Years or regions that the typical spread of comparisons of one kind counts for, beside those seen."""

_LARGE = 10.0  # cases expected in each cell from which the normal approximation serves


def wilson(good: ArrayLike, n: ArrayLike) -> tuple[Numbers, Numbers]:
    """Return Wilson's 95% interval for shares; n must be positive.

    Examples
    --------
    >>> [round(float(limit), 3) for limit in wilson(36, 100)]
    [0.273, 0.458]
    """
    count = np.asarray(n, dtype=np.float64)
    p, z2 = np.asarray(good, dtype=np.float64) / count, Z95**2
    middle = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 * np.sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def difference_interval(
    good: ArrayLike, n: ArrayLike, good_before: ArrayLike, n_before: ArrayLike, drift: ArrayLike = 0.0
) -> tuple[Numbers, Numbers]:
    """Return Newcombe's 95% interval for the difference of two independent shares.

    Parameters
    ----------
    good, n, good_before, n_before : array-like of float
        Cases that count, and all cases; `n` and `n_before` positive.
    drift : array-like of float, default 0
        Half the width by which the shares drift apart without cause; it widens the interval.

    Returns
    -------
    tuple of ndarray
        Lower and upper limit of the first share less the second.

    Notes
    -----
    The hybrid score interval: the distances of both shares from their Wilson limits, added in squares
    (Newcombe 1998, method 10).

    Examples
    --------
    >>> [round(float(limit), 3) for limit in difference_interval(56, 70, 48, 80)]
    [0.052, 0.334]
    """
    p = np.asarray(good, dtype=np.float64) / np.asarray(n, dtype=np.float64)
    q = np.asarray(good_before, dtype=np.float64) / np.asarray(n_before, dtype=np.float64)
    low, high = wilson(good, n)
    low_before, high_before = wilson(good_before, n_before)
    more = np.asarray(drift, dtype=np.float64) ** 2
    below = np.sqrt((p - low) ** 2 + (high_before - q) ** 2 + more)
    above = np.sqrt((high - p) ** 2 + (q - low_before) ** 2 + more)
    return np.maximum(-1.0, p - q - below), np.minimum(1.0, p - q + above)


def spread(good: Numbers, n: Numbers) -> Numbers:
    """Estimate how much shares vary between years or regions beyond chance, as a share of p(1 - p).

    Parameters
    ----------
    good, n : ndarray of float, one row a comparison and one column a year or region
        Where n is zero the column is left out.

    Returns
    -------
    ndarray of float
        The moment estimate of DerSimonian and Laird (1986), not cut off at zero; NaN where fewer than two
        columns have cases, or all their shares are 0 or 1.

    Examples
    --------
    >>> float(spread(np.array([[50.0, 50.0]]), np.array([[100.0, 100.0]]))[0])  # closer than chance has it
    -0.01
    """
    total = n.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = good.sum(axis=1) / total
        share = np.where(n > 0, good / n, 0.0)
        q = (n * (share - p[:, None]) ** 2).sum(axis=1) / (p * (1 - p))
        k = (n > 0).sum(axis=1)
        rho = (q - (k - 1)) / (total - (n**2).sum(axis=1) / total)
    return np.asarray(np.where((k > 1) & (p > 0) & (p < 1), rho, np.nan), dtype=np.float64)


def p_lower(
    good: Numbers, n: Numbers, good_before: Numbers, n_before: Numbers, *, drift: Numbers, freedom: Numbers
) -> Numbers:
    """Return the one-sided p-values of a share being lower than another.

    Parameters
    ----------
    good, n, good_before, n_before : ndarray of float
        Cases that count, and all cases.
    drift : ndarray of float
        Variance of the difference beyond chance.
    freedom : ndarray of float
        Degrees of freedom with which it is known.

    Returns
    -------
    ndarray of float
        The larger of two: Fisher's exact test (the normal approximation where ten cases are expected in each
        cell), and Student's t with the drift in its variance.
    """
    total, bad = n + n_before, (n - good) + (n_before - good_before)
    pooled = bad / total
    difference = good_before / n_before - good / n
    variance = pooled * (1 - pooled) * (1 / n + 1 / n_before)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, difference / np.sqrt(variance), 0.0)
        t = np.where(variance + drift > 0, difference / np.sqrt(variance + drift), 0.0)
    expected = np.minimum(n, n_before) * np.minimum(pooled, 1 - pooled)
    p = stats.norm.sf(z)
    small = (expected < _LARGE) & (difference > 0)
    p[small] = _fisher((n - good)[small], n[small], bad[small], total[small])
    drifted = np.where(drift > 0, stats.t.sf(t, freedom), 0.0)
    return np.asarray(np.maximum(p, drifted), dtype=np.float64)


def adjust(p: Numbers) -> Numbers:
    """Return the p-values of Benjamini and Hochberg (1995): the false discovery rate at which each is named.

    Examples
    --------
    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5])).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    if not len(p):
        return p
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1.0)
    return adjusted


def _fisher(bad: Numbers, n: Numbers, all_bad: Numbers, total: Numbers) -> Numbers:
    # The rarer outcome is drawn, so that few terms are summed.
    rare = all_bad * 2 <= total
    upper = stats.hypergeom.sf(bad - 1, total, n, np.where(rare, all_bad, 0))
    lower = stats.hypergeom.cdf(n - bad, total, n, np.where(rare, 0, total - all_bad))
    return np.asarray(np.where(rare, upper, lower), dtype=np.float64)
