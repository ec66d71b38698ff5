"""Contributions as files beside the scores: what every feature adds to every score, for those who ask."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxgap.records.files import checksum
from taxgap.records.partitions import part_name

FOLDER = "_contributions"  # readers of the scores as a folder pass over names that begin so
FORMAT = "taxgap-contributions"
FORMAT_VERSION = 1
METADATA = "taxgap"
"""Where parquet keeps what the file is, as JSON."""

UNIT = "log units of expected tax: 0.1 multiplies it by 1.11"


class ContributionFiles:
    """Writes one parquet file a partition: the keys of each return, then one column a feature.

    The last file is finished when the block ends.

    Parameters
    ----------
    folder : Path
        That of the scores.
    about : dict
        What the files say of themselves beside unit and format: `baseline`, `model_id` and the like.
    """

    def __init__(self, folder: Path, about: dict[str, Any]) -> None:
        self.folder = folder / FOLDER
        self.head = {"format": FORMAT, "format_version": FORMAT_VERSION, "unit": UNIT, **about}
        self.outputs: dict[str, dict[str, Any]] = {}
        self._open: tuple[Path, pq.ParquetWriter] | None = None

    def __enter__(self) -> Self:
        """Begin the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the last file."""
        self._finish()

    def keep(self, partition: int, values: pd.DataFrame) -> None:
        """Write the contributions of a partition's returns, or of the next piece of them."""
        kinds = {"float64": pa.float64()}  # the keys are text
        schema = pa.schema([(str(n), kinds.get(str(t), pa.string())) for n, t in values.dtypes.items()])
        schema = schema.with_metadata({METADATA: json.dumps(self.head, sort_keys=True)})
        name = part_name(partition)
        entry = self.outputs.setdefault(f"{FOLDER}/{name}", {"rows": 0})
        entry["rows"] += len(values)
        writer = self._writer(self.folder / name, schema)
        writer.write_table(pa.Table.from_pandas(values, schema=schema, preserve_index=False))

    def fill(self, partitions: Iterable[int], columns: Sequence[str]) -> None:
        """Write a file without rows for each partition in which nobody is explained.

        Parameters
        ----------
        partitions : iterable of int
        columns : sequence of str
            The two keys, then the features.
        """
        nobody = pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
        nobody = nobody.astype(dict.fromkeys(columns[:2], "str"))
        for partition in partitions:
            if f"{FOLDER}/{part_name(partition)}" not in self.outputs:
                self.keep(partition, nobody)

    def _writer(self, path: Path, schema: pa.Schema) -> pq.ParquetWriter:
        if self._open is None or self._open[0] != path:
            self._finish()
            self.folder.mkdir(exist_ok=True)
            writer = pq.ParquetWriter(
                path, schema, compression="zstd", compression_level=3, use_dictionary=False
            )
            self._open = path, writer
        return self._open[1]

    def _finish(self) -> None:
        if self._open is not None:
            path, writer = self._open
            writer.close()
            self.outputs[f"{FOLDER}/{path.name}"]["sha256"] = checksum(path)
            self._open = None


def read_head(path: Path) -> dict[str, Any]:
    """Read what a file of contributions says of itself."""
    metadata = pq.read_schema(path).metadata or {}
    head: dict[str, Any] = json.loads(metadata[METADATA.encode()])
    return head
