"""The model of Fay and Herriot: areas' own samples, drawn to what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Floats

_GRID = 81
_WIDEST = 3.0


@dataclass(frozen=True)
class Shrunk:
    """Areas as estimated.

    Parameters
    ----------
    value : ndarray
        Total of each area, benchmarked (GBP).
    relative_error : ndarray
        Root mean square error over the value.
    weight : ndarray
        Weight of the area's own cases, 0 to 1.
    between : float
        Variance between areas, as a share of what is expected of each, squared.
    """

    value: Floats
    relative_error: Floats
    weight: Floats
    between: float


def shrink_areas(
    mean: Floats, cases: Floats, expected: Floats, sizes: Floats, *, variation: float, total: float
) -> Shrunk:
    """Estimate areas from their own cases and from what is expected of them, adding up to a total.

    Parameters
    ----------
    mean : ndarray
        Mean of the cases of each area (GBP a return); anything where it has none.
    cases : ndarray
        Effective number of cases.
    expected : ndarray
        What is expected of each area (GBP a return): the mean of all, or of a score; above 0.
    sizes : ndarray
        Returns of each area.
    variation : float
        Variance of one case over its squared mean.
    total : float
        What the areas must add up to (GBP).

    Returns
    -------
    Shrunk

    Raises
    ------
    InvalidDataError
        If an expectation is not above 0.

    Notes
    -----
    In units of what is expected, own_d = theta_d + e_d with Var(e_d) = variation / n_d, theta_d ~ (1, A): the
    sampling variance is smoothed, because in a thin sample of heavy-tailed amounts mean and variance err
    together. The estimate is g own + (1 - g), g = A / (A + variation / n). A is averaged over its adjusted
    likelihood, A times the normal one: it keeps A above 0, where a maximum often lies at 0 and would give
    intervals that are too short; so is the mean square error. Both own means and expectations are then
    multiplied to meet the total (raking). Sources: Fay and Herriot, JASA 74 (1979); Li and Lahiri, J.
    Multivariate Analysis 101 (2010) for the adjustment; averaging over A in the place of its maximum is our
    choice.

    Examples
    --------
    >>> found = shrink_areas(np.array([90.0, 300.0]), np.array([400.0, 2.0]), np.array([100.0, 100.0]),
    ...     np.array([10.0, 10.0]), variation=9.0, total=2000.0)
    >>> bool(found.weight[0] > 0.3 > found.weight[1]), round(float(found.value.sum()))
    (True, 2000)
    """
    if (expected <= 0).any():
        raise InvalidDataError("What is expected of an area must be above 0.", where="expected")
    has = cases > 0
    own = np.where(has, mean / expected, 1.0)
    noise = np.where(has, variation / np.maximum(cases, 1e-9), np.inf)
    grid = np.geomspace(1e-4, _WIDEST, _GRID)
    likely = _weigh(own[has], noise[has], grid)
    with np.errstate(invalid="ignore"):
        kept = np.where(has, grid[:, None] / (grid[:, None] + noise), 0.0)
    left = np.where(has, kept * np.where(has, noise, 0.0), grid[:, None])
    each = 1 + kept * (own - 1)
    value = likely @ each
    # Of theta: within each A, between values of A, and of the level that all areas are held against.
    level = variation / max(float(cases.sum()), 1.0) * (likely @ (1 - kept) ** 2)
    error = likely @ left + likely @ (each - value) ** 2 + level
    value = np.maximum(value, 0.02)
    amounts = value * expected * sizes
    scale = total / amounts.sum() if amounts.sum() > 0 else 0.0
    return Shrunk(amounts * scale, np.sqrt(error) / value, likely @ kept, float(likely @ grid))


def _weigh(own: Floats, noise: Floats, grid: Floats) -> Floats:
    """Return the weight of each variance between areas: its adjusted likelihood, on a log grid."""
    spread = grid[:, None] + noise
    log_likelihood = -0.5 * (np.log(spread) + (own - 1) ** 2 / spread).sum(axis=1) + np.log(grid)
    return np.asarray(np.exp(log_likelihood - logsumexp(log_likelihood)), dtype=np.float64)
