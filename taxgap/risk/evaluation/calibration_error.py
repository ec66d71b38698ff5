"""How far probabilities are off, told apart from the noise that any finite number of cases shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Column, Floats, Integers, split_bins, to_flags, to_floats
from taxgap.risk.evaluation.calibration_line import UNDEFINED, Estimate, fit_line

# Cells of simulated outcomes held in memory at once.
_CELLS = 1_000_000

# How finely the ends of the interval are looked for.
_SIZES = 61

# The correction of |d|: a bell of this height (in standard errors) and width. Chosen so that the remaining
# bias of a bin is about a quarter of its standard error at most, whatever the true deviation is.
_HEIGHT = 1.2
_WIDTH = 0.6


@dataclass(frozen=True)
class CalibrationError:
    """How far probabilities are off, beside what perfect ones would show.

    Parameters
    ----------
    plug_in : float
        Mean distance between predicted and observed shares over bins of equal weight: the usual expected
        calibration error. Never below the noise, whatever the model.
    debiased : float
        The same less the noise, nearly unbiased; it may fall below 0 by chance.
    low, high : float
        Interval of the true error.
    squared : float
        Debiased mean squared distance, unbiased; below 0 by chance.
    noise_mean, noise_high : float
        What perfect probabilities would show at this number of cases: mean and 95% quantile.
    slope, intercept : Estimate
        Of the line between predicted and observed log-odds; see `fit_line`.
    in_the_large : Estimate
        Mean probability less share observed.
    brier, skill : Estimate
        Mean squared error of the probabilities; 1 less its ratio to that of the base rate.
    base_rate : float
        Share observed.
    n, events, bins : int
        Cases, events among them, and bins.
    confidence : float
        Confidence of the intervals.
    """

    plug_in: float
    debiased: float
    low: float
    high: float
    squared: float
    noise_mean: float
    noise_high: float
    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate
    brier: Estimate
    skill: Estimate
    base_rate: float
    n: int
    events: int
    bins: int
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; None where a measure is not defined."""
        return {field.name: _to_plain(getattr(self, field.name)) for field in fields(self)}

    def to_text(self) -> str:
        """Return a few lines for people."""
        cases = f"{self.n:,} cases and {self.events:,} events"
        noise = f"{self.noise_mean:.3f} on average, and up to {self.noise_high:.3f} in 95 of 100 samples"
        interval = f"({self.low:.3f} to {self.high:.3f})"
        skill = _show(self.skill, ".0%")
        lines = [
            f"Calibration error {self.debiased:.3f} {interval} less noise; {self.plug_in:.3f} as measured.",
            f"Noise floor with {cases}: perfect probabilities would show {noise}.",
            f"Slope {_show(self.slope, '.2f')}, right at 1; intercept {_show(self.intercept, '.2f')}, at 0.",
            f"Predicted less observed {_show(self.in_the_large, '.3f')}; skill over the base rate {skill}.",
        ]
        return "\n".join(lines)


