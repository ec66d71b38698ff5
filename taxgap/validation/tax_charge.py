"""The tax charged on a return against the tax worked out from its boxes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.tax import personal_tax, tax_years
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule

TOLERANCE = 2.0
"""Pounds: reliefs and rounding that the boxes do not show."""

_PENSION_AGE = 66
_SAME = (
    "interest",
    "dividends",
    "pension",
    "foreign_income",
    "other_income",
    "finance_costs",
    "pension_contributions",
    "gift_aid",
)
_COLUMNS = (
    "employment_pay",
    "employment_expenses",
    "trading_profit",
    "partnership_profit",
    "property_profit",
    *_SAME,
)


def _differs(returns: pd.DataFrame, context: Context) -> Mask:
    people = _people(context)
    judged = returns[list(_COLUMNS)].notna().all(axis=1).to_numpy() & people.notna().all(axis=1).to_numpy()
    labels = returns["period"].where(judged & context.has_tax_year("self_assessment"))
    failing = np.zeros(len(returns), dtype=np.bool_)
    for tax_year in labels.dropna().unique():
        if tax_year >= tax_years()[0]:
            rows = (labels == tax_year).to_numpy(dtype=np.bool_)
            failing[rows] = _differs_in_year(returns[rows], people[rows], tax_year)
    return failing


def _differs_in_year(returns: pd.DataFrame, people: pd.DataFrame, tax_year: str) -> Mask:
    # The register holds the year of birth, not the day. Who turned pension age in the year that the tax year
    # begins in may have done so before 6 April or after it: either charge is right.
    incomes = _incomes(returns).assign(nation=people["nation"].to_numpy())
    age = int(tax_year[:4]) - people["birth_year"].to_numpy()
    charged = returns["tax_charged"].to_numpy()
    off = _is_off(charged, incomes.assign(over_state_pension_age=age >= _PENSION_AGE), tax_year)
    unsure = off & (age == _PENSION_AGE)
    if unsure.any():
        off[unsure] = _is_off(charged[unsure], incomes[unsure].assign(over_state_pension_age=False), tax_year)
    return off


def _is_off(charged: NDArray[np.float64], incomes: pd.DataFrame, tax_year: str) -> Mask:
    tax = personal_tax(incomes, tax_year)
    due = tax["income_tax"] + tax["nics_class_2"] + tax["nics_class_4"]
    off: Mask = np.abs(charged - due.to_numpy()) > TOLERANCE
    return off


def _incomes(returns: pd.DataFrame) -> pd.DataFrame:
    incomes = returns[list(_SAME)].copy()
    incomes["employment"] = (returns["employment_pay"] - returns["employment_expenses"]).clip(lower=0.0)
    incomes["self_employment"] = returns["trading_profit"] + returns["partnership_profit"]
    incomes["property"] = returns["property_profit"]
    return incomes


def _people(context: Context) -> pd.DataFrame:
    register = context.kept("taxpayers", "nation", "birth_year")
    keys = context.kept_key("taxpayers", "taxpayer")
    asked = context.key("self_assessment", "taxpayer")
    columns = {name: context.look_up(register[name], keys, asked) for name in ("nation", "birth_year")}
    return pd.DataFrame(columns)


RULES = (
    Rule(
        code="tax_charged",
        table="self_assessment",
        severity="warn",
        columns=("tax_charged", "taxpayer_id", "period", *_COLUMNS),
        needs=("taxpayers",),
        sentence="The tax charged differs from the tax on the boxes by more than two pounds.",
        remedy="Look for reliefs and charges that the boxes do not show, or for a mistyped box.",
        check=_differs,
    ),
)
