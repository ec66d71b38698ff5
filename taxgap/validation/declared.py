"""What records declare about themselves: columns that they do not have, and rows that could not be read."""

from __future__ import annotations

from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.schemas.table import always_there, column_names

CARRIED = ("absent", "unread")
"""What trusted records declare again: it stays true of them."""


def absent_columns(records: Records, table: str) -> frozenset[str]:
    """Return the columns of a table that the records declare not to have.

    A column without which the table cannot be used is never among them.

    Examples
    --------
    >>> absent_columns(Records.from_frames({}), "vat")
    frozenset()
    """
    declared = records.manifest.made_by.get("absent", {}).get(table, ())
    if not declared:
        return frozenset()
    model = TABLES[table]
    return frozenset(declared).intersection(column_names(model)).difference(always_there(model))


def absent_tables(records: Records) -> frozenset[str]:
    """Return the tables that the records declare not to have: those of which every column is absent.

    Examples
    --------
    >>> absent_tables(Records.from_frames({}))
    frozenset()
    """
    declared = records.manifest.made_by.get("absent", {})
    return frozenset(
        name
        for name, model in TABLES.items()
        if name not in records.tables and set(declared.get(name, ())) >= {*column_names(model)}
    )


def unread_rows(records: Records) -> dict[str, int]:
    """Return for each table how many rows of its source could not be read; tables with none are left out.

    Examples
    --------
    >>> unread_rows(Records.from_frames({}))
    {}
    """
    declared = records.manifest.made_by.get("unread", {})
    return {name: int(declared[name]) for name in TABLES if declared.get(name)}
