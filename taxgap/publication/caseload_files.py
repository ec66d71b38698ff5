"""A caseload as a folder: the cases, everyone's probability, the manifest, and the page for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taxgap.cases import Caseload
from taxgap.cases.storing import MANIFEST, fill_folder
from taxgap.publication.caseload_page import PAGE_NAME, write_caseload_page
from taxgap.records.files import new_folder


def publish_caseload(
    caseload: Caseload,
    out: str | Path,
    *,
    inputs: Mapping[str, Any] | None = None,
    synthetic: bool = False,
    replace: bool = False,
) -> Path:
    """Write what `taxgap.cases.storing.write_caseload` writes, and ``index.html`` beside it.

    Parameters
    ----------
    caseload, out, inputs, synthetic, replace
        As of `write_caseload`; ``synthetic`` decides whether the page calls the records made up.

    Returns
    -------
    Path
        The folder, which appears whole or not at all.

    Raises
    ------
    UsageError
        The folder exists, or cannot be written to.
    """
    path = Path(out)
    with new_folder(path, replace=replace, marker=MANIFEST) as folder:
        fill_folder(folder, caseload, inputs=inputs, synthetic=synthetic)
        write_caseload_page(folder / PAGE_NAME, caseload, synthetic=synthetic)
    return path
