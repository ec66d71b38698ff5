"""A caseload as a folder: the table, the cases as CSV, and a manifest of what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from taxgap import __version__
from taxgap.cases.caseload import Caseload
from taxgap.records.files import checksum, new_folder, write_json, write_text
from taxgap.records.parquet import write_arrow
from taxgap.risk.card import read_versions

FORMAT = "taxgap caseload"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
TABLE = "caseload.parquet"
CASES = "cases.csv"

_FIRST = ("taxpayer_id", "period", "regime", "reason", "treatment", "hours", "expected_tax", "probability")
_LEFT_OUT = ("selected", "out_of_time")
"""Of cases the one is true and the other is not."""


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
        The folder: ``caseload.parquet`` with every return, ``cases.csv`` with the chosen ones (`list_cases`),
        and ``manifest.json``.
    inputs : mapping, optional
        What it was made of, such as the manifest's checksum of a run of scores.
    synthetic : bool, default False
        Mark the files as synthetic; the CSV cannot be marked, the manifest speaks for it.
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
        fill_folder(folder, caseload, inputs=inputs, synthetic=synthetic)
    return path


def fill_folder(
    folder: Path, caseload: Caseload, *, inputs: Mapping[str, Any] | None = None, synthetic: bool = False
) -> None:
    """Write the files of a caseload into a folder that stands; what they are is told by `write_caseload`."""
    table, cases = pa.Table.from_pandas(caseload.frame, preserve_index=False), list_cases(caseload)
    write_arrow(folder / TABLE, table, synthetic=synthetic)
    write_text(folder / CASES, cases.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))
    rows = {TABLE: len(table), CASES: len(cases)}
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "versions": {"taxgap": __version__, **read_versions()},
        "synthetic": synthetic,
        "inputs": dict(inputs or {}),
        "outputs": {name: {"rows": n, "sha256": checksum(folder / name)} for name, n in rows.items()},
        **caseload.to_dict(),
    }
    write_json(folder / MANIFEST, content)


def list_cases(caseload: Caseload) -> pd.DataFrame:
    """Return the chosen cases as people read them: most expected tax first, what to do before the rest.

    Parameters
    ----------
    caseload : Caseload

    Returns
    -------
    DataFrame
        ``taxpayer_id, period, regime, reason, treatment, hours, expected_tax, probability``, then the other
        columns of `Caseload.frame` in its order, without those that are the same for every case.
    """
    cases = caseload.cases
    rest = [name for name in cases.columns if name not in {*_FIRST, *_LEFT_OUT}]
    return cases[[*_FIRST, *rest]]
