"""A DuckDB file that scores are delivered into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from taxgap.batch.delivery.database import quote
from taxgap.errors import BusyError, InvalidDataError, TaxGapError, UsageError
from taxgap.records.readers.database_tables import printable
from taxgap.records.readers.duckdb_files import starts_as_duckdb

if TYPE_CHECKING:
    import duckdb

SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # or a table could be a variable of this program
    "memory_limit": "1GB",
    "threads": 2,
}
AGAIN: Final = "Nothing was kept. Give the same command again: it completes."
REFUSALS: Final = (
    (("version number", "storage version", "newer version"), "Another version of DuckDB wrote the file.", ""),
    (("ncrypt",), "The file is encrypted.", "Name a file without a key."),
    (
        ("Permission denied", "read-only"),
        "You may not write to the file.",
        "Name another, or ask for the right.",
    ),
    (("No space left", "Out of Memory"), "There is no room on the disk or in memory.", f"Make room. {AGAIN}"),
    (
        ("Constraint Error",),
        "The table has rules of its own, which a row breaks.",
        "Look at its NOT NULL, CHECK and keys, or name another --table.",
    ),
)
"""What DuckDB's messages mean. They hold paths and values of rows, so they are not shown."""


class DuckDBSession:
    """An open DuckDB file: a `taxgap.batch.delivery.database.Session`."""

    keeps_keys = False  # a key takes memory for every row; days are found without one

    def __init__(self, connection: duckdb.DuckDBPyConnection, where: str) -> None:
        self.where = where
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin a transaction; keep it if the block succeeds. No other program has the file open."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement, and return its rows."""
        return self._connection.execute(statement, list(values)).fetchall()

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table, straight from arrow."""
        columns = ", ".join(map(quote, rows.column_names))
        self._connection.register("taxgap_part", rows)
        try:
            self._connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM taxgap_part")  # noqa: S608
        finally:
            self._connection.unregister("taxgap_part")


@contextmanager
def open_duckdb(path: Path) -> Iterator[DuckDBSession]:
    """Open a DuckDB file for writing, or make it, and close it.

    Yields
    ------
    DuckDBSession

    Raises
    ------
    UsageError
        It cannot be written to.
    InvalidDataError
        It is no DuckDB file.
    BusyError
        Another program has it open.
    """
    import duckdb  # noqa: PLC0415 - nothing heavy is loaded before it is needed

    where, is_new = printable(path.name), not path.exists()
    if not is_new and not starts_as_duckdb(path):
        raise InvalidDataError(
            "This is no DuckDB file, or its beginning is damaged.", where=where, remedy="Name another file."
        )
    if not path.parent.is_dir():
        raise UsageError("There is no such folder.", where=str(path.parent), remedy="Make it first.")
    connection = None
    try:
        connection = duckdb.connect(str(path), config=SETTINGS)
        yield DuckDBSession(connection, where)
        connection.close()
    except BaseException as error:
        if connection is not None:
            connection.close()
        if is_new:
            for left in (path, path.with_name(f"{path.name}.wal")):
                left.unlink(missing_ok=True)
        if isinstance(error, duckdb.Error):
            raise _explain(str(error), where) from None
        raise


def _explain(message: str, where: str) -> TaxGapError:
    if "Could not set lock" in message or "different configuration" in message:
        return BusyError(
            "The file is open elsewhere.",
            where=where,
            remedy="Close the program that has it open, and give the same command again.",
        )
    for fragments, sentence, remedy in REFUSALS:
        if any(fragment in message for fragment in fragments):
            return UsageError(sentence, where=where, remedy=remedy or "Name another file.")
    return TaxGapError("The database does not take it.", where=where, remedy=AGAIN)
