"""Self Assessment: the return of people who trade, let, own companies or have other income to declare."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.activity import draw_activity, spread_over_years
from taxgap.synthetic.form import Form, Scene
from taxgap.synthetic.partnerships import partner_shares
from taxgap.synthetic.registrations import applied_on, first_tax_year
from taxgap.synthetic.self_assessment.boxes import (
    PERSONAL,
    PRIMITIVE_BOXES,
    complete_return,
    fill_in_truthfully,
)
from taxgap.synthetic.self_assessment.mechanisms import MECHANISMS
from taxgap.synthetic.self_assessment.older_rule import MEAN_WEIGHT, risk_score
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS, PERIOD_END, PERIOD_START, Days, year_label

__all__ = ["DUE", "SELF_ASSESSMENT", "draw_scene"]

DUE = np.array([f"{2023 + y}-01-31" for y in range(len(ALL_YEARS))], dtype="datetime64[D]")
"""The day on which the return of each tax year is due."""

_LONG_AGO = np.datetime64("1990-01-01", "D")


def draw_scene(people: pd.DataFrame, form: Form, settings: Settings) -> Scene:
    """Draw the truthful returns of some people, for all tax years whatever the settings ask for.

    Parameters
    ----------
    people : DataFrame
        From `draw_people`, with `taxpayer_id`.
    form : Form
        Self Assessment, as the settings have it.
    settings : Settings

    Returns
    -------
    Scene
    """
    panel = spread_over_years(people, settings.panel)
    streams = Streams(settings.seed, panel["entity"])
    activity = draw_activity(panel, streams, settings.shocks, settings.difficulty)
    activity["partnership_profit"], activity["partnership_stated"] = partner_shares(panel, settings)
    activity["declared_below"] = np.nan
    boxes = fill_in_truthfully(activity, panel)
    return Scene(form, _complete_panel(panel, settings.seed), activity, boxes, streams)


def _complete_panel(panel: pd.DataFrame, seed: int) -> pd.DataFrame:
    year = panel["year"].to_numpy()
    return panel.assign(
        period=year_label(year),
        period_start=PERIOD_START[year],
        period_end=PERIOD_END[year],
        due_on=DUE[year],
        counter=year,
        registered_on=_registered_on(panel, seed),
    )


def _registered_on(panel: pd.DataFrame, seed: int) -> Days:
    streams = Streams(seed, panel["entity"])
    begins = first_tax_year(panel, streams) == panel["year"].to_numpy() + 2021
    return np.where(begins, applied_on(panel, streams), _LONG_AGO)


def _payable(completed: pd.DataFrame) -> Floats:
    at_source = completed["tax_deducted"] + completed["cis_deductions"]
    return np.asarray(completed["tax_charged"] - at_source, dtype=np.float64)


def _room_to_hide(scene: Scene) -> Floats:
    # Nobody hides so much that the profit left looks absurd: each keeps a share of the true profit on the
    # form.
    box = scene.boxes
    costs = box[[*EXPENSE_BOXES, "capital_allowances", "trading_allowance"]].to_numpy().sum(axis=1)
    profit = np.maximum((box["turnover"] + box["other_business_income"]).to_numpy() - costs, 0.0)
    return np.asarray(profit * (0.90 - 0.55 * scene.streams.uniform("profit left on the form")))


SELF_ASSESSMENT = Form(
    regime="self_assessment",
    boxes=PRIMITIVE_BOXES,
    context=PERSONAL,
    complete=complete_return,
    tax="tax_charged",
    mechanisms=MECHANISMS,
    risk_score=risk_score,
    payable=_payable,
    receipts=("turnover",),
    above={"turnover": "trading_allowance", "rents": "property_allowance"},
    slips=("turnover", "interest", "rents"),
    room=_room_to_hide,
    mean_weight=MEAN_WEIGHT,
    unpaid=0.09,  # (assumption)
    late=0.032,  # 95.5% by the deadline is found; how the rest divides is an assumption
    never=0.013,
    amended=0.04,
    hours=9.0,
)
"""The form of Self Assessment."""
