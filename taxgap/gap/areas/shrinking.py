"""Areas with few cases and heavy tails, by a gamma model in which errors grow with the amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Bools, Floats, Integers

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
    between : float
        Standard deviation between areas, as a share of what is expected of each.
    """

    value: Floats
    low: Floats
    high: Floats
    weight: Floats
    between: float


def shrink_areas(
    mean: Floats,
    cases: Floats,
    expected: Floats,
    sizes: Floats,
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
    mean : ndarray
        Mean of the cases of each area (GBP a return); anything where it has none.
    cases : ndarray
        Effective number of cases.
    expected : ndarray
        What is expected of each area (GBP a return), up to a common factor; above 0.
    sizes : ndarray
        Returns of each area.
    variation : float
        Variance of one case over its squared mean.
    total : float
        What the areas must add up to (GBP).
    total_error : float, optional
        Standard error of the log of the total; by default sqrt(variation / all cases).
    detection : float, default 0
        Standard deviation, in logs, of what officers find in one area against all (an assumption).
    level : float, default 0.95
        Confidence.

    Returns
    -------
    Shrunk

    Raises
    ------
    InvalidDataError
        If an expectation is not above 0.

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
    themselves, gamma with (N - n) / variation. To it come the error of the total, as far as the area rests on
    what is expected, and what officers find more or less than elsewhere. Fay and Herriot, JASA 74 (1979), is
    the model that this one replaces: its errors do not grow with the amount.

    Examples
    --------
    >>> found = shrink_areas(np.array([90.0, 300.0, 80.0]), np.array([40.0, 2.0, 158.0]), np.full(3, 100.0),
    ...     np.full(3, 1_000.0), variation=9.0, total=300_000.0)
    >>> bool(found.weight[0] > found.weight[1]), found.weight[2].item(), round(float(found.value.sum()))
    (True, 1.0, 300000)
    """
    if (expected <= 0).any():
        raise InvalidDataError("What is expected of an area must be above 0.", where="expected")
    alone = (cases >= _ALONE * cases.sum()) & (cases > 0)
    among = (cases > 0) & ~alone
    expected = _set_level(mean, cases, expected, alone)
    own, known = np.where(cases > 0, mean / expected, 0.0), cases / variation
    likely = _weigh(own[among], known[among])
    kept = np.where(alone, 1.0, known / (known + _GRID[:, None]))
    weight = likely @ kept
    value = np.maximum(likely @ (1 + kept * (own - 1)), 1e-3)
    amounts = value * expected * sizes
    share = amounts / amounts.sum()
    seen = np.clip(cases / np.maximum(sizes, 1e-9), 0.0, 1.0)
    theta = _draw(own, known, np.where(alone, _GRID[0], _GRID[_pick(likely)][:, None]))
    left = np.broadcast_to(np.maximum(sizes - cases, 1e-6) / variation, theta.shape)
    rest = theta * np.random.default_rng(21).gamma(left) / left
    ratio = (seen * own + (1 - seen) * rest) / value
    error = np.sqrt(variation / max(float(cases.sum()), 1.0)) if total_error is None else total_error
    differs = detection * np.sqrt(np.maximum(1 - share, 0.0))
    rng = np.random.default_rng(23)
    common, each = rng.normal(size=(_DRAWS, 1)), rng.normal(size=ratio.shape)
    ratio = ratio * np.exp((1 - weight) * error * common + differs * each)
    low, high = np.quantile(ratio, [(1 - level) / 2, (1 + level) / 2], axis=0)
    value = share * total
    between = float(likely @ (1 / np.sqrt(1 + _GRID)))
    return Shrunk(value, value * np.minimum(low, 1.0), value * np.maximum(high, 1.0), weight, between)


def _set_level(mean: Floats, cases: Floats, expected: Floats, alone: Bools) -> Floats:
    """Return expectations at the level of the cases: areas that stand alone by their own."""
    among = (cases > 0) & ~alone
    own, theirs = float(cases[among] @ mean[among]), float(cases[among] @ expected[among])
    if own <= 0:
        own, theirs = float(cases @ np.where(cases > 0, mean, 0.0)), float(cases @ expected)
    scale = own / theirs if own > 0 and theirs > 0 else 1.0
    return np.where(alone, np.maximum(mean, 1e-3 * expected), scale * expected)


def _weigh(own: Floats, known: Floats) -> Floats:
    """Return the weight of each a: the likelihood of the own means, times 1 / (a + 0.3)."""
    a = _GRID[:, None]
    each = (1 + a) * np.log(a) + gammaln(1 + a + known) - gammaln(1 + a)
    each = each - (1 + a + known) * np.log(a + known * own)
    log_likelihood = each.sum(axis=1) - np.log(_GRID + _SMOOTH)
    return np.asarray(np.exp(log_likelihood - logsumexp(log_likelihood)), dtype=np.float64)


def _pick(likely: Floats) -> Integers:
    """Return places on the grid, each as often as it is likely, in random order."""
    share = np.random.default_rng(17).permutation(_DRAWS) + 0.5
    return np.minimum(np.searchsorted(likely.cumsum(), share / _DRAWS), len(_GRID) - 1)


def _draw(own: Floats, known: Floats, a: Floats) -> Floats:
    """Draw the mean behind each area: inverse gamma, given its cases."""
    return np.asarray((a + known * own) / np.random.default_rng(19).gamma(1 + a + known), dtype=np.float64)
