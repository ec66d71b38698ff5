"""A chunk of a source in the types of its schema: rows that could be read, and the others as they were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from taxgap.records.cells.read_cells import Cells
from taxgap.records.ingestion.columns import constant_column, derived_column, read_column
from taxgap.records.ingestion.plan import TablePlan
from taxgap.records.readers.chunks import Chunk

EXAMPLES = 5
"""Lines that a finding names; what could not be read is written in full."""


ADDED = ("taxgap_line", "taxgap_fault", "taxgap_text")
"""Columns that are added to rows that could not be read; a mapping takes no notice of them."""


@dataclass
class Tally:
    """What became of the rows of a source, as it is counted up.

    Attributes
    ----------
    rows, unread : int
        Rows of the source, and those of them that could not be read.
    faults : Counter
        By (column of the source or empty, code): lines or cells that could not be read.
    examples : dict
        By the same, the first lines.
    mended : Counter
        By (column of the source, code): cells written in another form and read without loss.
    skipped : Counter
        By code: lines that hold nothing.
    """

    rows: int = 0
    unread: int = 0
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    mended: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)

    def add_fault(self, column: str, code: str, lines: NDArray[np.int64]) -> None:
        """Count lines with a fault."""
        self.faults[column, code] += len(lines)
        known = self.examples.setdefault((column, code), [])
        known += [int(line) for line in lines[: EXAMPLES - len(known)]]

    def add(self, other: Tally) -> None:
        """Add what was counted elsewhere."""
        self.rows += other.rows
        self.unread += other.unread
        for counts in ("faults", "mended", "skipped"):
            getattr(self, counts).update(getattr(other, counts))


@dataclass(frozen=True)
class ReadRows:
    """The rows of a chunk.

    Attributes
    ----------
    table : DataFrame
        Those that could be read, in the types of the schema.
    unread : DataFrame
        Those that could not: the columns of the source as text, then `taxgap_line`, `taxgap_fault` (column
        and code) and `taxgap_text` (the line, where it is no row at all).
    """

    table: pd.DataFrame
    unread: pd.DataFrame


def convert(chunk: Chunk, plan: TablePlan, tally: Tally) -> ReadRows:
    """Read the cells of a chunk, and count what was found.

    Parameters
    ----------
    chunk : Chunk
    plan : TablePlan
    tally : Tally
        Counts are added to it.
    """
    columns = _read_columns(chunk, plan)
    failing = np.zeros(chunk.table.num_rows, dtype=np.bool_)
    codes: list[tuple[NDArray[np.bool_], str]] = []
    for name, cells in columns.items():
        where = plan.source.column(name).name or name
        for code, mask in cells.faults.items():
            if mask.any():
                tally.add_fault(where, code, chunk.lines[mask])
                codes.append((mask, f"{where}: {code}"))
                failing |= mask
        for code, count in cells.mended.items():
            tally.mended[where, code] += count
    for fault in chunk.faults:
        tally.add_fault("", fault.fault, np.array([fault.line]))
    tally.rows += chunk.table.num_rows + len(chunk.faults)
    tally.unread += int(failing.sum()) + len(chunk.faults)
    tally.skipped.update(chunk.skipped or {})
    table = pd.DataFrame({name: read.values for name, read in columns.items()})  # noqa: PD011  our own field
    good = table[~failing].reset_index(drop=True) if failing.any() else table
    return ReadRows(good, _unread(chunk, failing, codes))


def _read_columns(chunk: Chunk, plan: TablePlan) -> dict[str, Cells]:
    length = chunk.table.num_rows
    found: dict[str, Cells] = {}
    later = []
    for name in plan.columns:
        source, column = plan.source.column(name), plan.described[name]
        if source.derivation is not None:
            later.append(name)
        elif source.value is not None:
            found[name] = constant_column(length, column, source)
        else:
            given = source.name in chunk.table.column_names
            values = chunk.table[source.name] if given else pa.chunked_array([pa.nulls(length, pa.string())])
            found[name] = read_column(values, column, source, plan.source.writing)
    for name in later:
        kind, start = plan.source.column(name).derivation or ("", "")
        found[name] = derived_column(kind, found[start].values)
    return {name: found[name] for name in plan.columns}


def _unread(
    chunk: Chunk, failing: NDArray[np.bool_], codes: list[tuple[NDArray[np.bool_], str]]
) -> pd.DataFrame:
    places = np.flatnonzero(failing)
    rows = chunk.table.take(pa.array(places)).to_pandas().astype("str") if len(places) else pd.DataFrame()
    faults = ["; ".join(code for mask, code in codes if mask[place]) for place in places]
    rows = rows.assign(**dict(zip(ADDED, (chunk.lines[places], faults, None), strict=True)))
    lines = pd.DataFrame(chunk.faults, columns=list(ADDED))
    return pd.concat([rows, lines], ignore_index=True) if len(lines) else rows
