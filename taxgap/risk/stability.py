"""The population stability index with its sampling error, and tests that allow for ordinary movement."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import ncx2

from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.reference import merge_bins

EXPECTED = 5.0
"""Fewest rows that must be expected of the smaller sample in each bin, for chi-square to hold."""

_ADDED = 0.5  # to every count, so that an empty bin has a logarithm
_STEPS = 32
_NEARLY_NONE = 1e-9


def index_of(first: Floats, second: Floats) -> tuple[float, float, int, float]:
    """Return the population stability index of two samples, and what its test needs.

    Parameters
    ----------
    first, second : ndarray
        Counts by bin. Bins in which fewer than five rows are expected of the smaller sample are merged with
        the next: the approximation does not hold for them.

    Returns
    -------
    index : float
        sum((p - q) log(p / q)), with half a row added to every bin.
    distance : float
        sum((p - q)^2 / m), m the shares of both samples together; at most the index, by and large, and nearer
        to chi-square in the tail.
    freedom : int
    size : float

    Examples
    --------
    >>> index_of(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    (0.0, 0.0, 1, 50.0)
    """
    n, m = first.sum(), second.sum()
    if not n or not m:
        return 0.0, 0.0, 0, 0.0
    bins = merge_bins((first + second) / (n + m) * min(n, m), EXPECTED)
    first, second = (np.bincount(bins, counts).astype(np.float64) for counts in (first, second))
    size = float(1 / (1 / n + 1 / m))
    if len(first) < 2:
        return 0.0, 0.0, 0, size
    p = (first + _ADDED) / (n + _ADDED * len(first))
    q = (second + _ADDED) / (m + _ADDED * len(first))
    distance = ((first / n - second / m) ** 2 * (n + m) / (first + second)).sum()
    return float(((p - q) * np.log(p / q)).sum()), float(distance), len(first) - 1, size


def measure_stability(pairs: list[tuple[Floats, Floats]], coverage: float = 0.95) -> pd.DataFrame:
    """Measure how far two samples lie apart, for many pairs of samples, with intervals.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray)
        Counts by bin of the two samples.
    coverage : float, default 0.95

    Returns
    -------
    DataFrame
        One row a pair: `raw` (the index of the samples), `distance` (for tests), `psi` (the index less what
        sampling alone adds on average, at least 0), `low`, `high` (its interval), `freedom` (bins in use less
        one), `size` (the rows that the two samples are worth). Where there is no freedom nothing can be said:
        `high` is infinite.

    Notes
    -----
    size * index is about noncentral chi-square with `freedom` degrees and noncentrality size * (true index);
    without drift it is chi-square (Yurdakul and Naranjo 2020). The interval inverts it. Samples that share
    taxpayers lie closer together than that, so intervals and tests err on the side of no alarm.

    Examples
    --------
    >>> table = measure_stability([(np.array([500.0, 500.0]), np.array([400.0, 600.0]))])
    >>> table[["raw", "psi"]].round(4).values.tolist()
    [[0.0405, 0.0385]]
    """
    found = [index_of(first, second) for first, second in pairs]
    table = pd.DataFrame(found, columns=["raw", "distance", "freedom", "size"])
    known = table["freedom"].to_numpy() > 0
    size = np.where(known, table["size"], 1.0)
    x, freedom = table["raw"].to_numpy() * size, np.maximum(table["freedom"].to_numpy(), 1)
    tail = (1 - coverage) / 2
    table["psi"] = np.where(known, np.maximum(table["raw"] - freedom / size, 0.0), 0.0)
    table["low"] = np.where(known, _noncentrality(x, freedom, 1 - tail) / size, 0.0)
    table["high"] = np.where(known, _noncentrality(x, freedom, tail) / size, np.inf)
    return table[["raw", "distance", "psi", "low", "high", "freedom", "size"]]


def exceeds(distance: Floats, freedom: Floats, size: Floats, tolerance: Floats) -> Floats:
    """Return the probability of so large an index where the true one is the tolerance: a p-value.

    Parameters
    ----------
    distance, freedom, size : ndarray
        As in `measure_stability`; 1 is returned where there is no freedom.
    tolerance : ndarray
        The largest true index that is no matter.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> distance, freedom, size, tolerance = np.array([[0.02, 0.2], [9, 9], [500, 500], [0.02, 0.02]])
    >>> exceeds(distance, freedom, size, tolerance).round(3)
    array([0.899, 0.   ])
    """
    usable = np.asarray(freedom) > 0
    tail = ncx2.sf(distance * size, np.maximum(freedom, 1), np.maximum(tolerance * size, _NEARLY_NONE))
    return np.where(usable, tail, 1.0)


def holm(p: Floats, level: float) -> Bools:
    """Return which hypotheses are rejected, so that any false rejection has at most probability `level`.

    Examples
    --------
    >>> holm(np.array([0.001, 0.03, 0.04]), 0.05).tolist()
    [True, False, False]
    """
    if not len(p):
        return np.zeros(0, dtype=np.bool_)
    order = np.argsort(p, kind="stable")
    limits = level / (len(p) - np.arange(len(p)))
    passed = np.logical_and.accumulate(p[order] <= limits)
    rejected = np.zeros(len(p), dtype=np.bool_)
    rejected[order] = passed
    return rejected


def _noncentrality(x: Floats, freedom: Floats, level: float) -> Floats:
    # The noncentrality at which x has this cumulative probability; none where even 0 gives less.
    low, high = np.zeros_like(x), np.maximum(4.0 * x, 40.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = ncx2.cdf(x, freedom, np.maximum(middle, _NEARLY_NONE)) > level
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    none = ncx2.cdf(x, freedom, _NEARLY_NONE) <= level
    return np.where(none, 0.0, (low + high) / 2)
