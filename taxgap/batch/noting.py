"""What the partitions say of each other's rows, kept as files for the workers that check them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from taxgap.batch.pieces import FOLDER
from taxgap.records.files import read_json, write_json
from taxgap.validation.across import Noted


def write_noted(folder: Path, partition: int, noted: Noted) -> None:
    """Keep what is noted of a partition."""
    rows = [[*key, np.asarray(places).tolist()] for key, places in noted.rows.items()]
    unknown = [[*key, names] for key, names in noted.unknown.items()]
    write_json(_path(folder, partition), {"rows": rows, "unknown": unknown})


def read_noted(folder: Path, partition: int) -> Noted:
    """Read what `write_noted` kept."""
    content = read_json(_path(folder, partition))
    return Noted(
        {(rule, table, column): np.array(rows, np.int32) for rule, table, column, rows in content["rows"]},
        {(table, column): names for table, column, names in content["unknown"]},
    )


def _path(folder: Path, partition: int) -> Path:
    return folder / FOLDER / "noted" / f"{partition:04d}.json"
