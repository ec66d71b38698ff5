"""Numbers as people read them: pounds, shares, counts, factors and intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeAlias

import pandas as pd

from taxgap.reasons.naming import write_factor

Format: TypeAlias = Callable[[float], str]

UNKNOWN = "not known"
"""What stands where there is no number."""

MINUS = "\N{MINUS SIGN}"
"""The sign that stands before a number below zero."""

_LARGE = ((1e9, "billion"), (1e6, "million"))


def money(value: float) -> str:
    """Write pounds: whole below a million, then in millions or billions.

    Examples
    --------
    >>> money(1234.4), money(4_810_000_000)
    ('£1,234', '£4.81 billion')
    >>> money(-50) == f"{MINUS}£50"
    True
    """
    for unit, name in _LARGE:
        if math.isfinite(value) and abs(value) >= unit * 0.9995:
            return f"{MINUS if value < 0 else ''}£{_three_figures(abs(value) / unit)} {name}"
    return pounds(value)


def pounds(value: float) -> str:
    """Write whole pounds, however many: for the figures of one return.

    Examples
    --------
    >>> pounds(1_012_345.6), pounds(0.2)
    ('£1,012,346', '£0')
    """
    if not math.isfinite(value):
        return UNKNOWN
    return f"{MINUS if round(value) < 0 else ''}£{abs(value):,.0f}"


def day(text: str) -> str:
    """Write a date such as 2026-09-30 in words; other text stays as it is.

    Examples
    --------
    >>> day("2026-09-30"), day("last autumn")
    ('30 September 2026', 'last autumn')
    """
    try:
        found = pd.Timestamp(date.fromisoformat(text))
    except ValueError:
        return text
    return f"{found.day} {found.month_name()} {found.year}"


def share(value: float, digits: int | None = None) -> str:
    """Write a fraction in per cent.

    Parameters
    ----------
    value : float
    digits : int, optional
        Decimal places; by default none from 10% on and one below.

    Examples
    --------
    >>> share(0.412), share(0.0412), share(0.05), share(0.412, digits=1)
    ('41%', '4.1%', '5%', '41.2%')
    """
    if not math.isfinite(value):
        return UNKNOWN
    percent = 100 * value
    if digits is None:
        text = f"{percent:.0f}" if abs(percent) >= 9.95 else f"{percent:.1f}".removesuffix(".0")
    else:
        text = f"{percent:.{digits}f}"
    return f"{_signed(text)}%"


def share_to_a_tenth(value: float) -> str:
    """Write a fraction in per cent with one decimal place, for columns of like figures."""
    return share(value, digits=1)


def count(value: float) -> str:
    """Write a whole number.

    Examples
    --------
    >>> count(1_153_000)
    '1,153,000'
    """
    return _signed(f"{value:,.0f}") if math.isfinite(value) else UNKNOWN


def decimal(value: float) -> str:
    """Write a number between 0 and 1 with two decimal places.

    Examples
    --------
    >>> decimal(0.8149)
    '0.81'
    """
    return _signed(f"{value:.2f}") if math.isfinite(value) else UNKNOWN


def factor(contribution: float) -> str:
    """Write a contribution to the score as what it does to the tax expected.

    Examples
    --------
    >>> factor(0.588), factor(-0.51), factor(0.001)
    ('multiplies by 1.8', 'multiplies by 0.60', 'changes nothing')
    """
    if abs(math.exp(contribution) - 1) < 0.005:
        return "changes nothing"
    return f"multiplies by {write_factor(math.exp(contribution))}"


def times(contribution: float) -> str:
    """Write a contribution as a factor, for the ends of an interval.

    Examples
    --------
    >>> times(0.588), times(-0.51), times(0.0)
    ('times 1.8', 'times 0.60', 'times 1.00')
    """
    return f"times {write_factor(math.exp(contribution))}"


def interval(low: float, high: float, form: Format) -> str:
    """Write an interval as ``low to high``; nothing where there is none.

    Examples
    --------
    >>> interval(0.38, 0.44, share), interval(float("nan"), 1, share)
    ('38% to 44%', '')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{form(low)} to {form(high)}"


def signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign.

    Examples
    --------
    >>> signed(0.588), signed(-0.51) == f"{MINUS}0.51"
    ('+0.59', True)
    """
    return f"{value:+.{digits}f}".replace("-", MINUS)


def listing(items: Sequence[Any], last: str = "and") -> str:
    """Write things one after the other, as in a sentence.

    Examples
    --------
    >>> listing(["rents", "interest", "pay"]), listing(["rents"])
    ('rents, interest and pay', 'rents')
    """
    words = [str(item) for item in items]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def number_of(value: float, thing: str, things: str | None = None) -> str:
    """Write a number with what is counted, in the singular or the plural.

    Examples
    --------
    >>> number_of(1, "return"), number_of(1200, "return"), number_of(0, "tax year")
    ('1 return', '1,200 returns', '0 tax years')
    """
    return f"{count(value)} {thing if value == 1 else things or f'{thing}s'}"


def in_words(name: str) -> str:
    """Turn the name of a column or code into words.

    Examples
    --------
    >>> in_words("travel_costs")
    'Travel costs'
    """
    text = name.replace("_", " ").replace(".", ": ")
    return text[:1].upper() + text[1:]


def _signed(text: str) -> str:
    digits = text.lstrip("-")
    return MINUS + digits if text.startswith("-") and digits.strip("0.,") else digits


def _three_figures(value: float) -> str:
    text = f"{value:,.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
