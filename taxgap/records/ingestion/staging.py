"""Between reading and writing: rows in the schema's types on disk, each with the hash of where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from taxgap.records.ingestion.conversion import Tally, convert
from taxgap.records.ingestion.plan import TablePlan
from taxgap.records.ingestion.unread import UnreadRows
from taxgap.records.parquet import arrow_schema
from taxgap.records.partitions import Hashes, hash_ids
from taxgap.records.readers.chunks import Reader
from taxgap.schemas.table import known_later

_LABEL = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII)  # others are no periods: validation says so

PLACE = "taxgap_place"
"""The column with the hash by which a row finds its partition."""


@dataclass
class Staged:
    """What was read of one source.

    Attributes
    ----------
    table, where : str
        The table, and what the source is called.
    rows : Path
        An arrow stream of the rows that could be read.
    unread : Path
        A parquet file of those that could not; it is there only if there are any.
    tally : Tally
    places : ndarray of uint64
        The distinct hashes of its rows.
    kept : int
        Rows that were put on disk.
    periods : set of str
    latest : str or None
        The last day on which something became known.
    """

    table: str
    where: str
    rows: Path
    unread: Path
    tally: Tally = field(default_factory=Tally)
    places: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    kept: int = 0
    periods: set[str] = field(default_factory=set)
    latest: str | None = None


def stage(reader: Reader, columns: list[str], plan: TablePlan, rows: Path, unread: Path) -> Staged:
    """Read a source chunk by chunk, and put its rows on disk.

    Parameters
    ----------
    reader : Reader
    columns : list of str
        Those of the source.
    plan : TablePlan
    rows, unread : Path
        Files to write.
    """
    staged = Staged(plan.table, reader.where, rows, unread)
    schema = stage_schema(plan)
    with (
        pa.OSFile(str(rows), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as writer,
        UnreadRows(unread, columns, reader.where) as rest,
    ):
        for chunk in reader.chunks():
            read = convert(chunk, plan, staged.tally)
            rest.write(read.unread)
            if len(read.table):
                hashes = hash_ids(_places(read.table, plan.table))
                _note(staged, read.table, plan, hashes)
                content = pa.Table.from_pandas(
                    read.table.assign(**{PLACE: hashes}), schema=schema, preserve_index=False
                )
                writer.write_table(content)
                staged.kept += content.num_rows
    return staged


def stage_schema(plan: TablePlan) -> pa.Schema:
    """Return the schema of staged rows."""
    return arrow_schema(plan.model, absent=plan.absent).append(pa.field(PLACE, pa.uint64()))


def read_staged(path: Path) -> Iterator[pa.RecordBatch]:
    """Read staged rows, batch by batch."""
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as batches:
        yield from batches


def _places(table: pd.DataFrame, name: str) -> pd.Series:
    # A row without a taxpayer goes by its report; aggregates belong to nobody, and all to one partition.
    if name == "aggregates":
        return pd.Series("", index=table.index, dtype="str")
    return table["taxpayer_id" if "taxpayer_id" in table else "report_id"]


def _note(staged: Staged, table: pd.DataFrame, plan: TablePlan, hashes: Hashes) -> None:
    staged.places = np.union1d(staged.places, hashes)
    if "period" in table:
        staged.periods.update(filter(_LABEL.fullmatch, table["period"].dropna().unique()))
    dates = [name for name in ("received_on", *known_later(plan.model)) if name in table]
    days = [str(day.date()) for day in (table[name].max() for name in dates) if not pd.isna(day)]
    staged.latest = max([*days, staged.latest or ""]) or None
