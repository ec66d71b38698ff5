"""A caseload as a folder: the table, and a manifest of what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from taxgap import __version__
from taxgap.cases.caseload import Caseload
from taxgap.records.files import checksum, new_folder, write_json
from taxgap.records.parquet import write_arrow
from taxgap.risk.card import read_versions

FORMAT = "taxgap caseload"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
TABLE = "caseload.parquet"


def write_caseload(
    caseload: Caseload,
    out: str | Path,
    *,
    inputs: Mapping[str, Any] | None = None,
    synthetic: bool = False,
    replace: bool = False,
) -> Path:
    """Write a caseload as a folder, whole or not at all.

    Parameters
    ----------
    caseload : Caseload
        What was chosen.
    out : str or Path
        The folder: ``caseload.parquet`` and ``manifest.json``.
    inputs : mapping, optional
        What it was made of, such as the manifest's checksum of a run of scores.
    synthetic : bool, default False
        Mark the file as synthetic.
    replace : bool, default False
        Replace a caseload that stands there.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        The folder exists, or cannot be written to.
    """
    path = Path(out)
    with new_folder(path, replace=replace, marker=MANIFEST) as folder:
        table = pa.Table.from_pandas(caseload.frame, preserve_index=False)
        write_arrow(folder / TABLE, table, synthetic=synthetic)
        content = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "versions": {"taxgap": __version__, **read_versions()},
            "synthetic": synthetic,
            "inputs": dict(inputs or {}),
            "outputs": {TABLE: {"rows": len(caseload.frame), "sha256": checksum(folder / TABLE)}},
            **caseload.to_dict(),
        }
        write_json(folder / MANIFEST, content)
    return path
