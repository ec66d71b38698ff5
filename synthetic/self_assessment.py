"""The Self Assessment return: the boxes that follow from others, for report and truthful twin alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.settings import BASE_YEAR
from taxgap.synthetic.streams import Floats
from taxgap.tax import personal_tax

PRIMITIVE_BOXES = (
    "employment_pay",
    "tax_deducted",
    "employment_expenses",
    "turnover",
    "other_business_income",
    *EXPENSE_BOXES,
    "capital_allowances",
    "trading_allowance",
    "accounts_months",
    "basis_adjustment",
    "losses_available",
    "cis_deductions",
    "rents",
    "property_repairs",
    "property_costs",
    "property_allowance",
    "finance_costs",
    "interest",
    "dividends",
    "pension",
    "foreign_income",
    "other_income",
    "pension_contributions",
    "gift_aid",
)
"""The boxes a person fills in; all others follow from them."""

PERSONAL = ("tax_year", "nation", "birth_year")
"""What the tax depends on beside the boxes."""

_CIS_RATE = 0.20
_LABOUR_SHARE = 0.70  # the scheme's deduction leaves out materials (assumption)
_TRANSITION_SHARE = 0.20  # a fifth of the transition profit is taxed in each of five years
_ALLOWANCE = 1_000.0


def fill_in_truthfully(activity: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Turn true activity into the primitive boxes of a truthful return.

    Parameters
    ----------
    activity : DataFrame
        From `taxgap.synthetic.activity.draw_activity`.
    panel : DataFrame
        The people and years of its rows.

    Returns
    -------
    DataFrame
        `PRIMITIVE_BOXES` in whole pounds, and `PERSONAL`.
    """
    boxes = activity.reindex(columns=PRIMITIVE_BOXES, fill_value=0.0).copy()
    boxes[list(PERSONAL)] = panel[list(PERSONAL)]
    _choose_allowances(boxes)
    boxes["cis_deductions"] = _CIS_RATE * _LABOUR_SHARE * activity["contractor"] * activity["annual_turnover"]
    boxes["basis_adjustment"] = _basis_adjustment(boxes, panel)
    boxes["tax_deducted"] = _tax_at_source(boxes)
    money = [box for box in PRIMITIVE_BOXES if box != "accounts_months"]
    boxes[money] = boxes[money].round()
    return boxes


def complete_return(boxes: pd.DataFrame) -> pd.DataFrame:
    """Work out every box that follows from the primitive ones, down to the tax charged.

    Parameters
    ----------
    boxes : DataFrame
        `PRIMITIVE_BOXES` and `PERSONAL`.

    Returns
    -------
    DataFrame
        `boxes` with `total_expenses`, `net_profit`, `losses_brought_forward`, `trading_profit`,
        `property_profit`, `total_income` and `tax_charged` added.
    """
    full = boxes.copy()
    full["total_expenses"] = full[list(EXPENSE_BOXES)].sum(axis=1)
    receipts = full["turnover"] + full["other_business_income"]
    full["net_profit"] = (
        receipts - full["total_expenses"] - full["capital_allowances"] - full["trading_allowance"]
    )
    profit = (full["net_profit"] + full["basis_adjustment"]).clip(lower=0.0)
    full["losses_brought_forward"] = np.minimum(full["losses_available"], profit)
    full["trading_profit"] = profit - full["losses_brought_forward"]
    costs = full["property_repairs"] + full["property_costs"] + full["property_allowance"]
    full["property_profit"] = (full["rents"] - costs).clip(lower=0.0)
    full["total_income"] = (full["employment_pay"] - full["employment_expenses"]).clip(lower=0.0) + full[
        ["trading_profit", "property_profit", *_OTHER_SOURCES]
    ].sum(axis=1)
    full["tax_charged"] = tax_charged(full)
    return full


_OTHER_SOURCES = ["interest", "dividends", "pension", "foreign_income", "other_income"]


def tax_charged(full: pd.DataFrame) -> Floats:
    """Return Income Tax, Class 2 and Class 4 on a completed return, in GBP, rounded to the penny."""
    incomes = full[[*_OTHER_SOURCES, "nation", "finance_costs", "pension_contributions", "gift_aid"]].copy()
    incomes["employment"] = (full["employment_pay"] - full["employment_expenses"]).clip(lower=0.0)
    incomes["self_employment"] = full["trading_profit"]
    incomes["property"] = full["property_profit"]
    start = full["tax_year"].str.slice(0, 4).astype("int64")
    incomes["over_state_pension_age"] = (start - full["birth_year"] >= 67).to_numpy()
    charged = np.zeros(len(full))
    for tax_year in full["tax_year"].unique():
        rows = (full["tax_year"] == tax_year).to_numpy()
        tax = personal_tax(incomes[rows], tax_year)
        charged[rows] = tax["income_tax"] + tax["nics_class_2"] + tax["nics_class_4"]
    return charged.round(2)


def _choose_allowances(boxes: pd.DataFrame) -> None:
    expenses = boxes[[*EXPENSE_BOXES, "capital_allowances"]].sum(axis=1)
    receipts = boxes["turnover"] + boxes["other_business_income"]
    trading = (receipts > 0) & (expenses < np.minimum(receipts, _ALLOWANCE))
    boxes["trading_allowance"] = np.where(trading, np.minimum(receipts.round(), _ALLOWANCE), 0.0)
    boxes.loc[trading, [*EXPENSE_BOXES, "capital_allowances"]] = 0.0
    costs = boxes["property_repairs"] + boxes["property_costs"]
    letting = (
        (boxes["rents"] > 0) & (costs < np.minimum(boxes["rents"], _ALLOWANCE)) & (boxes["finance_costs"] < 1)
    )
    boxes["property_allowance"] = np.where(letting, np.minimum(boxes["rents"].round(), _ALLOWANCE), 0.0)
    boxes.loc[letting, ["property_repairs", "property_costs"]] = 0.0


def _basis_adjustment(boxes: pd.DataFrame, panel: pd.DataFrame) -> Floats:
    # The profit of the months beyond twelve is taken out of the year of transition, and a fifth of it put
    # back there and in each later year. Overlap relief is left out.
    net = boxes["turnover"] + boxes["other_business_income"] - boxes["trading_allowance"]
    net = net - boxes[[*EXPENSE_BOXES, "capital_allowances"]].sum(axis=1)
    months = boxes["accounts_months"]
    transition = (net.clip(lower=0.0) * (months - 12) / months).where(panel["tax_year"] == BASE_YEAR, 0.0)
    known = transition.groupby(panel["entity"]).transform("sum")
    later = panel["tax_year"] > BASE_YEAR
    adjustment = np.where(later, _TRANSITION_SHARE * known, -(1 - _TRANSITION_SHARE) * transition)
    return np.asarray(adjustment + 0.0)  # no negative zeros


def _tax_at_source(boxes: pd.DataFrame) -> Floats:
    alone = boxes.copy()
    keep = {"employment_pay", "pension", "accounts_months"}
    alone[[box for box in PRIMITIVE_BOXES if box not in keep]] = 0.0
    full = complete_return(alone.assign(birth_year=1900))  # no National Insurance beside the Income Tax
    return np.asarray(full["tax_charged"])
