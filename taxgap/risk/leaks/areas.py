"""Areas under the ROC curve, of one function or of thousands at once, and how often chance gives as much."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm, rankdata

from taxgap.risk.arrays import Bools, Floats

CHANCE = 0.001
"""Probability of any alarm of one check on noise: shared out over all that it tries."""

_FEWEST_KNOWN = 4


def measure_area(score: Floats, material: Bools) -> float:
    """Return the area of one score without missing values; ties count half."""
    hits = int(material.sum())
    rest = len(material) - hits
    if hits == 0 or rest == 0:
        return 0.5
    ranks = rankdata(score)
    return float((ranks[material].sum() - hits * (hits + 1) / 2) / (hits * rest))


def measure_weighted_area(score: Floats, material: Bools, weight: Floats) -> float:
    """Return the area of one score where every case stands for ``weight`` cases."""
    order = np.argsort(score, kind="stable")
    ordered, hit = score[order], np.where(material[order], weight[order], 0.0)
    rest = weight[order] - hit
    below = np.concatenate([[0.0], np.cumsum(rest)])
    low = below[np.searchsorted(ordered, ordered, side="left")]
    high = below[np.searchsorted(ordered, ordered, side="right")]
    total = hit.sum() * rest.sum()
    return float((hit * (low + high)).sum() / 2 / total) if total > 0 else 0.5


def measure_areas(scores: Floats, material: Bools, *, exact: bool) -> Floats:
    """Return the area of each row of scores among its known values, at least 0.5 in either direction.

    Parameters
    ----------
    scores : ndarray of shape (functions, cases)
        Values; missing where not known.
    material : ndarray of bool
        The label of each case.
    exact : bool
        Whether ties count half; else they fall as the cases lie, which is quicker.
    """
    if scores.shape[0] == 0:
        return np.empty(0)
    order = np.argsort(scores, axis=1)
    known = (~np.isnan(scores)).sum(axis=1)
    place = np.arange(1.0, scores.shape[1] + 1)
    hit = material[order] & (place <= known[:, None])
    ranks = _share_ties(np.take_along_axis(scores, order, axis=1)) if exact else place[None, :]
    hits = hit.sum(axis=1)
    rest = known - hits
    area = ((hit * ranks).sum(axis=1) - hits * (hits + 1) / 2) / np.maximum(hits * rest, 1)
    fewest = np.maximum(_FEWEST_KNOWN, 0.1 * material.sum())
    area = np.where((hits >= fewest) & (rest >= _FEWEST_KNOWN), area, 0.5)
    return np.maximum(area, 1.0 - area)


def _share_ties(ordered: Floats) -> Floats:
    """Give equal neighbours the mean of their places."""
    rows, cases = ordered.shape
    place = np.broadcast_to(np.arange(cases), (rows, cases))
    step = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((rows, 1), dtype=np.bool_)
    first = np.maximum.accumulate(np.where(np.hstack([edge, step]), place, 0), axis=1)
    ends = np.where(np.hstack([step, edge]), place, cases)
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    shared: Floats = (first + last) / 2 + 1.0
    return shared


def bound_chance(area: float, hits: float, rest: float) -> float:
    """Return the probability of an area as far from one half, were the label drawn at random.

    Normal approximation of the rank sum, which lies above the exact tail far out; where all are parted, the
    number of ways to choose the hits.
    """
    if hits < 1 or rest < 1:
        return 1.0
    if area >= 1.0:
        return float(2.0 * np.exp(gammaln(hits + 1) + gammaln(rest + 1) - gammaln(hits + rest + 1)))
    spread = np.sqrt((hits + rest + 1) / (12.0 * hits * rest))
    return float(2.0 * norm.sf(abs(area - 0.5) / spread))
