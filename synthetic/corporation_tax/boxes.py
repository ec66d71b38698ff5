"""The company tax return: its primitive boxes, and those that follow from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.corporation_tax import COST_LINES
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import first_day, last_day
from taxgap.synthetic.trading import Trading
from taxgap.tax import company_tax, loan_tax_rate

PRIMITIVE_BOXES = (
    "turnover",
    "other_income",
    *COST_LINES,
    "capital_allowances",
    "rd_relief",
    "losses_brought_forward",
    "loan_to_directors",
)
"""The boxes a company fills in; all others follow from them."""

CONTEXT = (
    "period_start",
    "period_end",
    "losses_available",
    "associated_companies",
    "dividends_paid",
    "opening_assets",
    "employees",
)
"""What the tax and the balance sheet depend on beside the boxes."""

_FLOWS = {
    "turnover": "turnover",
    "other_income": "other_income",
    "cost_of_sales": "goods",
    "staff_costs": "staff_costs",
    "directors_pay": "directors_pay",
    "premises_costs": "premises",
    "travel_costs": "travel",
    "other_costs": "other",
    "entertaining": "entertaining",
    "depreciation": "depreciation",
    "capital_allowances": "capital_allowances",
    "loan_to_directors": "loan",
    "dividends_paid": "dividends",
}

_EXTRA_DEDUCTION = np.array([1.30, 1.30, 1.30, 0.86, 0.86, 0.86])
"""Extra deduction for each pound of research by small companies, by year: 130% before 1 April 2023, 86% after
(memory). Large companies have a taxable credit, which is left out, as is the merged scheme of 2024."""

_LARGEST_RESEARCHER = 85e6  # turnover in GBP up to which a company has that scheme (memory: EUR 100m)
_MOVES = 0.25  # standard deviation (log) of what else moves the balance sheet (assumption)
_TWO_DIRECTORS = 0.4  # share of companies with two directors, among them those who pay a spouse (assumption)


def fill_in_truthfully(trading: Trading, periods: pd.DataFrame, shares: Floats) -> pd.DataFrame:
    """Turn what companies truly did into the primitive boxes of truthful returns.

    Parameters
    ----------
    trading : Trading
    periods : DataFrame
        From `accounting_periods`, of all years: losses are carried from one to the next.
    shares : ndarray, shape (periods, years)
        From `shares_of_years`.

    Returns
    -------
    DataFrame
        `PRIMITIVE_BOXES` in whole pounds, and `CONTEXT`.
    """
    firm = periods["firm"].to_numpy()
    boxes = pd.DataFrame(
        {box: _whole(shares, trading.annual[name][firm]) for box, name in _FLOWS.items()}, copy=False
    )
    small = trading.firms["gross"].to_numpy()[firm] <= _LARGEST_RESEARCHER
    research = trading.annual["research"][firm] * _EXTRA_DEDUCTION[: trading.columns]
    boxes["rd_relief"] = _whole(shares, research) * small
    boxes["period_start"] = first_day(periods["first"].to_numpy())
    boxes["period_end"] = last_day(periods["last"].to_numpy())
    boxes["associated_companies"] = trading.firms["associated"].to_numpy()[firm].astype(np.float64)
    boxes["losses_available"] = _losses_available(profit_before_losses(boxes), firm)
    boxes["losses_brought_forward"] = boxes["losses_available"]
    boxes["employees"] = _head_count(trading, shares, firm)
    boxes["opening_assets"] = _opening_assets(trading, periods)
    return boxes


def _whole(shares: Floats, annual: Floats) -> Floats:
    return np.asarray((shares * annual).sum(axis=1).round() + 0.0)  # no negative zeros


def complete_return(boxes: pd.DataFrame) -> pd.DataFrame:
    """Work out every box that follows from the primitive ones, down to the tax chargeable.

    Parameters
    ----------
    boxes : DataFrame
        `PRIMITIVE_BOXES` and `CONTEXT`.

    Returns
    -------
    DataFrame
        `boxes` with `profit_before_tax`, `added_back`, `taxable_profit`, `marginal_relief`,
        `corporation_tax`, `tax_on_loans`, `tax_charged` and `net_assets` added, and `losses_brought_forward`
        cut to the profit.

    Notes
    -----
    A company uses all the losses that it has, and more only where the box says so. Loans to directors are
    taxed at the rate of the last day of the period. Not in the model: the limit of GBP 5 million on losses
    brought forward, group relief, and repayment of the tax on loans.
    """
    costs = boxes[list(COST_LINES)].to_numpy().sum(axis=1)
    profit_before_tax = boxes["turnover"].to_numpy() + boxes["other_income"].to_numpy() - costs
    profit = np.maximum(profit_before_losses(boxes), 0.0)
    claimed = np.maximum(boxes["losses_brought_forward"].to_numpy(), boxes["losses_available"].to_numpy())
    used = np.minimum(claimed, profit)
    tax = _tax(boxes, profit - used)
    on_loans = boxes["loan_to_directors"].to_numpy() * loan_tax_rate(boxes["period_end"].to_numpy())
    charged = (tax["corporation_tax"].to_numpy().round(2) + on_loans.round(2)).round(2)
    kept = profit_before_tax - charged - boxes["dividends_paid"].to_numpy()
    return boxes.assign(
        losses_brought_forward=used,
        profit_before_tax=profit_before_tax,
        added_back=_added_back(boxes),
        taxable_profit=profit - used,
        marginal_relief=tax["marginal_relief"].to_numpy().round(2),
        corporation_tax=tax["corporation_tax"].to_numpy().round(2),
        tax_on_loans=on_loans.round(2),
        tax_charged=charged,
        net_assets=(boxes["opening_assets"].to_numpy() + kept).round(),
    )


def profit_before_losses(boxes: pd.DataFrame) -> Floats:
    """Return the profit of the computation before losses brought forward, in GBP; negative for a loss."""
    receipts = boxes["turnover"].to_numpy() + boxes["other_income"].to_numpy()
    costs = boxes[[*COST_LINES, "capital_allowances", "rd_relief"]].to_numpy().sum(axis=1)
    return np.asarray(receipts - costs + _added_back(boxes))


def _added_back(boxes: pd.DataFrame) -> Floats:
    return np.asarray(boxes["entertaining"].to_numpy() + boxes["depreciation"].to_numpy())


def _tax(boxes: pd.DataFrame, taxable_profit: Floats) -> pd.DataFrame:
    taxed = boxes[["period_start", "period_end", "associated_companies"]].assign(profit=taxable_profit)
    return company_tax(taxed)


def _losses_available(profit: Floats, firm: NDArray[np.int64]) -> Floats:
    # Period by period: the losses so far, less what this profit uses, more what this period loses.
    starts = np.flatnonzero(np.r_[True, firm[1:] != firm[:-1]]) if len(firm) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(firm)])
    available, pool = np.zeros(len(firm)), np.zeros(len(starts))
    for place in range(int(counts.max(initial=0))):
        have = counts > place
        row = starts[have] + place
        available[row] = pool[have]
        pool[have] = np.maximum(pool[have] - profit[row], 0.0)
    return available


def _head_count(trading: Trading, shares: Floats, firm: NDArray[np.int64]) -> Floats:
    # The average of the years, by what falls in the period; with one director, or two.
    weight = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    directors = 1 + trading.streams.happens(_TWO_DIRECTORS, "second director")
    return np.asarray(((trading.annual["employees"][firm] * weight).sum(axis=1) + directors[firm]).round())


def _opening_assets(trading: Trading, periods: pd.DataFrame) -> Floats:
    # Between the ends of the years in proportion to months.
    firm, first = periods["firm"].to_numpy(), periods["first"].to_numpy()
    level = trading.annual["net_assets"]
    year = np.clip(first / 12 - 1, 0, trading.columns - 1)
    low = np.floor(year).astype(np.int64)
    high = np.minimum(low + 1, trading.columns - 1)
    between = level[firm, low] + (year - low) * (level[firm, high] - level[firm, low])
    noise = trading.streams[firm].normal("corporation tax balance sheet", periods["last"].to_numpy())
    return np.asarray((between * np.exp(_MOVES * noise)).round())
