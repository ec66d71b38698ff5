"""What a breakdown must be read with: how often its intervals held, and what its differences tell."""

from __future__ import annotations

from taxgap.publication.wording import listing, share

MEASURED = "docs/how-to/estimate.md"
"""Where the figures below stand, under "How well it does", with how they were measured."""

ECONOMIES = 30
"""Synthetic economies on which they were measured (`benchmarks/gap_chain.py`, seeds 101 to 130)."""

HELD = {"customer group": {"four taxes together": 0.828, "Self Assessment alone": 0.756}}
"""Share of the intervals at 95% that held the truth, of breakdowns where that is well below what it says."""

_MOST = 0.5


def warn_of_intervals(dimension: str) -> str:
    """Warn of the intervals of a breakdown that were measured to be too short; empty where they were not.

    Examples
    --------
    >>> warn_of_intervals("nation")
    ''
    """
    if dimension not in HELD:
        return ""
    held = listing([f"{share(value)} ({taxes})" for taxes, value in HELD[dimension].items()])
    return (
        f"Measured on {ECONOMIES} synthetic economies, intervals of {dimension}s that say 95% held the truth "
        f"in only {held} of cases. Read them as longer than they are drawn. Source: {MEASURED}, How well it "
        "does."
    )


def say_of_differences(drawn: float) -> str:
    """Say that groups differ by what was expected of them, where most are drawn to that; else nothing.

    Parameters
    ----------
    drawn : float
        Share of the groups that are drawn to what is expected.

    Examples
    --------
    >>> say_of_differences(0.3)
    ''
    """
    if drawn <= _MOST:
        return ""
    return (
        "Differences between groups that are drawn to what is expected mostly reflect their size and "
        "make-up, and are no evidence of their own."
    )
