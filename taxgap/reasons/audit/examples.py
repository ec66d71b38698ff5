"""Examples of reasons beside what was planted; of synthetic cases alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.planted import Planted
from taxgap.reasons.selection import MOST_REASONS
from taxgap.risk.arrays import Bools, Integers
from taxgap.synthetic.mechanisms import mechanisms

Example: TypeAlias = dict[str, Any]

KINDS = {
    "right": "The first reason is right",
    "wrong": "No reason is right",
    "unstable": "The first reason changes when the model is fitted again",
    "honest": "Nothing was planted",
}
"""What an example shows, in the order of the page."""

EACH = 2
"""So many examples of a kind."""


def choose_examples(
    material: Material, hits: Mapping[str, Bools], *, unstable: Bools | None = None
) -> tuple[Example, ...]:
    """Choose examples of each kind, from the highest score down, of different first reasons.

    Parameters
    ----------
    material : Material
    hits : mapping of str to ndarray of bool
        By return: ``first``, whether its first reason reveals a mechanism that counts, and ``any``, whether
        any of its reasons does.
    unstable : ndarray of bool, optional
        Returns whose first reason is not stable.

    Returns
    -------
    tuple of dict
        `kind`, `title`, `taxpayer_id`, `period`, `reasons` and `planted`; none unless the records are
        synthetic and the truth is known.
    """
    planted = material.planted
    if planted is None or not material.records.manifest.synthetic:
        return ()
    counted = np.bincount(planted.counted["row"], minlength=len(material)) > 0
    kinds = {
        "right": counted & hits["first"],
        "wrong": counted & ~hits["any"],
        "unstable": np.zeros(len(material), np.bool_) if unstable is None else unstable,
        "honest": planted.tax == 0,
    }
    return tuple(
        _describe(material, planted, kind, row)
        for kind, those in kinds.items()
        for row in _choose(material, those & material.flagged).tolist()
    )


def _choose(material: Material, those: Bools) -> Integers:
    rows = np.flatnonzero(those)
    rows = rows[np.argsort(-material.score[rows], kind="stable")]
    first = material.reasons["reason_1_code"].astype("str").iloc[rows]
    different: Integers = rows[~first.duplicated().to_numpy()][:EACH]
    return different


def _describe(material: Material, planted: Planted, kind: str, row: int) -> Example:
    taxpayer, period = material.index[row]
    known = mechanisms()
    cases = planted.cases[planted.cases["row"] == row].sort_values("tax", ascending=False)
    told = [
        {
            "title": known[case.mechanism].title if case.mechanism in known else str(case.mechanism),
            "tax": float(case.tax),
            "evidence": list(planted.evidence.get(str(case.mechanism), ())),
        }
        for case in cases.itertuples()
    ]
    return {
        "kind": kind,
        "title": KINDS[kind],
        "taxpayer_id": str(taxpayer),
        "period": str(period),
        "reasons": _reasons(material.reasons.iloc[row]),
        "planted": told,
    }


def _reasons(row: pd.Series) -> list[dict[str, str]]:
    return [
        {"code": str(row[f"reason_{k}_code"]), "sentence": str(row[f"reason_{k}_sentence"])}
        for k in range(1, MOST_REASONS + 1)
        if pd.notna(row[f"reason_{k}_code"])
    ]
