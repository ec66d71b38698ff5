"""Figures of an audit in words."""

from __future__ import annotations

import math

from taxgap.reasons.audit.figures import Estimate

SMALL = 1e-3
"""Numbers smaller than this are written in powers of ten."""


def say_number(value: float, unit: str) -> str:
    """Write a figure in its unit.

    Examples
    --------
    >>> say_number(0.8125, "share"), say_number(1234.5, "pounds"), say_number(3e-9, "log")
    ('81.2%', '£1,234', '3e-09')
    """
    if math.isnan(value):
        return "not known"
    if unit == "share":
        # A whole per cent would hide on which side of a bound such as 80% a figure lies.
        return f"{value:.1%}"
    if unit == "pounds":
        return f"£{value:,.0f}"
    if value and abs(value) < SMALL:
        return f"{value:.1g}"
    return f"{value:,.2f}"


def say_bound(bound: float, unit: str) -> str:
    """Write a bound as figures of its unit are written, without more digits than it has.

    Examples
    --------
    >>> say_bound(0.8, "share"), say_bound(1e-6, "log"), say_bound(0.5, "number")
    ('80%', '1e-06', '0.5')
    """
    return f"{100 * bound:g}%" if unit == "share" else f"{bound:g}"


def say_amount(found: Estimate, unit: str) -> str:
    """Write a figure and its interval.

    Examples
    --------
    >>> say_amount(Estimate(0.81, 0.79, 0.83, 900), "share")
    '81.0% (79.0% to 83.0%)'
    """
    value = say_number(found.value, unit)
    if math.isnan(found.low) or found.low == found.high:
        return value
    return f"{value} ({say_number(found.low, unit)} to {say_number(found.high, unit)})"
