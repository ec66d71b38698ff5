"""Tables of a PostgreSQL database, read in one snapshot each.

Rows come by the primary key; without one as they lie in the table, which an update or a VACUUM FULL changes;
those of a view or a foreign table sorted by all columns. If nothing was changed, the order is the same each
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from taxgap.errors import InvalidDataError
from taxgap.records.readers.chunks import ROWS, Chunk
from taxgap.records.readers.database_tables import ZONE, TableName, find_table, printable
from taxgap.records.readers.postgresql_connections import connect, database_name, require_no_password

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import Composable, Composed

MOST_BYTES: Final = 64_000_000
"""Bytes after which a chunk ends early: rows with very long texts."""

TABLES: Final = """
SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), c.oid, c.relkind::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY NOT pg_catalog.pg_table_is_visible(c.oid), n.nspname, c.relname
"""
PRIMARY_KEY: Final = """
SELECT a.attname
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = %s AND i.indisprimary AND k.place <= i.indnkeyatts
ORDER BY k.place
"""
SCANS: Final = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")

PLAIN: Final = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "text": pa.string(),
    "varchar": pa.string(),
    "name": pa.string(),
}
CAST: Final = {
    "timestamptz": (f"pg_catalog.timezone('{ZONE}', {{}})", pa.timestamp("us")),
    "money": ("{}::pg_catalog.numeric", None),
}
"""Types that are asked for as another; whatever is named nowhere here is asked for as text."""


class Column(NamedTuple):
    """A column: its name, how it is asked for, and its type; a type of None is whatever number fits."""

    name: str
    expression: Composable
    type: pa.DataType | None


class PostgresDatabase:
    """A PostgreSQL database: its tables and views.

    Parameters
    ----------
    url : str
        Its address, without a password.

    Attributes
    ----------
    where : str
        What it is called in reports: the name of the database, or of the service.

    Raises
    ------
    UsageError
        The address holds a password.
    """

    def __init__(self, url: str) -> None:
        require_no_password(url)
        self.url = url
        self.where = printable(database_name(url))

    def tables(self) -> list[str]:
        """Return the names of its tables and views; outside the search path as ``schema.table``.

        Returns
        -------
        list of str
            The names, sorted.

        Raises
        ------
        UsageError
            The address cannot be read, or the extra is missing.
        InvalidDataError
            The server cannot be reached or refuses.
        """
        with connect(self.url, self.where) as connection:
            return [table.shown for table in _catalogue(connection)]

    def reader(self, table: str) -> PostgresReader:
        """Return a reader of one table.

        Parameters
        ----------
        table : str
            A table or view, or ``schema.table``.

        Returns
        -------
        PostgresReader
            It looks for the table when it is asked for columns or rows.
        """
        return PostgresReader(self.url, table)


class PostgresReader:
    """A table or view of a PostgreSQL database: a `taxgap.records.readers.chunks.Reader`.

    Numbers, truth values, dates and moments come in their own types, everything else as text. A ``numeric``
    with a scale is a decimal; one without is, chunk by chunk, whole numbers or floats. A moment with a zone
    comes in UK time, without the zone. Where a chunk holds a day that is in no year from 1 to 9999, such as
    ``infinity``, its column comes as text in that chunk.

    Parameters
    ----------
    url : str
        The address of the database, without a password.
    table : str
        A table or view, or ``schema.table``.

    Attributes
    ----------
    where : str
        What it is called in reports: the name of the table.

    Raises
    ------
    UsageError
        The address holds a password.
    """

    def __init__(self, url: str, table: str) -> None:
        require_no_password(url)
        self.url = url
        self.table = table
        self.where = printable(table)

    def columns(self) -> list[str]:
        """Return the names of its columns, in their order.

        Returns
        -------
        list of str
            The names.

        Raises
        ------
        UsageError
            The address cannot be read, or the extra is missing.
        InvalidDataError
            The server cannot be reached or refuses, or there is no such table.
        """
        with connect(self.url, self._place) as connection:
            table, _, _ = self._find(connection)
            return [column.name for column in _columns(connection, table)]

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `ROWS` at a time; lines are numbers of rows, from 1.

        Yields
        ------
        Chunk
            The next rows.

        Raises
        ------
        UsageError
            The address cannot be read, or the extra is missing.
        InvalidDataError
            The server cannot be reached, refuses or goes away before the end, or there is no such table.
        """
        first = 1
        with connect(self.url, self._place) as connection:
            table, identity, kind = self._find(connection)
            columns = _columns(connection, table)
            query = _query(connection, table, columns, identity, kind)
            for rows in _rows(connection, query):
                read = _parse(rows, columns, self._place)
                yield Chunk(read, np.arange(first, first + len(read), dtype=np.int64))
                first += len(read)

    @property
    def _place(self) -> str:
        return f"{printable(database_name(self.url))}: {self.where}"

    def _find(self, connection: psycopg.Connection) -> tuple[TableName, int, str]:
        tables = _catalogue(connection)
        found = find_table(self.table, list(tables), printable(database_name(self.url)))
        return found, *tables[found]


