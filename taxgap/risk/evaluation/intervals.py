"""Intervals from bootstrap draws, made wider where the plain percentile interval is known to be too short."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from taxgap.risk.arrays import Floats

# Shares nearer to 0 or 1 than this have no useful log-odds.
_EDGE = 1e-4

Interval = tuple[float, float]
UNKNOWN: Interval = (float("nan"), float("nan"))


def find_percentiles(drawn: Floats, confidence: float) -> Interval:
    """Return the percentile interval of the draws in which the measure is defined.

    Parameters
    ----------
    drawn : ndarray
        The measure on each draw; missing where it is not defined.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> find_percentiles(np.arange(101.0), 0.5)
    (25.0, 75.0)
    """
    defined = drawn[~np.isnan(drawn)]
    if len(defined) == 0:
        return UNKNOWN
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def widen_proportion(interval: Interval, share: float, cases: float, confidence: float) -> Interval:
    """Widen the interval of a proportion to Wilson's, which does not shrink to a point at 0 and 1.

    Parameters
    ----------
    interval : tuple of float
        From the draws.
    share : float
        The proportion.
    cases : float
        Cases it rests on, or as many as their weights are worth.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = widen_proportion((1.0, 1.0), 1.0, 8, 0.95)
    >>> round(low, 2), high
    (0.68, 1.0)
    """
    if np.isnan(share) or np.isnan(interval[0]) or cases <= 0:
        return interval
    z = float(norm.ppf((1 + confidence) / 2))
    middle = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * float(np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2)))
    low, high = min(interval[0], middle - half), max(interval[1], middle + half)
    return (max(low, 0.0), min(high, 1.0))


class Drawn(NamedTuple):
    """A measure of money with its rough standard error, on the cases as they are and on each draw."""

    value: float
    error: float
    drawn: Floats
    drawn_error: Floats


def widen_upwards(interval: Interval, measure: Drawn, confidence: float, *, share: bool) -> Interval:
    """Widen the upper end of the interval of a measure of money by a studentised bootstrap.

    Parameters
    ----------
    interval : tuple of float
        Percentiles of the draws.
    measure : Drawn
        The measure and its error.
    confidence : float
        Between 0 and 1.
    share : bool
        Whether it lies between 0 and 1: then log-odds are studentised, else logarithms.

    Returns
    -------
    low, high : float

    Notes
    -----
    A few large cases hold much of the gap. A sample that misses them, or has them in the wrong place, finds
    a spread that is too small too, so the percentile interval ends too low. See `evaluate` for the coverage.
    """
    value, drawn = measure.value, measure.drawn
    defined = ~np.isnan(drawn) & (drawn > 0) & (measure.drawn_error > 0)
    inside = _EDGE < value < 1 - _EDGE if share else value > 0
    if not inside or measure.error <= 0 or not defined.any():
        return interval
    low, high = interval
    scale = _Odds if share else _Logarithm
    moved = (scale.to(drawn[defined]) - scale.to(value)) / (
        measure.drawn_error[defined] * scale.slope(drawn[defined])
    )
    least = float(np.quantile(moved, (1 - confidence) / 2))
    upper = float(scale.back(scale.to(value) - least * measure.error * scale.slope(value)))
    return low, max(high, upper)


class _Odds:
    @staticmethod
    def to(value: Floats | float) -> Floats:
        odds: Floats = logit(np.clip(value, _EDGE, 1 - _EDGE))
        return odds

    @staticmethod
    def back(value: Floats) -> Floats:
        share: Floats = expit(value)
        return share

    @staticmethod
    def slope(value: Floats | float) -> Floats:
        inside = np.clip(value, _EDGE, 1 - _EDGE)
        slope: Floats = 1.0 / (inside * (1 - inside))
        return slope


class _Logarithm:
    @staticmethod
    def to(value: Floats | float) -> Floats:
        logarithm: Floats = np.log(value)
        return logarithm

    @staticmethod
    def back(value: Floats) -> Floats:
        amount: Floats = np.exp(value)
        return amount

    @staticmethod
    def slope(value: Floats | float) -> Floats:
        slope: Floats = np.asarray(1.0 / value)
        return slope
