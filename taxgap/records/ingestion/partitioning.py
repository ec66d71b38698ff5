"""Staged rows brought into their partitions, in the order in which they were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from taxgap.records.files import checksum
from taxgap.records.ingestion.plan import TablePlan
from taxgap.records.ingestion.staging import PLACE, read_staged, stage_schema
from taxgap.records.parquet import write_arrow
from taxgap.records.partitions import part_name, place_of

ROWS = 1_000_000
"""Rows that are sorted into their partitions at a time."""


def scatter(staged: Sequence[Path], folder: Path, partitions: int) -> None:
    """Sort staged rows into one folder a partition, a piece at a time.

    Parameters
    ----------
    staged : sequence of Path
        In the order in which their rows shall stand. They are removed.
    folder : Path
        Of the table; it gets folders ``0`` to ``partitions - 1`` with pieces in their order.
    partitions : int
    """
    for number in range(partitions):
        (folder / str(number)).mkdir(parents=True)
    for number, piece in enumerate(_pieces(staged)):
        place = place_of(piece[PLACE].to_numpy(), partitions)
        order = np.argsort(place, kind="stable")
        ends = np.searchsorted(place[order], np.arange(partitions + 1))
        content = piece.drop_columns([PLACE])
        for partition in np.flatnonzero(np.diff(ends)):
            own = content.take(pa.array(order[ends[partition] : ends[partition + 1]]))
            path = folder / str(partition) / f"{number:06d}.arrow"
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, own.schema) as writer:
                writer.write_table(own)
    for path in staged:
        path.unlink()


def gather(plan: TablePlan, pieces: Path, out: Path, partition: int) -> dict[str, dict[str, Any]]:
    """Write one partition of a table as parquet.

    Parameters
    ----------
    plan : TablePlan
    pieces : Path
        Of the table, as `scatter` left it; those of the partition are removed.
    out : Path
        The folder of the records.
    partition : int

    Returns
    -------
    dict
        What the manifest says of the file.
    """
    schema = stage_schema(plan)
    schema = schema.remove(schema.get_field_index(PLACE))
    found = sorted((pieces / str(partition)).iterdir())
    content = pa.Table.from_batches([batch for path in found for batch in read_staged(path)], schema)
    name = f"{plan.table}/{part_name(partition)}"
    write_arrow(out / name, content, synthetic=False)
    for path in found:
        path.unlink()
    return {name: {"rows": content.num_rows, "sha256": checksum(out / name)}}


def _pieces(staged: Sequence[Path]) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    rows = 0
    for path in staged:
        for batch in read_staged(path):
            batches.append(batch)
            rows += batch.num_rows
            if rows >= ROWS:
                yield pa.Table.from_batches(batches)
                batches, rows = [], 0
    if batches:
        yield pa.Table.from_batches(batches)
