"""Contributions as files beside the scores: what every feature adds to every score, for those who ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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

    def keep(self, partition: int, values: pd.DataFrame) -> None:
        """Write the contributions of a partition's returns."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / part_name(partition)
        kinds = {"float64": pa.float64()}  # the keys are text
        schema = pa.schema([(str(n), kinds.get(str(t), pa.string())) for n, t in values.dtypes.items()])
        content = pa.Table.from_pandas(values, schema=schema, preserve_index=False)
        head = {METADATA: json.dumps(self.head, sort_keys=True)}
        pq.write_table(
            content.replace_schema_metadata(head),
            path,
            compression="zstd",
            compression_level=3,
            use_dictionary=False,
        )
        self.outputs[f"{FOLDER}/{path.name}"] = {"rows": len(values), "sha256": checksum(path)}


def read_head(path: Path) -> dict[str, Any]:
    """Read what a file of contributions says of itself."""
    metadata = pq.read_schema(path).metadata or {}
    head: dict[str, Any] = json.loads(metadata[METADATA.encode()])
    return head
