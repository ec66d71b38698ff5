"""Findings about a table as a whole: it is missing, empty, without a column, or rows of it were not read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taxgap.records import Records
from taxgap.schemas import OPTIONAL_TABLES, RETURN_TABLES, TABLES
from taxgap.schemas.table import column_names
from taxgap.validation.declared import absent_tables, unread_rows
from taxgap.validation.outcome import Outcome
from taxgap.validation.rule import Wording
from taxgap.validation.structure import (
    ABSENT_COLUMN,
    ABSENT_TABLE,
    EMPTY_RETURNS,
    EMPTY_TABLE,
    MISSING_TABLE,
    RECEIVED_LATER,
    UNREAD_ROWS,
)
from taxgap.validation.table_part import Failure
from taxgap.validation.units import MAIN_AMOUNT, UNIT_SHIFT, add_up, shifts

NEVER_EMPTY = ("taxpayers",)
"""Tables without which there is nothing to work on. So are the returns, if those of every tax are empty."""


def about_tables(records: Records, expected: Collection[str], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Say what is wrong with tables as a whole.

    Parameters
    ----------
    records : Records
    expected : collection of str
        The tables that must be there.
    outcomes : sequence of Outcome
        What became of each partition.

    Returns
    -------
    list of Outcome
        One a finding.
    """
    absent = absent_tables(records)
    missing = [
        about_table(name, ABSENT_TABLE if name in absent else MISSING_TABLE)
        for name in TABLES
        if (name in expected or (name in absent and name not in OPTIONAL_TABLES))
        and name not in records.tables
    ]
    unread = [about_table(name, UNREAD_ROWS, count=count) for name, count in unread_rows(records).items()]
    later = [about_table(name, RECEIVED_LATER, count=count) for name, count in _later(outcomes).items()]
    empty = _empty_tables(records.tables, outcomes)
    return [*missing, *empty, *later, *unread, *_absent_columns(outcomes), *_unit_shifts(outcomes)]


def about_table(
    name: str, wording: Wording, column: str = "", *, count: int = 0, examples: tuple[str, ...] = ()
) -> Outcome:
    """Return a finding about a table as a whole, or one of its columns."""
    return Outcome(
        table=name,
        partition=None,
        rows_in=0,
        kept=0,
        quarantined=0,
        readable=True,
        as_it_was=True,
        rejected=range(0),
        failures=(Failure(wording, column, range(count)),),
        examples=(examples,),
    )


def _later(outcomes: Sequence[Outcome]) -> dict[str, int]:
    counts = {name: sum(item.later for item in outcomes if item.table == name) for name in TABLES}
    return {name: count for name, count in counts.items() if count}


def _empty_tables(tables: Sequence[str], outcomes: Sequence[Outcome]) -> list[Outcome]:
    filled = {outcome.table for outcome in outcomes if outcome.rows_in or not outcome.readable}
    returns = [name for name in RETURN_TABLES if name in tables and name not in filled]
    wording = EMPTY_RETURNS if filled.intersection(RETURN_TABLES) else EMPTY_TABLE
    needed = [name for name in NEVER_EMPTY if name in tables and name not in filled]
    return [
        *(about_table(name, EMPTY_TABLE) for name in needed),
        *(about_table(name, wording) for name in returns),
    ]


def _unit_shifts(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [
        about_table(name, UNIT_SHIFT, column, count=shift.amounts, examples=(shift.tax_year,))
        for name, column in MAIN_AMOUNT.items()
        for shift in shifts(add_up([outcome.tally for outcome in outcomes if outcome.table == name]))
    ]


def _absent_columns(outcomes: Sequence[Outcome]) -> list[Outcome]:
    lacking = {(outcome.table, column) for outcome in outcomes for column in outcome.absent}
    return [
        about_table(name, ABSENT_COLUMN, column)
        for name, model in TABLES.items()
        for column in column_names(model)
        if (name, column) in lacking
    ]
