"""The scores of a run as they leave its folder: part by part, each held against its checksum."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.batch.files import FORMAT, FORMAT_VERSION, MANIFEST
from taxgap.errors import InvalidDataError
from taxgap.records.files import check_format, read_json

ROWS = 20_000
"""Rows that are held at a time, beside the bytes of one file."""


@dataclass(frozen=True)
class Night:
    """The scores of a run.

    Attributes
    ----------
    folder : Path
    run_id : str
        The sha256 of its manifest, which names the checksum of every file.
    manifest : dict
    """

    folder: Path
    run_id: str
    manifest: dict[str, Any]

    @classmethod
    def open(cls, path: str | Path) -> Night:
        """Open a folder that `write_scores` wrote; nothing is read but its manifest.

        Raises
        ------
        InvalidDataError
            The folder holds no scores.
        IncompatibleError
            It is of a newer format.
        """
        folder = Path(path)
        if not (folder / MANIFEST).is_file():
            raise InvalidDataError(
                "There are no scores here.",
                where=str(folder),
                remedy="Name the folder that `taxgap score --out` was given; see `taxgap status`.",
            )
        check_format(
            read_json(folder / MANIFEST), name=FORMAT, version=FORMAT_VERSION, where=folder / MANIFEST
        )
        content = (folder / MANIFEST).read_bytes()
        return cls(folder, sha256(content).hexdigest(), json.loads(content))

    @property
    def regime(self) -> str:
        """The tax."""
        return str(self.manifest["regime"])

    @property
    def model_id(self) -> str:
        """The model that scored."""
        return str(self.manifest["model_id"])

    @property
    def as_of(self) -> date:
        """The day on which the records were seen."""
        return date.fromisoformat(self.manifest["as_of"])

    @property
    def rows(self) -> int:
        """Returns that are scored, by the manifest."""
        return sum(int(entry["rows"]) for entry in self.manifest["outputs"].values())

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns with their types: text, double, int64 or bool."""
        first = min(self.manifest["outputs"])
        return self._open(first).schema_arrow.remove_metadata()

    def parts(self) -> Iterator[pa.Table]:
        """Read all rows in the order of the files, some at a time.

        Yields
        ------
        pyarrow.Table
            At most `ROWS` rows, with the columns of `schema`.

        Raises
        ------
        InvalidDataError
            A file is missing, was changed, or has other rows than the manifest tells of.
        """
        for name, entry in sorted(self.manifest["outputs"].items()):
            rows = 0
            file = self._open(name)
            for batch in file.iter_batches(ROWS):
                rows += batch.num_rows
                yield pa.Table.from_batches([batch]).cast(self.schema)
            if rows != entry["rows"]:
                raise self._broken(name)

    def check(self) -> None:
        """Hold every file against its checksum.

        Raises
        ------
        InvalidDataError
        """
        for name in sorted(self.manifest["outputs"]):
            self._open(name)

    def _open(self, name: str) -> pq.ParquetFile:
        """Read the bytes of a file once: those that were checked are those that are delivered."""
        try:
            content = (self.folder / name).read_bytes()
            if sha256(content).hexdigest() != self.manifest["outputs"][name]["sha256"]:
                raise self._broken(name)
            return pq.ParquetFile(pa.BufferReader(content))
        except (OSError, pa.ArrowException) as error:
            raise self._broken(name) from error

    def _broken(self, name: str) -> InvalidDataError:
        return InvalidDataError(
            "A file of the scores is missing or is not the one that was written.",
            where=str(self.folder / name),
            remedy="Score again, or copy the folder again. Nothing was delivered.",
        )
