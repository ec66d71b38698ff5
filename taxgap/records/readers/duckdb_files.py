"""Tables of a DuckDB file, read without trust in the file.

The file is opened read-only, and its SQL, which may be anybody's, cannot reach other files, the network,
extensions or variables of this program. Rows come in the order in which they were stored; those of a view as
one thread gives them, which is the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxgap.errors import InvalidDataError
from taxgap.records.readers.chunks import ROWS, Chunk
from taxgap.records.readers.database_tables import ZONE, TableName, find_table, printable

if TYPE_CHECKING:
    import duckdb

SUFFIXES: Final = (".duckdb", ".ddb")
MAGIC: Final = b"DUCK"  # the header: 8 bytes of checksum, then this

SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",  # or a table could be a variable of this program
    "temp_directory": "",  # nothing is written beside the file
    "threads": 1,  # the rows of a view come in one order only
    "lock_configuration": "true",
}
EXPRESSIONS: Final = {
    **dict.fromkeys(["BOOLEAN", "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"], "{}"),
    **dict.fromkeys(["TINYINT", "SMALLINT", "INTEGER", "BIGINT"], "{}"),
    **dict.fromkeys(["UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"], "{}"),
    **dict.fromkeys(["HUGEINT", "UHUGEINT"], "CAST({} AS DECIMAL(38, 0))"),
    **dict.fromkeys(["TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"], "CAST({} AS TIMESTAMP)"),
    "TIMESTAMP WITH TIME ZONE": f"timezone('{ZONE}', {{}})",
}
"""How a column of a type is asked for; decimals as they are, whatever is not named here as text."""

DAY: Final = 86_400_000_000  # microseconds
FIRST: Final = date.min.toordinal() - date(1970, 1, 1).toordinal()
LAST: Final = date.max.toordinal() - date(1970, 1, 1).toordinal()
REFUSALS: Final = (
    (
        ("Could not set lock", "different configuration"),
        "The file is open elsewhere for writing.",
        "Close the program that has it open, or read a copy.",
    ),
    (
        ("Permission denied",),
        "You may not read the file.",
        "Ask for the right to read it.",
    ),
    (
        ("version number", "storage version", "newer version"),
        "Another version of DuckDB wrote the file, and this one cannot read it.",
        "Write its tables to Parquet with that version: EXPORT DATABASE 'folder' (FORMAT parquet).",
    ),
    (
        ("ncrypt",),
        "The file is encrypted.",
        "Copy its tables into a file without a key.",
    ),
    (
        ("disabled by configuration", "disabled through configuration", "external access"),
        "It reads other files, or needs an extension; a database may not do so here.",
        "Store it as a table: CREATE TABLE ... AS SELECT * FROM the view.",
    ),
    (
        ("Conversion Error", "Out of Range Error", "Invalid Input Error"),
        "A value in it cannot be worked out.",
        "Look at the view: a cast or a sum in it fails for some row.",
    ),
    (
        ("Catalog Error", "Binder Error", "Parser Error"),
        "It does not fit the tables it is made from.",
        "Look at the view: a table, a column or a function in it is not there.",
    ),
    (
        ("Out of Memory Error",),
        "It takes more memory than there is.",
        "Store it as a table: CREATE TABLE ... AS SELECT * FROM the view.",
    ),
)
"""What DuckDB's messages mean. They hold paths and values of rows, so they are not shown."""


