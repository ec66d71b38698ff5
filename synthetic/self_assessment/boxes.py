"""The Self Assessment return: the boxes that follow from others, for report and truthful twin alike."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import ALL_YEARS, BASE_YEAR, FIRST
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
    "partnership_profit",
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

PERSONAL = ("year", "nation", "birth_year")
"""What the tax depends on beside the boxes."""

_CIS_RATE = 0.20
_LABOUR_SHARE = 0.70  # the scheme's deduction leaves out materials (assumption)
_TRANSITION = ALL_YEARS.index(BASE_YEAR)
_TRANSITION_SHARE = 0.20  # a fifth of the transition profit is taxed in each of five years
_ALLOWANCE = 1_000.0
_PENSION_AGE = 67  # reached by the April on which the year begins


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
    box = {name: boxes[name].to_numpy() for name in PRIMITIVE_BOXES}
    expenses = np.sum([box[name] for name in EXPENSE_BOXES], axis=0)
    receipts = box["turnover"] + box["other_business_income"]
    net = receipts - expenses - box["capital_allowances"] - box["trading_allowance"]
    profit = np.maximum(net + box["basis_adjustment"], 0.0)
    losses = np.minimum(box["losses_available"], profit)
    costs = box["property_repairs"] + box["property_costs"] + box["property_allowance"]
    employment = np.maximum(box["employment_pay"] - box["employment_expenses"], 0.0)
    follows = {
        "total_expenses": expenses,
        "net_profit": net,
        "losses_brought_forward": losses,
        "trading_profit": profit - losses,
        "property_profit": np.maximum(box["rents"] - costs, 0.0),
    }
    own = follows["trading_profit"] + box["partnership_profit"]
    others = np.sum([box[name] for name in _OTHER_SOURCES], axis=0)
    follows["total_income"] = employment + own + follows["property_profit"] + others
    follows["tax_charged"] = _tax_charged(
        boxes, {"employment": employment, "self_employment": own, "property": follows["property_profit"]}
    )
    return pd.concat([boxes, pd.DataFrame(follows, index=boxes.index)], axis=1)


_OTHER_SOURCES = ["interest", "dividends", "pension", "foreign_income", "other_income"]
_AS_DECLARED = [*_OTHER_SOURCES, "finance_costs", "pension_contributions", "gift_aid"]


def _tax_charged(boxes: pd.DataFrame, incomes: dict[str, Floats]) -> Floats:
    """Return Income Tax, Class 2 and Class 4, in GBP, rounded to the penny."""
    incomes = incomes | {name: boxes[name].to_numpy() for name in _AS_DECLARED}
    year, nation = boxes["year"].to_numpy(), boxes["nation"].array
    retired = FIRST + year - boxes["birth_year"].to_numpy() >= _PENSION_AGE
    charged = np.zeros(len(boxes))
    for position in np.unique(year):
        rows = np.flatnonzero(year == position)
        person = {name: values[rows] for name, values in incomes.items()}
        frame = pd.DataFrame({**person, "nation": nation[rows], "over_state_pension_age": retired[rows]})
        tax = personal_tax(frame, ALL_YEARS[position])
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
    transition = (net.clip(lower=0.0) * (months - 12) / months).where(panel["year"] == _TRANSITION, 0.0)
    known = transition.groupby(panel["entity"]).transform("sum")
    later = panel["year"] > _TRANSITION
    adjustment = np.where(later, _TRANSITION_SHARE * known, -(1 - _TRANSITION_SHARE) * transition)
    return np.asarray(adjustment + 0.0)  # no negative zeros


def _tax_at_source(boxes: pd.DataFrame) -> Floats:
    nothing = np.zeros(len(boxes))
    alone = boxes.assign(**{box: nothing for box in PRIMITIVE_BOXES if box not in _TAXED_AT_SOURCE})
    full = complete_return(alone.assign(birth_year=1900))  # no National Insurance beside the Income Tax
    return np.asarray(full["tax_charged"])


_TAXED_AT_SOURCE = {"employment_pay", "pension", "accounts_months"}
