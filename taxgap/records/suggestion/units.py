"""In what the amounts of a table are counted, and in which order day and month stand there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from taxgap.records.suggestion.days import Days
from taxgap.records.suggestion.kinds import Observed

# Pairs of columns of one return, and how many times the second the first usually is: an assumption, and a
# rough one, as only a hundredfold difference counts.
_PAIRS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "vat": (
        ("total_output_tax", "output_tax", 1.0),
        ("sales", "output_tax", 5.0),
        ("purchases", "input_tax", 5.0),
    ),
    "self_assessment": (("total_income", "tax_charged", 6.0), ("turnover", "total_expenses", 3.0)),
    "corporation_tax": (("turnover", "cost_of_sales", 2.0), ("taxable_profit", "tax_charged", 4.0)),
    "employer_paye": (("pay", "tax_deducted", 6.0),),
    "payments": (("liability", "paid", 1.0),),
}
_HUNDREDFOLD = (20.0, 500.0)
_LEAST_ROWS = 5
_LARGE = 2_000_000.0


class Unit(NamedTuple):
    """What a column is counted in, and what makes one think so: a doubt where that is a question."""

    unit: str = ""
    reason: str = ""


def share_unit(observed: Observed, named: str) -> Unit:
    """Say what a share is counted in."""
    high = observed.numbers.high
    if high > 1:
        return Unit("percent", "" if named == "percent" else f"values up to {high:g}: percent?")
    return Unit("", f"named as percent, but values up to {high:g}: fractions?" if named == "percent" else "")


def money_unit(observed: Observed, named: str) -> Unit:
    """Say what amounts are counted in by their name and their form."""
    whole = observed.numbers.whole == 1 and observed.typed in ("", "number")
    if named == "pence" and not whole:
        return Unit("", "named as pence, but with decimals: pounds?")
    if named in ("pence", "thousands", "millions"):
        return Unit(named)
    present = observed.numbers.values[np.abs(observed.numbers.values) > 0]
    if not named and whole and len(present) >= _LEAST_ROWS and np.median(np.abs(present)) > _LARGE:
        return Unit("", "whole and large: pounds, or pence?")
    return Unit()


def related_units(table: str, columns: Mapping[str, Observed], units: Mapping[str, Unit]) -> dict[str, Unit]:
    """Find amounts that are a hundred times what a related one lets expect.

    Parameters
    ----------
    table : str
        Of the schema.
    columns : mapping of str to Observed
        By column of the schema.
    units : mapping of str to Unit
        What is known by names.

    Returns
    -------
    dict of str to Unit
        Columns whose unit becomes pence by it.
    """
    found: dict[str, Unit] = {}
    for one, other, usual in _PAIRS.get(table, ()):
        if one not in columns or other not in columns:
            continue
        times = _times(columns[one], columns[other], units.get(one, Unit()), units.get(other, Unit())) / usual
        name, beside = (one, other) if times > 1 else (other, one)
        factor = max(times, 1 / times) if times else 0.0
        if _HUNDREDFOLD[0] <= factor <= _HUNDREDFOLD[1] and columns[name].numbers.whole == 1:
            found[name] = Unit("pence", f"a hundred times what {beside} lets expect: pence?")
    return {name: unit for name, unit in found.items() if not units.get(name, Unit()).unit}


def settle_days(columns: Mapping[str, Observed]) -> dict[str, tuple[tuple[str, ...], str]]:
    """Settle the forms of days, and say where their order is a guess.

    Where no value tells whether the day or the month comes first, another column of the table may; failing
    that it is the day, by British custom.
    """
    decided = [o.days for o in columns.values() if o.days.share and not o.days.undecided]
    months_first = sum(_is_month_first(days) for days in decided)
    days_first = sum(days.form.startswith("%d") and "%m" in days.form for days in decided)
    found = {}
    for name, observed in columns.items():
        days = observed.days
        if not days.undecided:
            found[name] = (days.forms, "")
        elif months_first > days_first:
            found[name] = (tuple(_swap(form) for form in days.forms), "month first, as in other columns")
        else:
            note = "" if days_first else "no value tells day from month: the British order?"
            found[name] = (days.forms, note)
    return found


def _times(one: Observed, other: Observed, unit: Unit, other_unit: Unit) -> float:
    scale = {"pence": 0.01, "thousands": 1e3, "millions": 1e6}
    first = one.numbers.values * scale.get(unit.unit, 1.0)
    second = other.numbers.values * scale.get(other_unit.unit, 1.0)
    if first.shape != second.shape:
        return 0.0
    both = (first > 0) & (second > 0)
    return float(np.median(first[both] / second[both])) if both.sum() >= _LEAST_ROWS else 0.0


def _is_month_first(days: Days) -> bool:
    return days.form.startswith("%m") and "%d" in days.form


def _swap(form: str) -> str:
    return (
        form.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m") if form.startswith("%d") else form
    )
