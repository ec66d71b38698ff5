"""Rules within an employer's year: what is due adds up, and deductions fit what was paid."""

from __future__ import annotations

import pandas as pd

from taxgap.tax import tax_law, tax_years
from taxgap.validation.context import Context
from taxgap.validation.rule import Rule
from taxgap.validation.sums import exceeds, sum_rule

_DUE = (
    "tax_deducted",
    "employee_nics",
    "employer_nics",
    "employment_allowance",
    "cis_deducted",
    "cis_suffered",
)


def tax_charged(year: pd.DataFrame) -> pd.Series:
    """Add up what was deducted and the employer's contributions, less the allowance and what was suffered."""
    deducted = year["tax_deducted"] + year["employee_nics"] + year["cis_deducted"]
    return deducted + year["employer_nics"] - year["employment_allowance"] - year["cis_suffered"]


def _directors_exceed_all(year: pd.DataFrame, _context: Context) -> pd.Series:
    return exceeds(year["directors_pay"], year["pay"])


def _deduction_is_high(year: pd.DataFrame, _context: Context) -> pd.Series:
    rate = tax_law(tax_years()[-1]).construction.unregistered_rate  # the same in every year held
    return exceeds(year["cis_deducted"], rate * year["paid_to_subcontractors"])


def _pays_nobody(year: pd.DataFrame, _context: Context) -> pd.Series:
    return (year["employees"] <= 0) & (year["pay"] > 0)


RULES = (
    sum_rule(
        "employer_paye",
        "employer_tax_charged_adds_up",
        box="tax_charged",
        parts=_DUE,
        should_be=tax_charged,
        words="What is due differs from deductions and contributions less what is set off",
    ),
    Rule(
        code="directors_pay_within_pay",
        table="employer_paye",
        columns=("directors_pay", "pay"),
        sentence="Directors' pay is more than all pay.",
        remedy="Compare with the payroll: pay includes that of directors.",
        check=_directors_exceed_all,
    ),
    Rule(
        code="construction_deduction",
        table="employer_paye",
        severity="warn",
        columns=("cis_deducted", "paid_to_subcontractors"),
        sentence="More was deducted from subcontractors than the highest rate of the construction scheme.",
        remedy="Look for payments that were not reported, or deductions reported twice.",
        check=_deduction_is_high,
    ),
    Rule(
        code="pay_without_employees",
        table="employer_paye",
        severity="warn",
        columns=("employees", "pay"),
        sentence="Pay is reported, but nobody who had it.",
        remedy="Compare with the payroll; directors count as employees.",
        check=_pays_nobody,
    ),
)
