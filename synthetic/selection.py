"""Which returns are opened: a random programme, and an older rule that looks at what is on file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.synthetic.published import trades
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams

# The mean of exp(score) over the population, so that the rule opens the share of returns that is asked for.
_MEAN_WEIGHT = 1.64
_MOST = 0.60


@dataclass(frozen=True)
class Opened:
    """Which returns are opened, with the probabilities that were used.

    Attributes
    ----------
    by_chance, for_risk : ndarray of bool
        A return drawn by both counts as random.
    random_probability, risk_probability, opening_probability : ndarray of float64
        Of being drawn by each programme, and by either.
    """

    by_chance: np.ndarray
    for_risk: np.ndarray
    random_probability: Floats
    risk_probability: Floats
    opening_probability: Floats


def select(
    panel: pd.DataFrame,
    form: pd.DataFrame,
    reports: pd.DataFrame,
    *,
    late: np.ndarray,
    streams: Streams,
    settings: Settings,
) -> Opened:
    """Draw the random programme, and the risk programme by what is on file.

    Parameters
    ----------
    panel : DataFrame
    form : DataFrame
        The completed returns as filed.
    reports : DataFrame
        Third-party reports, with `row`.
    late : ndarray of bool
    streams : Streams
    settings : Settings

    Returns
    -------
    Opened
    """
    year = panel["year"].to_numpy()
    at_random = np.full(len(panel), settings.random_share)
    weight = np.exp(risk_score(panel, form, reports, late)) / _MEAN_WEIGHT
    for_risk = np.minimum(settings.risk_share * weight, _MOST)
    drawn = streams.happens(at_random, "random enquiry", year)
    chosen = streams.happens(for_risk, "risk enquiry", year) & ~drawn
    either = 1 - (1 - at_random) * (1 - for_risk)
    return Opened(drawn, chosen, at_random, for_risk * (1 - at_random), either)


def risk_score(panel: pd.DataFrame, form: pd.DataFrame, reports: pd.DataFrame, late: np.ndarray) -> Floats:
    """Return the older rule's score: third-party excess, costs above the trade's usual, lateness and size."""
    turnover = (form["turnover"] * 12 / form["accounts_months"]).to_numpy()
    takings = _reported(reports, ["card_processor", "platform", "contractor"], len(form))
    excess = np.clip(takings / np.maximum(turnover, 500.0) - 0.85, 0, 2)
    bank = _reported(reports, ["bank"], len(form))
    missing_interest = np.clip(bank - form["interest"].to_numpy() - 300, 0, 5_000) / 5_000
    trade = panel["trade"].to_numpy()
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


def _reported(reports: pd.DataFrame, sources: list[str], rows: int) -> Floats:
    mine = reports[reports["source"].isin(sources)]
    return np.asarray(np.bincount(mine["row"], mine["amount"], rows), dtype=np.float64)
