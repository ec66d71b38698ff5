"""Foreign parquet files, with the types they bring along."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taxgap.errors import InvalidDataError, TaxGapError
from taxgap.records.parquet import refuse_repeated
from taxgap.records.readers.chunks import ROWS, Chunk
from taxgap.records.readers.raw_files import open_regular

EXPANDED = 4 << 30
"""Bytes to which a column of a row group may expand, and all texts of a chunk together."""

COLUMNS = 10_000
"""The widest file that is read."""

_PROBE = """
import sys, pyarrow.parquet
for _ in pyarrow.parquet.ParquetFile(sys.argv[1]).iter_batches(batch_size=int(sys.argv[2])): pass
"""


class ParquetReader:
    """Reads a parquet file by batches of rows.

    Columns keep their own types, but for texts: dictionaries and large texts become plain strings, and so do
    binary columns that hold UTF-8.

    Parameters
    ----------
    path : Path

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vat.parquet")
    ...     pq.write_table(pa.table({"due": [5.0, None]}), path)
    ...     chunk = next(ParquetReader(path).chunks())
    >>> chunk.table.to_pydict(), chunk.lines.tolist()
    ({'due': [5.0, None]}, [1, 2])
    """

    def __init__(self, path: Path) -> None:
        self._path, self.where = path, path.name

    def columns(self) -> list[str]:
        """Return the names of the columns.

        Raises
        ------
        InvalidDataError
            The file is damaged or no parquet file, two columns bear one name, a column holds lists or
            structures, or the file would expand beyond all measure.
        """
        with self._opened() as file:
            names: list[str] = file.schema_arrow.names
            return names

    def chunks(self) -> Iterator[Chunk]:
        """Read all rows, at most `taxgap.records.readers.chunks.ROWS` at a time.

        Raises
        ------
        InvalidDataError
            As `columns`, or the file cannot be read to its end.
        """
        with self._opened() as file:
            empty = file.schema_arrow.empty_table()
            row = 0
            for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
                yield self._chunk(pa.Table.from_batches([batch]), row)
                row += batch.num_rows
            if row != file.metadata.num_rows:
                raise self._damaged()
            if not row:
                yield self._chunk(empty, 0)

    @contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        with open_regular(self._path) as raw:
            try:
                yield self._checked(pq.ParquetFile(raw, page_checksum_verification=True))
            except TaxGapError:
                raise
            except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
                raise self._damaged() from error

    def _checked(self, file: pq.ParquetFile) -> pq.ParquetFile:
        schema = file.schema_arrow
        if len(schema) > COLUMNS:
            raise InvalidDataError(
                f"The file has {len(schema):,} columns; at most {COLUMNS:,} are read.", where=self.where
            )
        refuse_repeated(schema.names, self.where)
        nested = [field.name for field in schema if pa.types.is_nested(field.type)]
        if nested:
            raise InvalidDataError(
                f"Columns hold lists or structures: {', '.join(nested[:10])}.",
                where=self.where,
                remedy="Leave them out, or give each of their parts a column of its own.",
            )
        _refuse_bombs(file.metadata, self.where)
        return file

    def _chunk(self, table: pa.Table, before: int) -> Chunk:
        plain = {name: self._plain(name, table[name]) for name in table.column_names}
        lines = np.arange(before + 1, before + 1 + len(table), dtype=np.int64)
        return Chunk(pa.table(plain), lines)

    def _plain(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        kind = column.type
        if pa.types.is_dictionary(kind):
            column.validate(full=True)
            if sum(map(_expanded, column.chunks)) > EXPANDED:
                raise _bomb(name, self.where)
            kind = kind.value_type
            column = column.cast(kind)
        if _is_text(kind):
            try:
                column = column.cast(pa.binary()).cast(pa.string())
            except pa.ArrowInvalid as error:
                raise InvalidDataError(
                    f"The column '{name}' holds bytes that are no text.",
                    where=self.where,
                    remedy="Write it as text in UTF-8, or leave it out.",
                ) from error
        column.validate(full=True)
        return column

    def _damaged(self) -> InvalidDataError:
        return InvalidDataError(
            "The file cannot be read as parquet; it may be cut off or damaged.",
            where=self.where,
            remedy="Make or copy it again.",
        )


def refuse_deadly(path: Path) -> None:
    """Refuse a file on which the parquet library itself breaks down, which no error can be caught of.

    Another process reads it first, to its end.

    Raises
    ------
    InvalidDataError
        That process did not end by itself.
    """
    command = [sys.executable, "-c", _PROBE, str(path), str(ROWS)]
    ended = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  our own words
    if ended.returncode not in (0, 1):  # an error is none here: whoever reads the file will say which
        raise InvalidDataError(
            "The file breaks the program that reads parquet; it is damaged.",
            where=path.name,
            remedy="Make or copy it again.",
        )


def _is_text(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
        pa.types.is_fixed_size_binary,
    )
    return any(test(kind) for test in tests)


def _refuse_bombs(metadata: pq.FileMetaData, where: str) -> None:
    """Refuse a file whose footer claims too much for one column of one row group."""
    for group in range(metadata.num_row_groups):
        part = metadata.row_group(group)
        for number in range(part.num_columns):
            column = part.column(number)
            if column.total_uncompressed_size > EXPANDED:
                raise _bomb(column.path_in_schema, where)


def _expanded(codes: pa.DictionaryArray) -> int:
    """Count the bytes of texts that are held once and meant many times."""
    if not _is_text(codes.type.value_type):
        return 0
    sizes = pc.binary_length(codes.dictionary.cast(pa.binary()))
    return pc.sum(pc.take(sizes.cast(pa.int64()), codes.indices)).as_py() or 0


def _bomb(name: str, where: str) -> InvalidDataError:
    return InvalidDataError(
        f"The column '{name}' would expand to more than {EXPANDED >> 30} gigabytes at once.",
        where=where,
        remedy="Write the file again with smaller row groups, if it is what it should be.",
    )
