"""What follows on a form from the boxes that somebody fills in: totals, and the tax charged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.tax import personal_tax, tax_years
from taxgap.validation import return_boxes, vat_boxes

_PENSION_AGE = 67
"""Who turns so old in the calendar year had reached State Pension age by its April (assumption: 66)."""

_NEEDED = (
    *("employment_pay", "employment_expenses", "turnover", "other_business_income"),
    *("capital_allowances", "trading_allowance", "basis_adjustment", "losses_brought_forward"),
    *("partnership_profit", "rents", "property_repairs", "property_costs", "property_allowance"),
    *("interest", "dividends", "pension", "foreign_income", "other_income", "finance_costs"),
    *("pension_contributions", "gift_aid", *EXPENSE_BOXES),
)
_TAXED = (
    *("interest", "dividends", "pension", "foreign_income", "other_income"),
    *("finance_costs", "pension_contributions", "gift_aid"),
)


@dataclass(frozen=True)
class Completion:
    """How a form is completed.

    Attributes
    ----------
    follow : callable
        Returns, indexed by (taxpayer_id, period), to the boxes that follow from others.
    charge : callable
        Completed returns, with `nation` and `birth_year` of the register, to the tax in GBP; missing where it
        cannot be worked out.
    box : str
        The box of the tax charged; empty where it is among those that follow.
    """

    follow: Callable[[pd.DataFrame], pd.DataFrame]
    charge: Callable[[pd.DataFrame], Floats]
    box: str = ""


def follow_self_assessment(returns: pd.DataFrame) -> pd.DataFrame:
    """Work out the totals of Self Assessment returns.

    Parameters
    ----------
    returns : DataFrame
        The boxes in GBP; those that are not there count as zero. Losses brought forward are those claimed.

    Returns
    -------
    DataFrame
        `total_expenses`, `net_profit`, `losses_brought_forward`, no more than the profit leaves room for,
        `trading_profit`, `property_profit` and `total_income`.

    Examples
    --------
    >>> boxes = pd.DataFrame({"turnover": [900.0], "travel_costs": 100.0, "losses_brought_forward": 950.0})
    >>> follow_self_assessment(boxes)[["net_profit", "losses_brought_forward"]].loc[0].tolist()
    [800.0, 800.0]
    """
    boxes = returns.reindex(columns=list(_NEEDED), fill_value=0.0).astype(np.float64).fillna(0.0)
    boxes["total_expenses"] = return_boxes.total_expenses(boxes)
    boxes["net_profit"] = return_boxes.net_profit(boxes)
    room = return_boxes.adjusted_profit(boxes)
    boxes["losses_brought_forward"] = np.minimum(boxes["losses_brought_forward"], room)
    boxes["trading_profit"] = return_boxes.trading_profit(boxes)
    boxes["property_profit"] = return_boxes.property_profit(boxes)
    boxes["total_income"] = return_boxes.total_income(boxes)
    return boxes[
        [
            *("total_expenses", "net_profit", "losses_brought_forward"),
            *("trading_profit", "property_profit", "total_income"),
        ]
    ]


def charge_self_assessment(returns: pd.DataFrame) -> Floats:
    """Work out Income Tax and National Insurance on completed Self Assessment returns.

    Parameters
    ----------
    returns : DataFrame
        Indexed by (taxpayer_id, period), with `nation` and `birth_year`.

    Returns
    -------
    ndarray of float64
        GBP; missing for tax years before the law that is held, and for people of unknown age or nation.
    """
    incomes = (
        returns.reindex(columns=list(_TAXED), fill_value=0.0).astype(np.float64).fillna(0.0).clip(lower=0)
    )
    pay = returns.reindex(columns=["employment_pay", "employment_expenses"], fill_value=0.0).fillna(0.0)
    incomes["employment"] = (pay["employment_pay"] - pay["employment_expenses"]).clip(lower=0.0)
    profits = returns.reindex(columns=["trading_profit", "partnership_profit"], fill_value=0.0).fillna(0.0)
    incomes["self_employment"] = profits.sum(axis=1).clip(lower=0.0)
    incomes["property"] = returns["property_profit"]
    incomes["nation"] = returns["nation"].astype(object)
    periods, charged = returns.index.get_level_values("period"), np.full(len(returns), np.nan)
    known = returns[["nation", "birth_year"]].notna().all(axis=1).to_numpy()
    for period in periods[known].unique():
        rows = np.flatnonzero(known & (periods == period))
        if period >= tax_years()[0]:
            age = int(period[:4]) - returns["birth_year"].to_numpy()[rows]
            people = incomes.iloc[rows].assign(over_state_pension_age=age >= _PENSION_AGE)
            tax = personal_tax(people, period)
            charged[rows] = tax["income_tax"] + tax["nics_class_2"] + tax["nics_class_4"]
    return charged


def follow_vat(returns: pd.DataFrame) -> pd.DataFrame:
    """Work out boxes 3 and 5 of VAT returns, in GBP; boxes that are not there count as zero.

    Examples
    --------
    >>> boxes = pd.DataFrame({"output_tax": [100.0], "input_tax": 130.0})
    >>> follow_vat(boxes).loc[0].tolist()
    [100.0, -30.0]
    """
    boxes = returns.reindex(columns=["output_tax", "acquisition_tax", "input_tax"]).fillna(0.0)
    boxes["total_output_tax"] = vat_boxes.total_output_tax(boxes)
    boxes["net_vat"] = vat_boxes.net_vat(boxes)
    return boxes[["total_output_tax", "net_vat"]]


def _charge_vat(returns: pd.DataFrame) -> Floats:
    return np.asarray(returns["net_vat"], dtype=np.float64)


COMPLETIONS = {
    "self_assessment": Completion(follow_self_assessment, charge_self_assessment, "tax_charged"),
    "vat": Completion(follow_vat, _charge_vat),
}
"""How the forms are completed of which the library knows it; of others, an evaluator brings his own."""
