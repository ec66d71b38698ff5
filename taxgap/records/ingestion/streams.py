"""One table from a stream, such as standard input, read as any file of a table is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from taxgap.errors import UsageError
from taxgap.records.ingestion.mapping import SourceMapping, TableSource
from taxgap.records.ingestion.mapping_file import read_mapping
from taxgap.records.ingestion.report import IngestReport
from taxgap.records.ingestion.walk import ingest_by
from taxgap.schemas import TABLES

NAME = "standard-input"
PARQUET_MARK = b"PAR1"


@contextmanager
def ingest_stream(
    stream: BinaryIO, table: str, *, columns: str | Path | None = None
) -> Iterator[IngestReport]:
    """Bring one table from a stream into the library's form, in a temporary folder that goes with the block.

    Parameters
    ----------
    stream : binary file
        CSV, plain or compressed with gzip, or parquet.
    table : str
        The table of the schema that it is.
    columns : str or Path, optional
        The mapping; of it what it says of the table is taken, but for the name of the file. When absent,
        columns must bear the names of the schema.

    Yields
    ------
    IngestReport
        Its `records` have the one table.

    Raises
    ------
    UsageError
        There is no such table, the mapping says nothing of it, or the stream is a terminal.
    InvalidDataError
        It cannot be read.
    """
    source = _source_of(table, columns)
    if stream.isatty():
        raise UsageError(
            "Standard input is a terminal: no table comes from there.",
            remedy=f"Give it one: ... < {table}.csv",
        )
    with TemporaryDirectory(prefix="taxgap-") as folder:
        place = Path(folder, "source")
        place.mkdir()
        first = stream.read(len(PARQUET_MARK))
        name = f"{NAME}.parquet" if first == PARQUET_MARK else f"{NAME}.csv"
        with (place / name).open("wb") as file:
            file.write(first)
            shutil.copyfileobj(stream, file)
        mapping = SourceMapping({table: replace(source, source=name)})
        yield ingest_by(place, mapping, Path(folder, "ingested"))


def _source_of(table: str, columns: str | Path | None) -> TableSource:
    if table not in TABLES:
        raise UsageError(f"There is no table '{table}'.", where="--table", available=TABLES)
    if columns is None:
        return TableSource(table, NAME)
    tables = read_mapping(Path(columns)).tables
    if table not in tables:
        raise UsageError(
            f"The mapping says nothing of the table '{table}'.", where=Path(columns).name, available=tables
        )
    if tables[table].layout is not None:
        raise UsageError(
            "Lines of fixed width are not read from standard input.",
            where=Path(columns).name,
            remedy="Put the file and its layout into a folder, and name that.",
        )
    return tables[table]
