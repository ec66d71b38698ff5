"""The older risk rule of Self Assessment: what officers looked at before there was a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.form import Scene
from taxgap.synthetic.published import trades
from taxgap.synthetic.selection import sum_reports
from taxgap.synthetic.streams import Floats

MEAN_WEIGHT = 1.64
"""The mean of exp(score) over the population, so that the rule opens the share of returns asked for."""


def risk_score(scene: Scene, form: pd.DataFrame, reports: pd.DataFrame, late: NDArray[np.bool_]) -> Floats:
    """Return the older rule's score: third-party excess, costs above the trade's usual, lateness and size."""
    turnover = (form["turnover"] * 12 / form["accounts_months"]).to_numpy()
    takings = sum_reports(reports, ["card_processor", "platform", "contractor"], len(form))
    excess = np.clip(takings / np.maximum(turnover, 500.0) - 0.85, 0, 2)
    bank = sum_reports(reports, ["bank"], len(form))
    missing_interest = np.clip(bank - form["interest"].to_numpy() - 300, 0, 5_000) / 5_000
    trade = scene.panel["trade"].to_numpy()
    usual = np.where(trade >= 0, trades()["costs"].to_numpy()[trade], 0.0)
    costs = form["total_expenses"].to_numpy() / np.maximum(form["turnover"].to_numpy(), 500.0)
    above = np.clip(costs - usual, 0, 0.6) * (trade >= 0)
    size = np.log(np.maximum(form["total_income"].to_numpy(), 5_000) / 30_000)
    business = (form["turnover"] > 0).to_numpy() * 0.5
    return np.asarray(
        0.9 * excess
        + 1.5 * missing_interest
        + 1.8 * above
        + 0.4 * late
        + np.clip(0.25 * size, -0.5, 1.0)
        + business
    )
