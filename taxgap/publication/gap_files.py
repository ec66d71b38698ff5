"""A tax gap estimate as a folder: the page for people, and the figures with the manifest of the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from taxgap import __version__
from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_page import PAGE_NAME, write_gap_page
from taxgap.records import Records, Truth
from taxgap.records.files import checksum, new_folder, write_json
from taxgap.records.manifest import FILE_NAME as MANIFEST
from taxgap.risk import RiskModel
from taxgap.risk.card import read_versions, to_plain

FILE_NAME = "estimate.json"
"""The file with the figures, by which the folder is known."""


def describe_run(
    records: Records,
    options: Mapping[str, Any],
    *,
    model: RiskModel | None = None,
    truth: Truth | None = None,
) -> dict[str, Any]:
    """Describe a run as plain data, without clock time or path, so that the same run gives the same bytes.

    Parameters
    ----------
    records : Records
        What was read.
    options : mapping
        How it was asked for.
    model : RiskModel, optional
    truth : Truth, optional

    Returns
    -------
    dict
        ``versions, synthetic, inputs`` (checksums of the manifests, which hold those of all files; the source
        of an administration's own tables; the model's name) and ``options``.
    """
    inputs: dict[str, Any] = {"records": _digest(records), "as_of": records.manifest.as_of}
    if source := records.manifest.made_by.get("source"):
        inputs["source"] = source
    if model is not None:
        inputs["model_id"] = model.model_id
    if truth is not None:
        inputs["truth"] = _digest(truth)
    return {
        "versions": {"taxgap": __version__, **read_versions()},
        "synthetic": bool(records.manifest.synthetic),
        "inputs": to_plain(inputs),
        "options": to_plain(options),
    }


def publish_gap(
    estimate: GapEstimate, folder: str | Path, run: Mapping[str, Any], *, replace: bool = False
) -> dict[str, Any]:
    """Write an estimate whole: the page ``index.html`` and ``estimate.json``, in a folder of their own.

    Parameters
    ----------
    estimate : GapEstimate
    folder : str or Path
        Appears whole or not at all.
    run : mapping
        From `describe_run`; ``synthetic`` decides whether the page calls the records made up.
    replace : bool, default False
        Replace an estimate that stands there.

    Returns
    -------
    dict
        What ``estimate.json`` holds: the estimate as `GapEstimate.to_dict` gives it, and ``manifest``.

    Raises
    ------
    UsageError
        The folder exists and may not be replaced, or it cannot be written.
    """
    content = {**estimate.to_dict(), "manifest": dict(run)}
    with new_folder(Path(folder), replace=replace, marker=FILE_NAME) as made:
        write_gap_page(made / PAGE_NAME, estimate, synthetic=bool(run.get("synthetic")))
        write_json(made / FILE_NAME, content)
    return content


def _digest(tables: Records | Truth) -> str:
    """Return the sha256 of the manifest file, or of its content where the tables are in memory."""
    path = Path(tables.where) / MANIFEST
    if path.is_file():
        return checksum(path)
    content = json.dumps(asdict(tables.manifest), sort_keys=True, default=str)
    return sha256(content.encode()).hexdigest()
