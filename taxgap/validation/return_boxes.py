"""Rules within a Self Assessment return: boxes that must add up, and claims that exclude each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.tax import tax_law
from taxgap.tax.law import tax_years
from taxgap.validation.context import Context
from taxgap.validation.labels import first_day
from taxgap.validation.rule import Rule
from taxgap.validation.sums import exceeds, sum_rule

_PROFIT = ("net_profit", "basis_adjustment")
_SOURCES = (
    "trading_profit",
    "partnership_profit",
    "property_profit",
    "interest",
    "dividends",
    "pension",
    "foreign_income",
    "other_income",
)


def total_expenses(boxes: pd.DataFrame) -> pd.Series:
    """Add up the expense boxes."""
    return boxes[list(EXPENSE_BOXES)].sum(axis=1)


def net_profit(boxes: pd.DataFrame) -> pd.Series:
    """Take expenses and allowances from the income of the trade."""
    deductions = boxes["total_expenses"] + boxes["capital_allowances"] + boxes["trading_allowance"]
    return boxes["turnover"] + boxes["other_business_income"] - deductions


def adjusted_profit(boxes: pd.DataFrame) -> pd.Series:
    """Return the profit of the basis period, not below nothing, before losses."""
    return (boxes["net_profit"] + boxes["basis_adjustment"]).clip(lower=0.0)


def trading_profit(boxes: pd.DataFrame) -> pd.Series:
    """Take the losses brought forward from the profit of the basis period."""
    return (adjusted_profit(boxes) - boxes["losses_brought_forward"]).clip(lower=0.0)


def property_profit(boxes: pd.DataFrame) -> pd.Series:
    """Take costs and the allowance from the rents, not below nothing."""
    costs = boxes["property_repairs"] + boxes["property_costs"] + boxes["property_allowance"]
    return (boxes["rents"] - costs).clip(lower=0.0)


def total_income(boxes: pd.DataFrame) -> pd.Series:
    """Add up the sources of income."""
    employment = (boxes["employment_pay"] - boxes["employment_expenses"]).clip(lower=0.0)
    return employment + boxes[list(_SOURCES)].sum(axis=1)


def _losses_exceed_profit(boxes: pd.DataFrame, _context: Context) -> pd.Series:
    return exceeds(boxes["losses_brought_forward"], adjusted_profit(boxes))


def _trading_allowance_fails(boxes: pd.DataFrame, context: Context) -> pd.Series:
    claimed, most = boxes["trading_allowance"], _allowance("trading_allowance", context)
    excluded = (boxes["total_expenses"] > 0) | (boxes["capital_allowances"] > 0)
    return (claimed > 0) & (excluded | (claimed > most))


def _property_allowance_fails(boxes: pd.DataFrame, context: Context) -> pd.Series:
    claimed, most = boxes["property_allowance"], _allowance("property_allowance", context)
    excluded = (boxes["property_repairs"] > 0) | (boxes["property_costs"] > 0)
    return (claimed > 0) & (excluded | (claimed > most))


def _allowance(name: str, context: Context) -> NDArray[np.float64]:
    # The allowances are older than the first year whose law is held, and were the same before it.
    earliest = tax_years()[0]

    def limit(label: str) -> float:
        year = earliest if first_day(label) == "NaT" else max(label, earliest)
        return float(getattr(tax_law(year).allowances, name))

    return context.of_label("self_assessment", limit)


RULES = (
    sum_rule(
        "self_assessment",
        "expenses_add_up",
        box="total_expenses",
        parts=EXPENSE_BOXES,
        should_be=total_expenses,
        words="Total expenses differ from the sum of the expense boxes",
    ),
    sum_rule(
        "self_assessment",
        "net_profit_adds_up",
        box="net_profit",
        parts=(
            "turnover",
            "other_business_income",
            "total_expenses",
            "capital_allowances",
            "trading_allowance",
        ),
        should_be=net_profit,
        words="Net profit differs from income of the trade less expenses and allowances",
    ),
    sum_rule(
        "self_assessment",
        "trading_profit_adds_up",
        box="trading_profit",
        parts=(*_PROFIT, "losses_brought_forward"),
        should_be=trading_profit,
        words="Trading profit differs from net profit, adjusted, less losses brought forward",
    ),
    sum_rule(
        "self_assessment",
        "property_profit_adds_up",
        box="property_profit",
        parts=("rents", "property_repairs", "property_costs", "property_allowance"),
        should_be=property_profit,
        words="Property profit differs from rents less costs and allowance",
    ),
    sum_rule(
        "self_assessment",
        "total_income_adds_up",
        box="total_income",
        parts=("employment_pay", "employment_expenses", *_SOURCES),
        should_be=total_income,
        words="Total income differs from the sum of its sources",
    ),
    Rule(
        code="losses_within_profit",
        table="self_assessment",
        columns=("losses_brought_forward", *_PROFIT),
        sentence="More losses are used than there is profit.",
        remedy="Compare the boxes with the return as filed; unused losses are carried on.",
        check=_losses_exceed_profit,
    ),
    Rule(
        code="trading_allowance_alone",
        table="self_assessment",
        columns=("trading_allowance", "total_expenses", "capital_allowances", "period"),
        sentence="The trading allowance is above its limit, or claimed beside costs or capital allowances.",
        remedy="Keep either the allowance or the actual costs.",
        check=_trading_allowance_fails,
    ),
    Rule(
        code="property_allowance_alone",
        table="self_assessment",
        columns=("property_allowance", "property_repairs", "property_costs", "period"),
        sentence="The property allowance is above its limit, or claimed beside property costs.",
        remedy="Keep either the allowance or the actual costs.",
        check=_property_allowance_fails,
    ),
)
