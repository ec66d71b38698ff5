"""Where scores can be delivered to, told by how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from taxgap.batch.delivery.csv_files import SUFFIXES
from taxgap.errors import UsageError
from taxgap.records.readers.database_tables import printable
from taxgap.records.readers.databases import is_database
from taxgap.records.readers.postgresql_connections import (
    TAKE,
    database_name,
    require_driver,
    require_no_password,
)

Kind: TypeAlias = Literal["standard output", "csv", "duckdb", "postgresql"]

STANDARD: Final = "-"
DELIVERIES: Final = "taxgap_deliveries"
LONGEST: Final = 63
"""Bytes of a name that PostgreSQL keeps; what is longer it cuts off."""


@dataclass(frozen=True)
class Target:
    """A place to deliver to.

    Attributes
    ----------
    kind : {"standard output", "csv", "duckdb", "postgresql"}
    place : str
        A path or an address, without a password.
    """

    kind: Kind
    place: str

    @property
    def where(self) -> str:
        """What it is called in reports: of an address the name of the database alone."""
        return printable(database_name(self.place) if self.kind == "postgresql" else self.place)

    @property
    def has_tables(self) -> bool:
        """Whether it is a database."""
        return self.kind in ("duckdb", "postgresql")


@dataclass(frozen=True)
class TableAddress:
    """A table by the schema it stands in, if one was named, and its name."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> TableAddress:
        """Take ``table`` or ``schema.table``; letters count as they are written.

        Raises
        ------
        UsageError
            No table can bear the name, or it is that of the deliveries.

        Examples
        --------
        >>> TableAddress.parse("risk.scores")
        TableAddress(schema='risk', name='scores')
        """
        before, dot, after = text.partition(".")
        schema, name = (before, after) if dot else (None, text)
        given = [name] if schema is None else [schema, name]
        wrong = [part for part in given if not part.isprintable() or not 0 < len(part.encode()) <= LONGEST]
        if wrong or name == DELIVERIES:
            raise UsageError(
                f"No table for scores can be called {printable(text)!r}.",
                where="table",
                remedy=f"Name it as table or schema.table, of 1 to {LONGEST} printable characters each; "
                f"{DELIVERIES} is the table of deliveries.",
            )
        return cls(schema, name)


def read_target(target: str | Path) -> Target:
    """Tell what a target is, without looking there.

    Raises
    ------
    UsageError
        It is of no known kind, an address with a password, or the extra ``postgresql`` is missing.

    Examples
    --------
    >>> read_target("night.csv.gz").kind, read_target("night.duckdb").kind, read_target("-").kind
    ('csv', 'duckdb', 'standard output')
    """
    place = str(target)
    if place == STANDARD:
        return Target("standard output", place)
    if place.lower().endswith(SUFFIXES):
        return Target("csv", place)
    if TAKE.match(place):
        require_no_password(place)
        require_driver()
        return Target("postgresql", place)
    if is_database(place):
        return Target("duckdb", place)
    raise UsageError(
        "Scores cannot be delivered there.",
        where=printable(place),
        available=["name.csv", "name.csv.gz", "name.duckdb", "postgresql://user@host/database", "-"],
        remedy="Name one of these; - is standard output.",
    )
