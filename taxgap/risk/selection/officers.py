"""How far officers differ: effects drawn to the average as far as chance could have made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import chi2, kruskal

from taxgap.risk.arrays import Floats, Integers

# Variance of an amount goes with its mean to this power: between Poisson and gamma, as the trees assume.
_VARIANCE_POWER = 1.5
_WIDEST = 25.0


@dataclass(frozen=True)
class Spread:
    """Effects of officers in logs, and how far they truly differ.

    Parameters
    ----------
    effect : ndarray
        Observed log ratio of found over expected, one an officer.
    variance : ndarray
        Its sampling variance.
    centre : float
        Weighted mean of the effects.
    between, low, high : float
        Variance between officers, with its interval.
    p_value : float
        Of the hypothesis that all officers are alike.
    """

    effect: Floats
    variance: Floats
    centre: float
    between: float
    low: float
    high: float
    p_value: float

    def shrink(self, confidence: float) -> tuple[Floats, Floats, Floats]:
        """Return each officer's effect less the average, drawn to it, with an interval.

        Notes
        -----
        Empirical Bayes under a normal spread; an officer's variance counts the uncertainty of the average.
        """
        kept = self.between / (self.between + self.variance)
        value = kept * (self.effect - self.centre)
        weight = 1.0 / (self.between + self.variance)
        spread = np.sqrt(kept * self.variance + (1 - kept) ** 2 / weight.sum())
        reach = float(ndtri(0.5 + confidence / 2)) * spread
        return value, value - reach, value + reach


def measure_spread(
    found: Floats,
    expected: Floats,
    officer: Integers,
    *,
    binary: bool,
    confidence: float,
    elasticity: float = 1.0,
) -> Spread:
    """Measure how far officers differ in what they find of what was expected.

    Parameters
    ----------
    found : ndarray
        What was found in each case: tax, or 1 and 0.
    expected : ndarray
        What was expected of each case, in the same unit.
    officer : ndarray of int
        Whose case.
    binary : bool
        Whether found is 1 or 0: its variance then is that of a share.
    confidence : float
        Confidence of the interval of the variance.
    elasticity : float, default 1
        By how many per cent the mean of ``found`` rises where an officer finds one per cent more: below 1
        where amounts are capped. Effects are divided by it.

    Returns
    -------
    Spread

    Notes
    -----
    The ratio of sums an officer; its sampling variance with one dispersion for all officers, so that an
    officer's luck does not set his own weight. The variance between officers by Paule and Mandel (1982), its
    interval by the profile of Cochran's Q (Viechtbauer 2007).
    """
    expected = expected * (found.sum() / expected.sum())
    total = np.bincount(officer, weights=expected)
    # Half a case more on both sides: an officer without any finding has a finite log.
    prior = 0.5 * found.sum() / max(float((found > 0).sum()), 1.0)
    effect = np.log((np.bincount(officer, weights=found) + prior) / (total + prior))
    if binary:
        mean = np.clip(expected, 0.0, 0.98)
        noise = np.bincount(officer, weights=mean * (1 - mean))
    else:
        fitted = expected * np.exp(effect)[officer]
        scale = expected**_VARIANCE_POWER
        own = np.exp(_VARIANCE_POWER * effect)[officer] * scale
        noise = np.bincount(officer, weights=scale) * (((found - fitted) ** 2).sum() / own.sum())
    effect, variance = effect / elasticity, noise / (total * elasticity) ** 2
    degrees = len(total) - 1
    tail = (1 - confidence) / 2
    between = _solve(effect, variance, float(degrees))
    low, high = (_solve(effect, variance, float(chi2.ppf(q, degrees))) for q in (1 - tail, tail))
    weight = 1.0 / (variance + between)
    centre = float((weight * effect).sum() / weight.sum())
    return Spread(
        effect,
        variance,
        centre,
        between,
        low,
        high,
        float(chi2.sf(_heterogeneity(0.0, effect, variance), degrees)),
    )


def _heterogeneity(between: float, effect: Floats, variance: Floats) -> float:
    weight = 1.0 / (variance + between)
    centre = (weight * effect).sum() / weight.sum()
    return float((weight * (effect - centre) ** 2).sum())


def _solve(effect: Floats, variance: Floats, target: float) -> float:
    if _heterogeneity(0.0, effect, variance) <= target:
        return 0.0
    return float(brentq(lambda b: _heterogeneity(b, effect, variance) - target, 0.0, _WIDEST))


def relate_to_best(between: float, share: float) -> float:
    """Return what the average officer finds, over what the best share of officers finds.

    Parameters
    ----------
    between : float
        Variance of log effects between officers.
    share : float
        Share of officers that are called the best.

    Returns
    -------
    float
        ``share / Phi(sd - z)``, z the normal quantile of ``1 - share``: effects are taken as log-normal.

    Examples
    --------
    >>> round(relate_to_best(0.0, 0.1), 3), round(relate_to_best(0.06, 0.1), 3)
    (1.0, 0.667)
    """
    return float(share / ndtr(np.sqrt(between) - ndtri(1 - share)))


def check_allocation(value: Floats, officer: Integers) -> float:
    """Return the p-value of cases having been given to officers as good as at random (Kruskal and Wallis)."""
    if np.ptp(value) == 0:
        return float("nan")
    order = np.argsort(officer, kind="stable")
    ends = np.flatnonzero(np.diff(officer[order])) + 1
    return float(kruskal(*np.split(value[order], ends)).pvalue)
