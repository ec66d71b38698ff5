"""Files in which every column has its place on the line, and the layout that says where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from taxgap.errors import InvalidDataError
from taxgap.records.readers.chunks import Chunk, LineFault
from taxgap.records.readers.delimited import COLUMNS, DelimitedReader
from taxgap.records.readers.gathering import gather, piece, text_table
from taxgap.records.readers.text_lines import Block, TextFile, line_fault, text_fault

LONGEST = 1_000_000
"""Characters of the longest line that a layout may have."""

_HEADER = ["name", "start", "length"]


class Place(NamedTuple):
    """Where a column stands.

    Attributes
    ----------
    name : str
    start : int
        Its first character, counted from 1.
    length : int
        In characters, not bytes.
    """

    name: str
    start: int
    length: int

    @property
    def end(self) -> int:
        """Its last character, counted from 1."""
        return self.start + self.length - 1


class Layout(NamedTuple):
    """The places of all columns, in the order in which they are given on. Between them nothing is read."""

    places: tuple[Place, ...]

    def last(self) -> Place:
        """Return the place that ends last."""
        return max(self.places, key=lambda place: place.end)


def read_layout(path: Path) -> Layout:
    r"""Read a layout: a CSV file with the columns ``name``, ``start`` (counted from 1) and ``length``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Layout

    Raises
    ------
    InvalidDataError
        The file cannot be read, a place is no positive whole number, a name stands there twice, or two
        overlap.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "layout.csv")
    ...     _ = path.write_text("name,start,length\nutr,1,10\ndue,11,9\n")
    ...     read_layout(path).last()
    Place(name='due', start=11, length=9)
    """
    reader = DelimitedReader(path)
    missing = [name for name in _HEADER if name not in reader.columns()]
    if missing:
        raise _wrong(path, f"The layout lacks the columns {', '.join(missing)}.")
    chunk = next(reader.chunks())
    if chunk.faults:
        raise _wrong(path, f"Line {chunk.faults[0].line} of the layout cannot be read.")
    if not 0 < len(chunk.table) <= COLUMNS:
        raise _wrong(path, f"The layout has {len(chunk.table):,} columns; 1 to {COLUMNS:,} are read.")
    cells = zip(chunk.lines, *(chunk.table[name].to_pylist() for name in _HEADER), strict=True)
    places = tuple(_place(path, int(line), *texts) for line, *texts in cells)
    _check(path, places)
    return Layout(places)


class FixedWidthReader:
    r"""Reads text in which every column has its place, plain or compressed with gzip, bad lines and all.

    Places are counted in characters. There is no header. Of the last column, the padding may be missing;
    beyond it, white space may follow.

    Parameters
    ----------
    path : Path
    layout : Layout
    encoding : str, optional
        As for `taxgap.records.readers.delimited.DelimitedReader`.
    empty : collection of str, default ("",)
        Texts that stand for nothing.

    Raises
    ------
    UsageError
        The encoding is not known.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> layout = Layout((Place("utr", 1, 4), Place("due", 5, 6)))
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "returns.txt")
    ...     _ = path.write_text("1234  5.00\n1235\n12\n")
    ...     chunk = next(FixedWidthReader(path, layout).chunks())
    >>> chunk.table.to_pydict(), [fault.fault for fault in chunk.faults]
    ({'utr': ['1234', '1235'], 'due': ['5.00', None]}, ['too_few_cells'])
    """

    def __init__(
        self, path: Path, layout: Layout, *, encoding: str | None = None, empty: Collection[str] = ("",)
    ) -> None:
        self.where = path.name
        self._file = TextFile(path, encoding)
        self._layout, self._empty = layout, empty

    def columns(self) -> list[str]:
        """Return the names of the layout."""
        return [place.name for place in self._layout.places]

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `taxgap.records.readers.chunks.ROWS` at a time.

        Raises
        ------
        InvalidDataError
            The file cannot be read, or not to its end.
        """
        with closing(self._file.blocks()) as blocks:
            yield from gather(self._piece(block) for block in blocks)

    def _piece(self, block: Block) -> Chunk:
        lines = np.arange(block.first, block.first + len(texts := block.lines()))
        faults: list[LineFault] = []
        if block.odd:
            texts, lines, faults = _without_odd(texts, lines)
        unended = bool(texts) and texts[-1][-1] not in "\r\n"
        raw = pa.array(texts, pa.string())
        bare = pc.ascii_rtrim(raw, "\r\n")
        blank = _flags(pc.equal(pc.utf8_trim_whitespace(bare), ""))
        codes = {
            "too_few_cells": ~blank & self._short(bare, unended=unended),
            "too_many_cells": self._long(bare),
        }
        for code, failing in codes.items():
            faults += [line_fault(int(lines[at]), code, texts[at]) for at in np.flatnonzero(failing)]
        good = ~(blank | codes["too_few_cells"] | codes["too_many_cells"])
        table = text_table(self._slices(bare.filter(pa.array(good))), self._empty)
        return piece(table, lines[good], faults, Counter(blank_line=int(blank.sum())))

    def _slices(self, lines: pa.Array) -> dict[str, pa.Array]:
        return {
            place.name: pc.utf8_slice_codeunits(lines, place.start - 1, place.end)
            for place in self._layout.places
        }

    def _short(self, lines: pa.Array, *, unended: bool) -> NDArray[np.bool_]:
        last = self._layout.last()
        length = np.asarray(pc.utf8_length(lines))
        short: NDArray[np.bool_] = length < last.start - 1
        if unended:  # a file that was cut off could end within a number
            short[-1] = length[-1] < last.end
        return short

    def _long(self, lines: pa.Array) -> NDArray[np.bool_]:
        return np.asarray(pc.utf8_length(pc.utf8_rtrim_whitespace(lines))) > self._layout.last().end


def _without_odd(
    texts: list[str], lines: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64], list[LineFault]]:
    codes = [text_fault(text) for text in texts]
    found = zip(lines, codes, texts, strict=True)
    faults = [line_fault(int(line), code, text) for line, code, text in found if code is not None]
    good = np.array([code is None for code in codes], dtype=np.bool_)
    return [text for text, code in zip(texts, codes, strict=True) if code is None], lines[good], faults


def _flags(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _place(path: Path, line: int, name: str | None, start: str | None, length: str | None) -> Place:
    texts = [text or "" for text in (start, length)]
    if not name or not all(text.isascii() and text.isdigit() and len(text) <= 7 for text in texts):
        raise _wrong(path, f"Line {line} of the layout names no column with a start and a length.")
    place = Place(name, *map(int, texts))
    if place.start < 1 or place.length < 1 or place.end > LONGEST:
        raise _wrong(path, f"The place of '{name}' is not within 1 to {LONGEST:,}, or has no length.")
    return place


def _check(path: Path, places: tuple[Place, ...]) -> None:
    repeated = [name for name, count in Counter(place.name for place in places).items() if count > 1]
    if repeated:
        raise _wrong(path, f"Columns stand there more than once: {', '.join(repeated[:10])}.")
    for before, after in pairwise(sorted(places, key=lambda place: place.start)):
        if after.start <= before.end:
            raise _wrong(path, f"The places of '{before.name}' and '{after.name}' overlap.")


def _wrong(path: Path, message: str) -> InvalidDataError:
    return InvalidDataError(
        message,
        where=path.name,
        remedy="Give each column one line: its name, its first character counted from 1, and its length.",
    )
