"""The walk over the records, partition by partition, that makes the report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.schemas import RETURN_TABLES, TABLES
from taxgap.validation.outcome import Outcome, outcome_of
from taxgap.validation.output import Output, new_output
from taxgap.validation.partition import PartitionCheck
from taxgap.validation.report import ValidationReport
from taxgap.validation.rule import Wording
from taxgap.validation.structure import EMPTY_RETURNS, EMPTY_TABLE, MISSING_TABLE
from taxgap.validation.table_part import Failure, TablePart

NEVER_EMPTY = ("taxpayers",)
"""Tables without which there is nothing to work on. So are the returns, if those of every tax are empty."""


def validate(
    records: Records | str | Path,
    *,
    out: str | Path | None = None,
    tables: Collection[str] | None = None,
    replace: bool = False,
) -> ValidationReport:
    """Check whether records can be trusted, and say everything that is wrong with them at once.

    Parameters
    ----------
    records : Records or str or Path
        The records, or their folder. They are judged as they stand at their date: what was received later is
        not in them.
    out : str or Path, optional
        A folder to write: ``records`` (the trusted rows, in the same partitions), ``quarantine`` (the
        rejected rows as they were, with `rule` and `reason`), ``report.json`` and ``report.html``. Nothing is
        written when absent.
    tables : collection of str, optional
        The tables that must be there; all of the schema when absent. A table that is there is always checked.
    replace : bool, default False
        Replace the folder `out` if it exists.

    Returns
    -------
    ValidationReport

    Raises
    ------
    UsageError
        `out` exists, holds the records or cannot be written to, or a name in `tables` is not that of a table.
    InvalidDataError, IncompatibleError
        `records` is a folder without records, or of a newer format. Whatever is wrong within the records is a
        finding and no error: see `ValidationReport.raise_if_failed`.

    Notes
    -----
    Rules have one of two severities. A row that fails a rule of severity ``reject`` goes into quarantine
    whole; a row that fails one of severity ``warn`` is kept and pointed out. No row is dropped or repaired
    otherwise: rows in are rows kept plus rows quarantined, for every table and partition.

    A value that fails the schema is reported as such, and rules that read it do not judge its row. Of rows
    with one key, all but the first are rejected. What a row refers to must itself be kept: a rejected
    taxpayer takes its returns along, a rejected return its enquiries, a rejected enquiry its adjustments,
    each with a reason of its own (``taxpayer_rejected`` and so on). So trusted records agree with each other,
    and pass when they are validated again. A missing column rejects all rows of its file. A file that cannot
    be read is a finding; its rows are unknown, are counted nowhere, and what refers to them is rejected.

    Memory is that of one partition, and eight bytes for every report and enquiry (their identifiers must be
    unique over all partitions).

    Examples
    --------
    >>> from taxgap.records import Records
    >>> report = validate(Records.from_frames({}), tables=[])
    >>> report.passed
    True
    """
    given = records if isinstance(records, Records) else Records.open(records)
    expected = _check_names(tables)
    folder = None if out is None else Path(out)
    with new_output(folder, given, replace=replace) as output:
        outcomes = _check_all(given, expected, output)
        report = ValidationReport(given, outcomes, written=folder)
        if output is not None:
            output.write_report(report)
    return report


def _check_names(tables: Collection[str] | None) -> Collection[str]:
    if tables is None:
        return tuple(TABLES)
    unknown = [name for name in tables if name not in TABLES]
    if isinstance(tables, str) or unknown:
        raise UsageError(
            f"Not a table: {', '.join(unknown) or tables}.", available=TABLES, remedy="Give a list."
        )
    return tables


def _check_all(records: Records, expected: Collection[str], output: Output | None) -> list[Outcome]:
    check = PartitionCheck(records, expected)
    parts = (part for partition in records.partitions for part in check.check(partition).values())
    outcomes = [_close(part, output) for part in parts]
    missing = [
        _about_table(name, MISSING_TABLE)
        for name in TABLES
        if name in expected and name not in records.tables
    ]
    return [*missing, *_empty_tables(records.tables, outcomes), *outcomes]


def _close(part: TablePart, output: Output | None) -> Outcome:
    outcome = outcome_of(part)
    if output is not None:
        output.write_part(part, outcome)
    return outcome


def _empty_tables(tables: Sequence[str], outcomes: Sequence[Outcome]) -> list[Outcome]:
    filled = {outcome.table for outcome in outcomes if outcome.rows_in or not outcome.readable}
    returns = [name for name in RETURN_TABLES if name in tables and name not in filled]
    wording = EMPTY_RETURNS if filled.intersection(RETURN_TABLES) else EMPTY_TABLE
    needed = [name for name in NEVER_EMPTY if name in tables and name not in filled]
    return [
        *(_about_table(name, EMPTY_TABLE) for name in needed),
        *(_about_table(name, wording) for name in returns),
    ]


def _about_table(name: str, wording: Wording) -> Outcome:
    return Outcome(
        table=name,
        partition=None,
        rows_in=0,
        kept=0,
        quarantined=0,
        readable=True,
        as_it_was=True,
        rejected=range(0),
        failures=(Failure(wording, "", range(0)),),
        examples=((),),
    )
