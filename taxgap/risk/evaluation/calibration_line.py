"""The line between predicted and observed log-odds: slope 1 and intercept 0 where probabilities are right."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from taxgap.risk.arrays import Floats, Integers

# Probabilities nearer to 0 or 1 than this are moved here: their log-odds would be infinite.
_EDGE = 1e-6
_STEPS = 50


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Parameters
    ----------
    value, low, high : float
        The number and the ends of its interval; missing where it is not defined.
    """

    value: float
    low: float
    high: float

    def contains(self, number: float) -> bool:
        """Return whether the interval holds a number."""
        return self.low <= number <= self.high

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


UNDEFINED = Estimate(float("nan"), float("nan"), float("nan"))


def fit_line(
    probability: Floats, outcome: Floats, weight: Floats, cluster: Integers, confidence: float
) -> tuple[Estimate, Estimate]:
    """Fit ``logit P(outcome) = intercept + slope * logit(probability)``.

    Parameters
    ----------
    probability, outcome : ndarray
        Predicted, and 1 or 0.
    weight : ndarray
        Design weights.
    cluster : ndarray of int
        Whose case it is; codes from 0.
    confidence : float
        Confidence of the intervals.

    Returns
    -------
    slope, intercept : Estimate
        The slope with a free intercept; the intercept with the slope held at 1 (calibration in the large, in
        log-odds). Missing where all outcomes are alike, or, for the slope, all probabilities.

    Notes
    -----
    Maximum weighted likelihood by Newton's method. The error is the larger of the sandwich by taxpayer and
    the one of the likelihood, scaled up for unequal weights: with few events the sandwich alone is too short.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.05, 0.6, 3000)
    >>> y = (rng.random(3000) < p).astype(float)
    >>> slope, intercept = fit_line(p, y, np.ones(3000), np.arange(3000), 0.95)
    >>> slope.contains(1.0), intercept.contains(0.0)
    (True, True)
    """
    if outcome.min() == outcome.max():
        return UNDEFINED, UNDEFINED
    x = logit(np.clip(probability, _EDGE, 1 - _EDGE))
    share = weight / weight.mean()
    centre = float(np.average(x, weights=share))
    z = float(norm.ppf((1 + confidence) / 2))
    ones = np.ones((1, len(x)))
    held, held_error = _fit(ones, x, outcome, share, cluster)
    intercept = Estimate(held[0], held[0] - z * held_error[0], held[0] + z * held_error[0])
    spread = float(np.sqrt(np.average((x - centre) ** 2, weights=share)))
    if spread < 1e-9:
        return UNDEFINED, intercept
    beta, error = _fit(np.vstack([ones, (x - centre) / spread]), np.zeros(len(x)), outcome, share, cluster)
    slope, half = beta[1] / spread, z * error[1] / spread
    if error[1] > 1e3:
        return UNDEFINED, intercept
    return Estimate(slope, slope - half, slope + half), intercept


def _fit(
    design: Floats, offset: Floats, outcome: Floats, weight: Floats, cluster: Integers
) -> tuple[list[float], list[float]]:
    beta = np.zeros(len(design))
    for _ in range(_STEPS):
        fitted = expit(offset + np.einsum("j,ji->i", beta, design))
        gradient = np.einsum("ji,i->j", design, weight * (outcome - fitted))
        hessian = np.einsum("ji,ki,i->jk", design, design, weight * fitted * (1 - fitted))
        # Where events are parted perfectly the curve grows flat; a speck of ridge keeps the step finite.
        step = np.linalg.solve(hessian + 1e-9 * np.eye(len(beta)), gradient)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    inverse = np.linalg.inv(hessian + 1e-9 * np.eye(len(beta)))
    scores = np.stack([np.bincount(cluster, weights=row * weight * (outcome - fitted)) for row in design])
    sandwich = inverse @ np.einsum("jc,kc->jk", scores, scores) @ inverse
    model = inverse * float((weight**2).sum() / weight.sum())
    error = np.sqrt(np.maximum(np.diag(sandwich), np.diag(model)))
    return beta.tolist(), error.tolist()
