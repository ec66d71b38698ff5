"""How much weight a score gets: tuned on the other cases, shrunk where few cases speak for it."""

from __future__ import annotations

import numpy as np

from taxgap.risk.arrays import Floats, Integers

OWN_STRATUM = 100.0
"""Cases at which a stratum's own weight counts as much as the pooled one (a choice of ours)."""


def tune_weights(y: Floats, scores: Floats, stratum: Integers, sizes: Floats) -> Floats:
    """Return for each case the weight of the score, from all cases but itself.

    Parameters
    ----------
    y, scores : ndarray
        Amounts and scores of the cases.
    stratum : ndarray of int
        Codes from 0.
    sizes : ndarray
        Cases of the population by stratum.

    Returns
    -------
    ndarray
        The weight lambda of each case; the same for all up to terms of order 1/n.

    Notes
    -----
    lambda = Cov(y, f) / Var(f) makes the variance smallest (Angelopoulos, Duchi and Zrnic, PPI++, 2023;
    Cochran, Sampling Techniques, ch. 7). Taken from all cases, it makes the total slightly biased where
    amounts are skewed. Taken from all cases but the one it is applied to, with that case's score centred as
    `weigh_cases` does it, it makes none. It is multiplied by max(0, 1 - 1 / F), F = m R^2 / (1 - R^2), so
    that a score that says nothing gets no weight (positive-part shrinkage). In strata the pooled moments are
    weighted by N_h^2 / n_h^2, and a stratum's own lambda counts n_h / (n_h + 100).

    Examples
    --------
    >>> f = np.arange(50.0)
    >>> np.round(tune_weights(3 * f, f, np.zeros(50, dtype=int), np.array([1000.0]))[:2], 6)
    array([3., 3.])
    """
    cases = np.bincount(stratum, minlength=len(sizes)).astype(np.float64)
    x, z = _centre(scores, stratum, cases), _centre(y, stratum, cases)
    # Leaving a case out takes n / (n - 1) times the product of its deviations from the sum of products.
    drop = (cases / np.maximum(cases - 1, 1))[stratum]
    importance = np.where(cases < sizes, (sizes / np.maximum(cases, 1)) ** 2, 0.0)
    own, pooled = [], []
    for left, right in ((x, z), (x, x), (z, z)):
        product = left * right
        by_stratum = np.bincount(stratum, product, minlength=len(sizes))
        own.append(by_stratum[stratum] - drop * product)
        pooled.append(float(importance @ by_stratum) - importance[stratum] * drop * product)
    together = _divide(pooled[0], pooled[1])
    mine = cases[stratum] / (cases[stratum] + OWN_STRATUM) if len(sizes) > 1 else 1.0
    weight = mine * np.where(own[1] > 0, _divide(own[0], own[1]), together) + (1 - mine) * together
    return np.asarray(weight * _shrink(pooled, len(y)), dtype=np.float64)


def _shrink(pooled: list[Floats], cases: int) -> Floats:
    explained = np.clip(_divide(pooled[0] ** 2, pooled[1] * pooled[2]), 0.0, 1.0)
    ratio = _divide(1 - explained, cases * explained)
    return np.where(explained > 0, np.clip(1 - ratio, 0.0, 1.0), 0.0)


def _centre(values: Floats, stratum: Integers, cases: Floats) -> Floats:
    means = np.bincount(stratum, values, minlength=len(cases)) / np.maximum(cases, 1)
    return np.asarray(values - means[stratum], dtype=np.float64)


def _divide(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
