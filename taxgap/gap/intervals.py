"""Intervals for shares, means and counts of a sample."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

Z95 = 1.959963984540054


def share_interval(successes: float, n: int) -> tuple[float, float, float]:
    """Return a share with Wilson's 95% interval.

    Parameters
    ----------
    successes : float
        Number of cases that count.
    n : int
        Number of cases.

    Returns
    -------
    tuple of float
        Share, lower and upper limit; NaN without cases.

    Notes
    -----
    (p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), Wilson (1927).

    Examples
    --------
    >>> [round(x, 3) for x in share_interval(36, 100)]
    [0.36, 0.273, 0.458]
    """
    if n == 0:
        return float("nan"), float("nan"), float("nan")
    p, z2 = successes / n, Z95**2
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return p, max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: ArrayLike) -> tuple[float, float, float]:
    """Return a mean with its normal 95% interval.

    Parameters
    ----------
    values : array-like of float
        A sample; at least two values for an interval.

    Returns
    -------
    tuple of float
        Mean, lower and upper limit.

    Examples
    --------
    >>> mean_interval([1.0, 1.0, 1.0])
    (1.0, 1.0, 1.0)
    """
    sample = np.asarray(values, dtype=float)
    if len(sample) < 2:
        return (float(sample.mean()) if len(sample) else float("nan")), float("nan"), float("nan")
    half = Z95 * float(sample.std(ddof=1)) / sqrt(len(sample))
    return float(sample.mean()), float(sample.mean()) - half, float(sample.mean()) + half


def ratio_interval(top: ArrayLike, bottom: ArrayLike) -> tuple[float, float, float]:
    """Return a ratio of totals over the same cases, with its linearised 95% interval.

    Parameters
    ----------
    top, bottom : array-like of float
        One value a case.

    Returns
    -------
    tuple of float
        Ratio, lower and upper limit.

    Notes
    -----
    Var(R) = n s^2(top - R bottom) / (sum bottom)^2 (Taylor linearisation).

    Examples
    --------
    >>> ratio_interval([1.0, 2.0], [2.0, 4.0])
    (0.5, 0.5, 0.5)
    """
    a, b = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
    if len(a) < 2 or b.sum() == 0:
        return float("nan"), float("nan"), float("nan")
    ratio = float(a.sum() / b.sum())
    half = Z95 * sqrt(len(a)) * float((a - ratio * b).std(ddof=1)) / float(b.sum())
    return ratio, ratio - half, ratio + half
