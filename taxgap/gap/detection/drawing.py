"""Draws of what officers find: parameters by the curvature of the likelihood, officers by their cases."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from taxgap.gap.detection.likelihood import Caseload, Fit, by_node, detection_at, log_likelihood, nodes
from taxgap.risk.arrays import Floats

_STEP = 1e-2
_FLATTEST = 1e-2


def expect_multiplier(load: Caseload, fit: Fit, found: Floats) -> float:
    """Return the tax that may be expected in the cases over the tax found in them.

    Parameters
    ----------
    load : Caseload
    fit : Fit
    found : ndarray
        Tax found by officer (GBP).

    Notes
    -----
    The sum over officers of found E[1 / D], D his share, over the sum of found. It is about these officers
    and these cases: where a large amount fell to an officer who finds little, that counts.
    """
    joint = by_node(load, fit.value, fit.best_finds)
    weight = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    shares = detection_at(nodes(), float(np.exp(fit.value[-2])), fit.best_finds)
    return float(found @ (weight @ (1 / shares)) / found.sum())


def draw_multipliers(load: Caseload, fit: Fit, found: Floats, *, draws: int, seed: int) -> Floats:
    """Draw the tax there over the tax found, given what the best officers find.

    Parameters
    ----------
    load : Caseload
    fit : Fit
    found : ndarray
        Tax found by officer (GBP).
    draws, seed : int

    Returns
    -------
    ndarray

    Notes
    -----
    Parameters from a normal curve around their maximum, with the inverse of the observed information; then
    the share of each officer from what his cases say of it.
    """
    rng = np.random.default_rng([seed, 17])
    root = _root_of_variance(load, fit)
    around = fit.value + rng.normal(size=(draws, root.shape[1])) @ root.T
    around[:, -2] = np.clip(around[:, -2], -5.0, 1.5)
    around[:, -1] = np.clip(around[:, -1], -6.0, 6.0)
    place, rows = rng.random((draws, load.officers, 1)), np.arange(load.officers)
    values = np.empty(draws)
    for draw, value in enumerate(around):
        joint = by_node(load, value, fit.best_finds)
        chance = np.exp(joint - joint.max(axis=1, keepdims=True)).cumsum(axis=1)
        node = (place[draw] * chance[rows, -1:] > chance).sum(axis=1)
        shares = detection_at(nodes(), float(np.exp(value[-2])), fit.best_finds)[node]
        values[draw] = float((found / shares).sum() / found.sum())
    return values


def _root_of_variance(load: Caseload, fit: Fit) -> Floats:
    """Return a square root of the variance of the parameters; flat directions are held to a width."""
    count = len(fit.value)
    steps = _STEP * np.eye(count)

    def height(move: Floats) -> float:
        return float(log_likelihood(load, fit.value + move, fit.best_finds).sum())

    information = np.empty((count, count))
    for one in range(count):
        for other in range(one, count):
            up, across = steps[one] + steps[other], steps[one] - steps[other]
            bend = height(up) - height(across) - height(-across) + height(-up)
            information[one, other] = information[other, one] = -bend / (4 * _STEP**2)
    size, direction = np.linalg.eigh(information)
    return np.asarray(direction / np.sqrt(np.maximum(size, _FLATTEST)), dtype=np.float64)
