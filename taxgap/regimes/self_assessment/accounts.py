"""What a return says of its own year: expenses, margins, reliefs and property."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats, ratio, round_share
from taxgap.regimes.self_assessment.panel import Panel
from taxgap.schemas.self_assessment import EXPENSE_BOXES

FEWEST_BOXES = 3
"""Fewer expense boxes than this say nothing about rounding."""


def measure_expenses(panel: Panel) -> dict[str, Floats]:
    """Measure the families `expenses` and `margin`, but for the years before.

    Expenses are divided by the turnover of the same accounts, however many months they cover. Where the
    trading allowance is claimed there are no expenses to compare.
    """
    returns = panel.returns
    turnover = np.where(returns["trading_allowance"] == 0, returns["turnover"], np.nan)
    boxes = {
        "expenses_to_turnover": "total_expenses",
        "subcontractors_to_turnover": "subcontractor_costs",
        "staff_to_turnover": "staff_costs",
        "travel_to_turnover": "travel_costs",
        "premises_to_turnover": "premises_costs",
        "office_to_turnover": "office_costs",
        "other_to_turnover": "other_expenses",
        "capital_to_turnover": "capital_allowances",
    }
    expense_boxes = np.column_stack([returns[box] for box in EXPENSE_BOXES])
    return {
        **{feature: ratio(returns[box], turnover) for feature, box in boxes.items()},
        "round_expenses": round_share(expense_boxes, FEWEST_BOXES),
        "gross_margin": ratio(turnover - returns["cost_of_goods"], turnover),
    }


def measure_reliefs(panel: Panel) -> dict[str, Floats]:
    """Measure the family `reliefs`, but for the years before."""
    returns = panel.returns
    losses = returns["losses_brought_forward"]
    return {
        "losses_to_profit": ratio(losses, returns["trading_profit"] + losses),
        "pension_to_income": ratio(returns["pension_contributions"], returns["total_income"]),
        "gift_aid_to_income": ratio(returns["gift_aid"], returns["total_income"]),
        "employment_expenses_to_pay": ratio(returns["employment_expenses"], returns["employment_pay"]),
    }


def measure_property(panel: Panel) -> dict[str, Floats]:
    """Measure the family `property`, but for the years before; the property allowance rules out costs."""
    returns = panel.returns
    rents = np.where(returns["property_allowance"] == 0, returns["rents"], np.nan)
    return {
        "costs_to_rents": ratio(returns["property_costs"], rents),
        "repairs_to_rents": ratio(returns["property_repairs"], rents),
        "finance_to_rents": ratio(returns["finance_costs"], rents),
    }
