"""The truthful company returns of some firms, and what lies behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic import vat
from taxgap.synthetic.corporation_tax.boxes import fill_in_truthfully
from taxgap.synthetic.corporation_tax.periods import YEAR, accounting_periods, shares_of_years
from taxgap.synthetic.form import Form, Scene
from taxgap.synthetic.hiding import hidden_cash_share, hidden_share
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import (
    ALL_YEARS,
    DAY,
    LOOKBACK,
    first_day,
    last_day,
    month_label,
    year_of_month,
)
from taxgap.synthetic.trading import CHANNELS, Trading

_OF_THE_FIRM = ("entity", "taxpayer_id", "trade", "disposition", "agent", "gross", "owner", "first_year")


def draw_scene(trading: Trading, form: Form, settings: Settings) -> Scene:
    """Draw the truthful returns of the companies among some firms.

    Parameters
    ----------
    trading : Trading
        Firms of all legal forms.
    form : Form
        Corporation Tax, as the settings have it.
    settings : Settings
        Returns are those of periods that end in its tax years.

    Returns
    -------
    Scene
        `activity` has the channels of turnover, the months of the period, and what is hidden in GBP: `hidden`
        (whichever way customers paid), `hidden_cash`, `hidden_below` (to stay below the VAT threshold).
    """
    companies = trading.take(np.flatnonzero(trading.firms["legal_form"] == FORMS.index("company")))
    periods = accounting_periods(companies)
    shares = shares_of_years(companies, periods)
    boxes = fill_in_truthfully(companies, periods, shares)
    asked = np.isin(
        year_of_month(periods["last"].to_numpy()), [ALL_YEARS.index(label) for label in settings.tax_years]
    )
    periods, boxes = (frame[asked].reset_index(drop=True) for frame in (periods, boxes))
    panel = _panel(companies, periods)
    streams = Streams(settings.seed, panel["entity"])
    return Scene(form, panel, _activity(companies, periods, shares[asked]), boxes, streams)


def _panel(trading: Trading, periods: pd.DataFrame) -> pd.DataFrame:
    last = periods["last"].to_numpy()
    panel = trading.firms[list(_OF_THE_FIRM)].iloc[periods["firm"].to_numpy()].reset_index(drop=True)
    return panel.assign(
        period=month_label(last),
        period_start=first_day(periods["first"].to_numpy()),
        period_end=last_day(last),
        due_on=last_day(periods["accounts_end"].to_numpy() + YEAR),
        pay_by=last_day(last + 9) + DAY,  # nine months and a day after the period
        year=year_of_month(last),
        counter=last,
    )


def _activity(trading: Trading, periods: pd.DataFrame, shares: Floats) -> pd.DataFrame:
    firm = periods["firm"].to_numpy()
    channels = trading.firms[list(CHANNELS)].iloc[firm].reset_index(drop=True)
    hidden = {name: (shares * amounts[firm]).sum(axis=1) for name, amounts in _hidden(trading).items()}
    return channels.assign(months=(periods["last"] - periods["first"] + 1).to_numpy(), **hidden)


def _hidden(trading: Trading) -> dict[str, Floats]:
    """Return what firms leave out of their turnover by year in GBP, each array of shape (firms, years)."""
    turnover, firms = trading.annual["turnover"], trading.firms
    below = _hidden_below(trading)
    free = turnover * (below == 0)  # whoever stays below the threshold hides what that takes, and no more
    lean = trades()["lean"].to_numpy()[firms["trade"].to_numpy()]
    known = {"disposition": firms["disposition"], "lean": lean, "size": firms["gross"]}
    cash = firms["cash"].to_numpy()
    covered = firms[["card", "platform", "contractor"]].to_numpy().sum(axis=1)
    years = range(-LOOKBACK, trading.columns - LOOKBACK)
    shares = [hidden_share(trading.streams, year, covered=covered, **known) for year in years]
    in_cash = [hidden_cash_share(trading.streams, year, cash=cash, **known) for year in years]
    return {
        "hidden": free * np.column_stack(shares),
        "hidden_cash": free * np.column_stack(in_cash),
        "hidden_below": below,
    }


def _hidden_below(trading: Trading) -> Floats:
    hidden = np.zeros_like(trading.annual["turnover"])
    below = vat.below_threshold(trading)
    place = below["row"].to_numpy(), below["year"].to_numpy() + LOOKBACK
    hidden[place] = np.maximum(trading.annual["turnover"][place] - below["declared"].to_numpy(), 0.0)
    return hidden
