"""A run as rows of a table: one transaction for all of it, once and only once, counted before it is kept.

Beside the table stands another, `taxgap_deliveries`, with one row a table, tax and day: which run is there.
Of a tax and a day there is one run; those of other days stand beside it, told apart by the column `as_of`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import pyarrow as pa

from taxgap.batch.delivery.night import Night
from taxgap.batch.delivery.targets import DELIVERIES, TableAddress
from taxgap.errors import IncompatibleError, TaxGapError, UsageError
from taxgap.records.readers.database_tables import printable

TYPES: Final = (
    (pa.types.is_string, "TEXT", ("text", "varchar", "character varying")),
    (pa.types.is_float64, "DOUBLE PRECISION", ("double precision", "double")),
    (pa.types.is_int64, "BIGINT", ("bigint",)),
    (pa.types.is_boolean, "BOOLEAN", ("boolean",)),
    (pa.types.is_date, "DATE", ("date",)),
)
"""By type of a column: what it is made as, and what a database may call it."""

DAY: Final = "as_of"
KEY: Final = (DAY, "regime", "taxpayer_id", "period")


class Session(Protocol):
    """A connection to a database that is open."""

    where: str
    keeps_keys: bool

    def transaction(self) -> AbstractContextManager[None]:
        """Begin a transaction that no other delivery disturbs; keep it if the block succeeds."""
        ...

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement with the values of $1, $2 and so on, and return its rows."""
        ...

    def append(self, table: str, rows: pa.Table) -> None:
        """Add rows to a table, whose name is quoted, by the names of their columns."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a delivery into a database did: whether anything changed, and the run that was there before."""

    changed: bool
    before: str | None = None


