"""Intervals for shares, means and counts of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

Z95 = 1.959963984540054


def share_interval(successes: float, n: float) -> tuple[float, float, float]:
    """Return a share with Wilson's 95% interval.

    Parameters
    ----------
    successes : float
        Number of cases that count.
    n : float
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


def mean_of_sums(sums: Mapping[str, float]) -> tuple[float, float, float]:
    """Return a mean with its normal 95% interval, from what `taxgap.calibration.sums.moments` kept.

    Parameters
    ----------
    sums : mapping of str to float
        `n`, `x`, `xx`: count, sum and sum of squares.

    Returns
    -------
    tuple of float
        As `mean_interval` of the values themselves.

    Examples
    --------
    >>> mean_of_sums({"n": 3, "x": 3.0, "xx": 3.0})
    (1.0, 1.0, 1.0)
    """
    n, x, xx = (float(sums[name]) for name in ("n", "x", "xx"))
    if n < 2:
        return (x / n if n else float("nan")), float("nan"), float("nan")
    mean = x / n
    half = Z95 * sqrt(max(0.0, xx - n * mean * mean) / (n - 1) / n)
    return mean, mean - half, mean + half


def ratio_of_sums(sums: Mapping[str, float]) -> tuple[float, float, float]:
    """Return a ratio of totals with its linearised 95% interval, from what `cross_moments` kept.

    Parameters
    ----------
    sums : mapping of str to float
        `n`, `a`, `b`, `aa`, `ab`, `bb`.

    Returns
    -------
    tuple of float
        As `ratio_interval` of the values themselves.

    Examples
    --------
    >>> ratio_of_sums({"n": 2, "a": 3.0, "b": 6.0, "aa": 5.0, "ab": 10.0, "bb": 20.0})
    (0.5, 0.5, 0.5)
    """
    n, a, b, aa, ab, bb = (float(sums[name]) for name in ("n", "a", "b", "aa", "ab", "bb"))
    if n < 2 or b == 0:
        return float("nan"), float("nan"), float("nan")
    ratio = a / b
    rest = aa - 2 * ratio * ab + ratio * ratio * bb  # sum of squared residuals, whose mean is zero
    half = Z95 * sqrt(max(0.0, rest) * n / (n - 1)) / abs(b)
    return ratio, ratio - half, ratio + half


def count_interval(count: float, weight: float = 1.0) -> tuple[float, float, float]:
    """Return a number of cases, each of which stands for `weight`, with its normal 95% interval.

    Examples
    --------
    >>> [round(x) for x in count_interval(100, 10)]
    [1000, 804, 1196]
    """
    half = Z95 * sqrt(count)
    return count * weight, max(0.0, count - half) * weight, (count + half) * weight


def effective_number(whole: Mapping[str, float]) -> float:
    """Return how many cases of equal weight would tell as much: (sum w)^2 / sum w^2 (Kish).

    Examples
    --------
    >>> effective_number({"w": 200.0, "ww": 400.0})
    100.0
    """
    return float(whole["w"] ** 2 / whole["ww"]) if whole["ww"] else 0.0


def weighted_share(inside: Mapping[str, float], whole: Mapping[str, float]) -> tuple[float, float, float]:
    """Return a share of weighted cases, with Wilson's interval at the effective number of cases.

    Parameters
    ----------
    inside, whole : mapping of str to float
        `w` and `ww`: sum of the weights and of their squares, of the cases that count and of all.

    Returns
    -------
    tuple of float
        Share, lower and upper limit; NaN without cases.

    Notes
    -----
    The effective number is (sum w)^2 / sum w^2 (Kish).

    Examples
    --------
    >>> [round(x, 3) for x in weighted_share({"w": 72.0, "ww": 144.0}, {"w": 200.0, "ww": 400.0})]
    [0.36, 0.273, 0.458]
    """
    effective = effective_number(whole)
    if not effective:
        return float("nan"), float("nan"), float("nan")
    share, low, high = share_interval(inside["w"] / whole["w"] * effective, effective)
    return min(1.0, share), low, high


def share_of_amount(
    part: float, squares: float, whole: float, all_squares: float
) -> tuple[float, float, float]:
    """Return a share of a total of amounts, which may be negative, with its linearised 95% interval.

    Parameters
    ----------
    part, whole : float
        Sums over the taxpayers of the part, and of all.
    squares, all_squares : float
        Sums of the squares of the same amounts.

    Returns
    -------
    tuple of float

    Notes
    -----
    Var(A/B) = ((1 - A/B)^2 sum_A x^2 + (A/B)^2 sum_rest x^2) / B^2, for independent taxpayers.

    Examples
    --------
    >>> share_of_amount(1.0, 0.0, 4.0, 0.0)
    (0.25, 0.25, 0.25)
    """
    if not whole:
        return float("nan"), float("nan"), float("nan")
    share = part / whole
    variance = (1 - share) ** 2 * squares + share**2 * (all_squares - squares)
    half = Z95 * sqrt(max(0.0, variance)) / abs(whole)
    return share, share - half, share + half
