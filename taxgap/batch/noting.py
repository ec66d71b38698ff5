"""What the partitions say of each other's rows, kept as files for the workers that check them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from taxgap.records.files import checksum, read_json, write_json
from taxgap.validation.across import Noted

FOLDER = "_run/noted"
"""The folder of these files in that of the run; they stay, so that a return can be looked at again."""


def write_noted(folder: Path, partition: int, noted: Noted) -> dict[str, dict[str, Any]]:
    """Keep what is noted of a partition; return the file with its checksum."""
    rows = [[*key, np.asarray(places).tolist()] for key, places in noted.rows.items()]
    unknown = [[*key, names] for key, names in noted.unknown.items()]
    path = _path(folder, partition)
    write_json(path, {"rows": rows, "unknown": unknown})
    return {str(path.relative_to(folder)): {"rows": len(rows) + len(unknown), "sha256": checksum(path)}}


def read_noted(folder: Path, partition: int) -> Noted:
    """Read what `write_noted` kept."""
    content = read_json(_path(folder, partition))
    return Noted(
        {(rule, table, column): np.array(rows, np.int32) for rule, table, column, rows in content["rows"]},
        {(table, column): names for table, column, names in content["unknown"]},
    )


def _path(folder: Path, partition: int) -> Path:
    return folder / FOLDER / f"{partition:04d}.json"
