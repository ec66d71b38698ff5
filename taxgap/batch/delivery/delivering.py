"""`deliver_scores`: a finished run taken to where it is used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxgap.batch.delivery.csv_files import CsvWriter
from taxgap.batch.delivery.database import NightTable, Outcome
from taxgap.batch.delivery.duckdb_session import open_duckdb
from taxgap.batch.delivery.night import Night
from taxgap.batch.delivery.postgresql_session import open_postgresql
from taxgap.batch.delivery.targets import TableAddress, Target, read_target


@dataclass(frozen=True)
class Delivery:
    """What a delivery did.

    Attributes
    ----------
    target : str
        The file, or the name of the database; never an address.
    kind : {"standard output", "csv", "duckdb", "postgresql"}
    table : str or None
        Of a database.
    run_id : str
        The sha256 of the manifest of the scores.
    regime, model_id, as_of : str
        The tax, the model, and the day on which the records were seen.
    rows : int
        Returns in the scores.
    changed : bool
        False where this run was there already, so that nothing was done.
    replaced : str or None
        The run that stood in its place before; None where there was none, or it is not known.
    formulas : int or None
        Texts that a spreadsheet would take for a formula; None for a database.
    """

    target: str
    kind: str
    table: str | None
    run_id: str
    regime: str
    model_id: str
    as_of: str
    rows: int
    changed: bool
    replaced: str | None = None
    formulas: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    def to_text(self) -> str:
        """Say it in a sentence or two."""
        place = self.target if self.table is None else f"the table {self.table} of {self.target}"
        place = "standard output" if self.kind == "standard output" else place
        run = f"run {self.run_id[:12]} ({self.regime}, as of {self.as_of})"
        if not self.changed:
            return f"Nothing to do: {place} holds {run} already, {self.rows:,} rows."
        said = f"Delivered {self.rows:,} rows of {run} to {place}"
        said += f", instead of run {self.replaced[:12]}." if self.replaced else "."
        if self.formulas:
            said += (
                f" {self.formulas:,} texts begin like a formula, and stand there unchanged: import the "
                "columns of the file as text."
            )
        return said


def deliver_scores(
    scores: str | Path, target: str | Path, *, table: str = "scores", replace: bool = False
) -> Delivery:
    """Deliver the scores of a folder: as CSV, or into a table of a database.

    Parameters
    ----------
    scores : str or Path
        A folder that `write_scores` wrote. Every file is held against its checksum as it is read.
    target : str or Path
        ``name.csv`` or ``name.csv.gz``, written whole or not at all; a DuckDB file, ``name.duckdb``; the
        address of a PostgreSQL database without a password, ``postgresql://user@host/database``; or ``-`` for
        CSV on standard output.
    table : str, default "scores"
        The table of a database, or ``schema.table``. It is made where it is not there. It has the columns of
        the scores and `as_of`, the day on which the records were seen.
    replace : bool, default False
        Exchange another run of the same tax and day, or another file.

    Returns
    -------
    Delivery
        With `changed` false where this run was delivered before: then nothing is done.

    Raises
    ------
    UsageError
        The target cannot be used or written to; other scores are there and may not be replaced.
    InvalidDataError
        The folder holds no scores, a file is not the one that was written, or a database cannot be reached.
    IncompatibleError
        The scores are of a newer format; or the table lacks columns, or has them of another type.
    BusyError
        Another delivery holds the database.
    TaxGapError
        The database went away. Nothing is half written; to deliver again completes it.

    Notes
    -----
    A database receives all rows in one transaction, and is asked how many it holds before it keeps them. The
    table ``taxgap_deliveries`` beside it names the run of each table, tax and day.

    Texts of a CSV file are not changed, not even those that a spreadsheet would take for a formula:
    `formulas` counts these.
    """
    place, night = read_target(target), Night.open(scores)
    address = TableAddress.parse(table) if place.has_tables else None
    formulas: int | None = None
    if address is None:
        writer = CsvWriter(night)
        outcome = _write_csv(writer, place, replace=replace)
        formulas = writer.formulas
    else:
        outcome = _fill_table(night, place, address, replace=replace)
    return Delivery(
        target=place.where,
        kind=place.kind,
        table=None if address is None else table,
        run_id=night.run_id,
        regime=night.regime,
        model_id=night.model_id,
        as_of=str(night.as_of),
        rows=night.rows,
        changed=outcome.changed,
        replaced=outcome.before if outcome.changed and outcome.before != night.run_id else None,
        formulas=formulas,
    )


def check_target(target: str | Path) -> None:
    """Refuse a target that cannot be delivered to, without looking there: before a long run, not after it.

    Raises
    ------
    UsageError
    """
    read_target(target)


def _write_csv(writer: CsvWriter, target: Target, *, replace: bool) -> Outcome:
    if target.kind == "standard output":
        writer.to_standard_output()
        return Outcome(changed=True)
    return Outcome(changed=writer.to_file(Path(target.place), replace=replace))


def _fill_table(night: Night, target: Target, address: TableAddress, *, replace: bool) -> Outcome:
    opened = open_duckdb(Path(target.place)) if target.kind == "duckdb" else open_postgresql(target.place)
    with opened as session:
        return NightTable(session, night, address).exchange(replace=replace)
