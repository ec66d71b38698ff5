"""How well what a column of a source holds fits a column of the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from taxgap.records.suggestion.days import EXCEL
from taxgap.records.suggestion.kinds import MOST, Observed
from taxgap.records.suggestion.levels import Levels, levels_of
from taxgap.records.suggestion.names import Name

_EMPTY_FIT = 0.75
"""A column without any value goes by its name alone."""


class Fit(NamedTuple):
    """How well a column fits.

    Attributes
    ----------
    fit : float
        From 0, it cannot be, to 1.
    evidence : float
        How much the values alone speak for it, whatever the name: a check digit says much, a number nothing.
    levels : Levels or None
        What its codes stand for.
    """

    fit: float
    evidence: float = 0.0
    levels: Levels | None = None


NO_FIT = Fit(0.0)


def fit_of(observed: Observed, column: dict[str, Any], name: Name) -> Fit:
    """Say how well a column of a source fits one of the schema, by its values.

    Parameters
    ----------
    observed : Observed
    column : dict
        As `taxgap.schemas.table.describe_columns` gives it.
    name : Name
        Of the column of the source: its unit is heeded.
    """
    if not observed.filled:
        return Fit(_EMPTY_FIT if column["empty"] or column["unit"] == "GBP" else _EMPTY_FIT / 2)
    return _FITS[_kind(column)](observed, column, name)


def _kind(column: dict[str, Any]) -> str:
    by_unit = {"GBP": "money", "fraction": "fraction", "year": "year"}
    if column["unit"] in by_unit:
        return by_unit[column["unit"]]
    if column["type"] in ("number", "whole number"):
        return "count"
    if column["column"] in _FORMS:
        return "form"
    if column["column"] == "period":
        return "period"
    return str(column["type"])


def _money(observed: Observed, column: dict[str, Any], name: Name) -> Fit:
    numbers = observed.numbers
    if numbers.share < MOST or observed.typed == "date" or name.unit == "percent":
        return NO_FIT
    fit = 1.0
    if numbers.negative > 0.02 and column["rule"].startswith("at least"):
        fit = 0.6
    # Days written without signs and references look like amounts.
    if observed.days.share >= MOST and numbers.same_length and observed.distinct > 1:
        fit = 0.8 if observed.days.form == EXCEL else 0.3
    elif numbers.same_length and numbers.high >= 1e7 and observed.distinct > 0.9 * observed.filled:
        fit = 0.4
    return Fit(fit)


def _fraction(observed: Observed, _column: dict[str, Any], name: Name) -> Fit:
    numbers = observed.numbers
    if numbers.share < MOST or numbers.low < 0 or numbers.high > 100:
        return NO_FIT
    if numbers.high <= 1:
        return Fit(1.0, 0.1 if numbers.whole < 1 else 0.0)
    return Fit(1.0 if name.unit == "percent" or _has_percent_signs(observed) else 0.8)


def _has_percent_signs(observed: Observed) -> bool:
    return any("%" in code for code in observed.codes)


def _count(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    numbers = observed.numbers
    if numbers.share < MOST or numbers.low < 0 or observed.typed == "date":
        return NO_FIT
    if column["type"] == "whole number":
        return Fit(1.0 if numbers.whole == 1 and numbers.high <= 100 else 0.0)
    return Fit(1.0 if numbers.whole == 1 or column["unit"] == "hours" else 0.5)


def _year(observed: Observed, _column: dict[str, Any], _name: Name) -> Fit:
    numbers = observed.numbers
    is_year = numbers.share >= MOST and numbers.low >= 1900 and numbers.high <= 2100
    return Fit(1.0, 0.2) if is_year and numbers.whole == 1 else NO_FIT


def _date(observed: Observed, _column: dict[str, Any], _name: Name) -> Fit:
    return Fit(1.0) if observed.days.share >= MOST else NO_FIT


def _yes_no(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    if observed.typed == "yes/no":
        return Fit(1.0, 0.1)
    if not observed.codes or observed.distinct > 2:
        return NO_FIT
    levels = levels_of(observed.codes, column["column"], ())
    return Fit(1.0 if levels.share >= MOST else 0.5, levels=levels)


def _code(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    if not observed.codes:
        return NO_FIT
    levels = levels_of(observed.codes, column["column"], column["levels"])
    if levels.share < 0.5:
        return Fit(
            0.6 if levels.distinct == 0 and observed.distinct <= len(column["levels"]) else 0.3, levels=levels
        )
    longer = max(len(code) for code in levels.codes) > 1
    evidence = min(0.15 * levels.distinct, 0.7) * levels.share if levels.distinct > 1 and longer else 0.0
    return Fit(0.6 + 0.4 * levels.share, evidence, levels)


_FORMS: dict[str, tuple[str, float]] = {
    "utr": ("utr", 0.75),
    "nino": ("nino", 0.9),
    "company_number": ("company_number", 0.3),
    "sic2007": ("sic2007", 0.25),
    "postcode": ("postcode", 0.9),
}
"""Columns that hold references in a form of their own, and how much that form speaks for them."""


def _form(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    form, evidence = _FORMS[column["column"]]
    share = observed.forms.get(form, 0.0)
    # Spreadsheets cut zeros off the front of numbers: the name may still be right.
    return Fit(1.0, evidence) if share >= MOST else Fit(0.5 if share >= 0.5 else 0.25)


def _period(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    form = {"Tax year": "tax_year", "Period": "period"}.get(column["title"], "month")
    if observed.forms.get(form, 0.0) < MOST:
        return Fit(0.3 if observed.codes and observed.days.share < MOST else 0.0)
    return Fit(1.0, 0.35)


def _text(observed: Observed, column: dict[str, Any], _name: Name) -> Fit:
    other = [form for form in ("tax_year", "postcode", "nino") if observed.forms.get(form, 0.0) >= MOST]
    is_day = observed.days.share >= MOST and observed.days.form != EXCEL
    has_decimals = observed.numbers.share >= MOST and observed.numbers.whole < 1
    if other or has_decimals or observed.typed == "yes/no" or (is_day and not observed.numbers.same_length):
        return NO_FIT
    if column["key"] or column["column"].endswith(("_id", "_by")):
        return Fit(1.0 if observed.distinct > 2 or observed.rows < 10 else 0.4)
    if column["column"] == "reference" and observed.forms.get("vrn", 0.0) >= 0.3:
        return Fit(1.0, 0.4)
    return Fit(0.9 if observed.numbers.share < MOST or column["column"] == "reference" else 0.5)


_FITS: dict[str, Callable[[Observed, dict[str, Any], Name], Fit]] = {
    "money": _money,
    "fraction": _fraction,
    "count": _count,
    "year": _year,
    "date": _date,
    "yes/no": _yes_no,
    "code": _code,
    "form": _form,
    "period": _period,
    "text": _text,
}
