"""A calibration as plain data, for machines."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from taxgap.calibration import Calibration

FORMAT = "taxgap-calibration"
FORMAT_VERSION = 1


def content_of(calibration: Calibration) -> dict[str, Any]:
    """Return a calibration as what `calibration.json` holds.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    dict
        `format`, `format_version`, `about`, `accuracy` (targets and those within tolerance, in all and by
        group), `figures`, `checks`, `multipliers` (assumptions) and `cells`. An unknown number is null.
    """
    gaps = calibration.gaps
    cells = gaps.table.assign(net=gaps.net, theoretical=gaps.theoretical).reset_index()
    plain: dict[str, Any] = _plain(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "about": calibration.about,
            "accuracy": accuracy_of(calibration.figures),
            "figures": calibration.figures.to_dict("records"),
            "checks": calibration.checks.to_dict("records"),
            "multipliers": gaps.multipliers,
            "cells": cells[_CELL_COLUMNS].to_dict("records"),
        }
    )
    return plain


_CELL_COLUMNS = [
    "regime",
    "cell",
    "customer",
    "returns",
    "cases",
    "sampled",
    "declared",
    "gross",
    "written_off",
    "yield",
    "net",
    "theoretical",
    "lost",
]


def accuracy_of(figures: pd.DataFrame) -> dict[str, Any]:
    """Count the targets, those within tolerance and those missed without an explanation.

    Parameters
    ----------
    figures : DataFrame
        From `taxgap.calibration.compare_with_published`.

    Returns
    -------
    dict
        `targets`, `within`, `unexplained`, and `groups`: the first two by group.
    """
    targets = figures[figures["is_target"].astype(bool)]
    missed = targets[~targets["within"].astype(bool)]
    groups = targets.groupby("group", sort=False)["within"].agg(["size", "sum"])
    return {
        "targets": len(targets),
        "within": int(targets["within"].sum()),
        "unexplained": int((missed["explanation"] == "").sum()),
        "groups": {
            str(name): {"targets": int(size), "within": int(inside)}
            for name, size, inside in groups.itertuples(name=None)
        },
    }


def _plain(value: Any) -> Any:
    """Turn numpy's numbers into Python's, and those that are no numbers into nothing."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
