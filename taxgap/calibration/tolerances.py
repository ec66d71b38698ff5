"""How near a simulated figure must come to the published one to count: the rule, in one place.

A figure is within tolerance when its distance from the published one is at most

- what `NAMED` sets for it: the acceptance targets that were agreed before anything was simulated, or
- a quarter of the published figure, or two standard errors that the simulated figure has in a population of
  50,000 taxpayers where these are more, but never more than half of the published figure.

A share that would rest on fewer than ten taxpayers of those 50,000 is shown and is no target.

The size of the population at hand does not matter: the same tolerance holds for a smaller one, which misses
more often, and for a larger one, which has less excuse.
"""

from __future__ import annotations

from math import isfinite, sqrt

RELATIVE = 0.25
"""A share of the published figure that is always tolerated."""

STANDARD_ERRORS = 2.0
"""Standard errors, at `TAXPAYERS`, that are tolerated."""

TAXPAYERS = 50_000
"""The size of population that the rule is made for."""

MOST = 0.5
"""A share of the published figure that is never exceeded, so that every figure can fail."""

FEWEST = 10
"""A share of which a population of `TAXPAYERS` is expected to have fewer cases than this is shown, and is
no target."""

NAMED = {
    "Returns with tax found": 0.03,
    "Returns with tax found, with a trade and no property": 0.05,
    "Returns with tax found, with property and no trade": 0.05,
    "Of these, under £1,000": 0.05,
    "Of these, over £10,000": 0.01,
    "Share of the tax found in cases over £10,000": 0.08,
    "Small companies' returns with tax found": 0.05,
    "Of these, over £1,000": 0.05,
    "VAT": 0.01,
    "Employers": 0.003,
    "Self Assessment, business": 0.03,
    "Small companies": 0.05,
    "VAT traders with a turnover of £1 to £90,000": 0.01,
    "Returns in by 31 January": 0.01,
}
"""Absolute tolerances by figure, in its unit: the suggested acceptance targets (derived), and the old ones of
Self Assessment."""


def is_frequent(share: float, cases: float, taxpayers: float) -> bool:
    """Say whether a population of `TAXPAYERS` is expected to have enough cases for a share to be a target.

    Parameters
    ----------
    share : float
        The published share.
    cases : float
        The cases at hand, of which it is a share.
    taxpayers : float
        The size of the population at hand.

    Examples
    --------
    >>> is_frequent(0.02, 1_000, 50_000), is_frequent(0.005, 1_000, 50_000)
    (True, False)
    """
    return abs(share) * cases * TAXPAYERS / max(taxpayers, 1.0) >= FEWEST


def tolerance(target: str, published: float, standard_error: float, taxpayers: float) -> float:
    """Return how far a simulated figure may lie from the published one.

    Parameters
    ----------
    target : str
        The figure.
    published : float
    standard_error : float
        Of the simulated figure, in the population at hand; NaN if unknown.
    taxpayers : float
        The size of that population.

    Returns
    -------
    float
        In the unit of the figure.

    Examples
    --------
    >>> tolerance("Employers", 0.009, 0.001, 50_000)
    0.003
    >>> tolerance("A share", 0.02, 0.001, 50_000), tolerance("A share", 0.02, 0.004, 50_000)
    (0.005, 0.008)
    >>> tolerance("A share", 0.02, 0.004, 12_500), tolerance("A share", 0.02, 0.1, 50_000)
    (0.005, 0.01)
    """
    if target in NAMED:
        return NAMED[target]
    size = abs(published)
    error = standard_error * sqrt(taxpayers / TAXPAYERS) if isfinite(standard_error) else 0.0
    return min(MOST * size, max(RELATIVE * size, STANDARD_ERRORS * error))
