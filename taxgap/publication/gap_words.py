"""The words and units of the page of a tax gap estimate."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.publication.audit_words import name_group
from taxgap.publication.wording import MINUS, in_words, listing, number_of
from taxgap.reasons.naming import TAXES

ALL = "all"
"""What the table of an estimate calls all taxes together."""

ALL_YEARS = "all years"
"""What it calls all tax years together."""

HIDDEN = "hidden_economy"
"""What it calls the row and the link of people who file nothing, where an amount for them was given."""

NAMES = {
    "random enquiries": "The draw of random enquiries",
    "enquiries still open": "What open enquiries will find",
    "non-detection multiplier": "The non-detection multiplier",
    "non-payment": "Non-payment",
    "compliance yield": "Compliance yield",
    "hidden economy": "The hidden economy",
}
"""What each input of the sensitivity is called."""

_GROUPS = {
    ("customer group", "individual"): "People: individuals",
    ("customer group", "small business"): "People: small businesses",
    ("customer group", "wealthy"): "People: wealthy",
    ("customer group", "small"): "Firms: small",
    ("customer group", "mid-sized"): "Firms: mid-sized",
    ("customer group", "large"): "Firms: large",
    ("behaviour", "non_payment"): "Non-payment",
}
_UNITS = ((1e6, "£ million"), (1e3, "£ thousand"), (1.0, "£"))
_FROM = 2.0  # a unit is used from twice itself on
_MANY = 1e4  # from so many units on, no decimal places are shown


@dataclass(frozen=True)
class Unit:
    """The unit in which the amounts of a page stand in tables and pictures.

    Parameters
    ----------
    size : float
        Pounds in one.
    name : str
        Such as ``£ million``.
    digits : int
        Decimal places.
    """

    size: float
    name: str
    digits: int

    def write(self, pounds: float) -> str:
        """Write an amount without the unit; empty where it is missing.

        Examples
        --------
        >>> Unit(1e6, "£ million", 1).write(12_345_678), Unit(1.0, "£", 0).write(float("nan"))
        ('12.3', '')
        """
        if not math.isfinite(pounds):
            return ""
        text = f"{abs(pounds) / self.size:,.{self.digits}f}"
        return f"{MINUS}{text}" if pounds < 0 and text.strip("0.,") else text

    def span(self, low: float, high: float) -> str:
        """Write an interval without the unit; empty where there is none."""
        return f"{self.write(low)} to {self.write(high)}" if self.write(low) and self.write(high) else ""


def choose_unit(estimate: GapEstimate) -> Unit:
    """Choose the unit by the size of the gap.

    Parameters
    ----------
    estimate : GapEstimate

    Returns
    -------
    Unit
    """
    largest = max(abs(estimate.value), abs(estimate.high), abs(estimate.gross))
    size, name = next((each for each in _UNITS if largest >= _FROM * each[0]), _UNITS[-1])
    return Unit(size, name, 0 if largest >= _MANY * size or size == 1.0 else 1)


def per_cent(percent: float) -> str:
    """Write a percentage with one decimal place; empty where it is missing.

    Examples
    --------
    >>> per_cent(8.456), per_cent(float("nan"))
    ('8.5%', '')
    """
    if not math.isfinite(percent):
        return ""
    text = f"{abs(percent):.1f}"
    return f"{MINUS if percent < 0 and text != '0.0' else ''}{text}%"


def say_level(level: float) -> str:
    """Say the confidence of an interval.

    Examples
    --------
    >>> say_level(0.95), say_level(0.975)
    ('95%', '97.5%')
    """
    return f"{100 * level:g}%"


def name_tax(regime: str) -> str:
    """Name a tax as people do.

    Examples
    --------
    >>> name_tax("vat"), name_tax("all"), name_tax("air_duty")
    ('VAT', 'All taxes', 'Air duty')
    """
    return "All taxes" if regime == ALL else TAXES.get(regime) or in_words(regime)


def name_taxes(note: str) -> str:
    """Name in a note the taxes as people do.

    Examples
    --------
    >>> name_taxes("employer paye, 2024-25: 3 cases"), name_taxes("2 of 9 returns of vat are private")
    ('Employer PAYE, 2024-25: 3 cases', '2 of 9 returns of VAT are private')
    """
    for regime, tax in TAXES.items():
        note = re.sub(rf"\b{regime.replace('_', '[_ ]')}\b", tax, note)
    return note


def name_of_group(dimension: str, group: str) -> str:
    """Name a group of a breakdown.

    Examples
    --------
    >>> name_of_group("tax", "vat"), name_of_group("trade group", "food_and_drink")
    ('VAT', 'Food and drink')
    """
    if dimension == "tax":
        return name_tax(group)
    return _GROUPS.get((dimension, group)) or name_group(dimension, group, "")


def name_input(name: str) -> str:
    """Name an input of the sensitivity; a multiplier of some taxes keeps their names.

    Examples
    --------
    >>> name_input("non-detection multiplier, employer paye")
    'The non-detection multiplier: Employer PAYE'
    """
    if name in NAMES:
        return NAMES[name]
    what, _, taxes = name.partition(", ")
    known = {regime.replace("_", " "): tax for regime, tax in TAXES.items()}
    if what in NAMES and taxes:
        return f"{NAMES[what]}: {listing([known.get(tax, in_words(tax)) for tax in taxes.split(', ')])}"
    return in_words(name)


def rows_of_taxes(estimate: GapEstimate) -> pd.DataFrame:
    """Return the rows of single taxes of the table of an estimate."""
    table = estimate.table
    return table[~table["regime"].isin([ALL, HIDDEN])]


def taxes_of(estimate: GapEstimate) -> list[str]:
    """Return the taxes of an estimate, in the order of its table."""
    return [str(tax) for tax in dict.fromkeys(rows_of_taxes(estimate)["regime"])]


def has_hidden_economy(estimate: GapEstimate) -> bool:
    """Tell whether an amount for the hidden economy is part of the estimate."""
    return bool((estimate.table["regime"] == HIDDEN).any())


def say_taxes(estimate: GapEstimate) -> str:
    """Say which taxes are estimated."""
    return listing([name_tax(tax) for tax in taxes_of(estimate)])


def years_of(made: Mapping[str, Any]) -> list[str]:
    """Return the tax years that any tax was estimated for, oldest first; none where it is not known."""
    every: Iterable[str] = {str(year) for years in (made.get("years") or {}).values() for year in years}
    return sorted(every)


def say_years(years: list[str]) -> str:
    """Say which tax years are taken together.

    Examples
    --------
    >>> say_years(["2021-22", "2022-23", "2023-24"]), say_years(["2022-23"])
    ('the 3 tax years 2021-22 to 2023-24', 'the tax year 2022-23')
    """
    if not years:
        return "the tax years with enquiries"
    if len(years) == 1:
        return f"the tax year {years[0]}"
    firsts = [int(year[:4]) if year[:4].isdigit() else -1 for year in years]
    unbroken = firsts == list(range(firsts[0], firsts[0] + len(years)))
    which = f"{years[0]} to {years[-1]}" if unbroken else listing(years)
    return f"the {number_of(len(years), 'tax year')} {which}"
