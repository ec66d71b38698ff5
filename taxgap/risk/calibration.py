"""From raw scores to probabilities and pounds that are right on average for the whole population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.isotonic import isotonic_regression

from taxgap.risk.arrays import Bools, Floats, split_bins

# About this many cases a knot; with fewer the curve would follow noise.
_CASES_PER_KNOT = 100
_MOST_KNOTS = 12
# Each knot is drawn to the straight line as if by this many cases more.
_PRIOR_CASES = 20.0
# Share of the straight line in the curve: it keeps the curve strictly rising where the steps are flat.
_LINE_SHARE = 0.2
# Keeps the line finite where the score parts the cases perfectly; nothing among hundreds of cases.
_RIDGE = 0.1
# The curve goes on beyond its outer knots for this many log-odds, so that the ranking holds in the tails.
_REACH = 20.0


@dataclass(frozen=True)
class ProbabilityCurve:
    """A rising curve from raw log-odds to calibrated log-odds, straight between knots.

    Parameters
    ----------
    raw, calibrated : tuple of float
        The knots; both strictly rise.

    Examples
    --------
    >>> ProbabilityCurve((-1.0, 1.0), (-2.0, 0.0)).to_probability(np.array([0.0, 1.0])).round(3)
    array([0.269, 0.5  ])
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def to_probability(self, raw: Floats) -> Floats:
        """Return probabilities for raw log-odds."""
        probability: Floats = expit(np.interp(raw, self.raw, self.calibrated))
        return probability

    def to_dict(self) -> dict[str, list[float]]:
        """Return the knots as plain data, for the card."""
        return {"raw": list(self.raw), "calibrated": list(self.calibrated)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Sequence[float]]) -> ProbabilityCurve:
        """Rebuild from what `to_dict` gave."""
        return cls(tuple(float(v) for v in data["raw"]), tuple(float(v) for v in data["calibrated"]))


def fit_curve(raw: Floats, event: Bools, weight: Floats) -> ProbabilityCurve:
    """Fit a calibration curve on random cases that the scores have not seen.

    Parameters
    ----------
    raw : ndarray
        Out-of-fold log-odds.
    event : ndarray of bool
        What happened.
    weight : ndarray
        Design weights, 1 / inclusion probability.

    Returns
    -------
    ProbabilityCurve
        Its weighted mean probability over these cases is their weighted share of events, exactly.

    Notes
    -----
    Isotonic regression in bins of about equal weight, each drawn to a logistic line (Platt's) as if by twenty
    cases more; a fifth of the line is mixed in so that the curve never runs flat; then one shift of the
    log-odds makes the total right. Simulated with 300 to 4,000 cases, the error of the probability was near
    that of the line alone where the line is true, and far below it where the truth is bent.
    """
    share = weight / weight.mean()
    slope, intercept = _fit_line(raw, event, share)
    knots, rate, mass = _pool_bins(raw, event, share, slope, intercept)
    steps = logit(isotonic_regression(rate, sample_weight=mass))
    line = slope * knots + intercept
    heights = (1 - _LINE_SHARE) * steps + _LINE_SHARE * line
    reach = slope * _REACH
    x = np.concatenate([[knots[0] - _REACH], knots, [knots[-1] + _REACH]])
    y = np.concatenate([[heights[0] - reach], heights, [heights[-1] + reach]])
    target = np.average(event, weights=weight)
    shift = brentq(
        lambda s: np.average(expit(np.interp(raw, x, y) + s), weights=weight) - target, -60.0, 60.0
    )
    return ProbabilityCurve(tuple(x.tolist()), tuple((y + shift).tolist()))


def _fit_line(raw: Floats, event: Bools, weight: Floats) -> tuple[float, float]:
    # Newton's method by hand: sums in a fixed order give the same bits whatever the number of threads.
    centre = np.average(raw, weights=weight)
    spread = max(float(np.sqrt(np.average((raw - centre) ** 2, weights=weight))), 1e-9)
    design = np.stack([np.ones(len(raw)), (raw - centre) / spread])
    beta = np.zeros(2)
    for _ in range(50):
        fitted = expit((beta[:, None] * design).sum(axis=0))
        gradient = (design * (weight * (event - fitted))).sum(axis=1) - _RIDGE * beta
        hessian = (design[:, None] * design * (weight * fitted * (1 - fitted))).sum(axis=2) + _RIDGE * np.eye(
            2
        )
        beta = beta + np.clip(np.linalg.solve(hessian, gradient), -2.0, 2.0)
    # A score that ranks no better than chance must still keep its order.
    slope = float(np.clip(beta[1] / spread, 0.1, 10.0))
    return slope, float(beta[0] - slope * centre)


def _pool_bins(
    raw: Floats, event: Bools, weight: Floats, slope: float, intercept: float
) -> tuple[Floats, Floats, Floats]:
    bins = int(np.clip(len(raw) // _CASES_PER_KNOT, 1, _MOST_KNOTS))
    _, label = np.unique(split_bins(raw, weight, bins), return_inverse=True)
    mass = np.bincount(label, weights=weight)
    knots: Floats = np.bincount(label, weights=weight * raw) / mass
    events = np.bincount(label, weights=weight * event)
    prior = expit(slope * knots + intercept)
    size: Floats = np.asarray(mass + _PRIOR_CASES, dtype=np.float64)
    rate: Floats = (events + _PRIOR_CASES * prior) / size
    return knots, rate, size


def fit_offset(raw: Floats, amount: Floats, weight: Floats) -> float:
    """Return what to add to log scores so that expected tax adds up to the tax found.

    Parameters
    ----------
    raw : ndarray
        Out-of-fold log scores, in any unit.
    amount : ndarray
        Tax found (GBP), uncapped.
    weight : ndarray
        Design weights, 1 / inclusion probability.

    Returns
    -------
    float
        ``log(sum(w * amount) / sum(w * exp(raw)))``, a change of level in log pounds.

    Examples
    --------
    >>> raw = np.log(np.array([1.0, 2.0]))
    >>> round(float(np.exp(fit_offset(raw, np.array([0.0, 600.0]), np.ones(2)))), 6)
    200.0
    """
    return float(np.log(np.sum(weight * amount)) - np.log(np.sum(weight * np.exp(raw))))
