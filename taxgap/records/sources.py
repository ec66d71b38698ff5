"""Where tables come from: a folder of parquet, or frames in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.records.clock import time_section
from taxgap.records.parquet import read_table, restore_types
from taxgap.records.partitions import part_name
from taxgap.schemas import Table


class Source(Protocol):
    """Something tables can be read from, partition by partition."""

    where: str

    def has(self, name: str) -> bool:
        """Tell whether the table is present."""
        ...

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Read one partition of a table."""
        ...


class FolderSource:
    """A folder with one folder a table and one parquet file a partition."""

    def __init__(self, folder: Path, models: Mapping[str, type[Table]]) -> None:
        self.folder = folder
        self.where = str(folder)
        self._present = {name for name in models if (folder / name).is_dir()}

    def __getstate__(self) -> dict[str, Any]:
        """Name the folder in full for another process, which may stand elsewhere."""
        return {**self.__dict__, "folder": self.folder.resolve()}

    def has(self, name: str) -> bool:
        """Tell whether the table has a folder."""
        return name in self._present

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Read one file."""
        path = self.folder / name / part_name(partition)
        if not path.is_file():
            raise InvalidDataError(
                f"A file of the table '{name}' is missing.",
                where=str(path),
                remedy="Make the records again, or copy the missing file.",
            )
        with time_section("reading"):
            return read_table(path, model, columns)


class FrameSource:
    """Frames in memory, as one partition."""

    where = "frames in memory"

    def __init__(self, frames: Mapping[str, pd.DataFrame]) -> None:
        self._frames = frames

    def has(self, name: str) -> bool:
        """Tell whether there is such a frame."""
        return name in self._frames

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Return a copy of the frame; there is only one partition."""
        frame = self._frames[name]
        missing = [column for column in columns or [] if column not in frame.columns]
        if partition:
            raise InvalidDataError(f"Frames in memory have no partition {partition}.", available=["0"])
        if missing:
            raise InvalidDataError(
                f"Missing columns in '{name}': {', '.join(missing)}.", available=list(map(str, frame.columns))
            )
        return restore_types(frame.copy() if columns is None else frame[columns].copy(), model)


class SomeTables:
    """Another source, of which only some tables are shown.

    Parameters
    ----------
    source : Source
    names : collection of str
    """

    def __init__(self, source: Source, names: Collection[str]) -> None:
        self.where = source.where
        self._source, self._names = source, frozenset(names)

    def has(self, name: str) -> bool:
        """Tell whether the table is present, and one of them."""
        return name in self._names and self._source.has(name)

    def read(self, name: str, model: type[Table], columns: list[str] | None, partition: int) -> pd.DataFrame:
        """Read one partition of a table."""
        return self._source.read(name, model, columns, partition)
