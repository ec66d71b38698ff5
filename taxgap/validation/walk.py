"""The walk over the records, partition by partition, that makes the report."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.records.engines import Engine, check_engine, start_engine
from taxgap.records.light import check_folder, lighten
from taxgap.records.processes import Run, count_workers
from taxgap.schemas import OPTIONAL_TABLES, TABLES
from taxgap.validation.about_tables import about_tables
from taxgap.validation.across import look_across
from taxgap.validation.declared import absent_tables
from taxgap.validation.outcome import Outcome, outcome_of
from taxgap.validation.output import Files, Output, new_output, write_part
from taxgap.validation.partition import PartitionCheck
from taxgap.validation.quality.counts import QualityCounts, add_up
from taxgap.validation.quality.profile import QualityProfile, scope_of
from taxgap.validation.report import ValidationReport

WORTH_A_WORKER = 200_000
"""Rows below which processes take longer to start than they save."""


def validate(
    records: Records | str | Path,
    *,
    out: str | Path | None = None,
    tables: Collection[str] | None = None,
    quality: bool = False,
    replace: bool = False,
    workers: int | None = 1,
    engine: Engine = "local",
    scheduler: str | None = None,
) -> ValidationReport:
    """Check whether records can be trusted, and say everything that is wrong with them at once.

    Parameters
    ----------
    records : Records or str or Path
        The records, or their folder. They are judged as they stand at their date: what was received later is
        not in them.
    out : str or Path, optional
        A folder to write: ``records`` (the trusted rows, in the same partitions), ``quarantine`` (the
        rejected rows as they were, with `rule` and `reason`: parquet, and the first of each table as CSV for
        people), ``report.json`` and ``report.html``; with `quality`, ``quality.json`` and ``quality.html``.
        Nothing is written when absent.
    tables : collection of str, optional
        The tables that must be there; when absent all of the schema, but those that ingested records say they
        do not have. A table that is there is always checked.
    quality : bool, default False
        Profile the quality of the rows over time and place too: `ValidationReport.quality`.
    replace : bool, default False
        Replace the folder `out` if it exists.
    workers : int or None, default 1
        Processes to start; 1 starts none, and None starts one a processor where the records are large. Where
        they are started, a script must guard its main part (``if __name__ == "__main__"``). The result does
        not depend on it.
    engine : {"local", "dask"}, default "local"
        What spreads the work; ``dask`` over a cluster whose workers see the same files under the same names:
        the records, and `out`. Nor does the result depend on this.
    scheduler : str, optional
        The address of a Dask scheduler; without it a cluster is started here.

    Returns
    -------
    ValidationReport

    Raises
    ------
    UsageError
        `out` exists, holds the records or cannot be written to, a name in `tables` is not that of a table,
        `workers` is below 1, there is no such engine, or records in memory are given to a cluster.
    InvalidDataError, IncompatibleError
        `records` is a folder without records, or of a newer format. Whatever is wrong within the records is a
        finding and no error: see `ValidationReport.raise_if_failed`.
    TaxGapError
        A worker was ended from outside, by the operating system for want of memory, say; or a cluster cannot
        be reached. Nothing is written.

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

    A first pass reads the columns that bear on other partitions and nothing else: identifiers that must be
    unique over all of them, and taxpayers that others name. A column that the records declare not to have (as
    those made from an administration's own tables may) is one warning; rules that read it do not judge.

    Memory is that of one partition a worker, eight bytes for every report, enquiry and other number that must
    be unique, and the identifiers of taxpayers, of those whom others name, and of links.

    Examples
    --------
    >>> from taxgap.records import Records
    >>> report = validate(Records.from_frames({}), tables=[])
    >>> report.passed
    True
    """
    given = records if isinstance(records, Records) else Records.open(records)
    expected = _check_names(tables, given)
    if workers is not None and workers < 1:
        raise UsageError(f"workers is {workers}; it must be at least 1.", where="workers")
    check_engine(engine, scheduler)
    if engine != "local":
        check_folder(given, "checked")
    folder = None if out is None else Path(out)
    with (
        new_output(folder, given, replace=replace) as output,
        start_engine(engine, _count_workers(given, workers), scheduler) as run,
    ):
        checked = _check_all(given, expected, output, run, quality=quality)
        profile = None if checked.quality is None else QualityProfile(given.as_of, checked.quality)
        report = ValidationReport(given, checked.outcomes, written=folder, quality=profile)
        if output is not None:
            output.write_report(report, checked.files)
    return report


def _check_names(tables: Collection[str] | None, records: Records) -> Collection[str]:
    if tables is None:
        absent = absent_tables(records)
        return tuple(name for name in TABLES if name not in absent and name not in OPTIONAL_TABLES)
    unknown = [name for name in tables if name not in TABLES]
    if isinstance(tables, str) or unknown:
        raise UsageError(
            f"Not a table: {', '.join(unknown) or tables}.", available=TABLES, remedy="Give a list."
        )
    return tables


class Job(NamedTuple):
    """One partition to check, and the folder to write to, if any; a job for a worker."""

    check: PartitionCheck
    folder: Path | None


class Checked(NamedTuple):
    """What became of partitions, the files that were written, and counts of quality, if asked."""

    outcomes: tuple[Outcome, ...]
    files: Files
    quality: QualityCounts | None


def check_partition(job: Job) -> Checked:
    """Check the tables of a partition, and write them where that is asked."""
    outcomes = []
    files: Files = {}
    checked = job.check.check()
    for part in checked.parts.values():
        outcome = outcome_of(part)
        outcomes.append(outcome)
        if job.folder is not None:
            synthetic = job.check.records.manifest.synthetic
            files |= write_part(job.folder, part, outcome, synthetic=synthetic)
    return Checked(tuple(outcomes), files, checked.quality)


def _check_all(
    records: Records, expected: Collection[str], output: Output | None, run: Run, *, quality: bool
) -> Checked:
    folder = None if output is None else output.folder.resolve()  # a worker may stand elsewhere
    scope = scope_of(records) if quality else None
    light = lighten(records)
    noted = look_across(light, run)
    jobs = [
        Job(PartitionCheck(light, tuple(expected), number, noted[number], scope), folder)
        for number in records.partitions
    ]
    checked = list(run(check_partition, jobs))
    outcomes = [outcome for part in checked for outcome in part.outcomes]
    files = {name: entry for part in checked for name, entry in part.files.items()}
    counts = add_up(part.quality for part in checked if part.quality is not None) if quality else None
    return Checked((*about_tables(records, expected, outcomes), *outcomes), files, counts)


def _count_workers(records: Records, workers: int | None) -> int:
    rows = sum(entry["rows"] for entry in records.manifest.files.values())
    if workers is None and rows < WORTH_A_WORKER:
        return 1
    return count_workers(workers, len(records.partitions))
