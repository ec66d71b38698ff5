"""Rules on enquiries: their probabilities, their order in time, and when an outcome is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas import RETURN_TABLES, TABLES
from taxgap.schemas.table import column_names
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask

_FIELDS = frozenset(name for table in RETURN_TABLES for name in column_names(TABLES[table]))
_SLACK = 1e-9  # probabilities are products of binary fractions


def _probability_fails(enquiries: pd.DataFrame, _context: Context) -> pd.Series:
    inclusion, opening = enquiries["inclusion_probability"], enquiries["opening_probability"]
    return (inclusion <= 0) | (inclusion > opening + _SLACK)


def _opened_before_receipt(enquiries: pd.DataFrame, context: Context) -> Mask:
    opened_on = enquiries["opened_on"].reset_index(drop=True)
    early = np.zeros(len(enquiries), dtype=np.bool_)
    for regime in RETURN_TABLES:
        if context.is_complete(regime):
            ours = as_mask(enquiries["regime"] == regime)
            early |= ours & as_mask(opened_on < _first_received(context, regime))
    return early


def _first_received(context: Context, regime: str) -> pd.Series:
    received = context.kept(regime, "received_on")["received_on"]
    order = np.argsort(received.to_numpy(), kind="stable")
    keys = context.kept_key(regime, "case")
    return context.look_up(received.iloc[order], keys[order], context.key("enquiries", "case"))


def _closed_before_opened(enquiries: pd.DataFrame, _context: Context) -> pd.Series:
    return enquiries["closed_on"] < enquiries["opened_on"]


def _outcome_without_close(enquiries: pd.DataFrame, _context: Context) -> pd.Series:
    return enquiries["tax_found"].notna() != enquiries["closed_on"].notna()


def _is_no_field(adjustments: pd.DataFrame, _context: Context) -> Mask:
    return as_mask(~adjustments["field"].isin(_FIELDS))


RULES = (
    Rule(
        code="adjusted_field",
        table="adjustments",
        columns=("field",),
        sentence="The field is no column of a return.",
        remedy="Name the column as `taxgap schema` does, such as turnover.",
        check=_is_no_field,
    ),
    Rule(
        code="inclusion_probability",
        table="enquiries",
        columns=("inclusion_probability", "opening_probability"),
        sentence="The probability of being drawn is zero, or above that of being opened at all.",
        remedy="Work both out from the design that drew the case; neither can be guessed afterwards.",
        check=_probability_fails,
    ),
    Rule(
        code="opened_before_return",
        table="enquiries",
        columns=("opened_on", "taxpayer_id", "period", "regime"),
        sentence="The enquiry was opened before any kept version of its return was received.",
        remedy="Mend the day of opening, or the return's day of receipt.",
        check=_opened_before_receipt,
    ),
    Rule(
        code="closed_before_opened",
        table="enquiries",
        columns=("closed_on", "opened_on"),
        sentence="The enquiry was closed before it was opened.",
        remedy="Mend the days.",
        check=_closed_before_opened,
    ),
    Rule(
        code="outcome_when_closed",
        table="enquiries",
        columns=("tax_found", "closed_on"),
        sentence="Tax found is given without a day of closing, or missing with one.",
        remedy="Give tax found, 0 where nothing was, exactly when the enquiry is closed.",
        check=_outcome_without_close,
    ),
)