class DuckDBFile:
    """A DuckDB file: its tables and views.

    Parameters
    ----------
    path : str or Path
        The file.

    Attributes
    ----------
    where : str
        What it is called in reports: its name without folders.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.where = printable(self.path.name)

    def tables(self) -> list[str]:
        """Return the names of its tables and views; outside the schema ``main`` as ``schema.table``.

        Returns
        -------
        list of str
            The names, sorted.

        Raises
        ------
        InvalidDataError
            The file is missing, damaged, open elsewhere or no DuckDB file.
        """
        with _open(self.path) as connection:
            return [table.shown for table in _catalogue(connection)]

    def reader(self, table: str) -> DuckDBReader:
        """Return a reader of one table.

        Parameters
        ----------
        table : str
            A table or view, or ``schema.table``.

        Returns
        -------
        DuckDBReader
            It looks for the table when it is asked for columns or rows.
        """
        return DuckDBReader(self.path, table)


class DuckDBReader:
    """A table or view of a DuckDB file: a `taxgap.records.readers.chunks.Reader`.

    Numbers, truth values, dates and moments come in their own types, everything else as text. A moment with a
    zone comes in UK time, without the zone. Where a chunk holds a day that is in no year from 1 to 9999, such
    as ``infinity``, its column comes as text in that chunk.

    Parameters
    ----------
    path : str or Path
        The file.
    table : str
        A table or view, or ``schema.table``.

    Attributes
    ----------
    where : str
        What it is called in reports: the name of the table.
    """

    def __init__(self, path: str | Path, table: str) -> None:
        self.path = Path(path)
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
        InvalidDataError
            The file or the table cannot be read, or there is no such table.
        """
        with _open(self.path, self.table) as connection:
            return [name for name, _ in _columns(connection, self._find(connection))]

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `ROWS` at a time; lines are numbers of rows, from 1.

        Yields
        ------
        Chunk
            The next rows.

        Raises
        ------
        InvalidDataError
            The file or the table cannot be read, or not to its end.
        """
        first = 1
        with _open(self.path, self.table) as connection:
            place = self._find(connection)
            wanted = ", ".join(_expression(*column) for column in _columns(connection, place))
            batches = connection.sql(f"SELECT {wanted} FROM {place}").to_arrow_reader(ROWS)  # noqa: S608
            for batch in batches:
                table = _with_days(pa.Table.from_batches([batch]))
                if len(table):
                    yield Chunk(table, np.arange(first, first + len(table), dtype=np.int64))
                first += len(table)

    def _find(self, connection: duckdb.DuckDBPyConnection) -> str:
        """Return the table's full name, quoted; a schema may bear the name of the file."""
        table = find_table(self.table, _catalogue(connection), self.path.name)
        (file,) = connection.execute("SELECT current_database()").fetchall()[0]
        return ".".join(map(_quote, (file, table.schema, table.name)))


@contextmanager
def _open(path: Path, table: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file and close it; whatever DuckDB says meanwhile becomes an error of ours."""
    import duckdb  # noqa: PLC0415 - nothing heavy is loaded before it is needed

    where = printable(path.name if table is None else f"{path.name}: {table}")
    _require_duckdb(path)
    connection = None
    try:
        connection = duckdb.connect(str(path.resolve()), read_only=True, config=SETTINGS)
        yield connection
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _explain(str(error), where) from None
    finally:
        if connection is not None:
            connection.close()


def _require_duckdb(path: Path) -> None:
    if not path.is_file():
        raise InvalidDataError("There is no such file.", where=printable(path.name), remedy="Check its name.")
    if not starts_as_duckdb(path):
        raise InvalidDataError(
            "This is no DuckDB file, or its beginning is damaged.",
            where=printable(path.name),
            remedy="Check its name, or fetch it again from where it was made.",
        )


def starts_as_duckdb(path: Path) -> bool:
    """Tell whether a file begins as DuckDB's files do.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    bool
        False too where it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == MAGIC
    except OSError:
        return False


def _explain(message: str, where: str) -> InvalidDataError:
    for fragments, sentence, remedy in REFUSALS:
        if any(fragment in message for fragment in fragments):
            return InvalidDataError(sentence, where=where, remedy=remedy)
    return InvalidDataError(
        "It cannot be read: the file is damaged.",
        where=where,
        remedy="Fetch it again from where it was made, or restore it from a copy.",
    )


def _catalogue(connection: duckdb.DuckDBPyConnection) -> list[TableName]:
    found = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_catalog = current_database() ORDER BY table_schema <> 'main', table_schema, table_name"
    ).fetchall()
    return [TableName(schema, name, plain=schema == "main") for schema, name in found]


def _columns(connection: duckdb.DuckDBPyConnection, place: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE {place}").fetchall()]


def _expression(name: str, kind: str) -> str:
    form = (
        "{}"
        if kind.startswith("DECIMAL(") and kind.endswith(")")
        else EXPRESSIONS.get(kind, "CAST({} AS VARCHAR)")
    )
    quoted = _quote(name)
    return f"{form.replace('{}', quoted)} AS {quoted}"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _with_days(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_date(field.type) or pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, _dated(table.column(place)))
    return table


def _dated(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give a column of days or moments; as text if one of them is in no year from 1 to 9999."""
    days = pa.types.is_date(column.type)
    numbers = column.cast(pa.int32() if days else pa.int64())
    least, most = (FIRST, LAST) if days else (FIRST * DAY, (LAST + 1) * DAY - 1)
    early, late = pc.less(numbers, least), pc.greater(numbers, most)
    if not pc.any(pc.or_(early, late)).as_py():
        return column
    within = pc.max_element_wise(pc.min_element_wise(numbers, most), least).cast(numbers.type)
    texts = within.cast(pa.date32() if days else pa.timestamp("us")).cast(pa.string())
    bounded = pc.if_else(late, "after 9999-12-31", pc.if_else(early, "before 0001-01-01", texts))
    return pc.if_else(pc.is_null(numbers), pa.scalar(None, pa.string()), bounded)
