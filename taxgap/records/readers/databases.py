"""The door to databases: what is one, and which tables it has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Protocol

from taxgap.errors import UsageError
from taxgap.records.readers.chunks import Reader
from taxgap.records.readers.duckdb_files import SUFFIXES, DuckDBFile, starts_as_duckdb
from taxgap.records.readers.postgresql_connections import SCHEMES
from taxgap.records.readers.postgresql_tables import PostgresDatabase

# At least two letters, for one is a drive. One stroke is enough, or a slip of the pen would count as a path.
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


class Database(Protocol):
    """Something with tables.

    Attributes
    ----------
    where : str
        What it is called in reports: a name without path, host and password.
    """

    where: str

    def tables(self) -> list[str]:
        """Return the names of its tables and views.

        Raises
        ------
        UsageError
            What reads it is not installed.
        InvalidDataError
            It cannot be read.
        """
        ...

    def reader(self, table: str) -> Reader:
        """Return a reader of one table; whether there is one is found out when it reads."""
        ...


def is_database(place: str | Path) -> bool:
    """Tell whether a place is a database and not a folder of files.

    Parameters
    ----------
    place : str or Path
        A path, or the address of a database.

    Returns
    -------
    bool
        True for ``postgresql://``, for a name that ends in ``.duckdb`` or ``.ddb`` and is no folder, and for
        a file that begins as DuckDB's do.

    Raises
    ------
    UsageError
        It is an address of another kind.

    Examples
    --------
    >>> is_database("postgresql://reader@server/taxes"), is_database("own/taxes.duckdb"), is_database("own")
    (True, True, False)
    """
    if _scheme(str(place)) is not None:
        return True
    path = Path(place)
    return not path.is_dir() and (path.suffix.lower() in SUFFIXES or starts_as_duckdb(path))


def open_database(place: str | Path) -> Database:
    """Name the database at a place; nothing is read yet.

    Parameters
    ----------
    place : str or Path
        A DuckDB file, or an address ``postgresql://user@host:port/database`` without a password.

    Returns
    -------
    Database
        Its tables, and a reader of each.

    Raises
    ------
    UsageError
        It is an address of another kind, or one with a password.

    Examples
    --------
    >>> open_database("own/taxes.duckdb").where
    'taxes.duckdb'
    """
    return DuckDBFile(Path(place)) if _scheme(str(place)) is None else PostgresDatabase(str(place))


def _scheme(place: str) -> str | None:
    """Return the scheme of an address that can be read, None for a path."""
    found = SCHEME.match(place)
    if found is None:
        return None
    scheme = found[1].lower()
    if scheme in SCHEMES and place[found.end() :].startswith("/"):
        return scheme
    raise UsageError(
        f"Addresses that begin with {scheme}:/ cannot be read.",
        available=["postgresql://user@host/database", "a DuckDB file", "a folder of files"],
        remedy="Export the tables to CSV, Parquet or DuckDB, or name one of these.",
    )
