"""A PostgreSQL database that scores are delivered into."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from taxgap.batch.delivery.csv_files import to_csv
from taxgap.batch.delivery.database import quote
from taxgap.errors import BusyError, TaxGapError, UsageError
from taxgap.records.readers.database_tables import printable
from taxgap.records.readers.postgresql_connections import code_of, database_name, enter

if TYPE_CHECKING:
    import psycopg

LOCK: Final = 0x7461_7867_6170  # the library's name: deliveries wait for each other
SESSION: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "row_security": "off",  # rows that a policy would hide are an error, not a smaller count
    "lock_timeout": "60s",
}
AGAIN: Final = (
    "Nothing is half written. Give the same command again: it completes, or finds that all is there."
)
CODES: Final = (
    (
        "42501",
        "This user may not write it.",
        "Ask for SELECT, INSERT and DELETE on both tables, and for CREATE on the schema where they are new.",
    ),
    ("25006", "The server only lets read, as a standby does.", "Name the primary server."),
    ("57P|57014|08|40|25P", "The connection was lost, or the server stopped the work.", AGAIN),
    ("53|54|58", "The server lacks memory, disk or connections.", AGAIN),
    (
        "23|44",
        "The table has rules of its own, which a row breaks.",
        "Look at its NOT NULL, CHECK and keys, or name another --table.",
    ),
    ("22", "A value cannot be held by the server, such as a text with NUL.", "Look at what was scored."),
    ("42", "The table cannot be written to, or is no table.", "Name another --table."),
)
"""What PostgreSQL's codes mean, by their beginning; the first that fits. Its words are not shown."""


class PostgresSession:
    """An open PostgreSQL database: a `taxgap.batch.delivery.database.Session`."""

    keeps_keys = True

    def __init__(self, connection: psycopg.Connection, where: str) -> None:
        self.where = where
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin a transaction, wait for other deliveries to end, and keep it if the block succeeds."""
        with self._connection.transaction():
            for name, value in SESSION.items():
                self.ask("SELECT pg_catalog.set_config($1, $2, true)", name, value)
            self.ask("SELECT pg_catalog.pg_advisory_xact_lock($1)", LOCK)
            yield

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement, and return its rows."""
        cursor = self._connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table with COPY."""
        columns = ", ".join(map(quote, rows.column_names))
        statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)"
        with self._connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.write(to_csv(rows))


@contextmanager
def open_postgresql(url: str) -> Iterator[PostgresSession]:
    """Open a session that writes, and close it.

    Yields
    ------
    PostgresSession

    Raises
    ------
    UsageError
        The address holds a password or cannot be used; the extra ``postgresql`` is missing; the server does
        not let this user write, or not these rows.
    InvalidDataError
        The server cannot be reached or refuses.
    BusyError
        Another delivery took too long.
    TaxGapError
        The connection was lost. No message of the server is shown: it may hold values of rows.
    """
    where = printable(database_name(url))
    connection = enter(url, where)
    import psycopg  # noqa: PLC0415 - an extra

    connection.cursor_factory = psycopg.RawCursor  # values as $1, and names may hold any character
    try:
        with connection:
            yield PostgresSession(connection, where)
    except psycopg.Error as error:
        raise _explain(error, where) from None


def _explain(error: Exception, where: str) -> TaxGapError:
    code = code_of(error)
    if code == "55P03":
        return BusyError(
            "Another delivery, or other work on the table, holds it.", where=where, remedy="Try again later."
        )
    for beginnings, sentence, remedy in CODES:
        if re.match(beginnings, code):
            kind = TaxGapError if remedy == AGAIN else UsageError
            return kind(sentence, where=where, remedy=remedy)
    return TaxGapError("The server does not take it.", where=where, remedy=AGAIN)
