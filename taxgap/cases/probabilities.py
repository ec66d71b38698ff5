"""Designs: everyone's probability of being chosen, by what the design is after."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taxgap.risk.arrays import Floats, Integers

DESIGNS = ("balanced", "top_yield", "random", "stratified", "proportional", "adaptive_bins")

FLOOR = 0.25
"""Share of the hours drawn by chance that is spread over everyone alike (a choice of ours: what a score
overlooks must be found with a weight that does not carry the whole estimate)."""

STEEPNESS = 2.0
"""How steeply adaptive bins rise at the score from which greedy selection would begin (a choice of ours)."""

BINS = 20
"""Bins or strata at most (a choice of ours)."""

_STEPS = 60


def spread_evenly(hours: Floats, budget: float) -> Floats:
    """Return equal probabilities that spend the budget in expectation.

    Parameters
    ----------
    hours : ndarray
        Hours each case would take.
    budget : float
        Hours to spend.

    Examples
    --------
    >>> spread_evenly(np.array([1.0, 3.0]), 2.0)
    array([0.5, 0.5])
    """
    return np.full(len(hours), min(1.0, budget / float(hours.sum())))


def solve_scale(respond: Callable[[float], Floats], hours: Floats, budget: float) -> Floats:
    """Return probabilities that spend the budget, from a response that rises with one number.

    Parameters
    ----------
    respond : callable
        Probabilities as a function of a number above 0; they rise with it.
    hours : ndarray
        Hours each case would take.
    budget : float
        Hours to spend.
    """
    low, high = -60.0, 60.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if respond(float(np.exp(middle))) @ hours > budget:
            high = middle
        else:
            low = middle
    return respond(float(np.exp(low)))


def list_best(value: Floats, hours: Floats, budget: float) -> Floats:
    """Return 1 for the cases of most value an hour within the budget, and 0 for the others.

    Examples
    --------
    >>> list_best(np.array([5.0, 9.0, 1.0]), np.ones(3), 2.0)
    array([1., 1., 0.])
    """
    order = np.argsort(-value / hours, kind="stable")
    chosen = np.zeros(len(value))
    chosen[order[np.cumsum(hours[order]) <= budget * (1 + 1e-12)]] = 1.0
    return chosen


def smooth(value: Floats, hours: Floats, budget: float, steepness: float) -> Floats:
    """Return scores smoothed by a logistic curve, between 0 and 1, as adaptive bins take them.

    Parameters
    ----------
    value, hours : ndarray
        Tax expected (GBP), and hours, of each case.
    budget : float
        Hours to spend.
    steepness : float
        0 makes all alike; without limit it makes the greedy list.

    Notes
    -----
    1 / (1 + (v / v*)^-steepness), v the value an hour and v* that of the last case of the greedy list: the
    logistic curve of log v.
    """
    rate = value / hours
    listed = rate[list_best(value, hours, budget) > 0]
    last = float(listed.min()) if len(listed) else float(rate.max())
    ratio = np.log(np.maximum(rate, 1e-12)) - np.log(max(last, 1e-12))
    return np.asarray(1 / (1 + np.exp(-np.clip(steepness * ratio, -30, 30))), dtype=np.float64)


def cut(size: Floats, bins: int = BINS) -> Integers:
    """Return bins of about equal sum of a size, by rising size.

    Examples
    --------
    >>> cut(np.array([1.0, 1.0, 2.0]), 2)
    array([0, 0, 1])
    """
    order = np.argsort(size, kind="stable")
    reach = np.cumsum(size[order])
    code = np.minimum(((reach - size[order] / 2) / reach[-1] * bins).astype(np.int64), bins - 1)
    label = np.empty(len(size), dtype=np.int64)
    label[order] = np.unique(code, return_inverse=True)[1]
    return label


def level(size: Floats, bins: Integers) -> Floats:
    """Return the mean size of each one's bin."""
    return np.asarray((np.bincount(bins, size) / np.bincount(bins))[bins], dtype=np.float64)
