"""How each column of a table will be read, settled before the first row is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from taxgap.errors import UsageError
from taxgap.records.ingestion.columns import constant_column
from taxgap.records.ingestion.mapping import ColumnSource, TableSource
from taxgap.schemas import TABLES, Table
from taxgap.schemas.table import always_there, column_names, describe_columns


@dataclass(frozen=True)
class TablePlan:
    """What is read of one table.

    Attributes
    ----------
    source : TableSource
    columns : tuple of str
        The columns of the schema that the records will have, in their order.
    absent : tuple of str
        Those that no file or table gives.
    unused : tuple of str
        Columns of the source that nothing takes.
    """

    source: TableSource
    columns: tuple[str, ...]
    absent: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.source.table

    @property
    def model(self) -> type[Table]:
        """The schema of the table."""
        return TABLES[self.table]

    @cached_property
    def described(self) -> dict[str, dict[str, Any]]:
        """What the schema says of each column that the records will have."""
        return {
            item["column"]: item for item in describe_columns(self.model) if item["column"] in self.columns
        }


def plan_table(source: TableSource, found: Sequence[Sequence[str]]) -> TablePlan:
    """Settle how a table is read.

    Parameters
    ----------
    source : TableSource
    found : sequence of sequence of str
        The columns of each file or table that it comes from.

    Raises
    ------
    UsageError
        The mapping names a column that none of them has, or a column that a table cannot do without comes
        from nowhere. All of them are named.
    """
    names = sorted({name for columns in found for name in columns})
    problems = [*_unknown(source, names), *_uneven(source, found)]
    columns = [name for name in column_names(TABLES[source.table]) if _is_given(source.column(name), names)]
    missing = [name for name in always_there(TABLES[source.table]) if name not in columns]
    problems += [f"nothing is said of {name}, which it cannot do without" for name in missing]
    problems += [*_wrong_values(source, columns)]
    if problems:
        raise UsageError(
            f"The table '{source.table}' cannot be read from '{source.source}': {'; '.join(problems)}.",
            available=names,
            remedy="Map these columns, or give them one `value` for all rows.",
        )
    absent = [name for name in column_names(TABLES[source.table]) if name not in columns]
    used = {source.column(name).name for name in columns}
    return TablePlan(source, tuple(columns), tuple(absent), tuple(n for n in names if n not in used))


def _is_given(column: ColumnSource, names: Sequence[str]) -> bool:
    return column.name in names if column.name is not None else True


def _unknown(source: TableSource, names: Sequence[str]) -> Iterator[str]:
    for name, column in source.columns.items():
        if not _is_given(column, names):
            yield f"{name} shall come from '{column.name}', which is not there"


def _uneven(source: TableSource, found: Sequence[Sequence[str]]) -> Iterator[str]:
    # Counts and yes/no columns cannot be empty, so a file that lacks one cannot be filled up.
    whole = [c["column"] for c in describe_columns(TABLES[source.table]) if c["type"] in _NEVER_EMPTY]
    for name in whole:
        column = source.column(name).name
        having = [columns for columns in found if column in columns]
        if column is not None and having and len(having) < len(found):
            yield f"{name} comes from '{column}', which some of the files lack"


def _wrong_values(source: TableSource, given: Sequence[str]) -> Iterator[str]:
    for column in describe_columns(TABLES[source.table]):
        name, origin = column["column"], source.column(column["column"])
        if origin.value is not None and constant_column(1, column, origin).faults:
            yield f"{name} cannot have the value '{origin.value}'"
        if origin.derivation is not None:
            start = origin.derivation[1]
            if start not in given or source.column(start).derivation is not None:
                yield f"{name} follows from {start}, which comes from nowhere"


_NEVER_EMPTY = ("whole number", "yes/no")
