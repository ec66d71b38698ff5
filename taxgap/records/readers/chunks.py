"""What a reader gives, whatever the source: rows as they stand there, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ROWS = 50_000
"""Rows of a chunk: what is held in memory at a time."""


class LineFault(NamedTuple):
    """A line that is no row.

    Attributes
    ----------
    line : int
        Counted from 1 in the source.
    fault : str
        The code of a fault in `taxgap.records.faults`.
    text : str
        What stands there, cut off after 1,000 characters.
    """

    line: int
    fault: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of a source, as they stand there.

    Attributes
    ----------
    table : pyarrow.Table
        One column a column of the source. From text every column is a string, as written but for white
        space at its ends; a database or parquet gives its own types.
    lines : ndarray of int64
        The line on which each row begins, counted from 1; where there are no lines, the number of the row.
    faults : tuple of LineFault
        Lines among them that are no rows, in their order.
    skipped : dict of str to int
        Lines that were left out and hold nothing: by code, such as ``repeated_header`` or ``blank_line``.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    faults: tuple[LineFault, ...] = ()
    skipped: dict[str, int] | None = None


class Reader(Protocol):
    """One source: a file, or a table of a database.

    Attributes
    ----------
    where : str
        What it is called in reports: a file name, or the name of a table. No path and no password.
    """

    where: str

    def columns(self) -> list[str]:
        """Return the names of its columns, in their order.

        Raises
        ------
        InvalidDataError
            The source cannot be read at all, or two columns bear one name.
        """
        ...

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `ROWS` at a time.

        Raises
        ------
        InvalidDataError
            The source cannot be read at all, or not to its end.
        """
        ...