class NightTable:
    """The table that a night is delivered into.

    Parameters
    ----------
    session : Session
    night : Night
    address : TableAddress
    """

    def __init__(self, session: Session, night: Night, address: TableAddress) -> None:
        self._session, self._night = session, night
        self._schema = address.schema
        self._name = address.name
        scores = night.schema
        self._columns = pa.schema([pa.field(DAY, pa.date32()), *scores])

    def exchange(self, *, replace: bool) -> Outcome:
        """Deliver the night, in one transaction.

        Raises
        ------
        UsageError
            Other rows of this tax and day are there and may not be replaced.
        IncompatibleError
            The table lacks columns, or has them of another type.
        TaxGapError
            What the database then holds is not what was sent.
        """
        with self._session.transaction():
            self._find_schema()
            before, held = self._find_run(), self._prepare_table()
            if before == self._night.run_id and held == self._night.rows:
                return Outcome(changed=False, before=before)
            if held and not replace:
                raise self._refusal(before, held)
            self._write()
        return Outcome(changed=True, before=before)

    def _find_schema(self) -> None:
        ask = self._session.ask
        if self._schema is None:
            self._schema = ask("SELECT current_schema()")[0][0]
        found = ask("SELECT 1 FROM information_schema.schemata WHERE schema_name = $1", self._schema)
        if not found:
            raise UsageError(
                f"The database has no schema {printable(str(self._schema))!r}.",
                where=self._session.where,
                remedy="Make it first: CREATE SCHEMA, as somebody who may.",
            )

    def _find_run(self) -> str | None:
        """Return the run of this tax and day that stands in the table."""
        self._session.ask(
            f"CREATE TABLE IF NOT EXISTS {self._place(DELIVERIES)} "
            "(table_name TEXT NOT NULL, regime TEXT NOT NULL, as_of DATE NOT NULL, run_id TEXT NOT NULL, "
            "model_id TEXT NOT NULL, row_count BIGINT NOT NULL, delivered_at_utc TIMESTAMP NOT NULL)"
        )
        found = self._session.ask(
            f"SELECT run_id FROM {self._place(DELIVERIES)} "  # noqa: S608 - names are quoted
            "WHERE table_name = $1 AND regime = $2 AND as_of = $3",
            *(self._name, self._night.regime, self._night.as_of),
        )
        return str(found[0][0]) if found else None

    def _prepare_table(self) -> int:
        """Make the table, or check its columns; return how many rows of this tax and day it holds."""
        found = self._session.ask(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_catalog = current_database() AND table_schema = $1 AND table_name = $2",
            *(self._schema, self._name),
        )
        if found:
            self._check_columns({name: kind.lower() for name, kind in found})
            return self._count()
        own = [f"{quote(field.name)} {_type_of(field.type)}" for field in self._columns]
        if self._session.keeps_keys:  # what finds the rows of a day, and of a taxpayer
            own.append(f"PRIMARY KEY ({', '.join(map(quote, KEY))})")
        self._session.ask(f"CREATE TABLE {self._table} ({', '.join(own)})")
        return 0

    def _check_columns(self, found: dict[str, str]) -> None:
        absent = [field.name for field in self._columns if field.name not in found]
        other = [
            f"{field.name} ({printable(found[field.name])}, not {_type_of(field.type).lower()})"
            for field in self._columns
            if field.name in found and found[field.name] not in _names_of(field.type)
        ]
        if absent or other:
            said = [f"lacks {', '.join(absent)}"] if absent else []
            said += [f"has of another type {', '.join(other)}"] if other else []
            raise IncompatibleError(
                f"The table {printable(self._name)!r} {' and '.join(said)}.",
                where=self._session.where,
                remedy="Deliver into another table (--table), or ALTER TABLE it. Nothing was changed.",
            )

    def _refusal(self, before: str | None, held: int) -> UsageError:
        night = f"{self._night.regime} as of {self._night.as_of}"
        if before == self._night.run_id:
            said = f"The table holds {held:,} rows of this run, which has {self._night.rows:,}"
        elif before is None:
            said = f"The table holds {held:,} rows of {night} that no delivery put there"
        else:
            said = f"The table holds another run of {night}, {before[:12]}"
        return UsageError(
            f"{said}.",
            where=self._session.where,
            remedy="Exchange them with --replace, or name another --table.",
        )

    def _write(self) -> None:
        night, ask = self._night, self._session.ask
        ask(f"DELETE FROM {self._table} WHERE regime = $1 AND as_of = $2", night.regime, night.as_of)  # noqa: S608
        for part in night.parts():
            days = pa.repeat(pa.scalar(night.as_of, pa.date32()), part.num_rows)
            self._session.append(self._table, part.add_column(0, DAY, days))
        held = self._count()
        if held != night.rows:
            raise TaxGapError(
                f"Of {night.rows:,} rows that were sent {held:,} are in the table.",
                where=self._session.where,
                remedy="Nothing was kept. Look for a trigger, a rule or a policy on the table.",
            )
        key = (self._name, night.regime, night.as_of)
        ask(
            f"DELETE FROM {self._place(DELIVERIES)} WHERE table_name = $1 AND regime = $2 AND as_of = $3",  # noqa: S608
            *key,
        )
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        ask(
            f"INSERT INTO {self._place(DELIVERIES)} "  # noqa: S608
            "(table_name, regime, as_of, run_id, model_id, row_count, delivered_at_utc) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(*key, night.run_id, night.model_id, night.rows, now),
        )

    def _count(self) -> int:
        night = self._night
        found = self._session.ask(
            f"SELECT count(*) FROM {self._table} WHERE regime = $1 AND as_of = $2",  # noqa: S608
            *(night.regime, night.as_of),
        )
        return int(found[0][0])

    @property
    def _table(self) -> str:
        return self._place(self._name)

    def _place(self, name: str) -> str:
        return f"{quote(str(self._schema))}.{quote(name)}"


def quote(name: str) -> str:
    """Return a name as SQL writes it whatever stands in it.

    Examples
    --------
    >>> quote('a"; DROP TABLE b')
    '"a""; DROP TABLE b"'
    """
    return '"' + name.replace('"', '""') + '"'


def _type_of(kind: pa.DataType) -> str:
    return next(made for fits, made, _ in TYPES if fits(kind))


def _names_of(kind: pa.DataType) -> tuple[str, ...]:
    return next(names for fits, _, names in TYPES if fits(kind))
