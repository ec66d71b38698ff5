"""From an administration's own tables to the library's form: read, staged, partitioned, and accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records.files import new_folder, write_json
from taxgap.records.ingestion.mapping import SourceMapping
from taxgap.records.ingestion.mapping_file import read_mapping
from taxgap.records.ingestion.partitioning import gather, scatter
from taxgap.records.ingestion.places import (
    Folder,
    Place,
    mapping_by_name,
    mapping_file_of,
    open_place,
    sources_of,
    with_date,
)
from taxgap.records.ingestion.plan import TablePlan, plan_table
from taxgap.records.ingestion.report import IngestReport
from taxgap.records.ingestion.staging import Staged, stage
from taxgap.records.ingestion.unread import show_unread
from taxgap.records.manifest import Manifest
from taxgap.records.partitions import count_partitions
from taxgap.records.periods import tax_years_among
from taxgap.records.processes import Run, count_workers, processes
from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names

REPORT = "ingest.json"
MADE_BY = "taxgap.ingest"

LITTLE = 20 << 20
"""Bytes that one process reads by itself unless more are asked for."""

Progress = Callable[[int, int], None]


def ingest(
    source: str | Path,
    out: str | Path,
    *,
    columns: str | Path | None = None,
    as_of: str | None = None,
    replace: bool = False,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> IngestReport:
    """Bring an administration's own tables into the library's form.

    Parameters
    ----------
    source : str or Path
        A folder of CSV, fixed-width or parquet files, a DuckDB file, or the address of a PostgreSQL
        database, such as ``postgresql://host/name``.
    out : str or Path
        A folder to write: ``records`` (partitioned parquet, as `Records.open` reads it), ``unread`` (rows
        that could not be read, as they were, with line and fault: parquet, and the first of each table as CSV
        for people) and ``ingest.json`` (the report).
    columns : str or Path, optional
        The mapping of names, codes, units and dates. When absent, ``columns.toml`` in the folder; without
        one, tables and columns must bear the names of the schema.
    as_of : str, optional
        The date at which the records stand, such as ``2026-03-31``; the mapping's when absent, or the latest
        on which anything became known.
    replace : bool, default False
        Replace the folder `out` if it exists.
    workers : int or None, default 1
        Processes to start; 1 starts none, and None starts as many as pay. Where they are started, a script
        must guard its main part (``if __name__ == "__main__"``). What is written does not depend on it.
    progress : callable, optional
        Called with the number of steps done and of all steps.

    Returns
    -------
    IngestReport

    Raises
    ------
    UsageError
        The mapping names what is not there, a column that a table cannot do without comes from nowhere, or
        `out` cannot be written to.
    InvalidDataError
        A source cannot be read at all.
    IncompatibleError
        The mapping is of a newer format.

    Notes
    -----
    A cell is read only where it can be read in one way: ``1,234.50-`` is an amount, ``03/04/2023`` a date
    only when the mapping says in which form. A row with a cell that cannot be read is written to ``unread``
    whole, with the reason: rows in are rows kept plus rows unread. Whether what was read is right is the
    work of `taxgap.validate`. A table that the mapping does not name, and a column that no source has, is
    absent: features that need it are left out, and the model's card says so.

    Memory is that of some chunks of 50,000 rows and one partition; the disk holds everything twice for a
    while. Rows keep the order in which they were read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pandas as pd
    >>> folder = TemporaryDirectory()
    >>> source = Path(folder.name, "extracts")
    >>> source.mkdir()
    >>> row = {"measure": "trading_income", "period": "2023-24", "industry": "all", "amount": "1,250.00-"}
    >>> row |= {"standard_error": "12.50", "received_on": "31 Jan 2025"}
    >>> pd.DataFrame([row]).to_csv(source / "aggregates.csv", index=False)
    >>> report = ingest(source, Path(folder.name, "out"), workers=1)
    >>> report.rows[["table", "rows_in", "kept", "unread"]].to_numpy().tolist()
    [['aggregates', 1, 1, 0]]
    >>> folder.cleanup()
    """
    mapping = with_date(mapping_for(open_place(source), columns), as_of)
    return ingest_by(source, mapping, out, replace=replace, workers=workers, progress=progress)


def ingest_by(
    source: str | Path,
    mapping: SourceMapping,
    out: str | Path,
    *,
    replace: bool = False,
    workers: int | None = 1,
    progress: Progress | None = None,
) -> IngestReport:
    """Bring own tables into the library's form by a mapping at hand; see `ingest`."""
    place, folder = open_place(source), Path(out)
    _check_apart(place, folder)
    with new_folder(folder, replace=replace, marker=REPORT) as temporary:
        report = _Ingestion(str(source), place, mapping, temporary).run(workers, progress or _silent)
        write_json(temporary / REPORT, report.to_dict())
    return report.at(folder)


@dataclass(frozen=True)
class _Job:
    """One source to read: where it is, its columns, how it is read, and the files to write."""

    source: str
    name: str
    columns: list[str]
    plan: TablePlan
    rows: Path
    unread: Path


