"""The older risk rule of VAT: what officers looked at before there was a model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.form import Bools, Scene
from taxgap.synthetic.published import trades
from taxgap.synthetic.selection import sum_reports
from taxgap.synthetic.streams import Floats

MEAN_WEIGHT = 1.79
"""The mean of exp(score) over the population, so that the rule opens the share of returns that is asked
for."""

_TYPICAL = 200_000.0


def risk_score(scene: Scene, completed: pd.DataFrame, reports: pd.DataFrame, late: Bools) -> Floats:
    """Return the older rule's score: little net VAT, repayment, takings above sales, lateness and size."""
    sales = np.maximum(completed["sales"].to_numpy(), 200.0)
    net = completed["net_vat"].to_numpy() / sales
    short = np.clip(_usual_net()[scene.panel["trade"].to_numpy()] - net, -0.1, 0.3)
    flat = scene.panel["flat"].to_numpy()
    months = scene.activity["months"].to_numpy()
    takings = sum_reports(reports, ["card_processor", "platform", "contractor"], len(completed)) * months / 12
    excess = np.clip(takings / (1.2 * sales) - 0.85, 0, 2)
    size = np.log(np.maximum(sales * 12 / months, 10_000) / _TYPICAL)
    return np.asarray(
        3.0 * short * ~flat
        + 0.5 * (net < 0)
        + 0.5 * (scene.activity["age"].to_numpy() < 12) * (net < 0)
        + 0.7 * excess
        + 0.4 * late
        + np.clip(0.2 * size, -0.5, 1.0)
    )


def _usual_net() -> Floats:
    # What officers take for usual in a trade: the rate on its sales less that on its costs without wages.
    table = trades()
    inputs = table["taxed"] * table["costs"] * 0.85
    usual: Floats = (0.20 * np.maximum(table["standard"] - inputs, 0.02)).to_numpy()
    return usual
