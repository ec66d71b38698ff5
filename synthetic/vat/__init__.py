"""VAT: the nine-box returns of firms of every legal form that are registered for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.form import Form, Scene
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS, first_day, last_day, month_label, year_of_month
from taxgap.synthetic.trading import CHANNELS, Trading
from taxgap.synthetic.vat.boxes import PRIMITIVE_BOXES, complete, fill_in_truthfully
from taxgap.synthetic.vat.chains import chains, missing_trader_chains
from taxgap.synthetic.vat.mechanisms import MECHANISMS
from taxgap.synthetic.vat.older_rule import MEAN_WEIGHT, risk_score
from taxgap.synthetic.vat.periods import lay_out
from taxgap.synthetic.vat.registration import NEVER, Spans, below_threshold, registered_months, spans
from taxgap.synthetic.vat.reports import applied_on, customs_reports, registrations
from taxgap.synthetic.vat.schemes import draw_schemes
from taxgap.synthetic.vat.supplies import supplies

__all__ = [
    "VAT",
    "below_threshold",
    "chains",
    "customs_reports",
    "draw_scene",
    "registered_months",
    "registrations",
]


def draw_scene(trading: Trading, form: Form, settings: Settings) -> Scene:
    """Draw the truthful VAT returns of some firms.

    Parameters
    ----------
    trading : Trading
        Firms of every legal form, in the order of their entity numbers.
    form : Form
        VAT, as the settings have it.
    settings : Settings

    Returns
    -------
    Scene
        One row a firm and period that ends in the tax years of the settings.
    """
    span = spans(trading)
    row = np.flatnonzero(span.any)
    firms, months = trading.take(row), registered_months(trading)[row]
    shares = supplies(firms)
    schemes = draw_schemes(firms, shares)
    asked = np.array([ALL_YEARS.index(label) for label in settings.tax_years])
    periods = lay_out(months, schemes["frequency"].to_numpy(), schemes["stagger"].to_numpy(), asked)
    activity, boxes = fill_in_truthfully(firms, periods, shares, schemes)
    firm = periods["firm"].to_numpy()
    panel = _panel(firms, periods, schemes)
    mine = Spans(span.first[row], span.last[row], span.compulsory[row], span.late[row], span.months)
    applied, _ = applied_on(mine, firms.streams)
    panel["registered_on"] = applied[firm]
    for channel in CHANNELS:
        activity[channel] = firms.firms[channel].to_numpy()[firm]
    activity["months"] = periods["months"].to_numpy(dtype=np.float64)
    activity["age"] = np.where(mine.first < 0, NEVER, 0)[firm] + periods["last"] - mine.first[firm]
    for name in ("rate", "sector_rate"):
        activity[name] = schemes[name].to_numpy()[firm]
    return Scene(form, panel, activity, boxes, Streams(settings.seed, panel["entity"]))


def _panel(firms: Trading, periods: pd.DataFrame, schemes: pd.DataFrame) -> pd.DataFrame:
    firm, last = periods["firm"].to_numpy(), periods["last"].to_numpy()
    members = missing_trader_chains(firms.streams.entity.astype(np.int64), firms.streams.seed, firms.months)
    role = np.full(len(firms), -1)
    role[members["row"]] = members["role"]
    names = ["entity", "taxpayer_id", "trade", "disposition", "agent", "gross"]
    panel = firms.firms[names].iloc[firm].reset_index(drop=True)
    return panel.assign(
        period=month_label(last),
        period_start=first_day(periods["first"].to_numpy()),
        period_end=last_day(last),
        due_on=periods["due_on"].to_numpy(),
        year=year_of_month(last),
        counter=last,
        flat=schemes["flat"].to_numpy()[firm],
        chain_role=role[firm],
    )


def _payable(completed: pd.DataFrame) -> Floats:
    return np.asarray(completed["net_vat"], dtype=np.float64)


# A trader files several returns a year, of which few are opened; that any are at random is an assumption.
_OF_SEVERAL = 0.4


def _one_return_of_several(scene: Scene) -> Floats:
    return np.full(len(scene), _OF_SEVERAL)


VAT = Form(
    regime="vat",
    boxes=PRIMITIVE_BOXES,
    context=(),
    complete=complete,
    tax="net_vat",
    mechanisms=MECHANISMS,
    risk_score=risk_score,
    payable=_payable,
    receipts=("sales", "output_tax", "acquisition_tax"),
    above={},
    slips=("output_tax", "input_tax"),
    random_weight=_one_return_of_several,
    risk_weight=_OF_SEVERAL,
    unpaid=0.05,  # (assumption)
    mean_weight=MEAN_WEIGHT,
    late=0.09,  # how many VAT returns are late, missing or corrected is not published (assumptions)
    never=0.012,
    amended=0.03,
    hours=7.0,
)
"""The form of VAT."""
