"""Rules between obligations and returns: what is said to have been filed is there, and came on that day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas import RETURN_TABLES
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask

_FILED = ("met", "late")


def _has_no_return(obligations: pd.DataFrame, context: Context) -> Mask:
    missing = np.zeros(len(obligations), dtype=np.bool_)
    filed = as_mask(obligations["status"].isin(_FILED))
    for regime in RETURN_TABLES:
        if context.is_complete(regime):
            ours = filed & as_mask(obligations["regime"] == regime)
            missing |= ours & ~context.knows(regime, "case", context.key("obligations", "case"), kept=False)
    return missing


def _came_another_day(obligations: pd.DataFrame, context: Context) -> Mask:
    differs = np.zeros(len(obligations), dtype=np.bool_)
    met_on = obligations["met_on"].reset_index(drop=True)
    for regime in RETURN_TABLES:
        if context.is_complete(regime):
            ours = as_mask(obligations["regime"] == regime)
            received = _first_received(context, regime)
            differs |= ours & as_mask(met_on.notna() & received.notna() & (met_on != received))
    return differs


def _first_received(context: Context, regime: str) -> pd.Series:
    returns = context.kept(regime, "version", "received_on")
    original = as_mask(returns["version"] == 0)
    keys = context.kept_key(regime, "case")[original]
    return context.look_up(returns.loc[original, "received_on"], keys, context.key("obligations", "case"))


RULES = (
    Rule(
        code="return_missing",
        table="obligations",
        severity="warn",
        columns=("status", "taxpayer_id", "period", "regime"),
        sentence="The return is said to have been filed, but is not in the records.",
        remedy="Look for returns that the extract left out, or mend the status.",
        check=_has_no_return,
    ),
    Rule(
        code="met_on_another_day",
        table="obligations",
        severity="warn",
        columns=("met_on", "taxpayer_id", "period", "regime"),
        sentence="The day on which it was met is not the day on which the return was received.",
        remedy="Compare both with the return as filed.",
        check=_came_another_day,
    ),
)
