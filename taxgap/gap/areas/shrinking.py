"""Areas with few cases and heavy tails, by a gamma model in which errors grow with the amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from taxgap.gap.areas.reading import Areas, check_numbers, read_areas
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Bools, Column, Floats, Integers

_GRID = np.geomspace(0.02, 2_000.0, 121)
"""Knowledge in what is expected, in cases over the variation: the more alike areas are, the more."""

_SMOOTH = 0.3
_ALONE = 0.2
"""Share of all cases from which an area stands by itself, not drawn to the others (ours)."""

_DRAWS = 4_000


@dataclass(frozen=True)
class Shrunk:
    """Areas as estimated.

    Parameters
    ----------
    value : ndarray
        Total of each area, benchmarked (GBP).
    low, high : ndarray
        Its interval (GBP).
    weight : ndarray
        Weight of the area's own cases, 0 to 1.
    """

    value: Floats
    low: Floats
    high: Floats
    weight: Floats


def shrink_areas(
    mean: Column,
    cases: Column,
    expected: Column,
    sizes: Column,
    *,
    variation: float,
    total: float,
    total_error: float | None = None,
    detection: float = 0.0,
    level: float = 0.95,
) -> Shrunk:
    """Estimate areas from their own cases and from what is expected of them, adding up to a total.

    Parameters
    ----------
    mean : array-like of float
        Mean of the cases of each area (GBP a return), not negative; anything where it has none.
    cases : array-like of float
        Effective number of cases, no more than returns.
    expected : array-like of float
        What is expected of each area (GBP a return), up to a common factor; above 0.
    sizes : array-like of float
        Returns of each area.
    variation : float
        Variance of one case over its squared mean; above 0.
    total : float
        What the areas must add up to (GBP), in the unit of ``mean`` times ``sizes``; not negative.
    total_error : float, optional
        Standard error of the log of the total. By default that of the sizes times the means:
        sqrt(sum of share^2 variation / cases), share the area's part of what is expected of all with cases.
    detection : float, default 0
        Standard deviation, in logs, of what officers find in one area against all (an assumption).
    level : float, default 0.95
        Confidence.

    Returns
    -------
    Shrunk

    Raises
    ------
    UsageError
        If columns differ in their rows, or a number is missing or not in its range.
    InvalidDataError
        If a value is missing, an expectation not above 0, a mean negative where there are cases, or an area
        has more cases than returns.

    Notes
    -----
    In units of what is expected: own_d is gamma with mean theta_d and variance theta_d^2 / k_d,
    k_d = cases / variation; theta_d is inverse gamma with mean 1 and shape 1 + a. Errors so grow with
    the amount, as those of heavy tails do. Then E(theta_d) = (k own + a) / (k + a), and theta_d given its
    cases is inverse gamma again. a is averaged over its likelihood times 1 / (a + 0.3), nearly flat in the
    variance 1 / a: areas are never taken to be all alike, and intervals not too short where a maximum would
    lie there (the purpose of Li and Lahiri, J. Multivariate Analysis 101 (2010)). An area with a fifth of
    all cases is not one of many alike: it stands by itself, and the others are held against the mean of the
    rest. All are multiplied to meet the total (raking).

    The interval is that of the area's returns, not of a mean behind them: those without a case vary by
    themselves, gamma with (N - n) / variation. To it come three errors. That of the level, as far as the area
    rests on what is expected. What officers find more or less than elsewhere. And that of raking, which moves
    large areas as far as small ones: its own size, log(total / what areas came to), as You, Rao and Dick
    (Statistics in Transition 6 (2004)) add the squared move to the variance; or what the total errs beyond
    all areas together, if that is more. Where areas are drawn alike the move is next to nothing; where small
    areas are drawn thinly and weigh much in the total, it is not. Fay and Herriot, JASA 74 (1979), is the
    model that this one replaces: its errors do not grow with the amount.

    Examples
    --------
    >>> found = shrink_areas([90.0, 300.0, 80.0], [40, 2, 158], [100.0] * 3, [1_000] * 3, variation=9.0,
    ...     total=300_000.0)
    >>> bool(found.weight[0] > found.weight[1]), found.weight[2].item(), round(float(found.value.sum()))
    (True, 1.0, 300000)
    """
    check_numbers(variation=variation, total=total, total_error=total_error, detection=detection, level=level)
    areas = read_areas(mean, cases, expected, sizes)
    error = _expect_error(areas, variation) if total_error is None else total_error
    alone = (areas.cases >= _ALONE * areas.cases.sum()) & (areas.cases > 0)
    among = (areas.cases > 0) & ~alone
    wanted = _set_level(areas, alone)
    own, known = areas.mean / wanted, areas.cases / variation
    likely = _weigh(own[among], known[among])
    kept = np.where(alone, 1.0, known / (known + _GRID[:, None]))
    weight = likely @ kept
    value = np.maximum(likely @ (1 + kept * (own - 1)), 1e-3)
    amounts = value * wanted * areas.sizes
    share = amounts / amounts.sum()
    rng = stream(0, "small areas")
    a = np.where(alone, _GRID[0], _GRID[_pick(likely, rng)][:, None])
    ratio = _draw_returns(areas, own, known, a, variation, rng) / value
    ratio *= np.exp((1 - weight) * error * rng.normal(size=(_DRAWS, 1)))
    moved = abs(np.log(total / amounts.sum())) if total > 0 and own.any() else 0.0
    together = float(np.log(ratio @ share).std())
    beyond = max(float(moved), np.sqrt(max(error**2 - together**2, 0.0)))
    differs = detection * np.sqrt(np.maximum(1 - share, 0.0))
    ratio *= np.exp(beyond * rng.normal(size=(_DRAWS, 1)) + differs * rng.normal(size=ratio.shape))
    low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2], axis=0)
    raked = share * total
    return Shrunk(raked, raked * np.minimum(low, 1.0), raked * np.maximum(high, 1.0), weight)


def _expect_error(areas: Areas, variation: float) -> float:
    """Return the error of the log of a total that is the sizes times the means of those with cases."""
    known = areas.cases > 0
    if not known.any():
        return float(np.sqrt(variation))
    amounts = (areas.expected * areas.sizes)[known]
    share = amounts / max(float(amounts.sum()), 1e-300)
    return float(np.sqrt(variation * (share**2 / areas.cases[known]).sum()))


def _set_level(areas: Areas, alone: Bools) -> Floats:
    """Return expectations at the level of the cases: areas that stand alone by their own."""
    among = (areas.cases > 0) & ~alone
    own, theirs = (float(areas.cases[among] @ column[among]) for column in (areas.mean, areas.expected))
    if own <= 0:
        own, theirs = float(areas.cases @ areas.mean), float(areas.cases @ areas.expected)
    scale = own / theirs if own > 0 and theirs > 0 else 1.0
    return np.where(alone, np.maximum(areas.mean, 1e-3 * areas.expected), scale * areas.expected)


def _weigh(own: Floats, known: Floats) -> Floats:
    """Return the weight of each a: the likelihood of the own means, times 1 / (a + 0.3)."""
    a = _GRID[:, None]
    each = (1 + a) * np.log(a) + gammaln(1 + a + known) - gammaln(1 + a)
    each = each - (1 + a + known) * np.log(a + known * own)
    log_likelihood = each.sum(axis=1) - np.log(_GRID + _SMOOTH)
    return np.asarray(np.exp(log_likelihood - logsumexp(log_likelihood)), dtype=np.float64)


def _pick(likely: Floats, rng: np.random.Generator) -> Integers:
    """Return places on the grid, each as often as it is likely, in random order."""
    share = rng.permutation(_DRAWS) + 0.5
    return np.minimum(np.searchsorted(likely.cumsum(), share / _DRAWS), len(_GRID) - 1)


def _draw_returns(  # noqa: PLR0917  one step of shrink_areas
    areas: Areas, own: Floats, known: Floats, a: Floats, variation: float, rng: np.random.Generator
) -> Floats:
    """Draw the mean of each area's returns: cases as seen, others around an inverse gamma mean."""
    theta = (a + known * own) / rng.gamma(1 + a + known)
    seen = np.clip(areas.cases / np.maximum(areas.sizes, 1e-9), 0.0, 1.0)
    left = np.broadcast_to(np.maximum(areas.sizes - areas.cases, 1e-6) / variation, theta.shape)
    return np.asarray(seen * own + (1 - seen) * theta * rng.gamma(left) / left, dtype=np.float64)
