"""Rows that could not be read, as they were: all of them as parquet, the first as CSV for people."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.records.ingestion.conversion import ADDED
from taxgap.records.spreadsheets import SHOWN, read_first, write_csv

SOURCE = "taxgap_source"
"""The column with what the source of a row is called."""


class UnreadRows:
    """A parquet file of rows that could not be read, begun with the first of them.

    Parameters
    ----------
    path : Path
    columns : list of str
        Those of the source.
    where : str
        What the source is called.
    """

    def __init__(self, path: Path, columns: list[str], where: str) -> None:
        self._path, self._where = path, where
        texts = [pa.field(name, pa.string()) for name in columns if name not in (*ADDED, SOURCE)]
        line, fault, text = ADDED
        own = [pa.field(SOURCE, pa.string()), pa.field(line, pa.int64())]
        own += [pa.field(fault, pa.string()), pa.field(text, pa.string())]
        self._schema = pa.schema([*texts, *own])
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, rows: pd.DataFrame) -> None:
        """Add rows."""
        if not len(rows):
            return
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        whole = rows.assign(**{SOURCE: self._where}).reindex(columns=self._schema.names)
        self._writer.write_table(pa.Table.from_pandas(whole, schema=self._schema, preserve_index=False))


def read_unread(folder: Path, most: int | None = None) -> pd.DataFrame:
    """Read the rows of a table that could not be read.

    Parameters
    ----------
    folder : Path
        Of the table, with one parquet file a source.
    most : int, optional
        The first rows only.
    """
    rows = read_first(sorted(folder.glob("*.parquet")), most)
    return rows if len(rows) else pd.DataFrame(columns=[SOURCE, *ADDED])


def show_unread(folder: Path) -> None:
    """Write for each table the first rows that could not be read as CSV, beside the folder of the table."""
    for table in sorted(path for path in folder.glob("*") if path.is_dir()):
        write_csv(folder / f"{table.name}.csv", read_unread(table, SHOWN))
