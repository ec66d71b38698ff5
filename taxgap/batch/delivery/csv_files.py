"""Scores as CSV, after RFC 4180: one file, whole or not at all, or standard output.

Every text stands in quotes, so that an empty text and no text differ: nothing stands for what is missing.
Lines end with CRLF. Cells are delivered as they are, for other programs: a text that a spreadsheet would take
for a formula is not changed but counted, and whoever delivers is told.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from taxgap.batch.delivery.night import Night
from taxgap.errors import UsageError
from taxgap.records.files import checksum, new_file
from taxgap.records.spreadsheets import are_formulas

SUFFIXES = (".csv", ".csv.gz")
LEVEL = 6
"""How hard gzip tries; another level, or another zlib, gives other bytes."""


class CsvWriter:
    """Writes scores as CSV, and counts the texts that a spreadsheet would take for formulas.

    Parameters
    ----------
    night : Night

    Attributes
    ----------
    formulas : int
        How many there were, after all was written.
    """

    def __init__(self, night: Night) -> None:
        self.formulas = 0
        self._night = night

    def to_file(self, path: Path, *, replace: bool) -> bool:
        """Write a file, compressed if its name ends in ``.gz``; return whether anything changed.

        Raises
        ------
        UsageError
            Another file stands there and may not be replaced, or it cannot be written to.
        """
        with new_file(path, clear=True) as temporary:
            with temporary.open("xb") as file, _packed(file, wanted=path.suffix.lower() == ".gz") as packed:
                self.to_stream(packed)
            changed = not path.is_file() or checksum(path) != checksum(temporary)
            if changed and path.exists() and not replace:
                raise UsageError(
                    "The file exists already, and holds other scores.",
                    where=str(path),
                    remedy="Name another file, or use --replace.",
                )
        return changed

    def to_stream(self, stream: BinaryIO) -> None:
        """Write to a binary stream, some rows at a time."""
        stream.writelines(self._blocks())

    def to_standard_output(self) -> None:
        """Write to standard output, after every file was held against its checksum.

        Raises
        ------
        UsageError
            Whatever reads the output ended before it had all.
        """
        self._night.check()  # what was written cannot be taken back
        try:
            self.to_stream(sys.stdout.buffer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            # What is still held would be written, and fail again, when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise UsageError(
                "Whatever reads the output ended before it had all.",
                where="standard output",
                remedy="Deliver to a file, and read that.",
            ) from None

    def _blocks(self) -> Iterator[bytes]:
        yield ",".join(self._night.schema.names).encode() + b"\r\n"
        for part in self._night.parts():
            self.formulas += _count_formulas(part)
            yield _end_lines(to_csv(part), part.num_rows)


def to_csv(part: pa.Table) -> bytes:
    r"""Return rows as CSV without a head: texts in quotes, nothing for what is missing, LF at the ends.

    Examples
    --------
    >>> to_csv(pa.table({"code": ["a", None, ""], "score": [0.5, 2.0, None]}))
    b'"a",0.5\n,2\n"",\n'
    """
    stream = io.BytesIO()
    csv.write_csv(part, stream, csv.WriteOptions(include_header=False, batch_size=1024))
    return stream.getvalue()


def _end_lines(content: bytes, rows: int) -> bytes:
    if content.count(b"\n") == rows:
        return content.replace(b"\n", b"\r\n")
    # A text holds a line break, which stays as it is: every second piece between quotes is a text.
    pieces = content.split(b'"')
    pieces[0::2] = [piece.replace(b"\n", b"\r\n") for piece in pieces[0::2]]
    return b'"'.join(pieces)


def _count_formulas(part: pa.Table) -> int:
    texts = [
        column.combine_chunks() for column in part.columns if pa.types.is_string(column.type) and len(column)
    ]
    return sum(pc.sum(are_formulas(text)).as_py() or 0 for text in texts)


@contextmanager
def _packed(file: BinaryIO, *, wanted: bool) -> Iterator[BinaryIO]:
    if not wanted:
        yield file
        return
    # Without name and time, so that the same scores give the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=LEVEL) as packed:
        yield cast("BinaryIO", packed)
