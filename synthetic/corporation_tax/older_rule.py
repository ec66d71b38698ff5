"""The older risk rule of Corporation Tax: what officers looked at before there was a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.form import Scene
from taxgap.synthetic.published import trades
from taxgap.synthetic.selection import sum_reports
from taxgap.synthetic.streams import Floats

MEAN_WEIGHT = 1.95
"""The mean of exp(score) over all returns, so that the rule opens the share of them that is asked for."""

STRATA = ((100_000.0, 0.6), (1_000_000.0, 1.0), (10_000_000.0, 1.8))
"""Turnover up to which a stratum reaches and the weight of its companies in the random programme; larger ones
are not drawn at random (assumption)."""

_MEAN_STRATUM = 0.965  # the mean weight of small companies by the published counts of companies by turnover


def random_weight(scene: Scene) -> Floats:
    """Return the weight of each return in the random programme: one on average over small companies."""
    gross, weight = scene.panel["gross"].to_numpy(), np.zeros(len(scene))
    for limit, share in reversed(STRATA):
        weight = np.where(gross < limit, share, weight)
    return weight / _MEAN_STRATUM


def risk_score(scene: Scene, form: pd.DataFrame, reports: pd.DataFrame, late: NDArray[np.bool_]) -> Floats:
    """Return the older rule's score: a margin below peers', takings, loans, research, lateness and size."""
    turnover = np.maximum(form["turnover"].to_numpy(), 500.0)
    usual = 0.16 * (1 - trades()["costs"].to_numpy()[scene.panel["trade"].to_numpy()]) / 0.5
    below = np.clip(usual - form["profit_before_tax"].to_numpy() / turnover, 0, 0.4)
    takings = sum_reports(reports, ["card_processor", "platform", "contractor"], len(form))
    months = scene.activity["months"].to_numpy()
    excess = np.clip(takings * months / 12 / turnover - 0.9, 0, 1.5)
    loans = (form["loan_to_directors"] > 0).to_numpy()
    research = (form["rd_relief"] > 0).to_numpy()
    size = np.log(np.maximum(turnover * 12 / months, 10_000.0) / 200_000.0)
    return np.asarray(
        2.5 * below
        + 0.8 * excess
        + 0.4 * loans
        + 0.6 * research
        + 0.4 * late
        + np.clip(0.35 * size, -0.6, 2.0)
    )
