"""Comparisons for the analyst: what is unlikely without being wrong. All of them warn and none rejects."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask

TRADE_SOURCES = ("platform", "card_processor", "contractor")
"""Reporters whose amounts are receipts of a trade or of letting."""

TURNOVER_SHARE = 0.5
TURNOVER_SHORTFALL = 1_000.0
JUMP = 20.0
JUMP_FLOOR = 1_000.0

_YEARS = 1_000  # so that the years of one taxpayer lie side by side, and those of two never meet


def _reported_far_more(returns: pd.DataFrame, context: Context) -> Mask:
    declared = (returns["turnover"] + returns["other_business_income"] + returns["rents"]).to_numpy()
    reported = _largest_report(context)
    return as_mask((declared < TURNOVER_SHARE * reported) & (reported - declared > TURNOVER_SHORTFALL))


def _largest_report(context: Context) -> NDArray[np.float64]:
    # Two reporters may count the same sale (a platform and the card processor it pays through), so the kinds
    # of reporter are not added up: the largest stands.
    reports = context.kept("third_party", "source", "amount")
    relevant = reports["source"].isin(TRADE_SOURCES).to_numpy(dtype=np.bool_)
    cases = context.kept_key("third_party", "case")[relevant]
    amounts = reports.loc[relevant, "amount"].to_numpy()
    sources = reports.loc[relevant, "source"].cat.codes.to_numpy()
    by_source = pd.Series(amounts).groupby([cases, sources]).sum()
    largest = by_source.groupby(level=0).max()
    found = context.look_up(largest, largest.index.to_numpy(), context.key("self_assessment", "case"))
    amounts_found: NDArray[np.float64] = found.fillna(0.0).to_numpy(dtype=np.float64)
    return amounts_found


def _jumps(returns: pd.DataFrame, context: Context) -> Mask:
    monthly = (returns["turnover"] / returns["accounts_months"].clip(lower=1.0)).reset_index(drop=True)
    year = pd.Series(context.first_days("self_assessment").astype("datetime64[Y]").astype(np.int64))
    taxpayer = pd.Series(context.key("self_assessment", "taxpayer"))
    before = _of_year_before(monthly, taxpayer, year, context)
    enough = before * 12 >= JUMP_FLOOR
    return as_mask(enough & (monthly > JUMP * before))


def _of_year_before(monthly: pd.Series, taxpayer: pd.Series, year: pd.Series, context: Context) -> pd.Series:
    rows = context.kept("self_assessment", "version")
    latest = rows["version"].sort_values(kind="stable", ascending=False).index
    keys = taxpayer * _YEARS + year
    asked = np.where(taxpayer < 0, -1, keys - 1)
    return context.look_up(monthly[latest], keys[latest].to_numpy(), asked)


RULES = (
    Rule(
        code="third_party_turnover",
        table="self_assessment",
        severity="warn",
        columns=("turnover", "other_business_income", "rents", "taxpayer_id", "period"),
        needs=("third_party",),
        sentence="Turnover and rents are less than half of what one kind of third party reports.",
        remedy="Compare the reports with the return; no action on the record is needed.",
        check=_reported_far_more,
    ),
    Rule(
        code="turnover_jump",
        table="self_assessment",
        severity="warn",
        columns=("turnover", "accounts_months", "taxpayer_id", "period"),
        sentence="Turnover a month is more than twenty times that of the year before.",
        remedy="Look for pence in place of pounds, or a misplaced point.",
        check=_jumps,
    ),
)