def measure_calibration(
    probability: Column,
    outcome: Column,
    weight: Column | None = None,
    *,
    cluster: Column | None = None,
    bins: int = 10,
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> CalibrationError:
    r"""Measure how far probabilities are off.

    Parameters
    ----------
    probability : array-like
        Predicted, 0 to 1.
    outcome : array-like
        What happened: true or false, 1 or 0.
    weight : array-like, optional
        Design weights; equal where not given.
    cluster : array-like, optional
        Whose case it is: cases of one taxpayer do not vary apart. Each by itself where not given.
    bins : int, default 10
        Bins of about equal weight.
    confidence : float, default 0.95
        Confidence of the intervals.
    draws : int, default 1000
        Simulated samples for the noise floor and the interval.
    seed : int, default 0
        Seed of these.

    Returns
    -------
    CalibrationError

    Raises
    ------
    InvalidDataError
        If there are no cases, a probability lies outside 0 to 1, or a weight is not above 0.

    Notes
    -----
    Plug-in: :math:`\sum_b \pi_b |d_b|`, d the mean of probability less outcome in bin b. Under perfect
    probabilities its mean is not 0 but about :math:`0.8 \sum_b \pi_b s_b`, s the standard error of d; it is
    simulated from the probabilities themselves. Debiased squares: :math:`\sum_b \pi_b (d_b^2 - s_b^2)`
    (Kumar, Liang and Ma 2019; from memory). No unbiased estimate of :math:`|E d_b|` exists, since it has a
    corner; from each :math:`|d_b|` a bell in :math:`d_b / s_b` is taken, which leaves a bias of about
    a quarter of s in a bin at most:
    above where there is no error, below where it is about as large as s.

    The interval holds each size of error under which the plug-in error would not be in the tails of its
    distribution, whatever the shape of the error over the bins: all in one bin for the lower end, spread in
    proportion to the noise for the upper one. Simulated with outcomes of 2% to 15%, 500 to 40,000 cases and
    errors of several shapes, intervals of 95% held the true error in 93% to 99% of samples, and those of the
    slope 1 in 93% to 98% where it is the truth.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.0, 0.3, 2000)
    >>> result = measure_calibration(p, rng.random(2000) < p)
    >>> result.plug_in > result.debiased, result.low, result.slope.contains(1.0)
    (True, 0.0, True)
    """
    if bins < 1 or draws < 20 or not 0 < confidence < 1:
        raise UsageError("bins are 1 or more, draws 20 or more, and the confidence lies between 0 and 1.")
    p, y, w, codes = _read(probability, outcome, weight, cluster)
    label = np.unique(split_bins(p, w, bins), return_inverse=True)[1]
    mass: Floats = np.bincount(label, weights=w).astype(np.float64)
    share = mass / mass.sum()
    off: Floats = np.bincount(label, weights=w * (p - y)) / mass
    inflated = _inflate(w * (p - y), codes)
    noise = _simulate_noise(p, w, label, draws, seed) * np.sqrt(inflated)
    error = np.sqrt(inflated * np.bincount(label, weights=w**2 * p * (1 - p))) / mass
    plug_in = float((share * np.abs(off)).sum())
    floor = (np.abs(noise) * share).sum(axis=1)
    predicted = np.bincount(label, weights=w * p) / mass
    low, high = _invert(plug_in, off, noise, (share, predicted), confidence)
    slope, intercept = fit_line(p, y, w, codes, confidence)
    return CalibrationError(
        plug_in=plug_in,
        debiased=float((share * (np.abs(off) - _bell(off, error))).sum()),
        low=low,
        high=high,
        squared=float((share * (off**2 - inflated * _observed_variance(y, w, label, mass))).sum()),
        noise_mean=float(floor.mean()),
        noise_high=float(np.quantile(floor, 0.95)),
        slope=slope,
        intercept=intercept,
        **_measure_errors(p, y, w, codes, confidence),
        base_rate=float(np.average(y, weights=w)),
        n=len(p),
        events=int(y.sum()),
        bins=len(mass),
        confidence=confidence,
    )


def _read(
    probability: Column, outcome: Column, weight: Column | None, cluster: Column | None
) -> tuple[Floats, Floats, Floats, Integers]:
    rows = len(probability)
    if rows == 0:
        raise InvalidDataError("There are no cases to measure the calibration on.", where="probability")
    p = to_floats(probability, "probability", rows=rows)
    if (p < 0).any() or (p > 1).any():
        raise InvalidDataError("Probabilities lie between 0 and 1.", where="probability")
    y = to_flags(outcome, "outcome", rows=rows).astype(np.float64)
    w = np.ones(rows) if weight is None else to_floats(weight, "weight", rows=rows)
    if (w <= 0).any():
        raise InvalidDataError("Design weights must be above 0.", where="weight")
    if cluster is None:
        return p, y, w, np.arange(rows)
    if len(cluster) != rows:
        raise UsageError(f"cluster has {len(cluster)} rows; {rows} were expected.", where="cluster")
    codes, _ = pd.factorize(np.asarray(cluster), use_na_sentinel=False)
    return p, y, w, codes.astype(np.int64)


def _inflate(residual: Floats, cluster: Integers) -> float:
    # How much the variance grows because a taxpayer's cases go together; never taken to shrink it.
    together = np.bincount(cluster, weights=residual)
    apart = float((residual**2).sum())
    return max(1.0, float((together**2).sum()) / apart) if apart > 0 else 1.0


def _simulate_noise(p: Floats, w: Floats, label: Integers, draws: int, seed: int) -> Floats:
    # Probability less outcome by bin, for outcomes drawn from the probabilities.
    rng = np.random.default_rng([seed, 6])
    order = np.argsort(label, kind="stable")
    p, w = p[order].astype(np.float32), w[order]
    starts = np.searchsorted(label[order], np.arange(label.max() + 1))
    mass, expected = np.add.reduceat(w, starts), np.add.reduceat(w * p, starts)
    size = max(1, _CELLS // len(p))
    parts = []
    for start in range(0, draws, size):
        happened = rng.random((min(size, draws - start), len(p)), dtype=np.float32) < p
        parts.append((expected - np.add.reduceat(happened * w, starts, axis=1)) / mass)
    return np.concatenate(parts)


def _bell(off: Floats, error: Floats) -> Floats:
    scale = np.maximum(error, 1e-12)
    bell: Floats = _HEIGHT * error * np.exp(-((off / scale) ** 2) / (2 * _WIDTH**2))
    return bell


def _observed_variance(y: Floats, w: Floats, label: Integers, mass: Floats) -> Floats:
    count = np.bincount(label)
    mean = np.bincount(label, weights=w * y) / mass
    squares = np.bincount(label, weights=w**2 * (y - mean[label]) ** 2)
    variance: Floats = squares / mass**2 * count / np.maximum(count - 1, 1)
    return variance


def _invert(
    plug_in: float, off: Floats, noise: Floats, bins: tuple[Floats, Floats], confidence: float
) -> tuple[float, float]:
    # At a given size, noise adds most where one bin holds all error, and least where each bin holds some in
    # proportion to its noise. So the first shape bounds from below and the second from above.
    share, predicted = bins
    spread = np.maximum(noise.std(axis=0), 1e-12)
    sign = np.where(off < 0, -1.0, 1.0)
    worst = np.argmax(np.abs(off) * share)
    alone = np.where(np.arange(len(off)) == worst, sign / share, 0.0)
    even = sign * spread / (share * spread).sum()
    floor = (np.abs(noise) * share).sum(axis=1)
    sizes = np.linspace(0.0, plug_in + 2 * float(floor.mean()), _SIZES)
    tail = (1 - confidence) / 2

    def show(shape: Floats, size: float, quantile: float) -> float:
        rate = np.clip(predicted - size * shape, 0.0, 1.0)
        scale = np.sqrt(rate * (1 - rate) / np.maximum(predicted * (1 - predicted), 1e-12))
        shown = (np.abs(size * shape + noise * np.minimum(scale, 5.0)) * share).sum(axis=1)
        return float(np.quantile(shown, quantile))

    low = next((size for size in sizes if plug_in <= show(alone, size, 1 - tail)), sizes[-1])
    high = next((size for size in sizes[::-1] if plug_in >= show(even, size, tail)), 0.0)
    return float(low), max(float(low), float(high))


def _measure_errors(
    p: Floats, y: Floats, w: Floats, cluster: Integers, confidence: float
) -> dict[str, Estimate]:
    share = w / w.sum()
    gap, squares = p - y, (p - y) ** 2
    base = float((share * y).sum())
    brier, spread = float((share * squares).sum()), base * (1 - base)
    estimate = partial(_estimate, share=share, cluster=cluster, confidence=confidence)
    found = {
        # With few events the sample alone would often show too little spread.
        "in_the_large": estimate(
            float((share * gap).sum()), gap, least=float((share**2 * p * (1 - p)).sum())
        ),
        "brier": estimate(brier, squares),
        "skill": UNDEFINED,
    }
    if spread > 0:
        influence = -(squares - brier) / spread + brier * ((y - base) ** 2 - spread) / spread**2
        found["skill"] = estimate(1 - brier / spread, influence)
    return found


def _estimate(
    value: float,
    influence: Floats,
    *,
    share: Floats,
    cluster: Integers,
    confidence: float,
    least: float = 0.0,
) -> Estimate:
    centred = influence - (share * influence).sum()
    together = np.bincount(cluster, weights=share * centred)
    variance = max(float((together**2).sum()), least)
    half = float(norm.ppf((1 + confidence) / 2)) * float(np.sqrt(variance))
    return Estimate(value, value - half, value + half)


def _show(estimate: Estimate, form: str) -> str:
    if np.isnan(estimate.value):
        return "not measured"
    return f"{estimate.value:{form}} ({estimate.low:{form}} to {estimate.high:{form}})"


def _to_plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return {name: _to_plain(number) for name, number in value.to_dict().items()}
    return None if isinstance(value, float) and np.isnan(value) else value