def _catalogue(connection: psycopg.Connection) -> dict[TableName, tuple[int, str]]:
    """Every table by its name: its number, and what kind it is."""
    rows = connection.execute(TABLES).fetchall()
    return {TableName(schema, name, plain): (number, kind) for schema, name, plain, number, kind in rows}


def _columns(connection: psycopg.Connection, table: TableName) -> list[Column]:
    from psycopg import sql  # noqa: PLC0415

    answer = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(_identifier(table)))
    known = connection.adapters.types
    found = []
    for each in answer.description or ():
        info = known.get(each.type_code)
        kind = info.name if info is not None and each.type_code == info.oid else ""
        name = sql.Identifier(each.name)
        if kind in PLAIN:
            found.append(Column(each.name, name, PLAIN[kind]))
        elif kind == "numeric":
            found.append(Column(each.name, name, _decimal(each.precision, each.scale)))
        else:
            form, into = CAST.get(kind, ("{}::pg_catalog.text", pa.string()))
            found.append(Column(each.name, sql.SQL(form).format(name), into))
    if not found:
        raise InvalidDataError("The table has no columns.", where=table.shown, remedy="Name another one.")
    return found


def _decimal(precision: int | None, scale: int | None) -> pa.DataType | None:
    if precision is None or scale is None or not 0 <= scale <= precision <= 38:
        return None
    return pa.decimal128(precision, scale)


def _identifier(table: TableName) -> Composable:
    from psycopg import sql  # noqa: PLC0415

    return sql.Identifier(table.schema, table.name)


def _query(
    connection: psycopg.Connection, table: TableName, columns: list[Column], identity: int, kind: str
) -> Composed:
    """Write the statement that gives all rows in their order."""
    from psycopg import sql  # noqa: PLC0415

    key = [sql.Identifier(name) for (name,) in connection.execute(PRIMARY_KEY, (identity,)).fetchall()]
    order: Composable = sql.SQL("")
    if key:
        order = sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(key))
    elif kind in "vf":
        places = sql.SQL(", ").join(map(sql.Literal, range(1, len(columns) + 1)))
        order = sql.SQL(" ORDER BY {}").format(places)
    else:  # a scan of the table itself gives the rows as they lie there
        for setting in SCANS:
            connection.execute("SELECT pg_catalog.set_config(%s, 'off', true)", (setting,))
    wanted = sql.SQL(", ").join(column.expression for column in columns)
    return sql.SQL("COPY (SELECT {} FROM {}{}) TO STDOUT (FORMAT csv)").format(
        wanted, _identifier(table), order
    )


def _rows(connection: psycopg.Connection, query: Composed) -> Iterator[bytes]:
    """Run the statement and give its rows as CSV, `ROWS` at a time."""
    lines: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:  # the server sends row by row
            lines.append(bytes(line))
            size += len(line)
            if len(lines) == ROWS or size > MOST_BYTES:
                yield b"".join(lines)
                lines, size = [], 0
    if lines:
        yield b"".join(lines)


def _parse(rows: bytes, columns: list[Column], where: str) -> pa.Table:
    """Read rows of CSV; an unquoted empty cell is a null, a quoted one an empty text."""
    types = {str(place): column.type or pa.string() for place, column in enumerate(columns)}
    try:
        table = _read(rows, types)
    except pa.ArrowInvalid:
        table = _read_apart(rows, types, where)
    read = [
        _number(found) if column.type is None else found
        for found, column in zip(table.columns, columns, strict=True)
    ]
    return pa.Table.from_arrays(read, names=[column.name for column in columns])


def _read(rows: bytes, types: dict[str, pa.DataType], only: list[str] | None = None) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(rows),
        csv.ReadOptions(column_names=list(types), block_size=len(rows) + 1, use_threads=False),
        csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=types,
            include_columns=only,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _read_apart(rows: bytes, types: dict[str, pa.DataType], where: str) -> pa.Table:
    """Read column by column, and as text those that hold what their type cannot."""
    read = {}
    for name, kind in types.items():
        with suppress(pa.ArrowInvalid):
            read[name] = _read(rows, types, [name]).column(0)
            continue
        try:
            read[name] = _read(rows, {**types, name: pa.string()}, [name]).column(0)
        except pa.ArrowInvalid:
            raise InvalidDataError(
                f"The text in column {int(name) + 1} is not in the character set that the database names.",
                where=where,
                remedy="Ask who keeps the server: a database in SQL_ASCII does not check its texts.",
            ) from None
        if pa.types.is_decimal(kind):
            read[name] = _number(read[name])
    return pa.table(read)


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Read numbers of any length: whole ones if all are, else floats, exact for pence of any tax bill."""
    for kind in (pa.int64(), pa.float64()):
        with suppress(pa.ArrowInvalid):
            return column.cast(kind)
    return column
