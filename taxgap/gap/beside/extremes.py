"""Large businesses: few cases, amounts of which the largest make most, and so a tail that is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.gap.checks import check_level, check_positive
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Column, Floats, to_floats
from taxgap.risk.card import to_plain

FEWEST_IN_TAIL = 25
"""Amounts above the threshold that a tail can be fitted to (a choice of ours)."""

_STEEPEST, _FLATTEST = 0.9, -0.5
_GRID = np.geomspace(1e-4, 1e3, 141)


@dataclass(frozen=True)
class TailEstimate:
    """A total with a fitted tail.

    Parameters
    ----------
    value, low, high : float
        Total of the population (GBP), with its interval.
    shape, shape_low, shape_high : float
        Shape of the tail: 0 exponential, above 0 Pareto-like; from 0.5 on the variance, from 1 the mean of
        the tail is without limit.
    scale, threshold : float
        Scale of the tail, and where it begins (GBP).
    in_tail, n : int
        Cases above the threshold, and all.
    expansion : float
        The plain estimate, N times the mean, for comparison.
    cautions : tuple of str
    """

    value: float
    low: float
    high: float
    shape: float
    shape_low: float
    shape_high: float
    scale: float
    threshold: float
    in_tail: int
    n: int
    expansion: float
    cautions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain: dict[str, Any] = to_plain(vars(self))
        return plain


def estimate_large(
    amounts: Column,
    population: int,
    *,
    tail_share: float = 0.2,
    level: float = 0.95,
    draws: int = 300,
    seed: int = 0,
) -> TailEstimate:
    """Estimate a total of large businesses, the tail as a generalised Pareto distribution.

    Parameters
    ----------
    amounts : array-like of float
        What was found in each case (GBP), not negative. They must stand for the population: drawn at random,
        or all of it. Cases chosen for risk would overstate it.
    population : int
        Businesses of the population.
    tail_share : float, default 0.2
        Share of the amounts above 0 that make the tail; at least 25 amounts.
    level : float, default 0.95
        Confidence.
    draws : int, default 300
        Bootstrap draws.
    seed : int, default 0

    Returns
    -------
    TailEstimate

    Raises
    ------
    UsageError
        If the population is no number above 0, or an option not in its range.
    InvalidDataError
        If an amount is negative or missing, or the population is smaller than the sample.
    NotIdentifiedError
        If too few amounts are above 0, or so many of the largest are equal (rounded, or capped) that fewer
        than 25 lie above where the tail begins.

    Notes
    -----
    Total = what the cases came to + (N - n) mean, mean = mean of the body + P(tail) (u + s / (1 - k)); k and
    s by maximum likelihood over the threshold u (Pickands, Annals of Statistics 3 (1975)), k held below 0.9.
    The interval is the bootstrap's percentile, cases drawn again and the tail fitted again; the upper one is
    at least as far from the mean, in logs, as the lower. Published estimates of large business scale settled
    cases with heavy-tailed fits; their detail could not be read, so this is our own form.
    On simulated Pareto amounts it is less sharp than N times the mean, which stands beside it as
    ``expansion``: use it for its interval and for the shape of the tail, not for a better value.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = estimate_large(1e5 * rng.pareto(2.5, 500), 2000)
    >>> found.low < 2000 * 1e5 / 1.5 < found.high
    True
    """
    check_level(level)
    check_positive(population, "population")
    y = to_floats(amounts, "amounts")
    positive = _check(y, population, tail_share, draws)
    count = max(FEWEST_IN_TAIL, int(tail_share * len(positive)))
    threshold = _begin_tail(positive, count)
    shape, scale = fit_tail(y[y > threshold] - threshold)
    mean, left = _mean(y, threshold, shape, scale), population - len(y)
    value = float(y.sum()) + left * mean
    rng = stream(seed, "large businesses")
    again = np.array([_draw(y, threshold, rng) for _ in range(draws)])
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(again[:, 0], ends)
    # What is left varies by itself too, which N / (N - n) adds to the variance of the mean.
    reach = float(np.sqrt(population * left))
    spread = (value - reach * (mean - low), value + reach * (max(high, mean**2 / low) - mean))
    shapes = np.quantile(again[:, 1], ends)
    return TailEstimate(
        value,
        float(min(spread[0], value)),
        float(max(spread[1], value)),
        shape,
        float(shapes[0]),
        float(shapes[1]),
        scale,
        threshold,
        int((y > threshold).sum()),
        len(y),
        float(population * y.mean()),
        tuple(_caution(shape, float(shapes[1]))),
    )


def fit_tail(excess: Floats) -> tuple[float, float]:
    """Return shape and scale of a generalised Pareto distribution, by maximum likelihood.

    Parameters
    ----------
    excess : ndarray
        Amounts above the threshold less the threshold, above 0.

    Notes
    -----
    With t = shape / scale the shape is the mean of log(1 + t x), which leaves one variable (Grimshaw,
    Technometrics 35 (1993)), here on a grid. The shape is held between -0.5 and 0.9.

    Examples
    --------
    >>> shape, scale = fit_tail(np.random.default_rng(0).exponential(3.0, 4000))
    >>> abs(shape) < 0.1, abs(scale - 3) < 0.3
    (True, True)
    """
    unit = float(excess.mean())
    x = excess / unit
    grid = np.concatenate([-np.geomspace(1e-4, 0.95, 40) / x.max(), _GRID])
    for _ in range(2):  # the second time around the best of the first
        shape = np.log1p(grid[:, None] * x).mean(axis=1)
        allowed = (shape >= _FLATTEST) & (shape <= _STEEPEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            likelihood = np.where(allowed, -np.log(shape / grid) - shape - 1, -np.inf)
        best = int(np.argmax(likelihood))
        ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found = float(shape[best]), unit * float(shape[best] / grid[best])
        grid = np.linspace(*ends, 41)
        grid = grid[np.abs(grid) > 1e-9]
    return found


def _check(y: Floats, population: int, tail_share: float, draws: int) -> Floats:
    """Return the amounts above 0, rising, or refuse them."""
    if not 0 < tail_share <= 0.5 or draws < 50:
        raise UsageError(
            "tail_share lies above 0 and up to 0.5, and draws are at least 50.", where="tail_share"
        )
    if (y < 0).any() or population < len(y):
        raise InvalidDataError(
            "An amount is negative, or there are more cases than businesses.", where="amounts"
        )
    positive = np.sort(y[y > 0])
    if len(positive) < 2 * FEWEST_IN_TAIL:
        raise NotIdentifiedError(
            f"{len(positive)} amounts are above 0; {2 * FEWEST_IN_TAIL} are needed to fit a tail.",
            where="amounts",
            remedy="Take years together, or use estimate_total with certainty strata.",
        )
    return positive


def _begin_tail(positive: Floats, count: int) -> float:
    """Return the amount below the largest ones, or refuse these where they are too much alike."""
    threshold = float(positive[-count - 1])
    above = int((positive > threshold).sum())
    if above < FEWEST_IN_TAIL:
        raise NotIdentifiedError(
            f"The largest amounts are so much alike that {above} lie above the others; {FEWEST_IN_TAIL} are "
            "needed to fit a tail.",
            where="amounts",
            remedy="Give amounts that are neither rounded nor capped, or use estimate_total.",
        )
    return threshold


def _caution(shape: float, high: float) -> list[str]:
    cautions = []
    if high >= 0.5:
        cautions.append(
            "The tail may be so heavy that its variance has no limit: the interval may be too short."
        )
    if shape >= _STEEPEST - 0.02:
        cautions.append("The shape stands at its limit: the largest cases should be taken with certainty.")
    return cautions


def _mean(y: Floats, threshold: float, shape: float, scale: float) -> float:
    above = y > threshold
    return float(np.where(above, 0.0, y).mean() + above.mean() * (threshold + scale / (1 - shape)))


def _draw(y: Floats, threshold: float, rng: np.random.Generator) -> tuple[float, float]:
    again = y[rng.integers(0, len(y), len(y))]
    excess = again[again > threshold] - threshold
    if len(excess) < 5:
        return float(again.mean()), 0.0
    shape, scale = fit_tail(excess)
    return _mean(again, threshold, shape, scale), shape
