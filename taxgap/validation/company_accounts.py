"""Rules within a company tax return: accounts and computation that must add up, and the tax on the profit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.corporation_tax import COST_LINES
from taxgap.tax import company_tax
from taxgap.validation.context import Context
from taxgap.validation.labels import days
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.sums import SLACK, TOLERANCE, exceeds, sum_rule

LAW_FROM = "2020-04-01"
"""The first day of which `company_tax` knows the law; earlier periods are not compared."""

_COMPUTATION = ("profit_before_tax", "added_back", "capital_allowances", "rd_relief")
_TAXED = ("taxable_profit", "associated_companies", "period_start", "period_end")


def profit_before_tax(lines: pd.DataFrame) -> pd.Series:
    """Take the costs of the accounts from turnover and other income."""
    return lines["turnover"] + lines["other_income"] - lines[list(COST_LINES)].sum(axis=1)


def added_back(lines: pd.DataFrame) -> pd.Series:
    """Add up the costs that no company may deduct."""
    return lines["entertaining"] + lines["depreciation"]


def profit_before_losses(lines: pd.DataFrame) -> pd.Series:
    """Turn the profit of the accounts into that of the computation, not below nothing, before losses."""
    profit = lines["profit_before_tax"] + lines["added_back"]
    return (profit - lines["capital_allowances"] - lines["rd_relief"]).clip(lower=0.0)


def taxable_profit(lines: pd.DataFrame) -> pd.Series:
    """Take the losses brought forward from the profit of the computation."""
    return (profit_before_losses(lines) - lines["losses_brought_forward"]).clip(lower=0.0)


def tax_charged(lines: pd.DataFrame) -> pd.Series:
    """Add up Corporation Tax and the tax on loans to directors."""
    return lines["corporation_tax"] + lines["tax_on_loans"]


def _losses_exceed_profit(lines: pd.DataFrame, _context: Context) -> pd.Series:
    return exceeds(lines["losses_brought_forward"], profit_before_losses(lines))


def _is_too_long(lines: pd.DataFrame, _context: Context) -> Mask:
    # The last day of twelve months from 1 March 2023 is 29 February 2024; from 29 February, 28 February.
    starts, ends = days(lines["period_start"]), days(lines["period_end"])
    months = starts.astype("datetime64[M]")
    day_of_month = starts - months.astype("datetime64[D]")
    return as_mask(ends >= (months + 12).astype("datetime64[D]") + day_of_month)


def _tax_differs(returns: pd.DataFrame, context: Context) -> Mask:
    whole = returns["associated_companies"] % 1 == 0
    judged = as_mask(
        returns[list(_TAXED)].notna().all(axis=1)
        & whole
        & (returns["period_start"] >= pd.Timestamp(LAW_FROM))
        & (returns["period_end"] >= returns["period_start"])
    ) & ~_is_too_long(returns, context)
    due = company_tax(returns.loc[judged, list(_TAXED)].rename(columns={"taxable_profit": "profit"}))
    differs = np.zeros(len(returns), dtype=np.bool_)
    off = (returns.loc[judged, "corporation_tax"] - due["corporation_tax"]).abs() > TOLERANCE + SLACK
    differs[judged] = off
    return differs


RULES = (
    Rule(
        code="accounting_period_length",
        table="corporation_tax",
        columns=("period_end", "period_start"),
        sentence="The accounting period is longer than twelve months.",
        remedy="Divide accounts for longer into a return of twelve months and one of the rest.",
        check=_is_too_long,
    ),
    sum_rule(
        "corporation_tax",
        "profit_before_tax_adds_up",
        box="profit_before_tax",
        parts=("turnover", "other_income", *COST_LINES),
        should_be=profit_before_tax,
        words="Profit before tax differs from turnover and other income less the costs of the accounts",
    ),
    sum_rule(
        "corporation_tax",
        "added_back_adds_up",
        box="added_back",
        parts=("entertaining", "depreciation"),
        should_be=added_back,
        words="The costs added back differ from entertaining and depreciation together",
    ),
    sum_rule(
        "corporation_tax",
        "taxable_profit_adds_up",
        box="taxable_profit",
        parts=(*_COMPUTATION, "losses_brought_forward"),
        should_be=taxable_profit,
        words="The taxable profit differs from the profit as computed, less losses brought forward",
    ),
    sum_rule(
        "corporation_tax",
        "company_tax_charged_adds_up",
        box="tax_charged",
        parts=("corporation_tax", "tax_on_loans"),
        should_be=tax_charged,
        words="The tax chargeable differs from Corporation Tax and the tax on loans together",
    ),
    Rule(
        code="losses_within_profit",
        table="corporation_tax",
        columns=("losses_brought_forward", *_COMPUTATION),
        sentence="More losses are used than there is profit.",
        remedy="Compare the boxes with the return as filed; unused losses are carried on.",
        check=_losses_exceed_profit,
    ),
    Rule(
        code="corporation_tax",
        table="corporation_tax",
        severity="warn",
        columns=("corporation_tax", *_TAXED),
        sentence="Corporation Tax differs from the tax on the taxable profit by more than a pound.",
        remedy="Look for reliefs that the boxes do not show, other rates, or a mistyped box.",
        check=_tax_differs,
    ),
)
