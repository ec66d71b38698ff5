"""Estimators of a total, each as a value and the parts of its error, one a case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.gap.sample import Sample
from taxgap.gap.tuning import tune_weights
from taxgap.risk.arrays import Floats


@dataclass(frozen=True)
class Total:
    """A total, and what each case that might not have been drawn adds to its error.

    Parameters
    ----------
    value : float
        The total.
    parts : ndarray
        One a case drawn at random; their squares add up to the estimated variance.
    weight : float
        The mean weight of the score; 0 where none was used.
    lost : int
        Degrees of freedom spent.
    """

    value: float
    parts: Floats
    weight: float = 0.0
    lost: int = 1


def weigh_cases(sample: Sample, weight: Floats | float = 0.0) -> Total:
    """Return the total with a given weight of the score: 0 the expansion, 1 the difference estimator.

    Parameters
    ----------
    sample : Sample
        The cases.
    weight : ndarray or float
        Weight lambda of the score, for all or for each case.

    Returns
    -------
    Total

    Notes
    -----
    Strata, and equal probabilities as a single one, with R_h the mean score of those who were not drawn:

        T = sum over h of (N_h / n_h) sum over s_h of [ y - lambda_i (1 - n_h / N_h) (f_i - R_h) ]

    With one lambda a stratum this is the difference estimator, lambda_h F_h + sum_s (y - lambda_h f) / pi,
    F_h the total of the scores of everyone. With a lambda_i that was taken from the other cases it is
    unbiased too, whatever n / N: given the others, case i may be any return that is left, and (1 - n_h / N_h)
    (f_i - R_h) is in proportion to the distance of its score from the mean of theirs. (Centred on F_h / N_h
    it was 1.8% too high for 120 cases of 400 skewed amounts.)

    Unequal probabilities: T = lambda F + sum_s (y - lambda f) / pi, one lambda for all. The parts are those
    of the residuals, in strata e = y - lambda (f - F_h / N_h), else e = y - lambda f:

        strata: (N_h / n_h) sqrt((1 - n_h / N_h) n_h / (n_h - 1)) (e - mean e)
        fixed number, unequal: sqrt(m / (m - 1) (1 - pi)) (e / pi - B), B the mean of e / pi by 1 - pi (Hajek)
        Poisson: sqrt(1 - pi) e / pi

    Sources: Sarndal, Swensson and Wretman, Model Assisted Survey Sampling (1992), 3.7, 6.3; Deville, Survey
    Methodology 25 (1999) 193 for the fixed number.
    """
    lam = np.broadcast_to(np.asarray(weight, dtype=np.float64), sample.y.shape)
    if sample.design in ("equal", "stratified"):
        return _expand_strata(sample, lam)
    if sample.scores is None or sample.score_totals is None:
        return _expand_unequal(sample, sample.y, 0.0, 0.0)
    mean = float(lam.mean())
    predicted = mean * float(sample.score_totals.sum())
    return _expand_unequal(sample, sample.y - lam * sample.scores, predicted, mean)


def tune_total(sample: Sample) -> Total:
    """Return the prediction-powered total: the score with a weight that was tuned on the other cases.

    Parameters
    ----------
    sample : Sample
        Cases with scores.

    Returns
    -------
    Total
    """
    assert sample.scores is not None  # noqa: S101
    if sample.design in ("equal", "stratified"):
        weight = tune_weights(sample.y, sample.scores, sample.stratum, sample.sizes)
        return weigh_cases(sample, weight)
    return regress_total(sample)


def regress_total(sample: Sample) -> Total:
    """Return the regression estimator (GREG) on a constant and the score.

    Parameters
    ----------
    sample : Sample
        Cases with scores.

    Returns
    -------
    Total

    Notes
    -----
    With b from the regression weighted by 1 / pi: T = sum_U x'b + sum_s (y - x'b) / pi. With equal
    probabilities it is the prediction-powered total with lambda = Cov(y, f) / Var(f), and the ratio of its
    variance to that of the expansion is 1 - rho^2. Biased by order 1 / n. Source: Sarndal, Swensson and
    Wretman (1992), 6.4.
    """
    assert sample.scores is not None  # noqa: S101
    assert sample.score_totals is not None  # noqa: S101
    w, f, y = 1 / sample.probability, sample.scores, sample.y
    f_mean, y_mean = np.average(f, weights=w), np.average(y, weights=w)
    spread = float(w @ (f - f_mean) ** 2)
    slope = float(w @ ((f - f_mean) * (y - y_mean))) / spread if spread > 0 else 0.0
    if sample.design in ("equal", "stratified"):
        total = weigh_cases(sample, slope)
        return Total(total.value, total.parts, slope, total.lost + 1)
    level = float(y_mean - slope * f_mean)
    predicted = level * sample.population + slope * float(sample.score_totals.sum())
    total = _expand_unequal(sample, y - level - slope * f, predicted, slope)
    return Total(total.value, total.parts, slope, 2)


def _expand_strata(sample: Sample, weight: Floats) -> Total:
    sizes, code = sample.sizes, sample.stratum
    cases = np.bincount(code, minlength=len(sizes))
    corrected = residual = sample.y
    if sample.scores is not None and sample.score_totals is not None:
        rest = sample.score_totals - np.bincount(code, sample.scores, minlength=len(sizes))
        corrected = sample.y - weight * ((1 - cases / sizes)[code] * sample.scores - (rest / sizes)[code])
        residual = sample.y - weight * (sample.scores - (sample.score_totals / sizes)[code])
    total = float(sizes / cases @ np.bincount(code, corrected, minlength=len(sizes)))
    means = np.bincount(code, residual, minlength=len(sizes)) / cases
    left = np.clip(1 - cases / sizes, 0.0, 1.0)
    scale = sizes / cases * np.sqrt(left * cases / np.maximum(cases - 1, 1))
    parts = (scale[code] * (residual - means[code]))[(left > 1e-12)[code]]
    return Total(total, parts, float(weight.mean()), int((left > 1e-12).sum()))


def _expand_unequal(sample: Sample, residual: Floats, predicted: float, weight: float) -> Total:
    chance = sample.probability
    value = predicted + float((residual / chance).sum())
    open_ = ~sample.certain
    expanded, free = residual[open_] / chance[open_], 1 - chance[open_]
    if sample.design == "poisson" or len(expanded) < 2:
        return Total(value, np.sqrt(free) * expanded, weight)
    middle = float(np.average(expanded, weights=free))
    m = len(expanded)
    return Total(value, np.sqrt(free * m / (m - 1)) * (expanded - middle), weight)
