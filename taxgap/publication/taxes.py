"""The section that shows every tax side by side: what its model reaches, and what could be reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from taxgap.publication.assessment import Assessment
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, decimal, interval, share
from taxgap.reasons.naming import TAXES
from taxgap.risk import RiskModel

_HEADS = (
    "Tax",
    "Returns of the year",
    "Lost, in the truth, at least the material amount",
    "AUC of the model",
    "Ceiling of the AUC",
    "Tax lost that the top 5% hold",
    "The same, best reached from the truth",
    "The same, largest first",
)


def compare_taxes(assessments: Mapping[str, tuple[RiskModel, Assessment]]) -> pd.DataFrame:
    """Lay out what is known of the model of each tax, one row a tax.

    Parameters
    ----------
    assessments : mapping of str to (RiskModel, Assessment)
        By regime.

    Returns
    -------
    DataFrame
        `regime, period, returns, material_share`, and `auc, ceiling_auc, top, ceiling_top, turnover_top`,
        each with `_low` and `_high`; the last three are shares of the tax lost that the top 5% hold.
    """
    rows = []
    for regime, (model, found) in assessments.items():
        ceiling = found.ceiling
        row: dict[str, Any] = {
            "regime": regime,
            "period": model.card_["training"]["evaluation_period"],
            "returns": found.returns,
            "material_share": ceiling["material_share"],
        }
        row |= _three("auc", _measure(found, "model", "auc"))
        row |= _three("ceiling_auc", [ceiling["auc"], ceiling["low"], ceiling["high"]])
        row |= _three("top", _measure(found, "model", "share_of_gap@5%"))
        row |= _three("ceiling_top", ceiling["share_of_gap"]["5%"])
        row |= _three("turnover_top", _measure(found, "turnover", "share_of_gap@5%"))
        rows.append(row)
    return pd.DataFrame(rows)


def tabulate_taxes(taxes: pd.DataFrame) -> Table:
    """Make the table of the section."""
    rows = [
        (
            TAXES.get(row["regime"], row["regime"]),
            count(row["returns"]),
            share(row["material_share"]),
            _cell(row, "auc", decimal),
            _cell(row, "ceiling_auc", decimal),
            _cell(row, "top", share),
            _cell(row, "ceiling_top", share),
            _cell(row, "turnover_top", share),
        )
        for row in taxes.to_dict("records")
    ]
    return make_table("tax-models", "The models of the four taxes, measured against the truth", _HEADS, rows)


def _measure(found: Assessment, ranking: str, metric: str) -> list[float]:
    rows = found.evaluation
    asked = (rows["label"] == "truth") & (rows["ranking"] == ranking) & (rows["metric"] == metric)
    if not asked.any():
        return [np.nan] * 3
    return [float(value) for value in rows.loc[asked, ["value", "low", "high"]].iloc[0]]


def _three(name: str, values: list[float]) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _cell(row: Mapping[Any, Any], name: str, form: Any) -> Cell:
    return Cell(form(row[name]), interval(row[f"{name}_low"], row[f"{name}_high"], form))
