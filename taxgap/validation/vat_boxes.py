"""Rules within a VAT return: boxes that must add up, and tax that fits what it is charged on."""

from __future__ import annotations

import pandas as pd

from taxgap.tax import vat_law
from taxgap.validation.context import Context
from taxgap.validation.rule import Rule
from taxgap.validation.sums import TOLERANCE, exceeds, sum_rule


def total_output_tax(boxes: pd.DataFrame) -> pd.Series:
    """Add up boxes 1 and 2."""
    return boxes["output_tax"] + boxes["acquisition_tax"]


def net_vat(boxes: pd.DataFrame) -> pd.Series:
    """Take box 4 from box 3; negative where VAT is to be repaid."""
    return boxes["total_output_tax"] - boxes["input_tax"]


def _acquires_nothing(boxes: pd.DataFrame, _context: Context) -> pd.Series:
    return (boxes["acquisition_tax"] > TOLERANCE) & (boxes["goods_from_eu"] <= 0)


def _input_tax_is_high(boxes: pd.DataFrame, _context: Context) -> pd.Series:
    rate = vat_law("2021-22").standard_rate  # the same on every day of the law held
    return exceeds(boxes["input_tax"], rate * boxes["purchases"])


RULES = (
    sum_rule(
        "vat",
        "total_output_tax_adds_up",
        box="total_output_tax",
        parts=("output_tax", "acquisition_tax"),
        should_be=total_output_tax,
        words="Box 3 differs from boxes 1 and 2 together",
    ),
    sum_rule(
        "vat",
        "net_vat_adds_up",
        box="net_vat",
        parts=("total_output_tax", "input_tax"),
        should_be=net_vat,
        words="Box 5 differs from box 3 less box 4",
    ),
    Rule(
        code="acquisition_tax_without_goods",
        table="vat",
        columns=("acquisition_tax", "goods_from_eu"),
        sentence="Box 2 has VAT on goods acquired from the EU, but box 9 has no such goods.",
        remedy="Compare the boxes with the return as filed.",
        check=_acquires_nothing,
    ),
    Rule(
        code="input_tax_rate",
        table="vat",
        severity="warn",
        columns=("input_tax", "purchases"),
        sentence="VAT reclaimed is above the standard rate on purchases.",
        remedy="Look for corrections of earlier periods, bad debts or a mistyped box.",
        check=_input_tax_is_high,
    ),
)
