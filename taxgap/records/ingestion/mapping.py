"""How an administration's own tables stand for those of the schema: names, codes, units, ways of writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

Constant: TypeAlias = str | int | float | bool | date

MONEY_UNITS = {"pounds": 1.0, "pence": 0.01, "thousands": 1e3, "millions": 1e6}
"""What an amount may be counted in, and the pounds that one of it is."""

FRACTION_UNITS = ("fraction", "percent")
"""What a share may be counted in."""

DERIVATIONS = ("month_of", "tax_year_of", "nation_of")
"""Columns that follow from another one of the schema, once that is read."""


@dataclass(frozen=True)
class Writing:
    """How values are written in a source.

    Attributes
    ----------
    encoding : str or None
        Of text files; UTF-8 where none is named. A byte-order mark is understood whatever stands here.
    delimiter : str or None
        Between the cells of a line; found out from the first line where none is named.
    decimal : {".", ","}
    dates : tuple of str
        Forms of dates as for ``strptime``, tried in their order, or ``excel`` for its day numbers. Forms that
        can be read in one way only need no mention.
    empty : tuple of str
        Texts that stand for nothing.
    exponents : bool
        Whether amounts such as 1.5E+06 are taken as they stand. A spreadsheet shortens numbers so, and
        digits may be lost.
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str = "."
    dates: tuple[str, ...] = ()
    empty: tuple[str, ...] = ("",)
    exponents: bool = False


@dataclass(frozen=True)
class ColumnSource:
    """Where a column of the schema comes from: a column of the source, one value for all, or another column.

    Attributes
    ----------
    name : str or None
        The column of the source.
    unit : str or None
        One of `MONEY_UNITS` or `FRACTION_UNITS`; pounds or a fraction where none is named.
    dates : tuple of str
        As in `Writing`, for this column alone.
    codes : mapping of str to str or bool
        What a text of the source stands for.
    value : str, number, bool, date or None
        One value for all rows.
    derivation : tuple of str or None
        One of `DERIVATIONS`, and the column of the schema that it starts from.
    """

    name: str | None = None
    unit: str | None = None
    dates: tuple[str, ...] = ()
    codes: Mapping[str, str | bool] = field(default_factory=dict)
    value: Constant | None = None
    derivation: tuple[str, str] | None = None


@dataclass(frozen=True)
class TableSource:
    """Where a table of the schema comes from.

    Attributes
    ----------
    table : str
        Of the schema.
    source : str
        A file name or pattern below the folder, or the name of a table in a database.
    layout : str or None
        The file with the layout of fixed-width lines.
    writing : Writing
    columns : mapping of str to ColumnSource
        By column of the schema. A column that is not here comes from the column of its own name, if the
        source has one.
    """

    table: str
    source: str
    layout: str | None = None
    writing: Writing = field(default_factory=Writing)
    columns: Mapping[str, ColumnSource] = field(default_factory=dict)

    def column(self, name: str) -> ColumnSource:
        """Return where a column of the schema comes from."""
        return self.columns.get(name, ColumnSource(name=name))


@dataclass(frozen=True)
class SourceMapping:
    """How an administration's own tables stand for those of the schema.

    Attributes
    ----------
    tables : mapping of str to TableSource
        By table of the schema; the others are not there.
    as_of : str or None
        The date at which the records stand; the latest on which a row was received where none is named.
    """

    tables: Mapping[str, TableSource]
    as_of: str | None = None
