"""The lines of a return that people can name, and those that a reason speaks of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from taxgap.errors import UsageError
from taxgap.regimes import Regime
from taxgap.schemas import describe_schema
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.mechanisms import FORMS

LINES = ("line", "column", "title", "box")

Lines = tuple[str, ...]


def list_lines(regime: str) -> pd.DataFrame:
    """List the lines of a return that a taxpayer fills in, with the short codes by which people name them.

    Parameters
    ----------
    regime : str

    Returns
    -------
    DataFrame
        `LINES` in the order of the form: the code, the column of the records, what it is called, and the box
        of the published form, empty where none is known. Totals are left out: they follow from the rest.

    Raises
    ------
    UsageError
        No synthetic return of this tax is known, so no truth is either.

    Examples
    --------
    >>> list_lines("self_assessment").iloc[0].tolist()
    ['L1', 'employment_pay', 'Pay from employments', 'SA102 1']
    """
    if regime not in FORMS:
        raise UsageError(f"No synthetic returns of '{regime}' are known.", where="regime", available=FORMS)
    table = describe_schema(regime)
    table = table[table["column"].isin(FORMS[regime].boxes)]
    codes = [f"L{number}" for number in range(1, len(table) + 1)]
    return table.assign(line=codes, box=table["box"].fillna(""))[list(LINES)].reset_index(drop=True)


def lines_of(columns: Iterable[str], lines: pd.DataFrame) -> Lines:
    """Return the codes of some columns, in the order of the form; columns that are no line are left out.

    Examples
    --------
    >>> lines_of(["net_profit", "turnover", "employment_pay"], list_lines("self_assessment"))
    ('L1', 'L4')
    """
    return tuple(lines.loc[lines["column"].isin(list(columns)), "line"])


TOTALS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "self_assessment": (
        ("total_expenses", EXPENSE_BOXES),
        (
            "net_profit",
            (
                "turnover",
                "other_business_income",
                "total_expenses",
                "capital_allowances",
                "trading_allowance",
            ),
        ),
        ("trading_profit", ("net_profit", "basis_adjustment", "losses_brought_forward")),
        (
            "property_profit",
            ("rents", "property_repairs", "property_costs", "property_allowance"),
        ),
    ),
}
"""By regime: totals that follow from lines, and totals before them. Total income is left out: a line is a
small part of it, and it is what other lines are held against. Where a regime has none here, every amount that
is no line is taken for a total."""


def with_totals(columns: Collection[str], regime: str) -> set[str]:
    """Return columns in which something is wrong, and the totals that are then wrong too.

    Examples
    --------
    >>> sorted(with_totals(["travel_costs"], "self_assessment"))
    ['net_profit', 'total_expenses', 'trading_profit', 'travel_costs']
    """
    wrong = set(columns)
    if wrong and regime not in TOTALS:
        table = describe_schema(regime).query("unit == 'GBP'")
        wrong |= set(table["column"]) - set(FORMS[regime].boxes)
    for total, parts in TOTALS.get(regime, ()):
        if wrong & set(parts):
            wrong.add(total)
    return wrong


def lines_of_features(features: Iterable[str], regime: Regime, lines: pd.DataFrame) -> Lines:
    """Return the lines that features are computed from: those a reader of their sentences would look at."""
    needs = {need for name in features for need in regime.feature[name].needs}
    own = f"{regime.name}."
    return lines_of([need.removeprefix(own) for need in needs if need.startswith(own)], lines)