class _Ingestion:
    """One run of `ingest`.

    Parameters
    ----------
    source : str
        As given, so that worker processes can open it again.
    place : Place
    mapping : SourceMapping
    folder : Path
        To fill.
    """

    def __init__(self, source: str, place: Place, mapping: SourceMapping, folder: Path) -> None:
        self._source, self._place, self._mapping, self._folder = source, place, mapping, folder
        self._stage = folder / ".stage"
        self._plans: dict[str, TablePlan] = {}
        self._columns: dict[str, dict[str, list[str]]] = {}

    def run(self, workers: int | None, progress: Progress) -> IngestReport:
        """Do all of it."""
        for name, table in self._mapping.tables.items():
            self._columns[name] = {
                item: self._place.reader(item, table.writing, table.layout).columns()
                for item in sources_of(self._place, table)
            }
            self._plans[name] = plan_table(table, list(self._columns[name].values()))
        self._stage.mkdir()
        reading = list(self._reading_jobs())
        with processes(self._count_workers(workers, reading)) as run:
            steps = len(reading) + len(self._plans)
            staged = list(_counted(run(_stage, reading), progress, steps))
            partitions = count_partitions(max(1, _count_taxpayers(staged)))
            files: dict[str, dict[str, Any]] = {}
            for done, (name, plan) in enumerate(self._plans.items(), start=len(reading) + 1):
                files |= self._write(name, plan, staged, partitions, run)
                progress(done, steps)
        self._stage_away()
        show_unread(self._folder / "unread")
        manifest = self._manifest(staged, partitions, files, self._describe_source(reading, staged))
        (self._folder / "records").mkdir(exist_ok=True)
        manifest.write(self._folder / "records")
        return IngestReport(staged, list(self._plans.values()), manifest.as_of, partitions)

    def _count_workers(self, workers: int | None, jobs: Sequence[_Job]) -> int:
        # To start a process takes longer than to read little.
        if workers is None and sum(self._place.size(job.name) for job in jobs) < LITTLE:
            return 1
        return count_workers(workers, len(jobs))

    def _absent(self) -> dict[str, list[str]]:
        # Of a table that no source gives, all columns are absent.
        absent = {
            name: self._plans[name].absent if name in self._plans else column_names(model)
            for name, model in TABLES.items()
        }
        return {name: list(columns) for name, columns in absent.items() if columns}

    def _reading_jobs(self) -> Iterator[_Job]:
        for name, plan in self._plans.items():
            for number, (item, columns) in enumerate(self._columns[name].items()):
                rows = self._stage / f"{name}-{number:04d}.arrow"
                unread = self._folder / "unread" / name / f"part-{number:04d}.parquet"
                yield _Job(self._source, item, columns, plan, rows, unread)

    def _write(
        self, name: str, plan: TablePlan, staged: Sequence[Staged], partitions: int, run: Run
    ) -> dict[str, dict[str, Any]]:
        pieces = self._stage / name
        scatter([item.rows for item in staged if item.table == name], pieces, partitions)
        jobs = [
            partial(gather, plan, pieces, self._folder / "records", number) for number in range(partitions)
        ]
        return {path: facts for found in run(_call, jobs) for path, facts in found.items()}

    def _stage_away(self) -> None:
        for path in sorted(self._stage.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self._stage.rmdir()

    def _describe_source(self, jobs: Sequence[_Job], staged: Sequence[Staged]) -> dict[str, Any]:
        """Say what was read, without path and password; a server's tables have no checksum."""
        tables: dict[str, dict[str, Any]] = {name: {} for name in self._plans}
        for job, item in zip(jobs, staged, strict=True):
            facts = {"rows": item.tally.rows, "sha256": self._place.checksum(job.name)}
            tables[item.table][job.name] = facts
        return {"name": self._place.where, "tables": tables}

    def _manifest(
        self,
        staged: Sequence[Staged],
        partitions: int,
        files: Mapping[str, dict[str, Any]],
        source: dict[str, Any],
    ) -> Manifest:
        latest = max((item.latest for item in staged if item.latest), default="1900-01-01")
        unread = {name: sum(s.tally.unread for s in staged if s.table == name) for name in self._plans}
        made_by = {
            "made_by": MADE_BY,
            "absent": self._absent(),
            "unread": {name: count for name, count in unread.items() if count},
            "source": source,
        }
        return Manifest(
            as_of=self._mapping.as_of or latest,
            periods=tax_years_among({label for item in staged for label in item.periods}),
            partitions=partitions,
            synthetic=False,
            made_by=made_by,
            files=dict(files),
        )


def mapping_for(place: Place, columns: str | Path | None) -> SourceMapping:
    """Read the mapping that was named, or that lies in the folder; else map by names.

    Raises
    ------
    InvalidDataError
        Nothing bears the name of a table.
    """
    path = Path(columns) if columns is not None else mapping_file_of(place)
    if path is not None:
        return read_mapping(path)
    mapping = mapping_by_name(place)
    if not mapping.tables:
        raise InvalidDataError(
            "Nothing here bears the name of a table, and no mapping says what stands for one.",
            where=place.where,
            available=place.names()[:50],
            remedy="Draft a mapping with `taxgap suggest-mapping`, and name it with --columns.",
        )
    return mapping


def _check_apart(place: Place, out: Path) -> None:
    if isinstance(place, Folder) and place.folder.resolve().is_relative_to(out.resolve()):
        raise UsageError(
            "The output would replace the source itself.", where=str(out), remedy="Name another folder."
        )


def _stage(job: _Job) -> Staged:
    reader = open_place(job.source).reader(job.name, job.plan.source.writing, job.plan.source.layout)
    return stage(reader, job.columns, job.plan, job.rows, job.unread)


def _call(job: Callable[[], Any]) -> Any:
    return job()


def _counted(results: Iterator[Staged], progress: Progress, steps: int) -> Iterator[Staged]:
    for count, result in enumerate(results, start=1):
        progress(count, steps)
        yield result


def _count_taxpayers(staged: Sequence[Staged]) -> int:
    # The register says how many there are; without one, whoever is named anywhere counts.
    register = [item.places for item in staged if item.table == "taxpayers"]
    named = register or [item.places for item in staged]
    return len(np.unique(np.concatenate(named))) if named else 0


def _silent(_done: int, _total: int) -> None:
    pass
