"""What is on a shelf: each model with its role, and the main measures that its card holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.monitoring.models.standing import Place, Standing
from taxgap.records.files import read_json
from taxgap.risk.card import to_plain
from taxgap.risk.storage import CARD

MAIN = ("share_of_gap@5%", "auc")
"""The measures shown: tax found in the top 5%, as a share of all that is found; area under the curve."""


@dataclass(frozen=True)
class ModelList:
    """The models of a shelf.

    Parameters
    ----------
    frame : DataFrame
        One row a model, by regime, champion first: ``regime, model_id, role, since, trained_on, as_of,
        evaluated_on, present``, and of each measure its value, ``_low`` and ``_high``; missing where the card
        does not hold them. `present` is false where the folder is gone.
    """

    frame: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return {"models": to_plain(self.frame.astype("object").to_dict("records"))}

    def to_text(self) -> str:
        """Return the list as text for a terminal."""
        lines = []
        for regime, models in self.frame.groupby("regime", sort=False):
            champion = (models["role"] == "champion").any()
            lines.append(
                f"{regime}" + ("" if champion else " (no champion: taxgap score needs one promoted)")
            )
            lines += [f"  {_tell(row)}" for row in models.to_dict("records")]
        return "\n".join(
            [
                *lines,
                "Measures are those of each model's own card; compare two with taxgap model compare.",
            ]
        )

    def _repr_html_(self) -> str:
        html: str = self.frame.to_html(index=False)
        return html


def list_models(standing: Standing, shelf: Path) -> ModelList:
    """Return the models of a shelf, each with what its card says.

    Parameters
    ----------
    standing : Standing
        What the log says.
    shelf : Path
        The folder.

    Returns
    -------
    ModelList
    """
    order = {"champion": 0, "former champion": 1, "challenger": 2}
    places = sorted(standing.places.values(), key=lambda place: (place.regime, order[place.role]))
    return ModelList(pd.DataFrame([_describe(place, shelf / place.model_id / CARD) for place in places]))


def _describe(place: Place, path: Path) -> dict[str, Any]:
    try:
        card = read_json(path)
    except InvalidDataError:
        card = {}
    training = card.get("training") or {}
    row = {
        "regime": place.regime,
        "model_id": place.model_id,
        "role": place.role,
        "since": place.since,
        "trained_on": ", ".join(training.get("periods") or []),
        "as_of": training.get("as_of"),
        "evaluated_on": training.get("evaluation_period"),
        "present": bool(card),
    }
    return row | _read_measures(card)


def _read_measures(card: Mapping[str, Any]) -> dict[str, float]:
    rows = (card.get("evaluation") or {}).get("metrics", [])
    found = {row["metric"]: row for row in rows if row["ranking"] == "model"}
    measures = {}
    for metric in MAIN:
        row = found.get(metric, {})
        for name, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            value = row.get(key)
            measures[f"{metric}{name}"] = float("nan") if value is None else float(value)
    return measures


def _tell(row: Mapping[str, Any]) -> str:
    head = f"{row['model_id']}  {row['role']} since {row['since'][:10]}"
    if not row["present"]:
        return f"{head}; its folder is missing or cannot be read"
    trained = f"; trained on {row['trained_on'] or 'what its card does not say'}"
    seen = f" as known on {row['as_of']}" if row["as_of"] else ""
    share, auc = (
        _with_interval(row, metric, form) for metric, form in zip(MAIN, (".0%", ".2f"), strict=True)
    )
    judged = f"; on {row['evaluated_on']}: top 5% hold {share} of the tax found, AUC {auc}"
    return f"{head}{trained}{seen}" + (judged if row["evaluated_on"] else "")


def _with_interval(row: Mapping[str, Any], metric: str, form: str) -> str:
    value, low, high = (row[f"{metric}{end}"] for end in ("", "_low", "_high"))
    return "not measured" if pd.isna(value) else f"{value:{form}} ({low:{form}} to {high:{form}})"
