"""The turnover of firms, told three times: in their VAT returns, their accounts, and by third parties."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.validation.comparisons import TRADE_SOURCES, TURNOVER_SHARE, TURNOVER_SHORTFALL
from taxgap.validation.context import Context
from taxgap.validation.labels import days
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.timeline import line
from taxgap.validation.versions import latest_versions

FACTOR = 3.0
FLOOR = 25_000.0
COVERED = 0.95
"""The share of the days of a period that the other side must cover for the two to be compared."""

_DAY = np.timedelta64(1, "D")
_LONGEST = 1 << 10  # days that a report may be of
_SOURCES = 1 << 4  # kinds of reporter


def _length(rows: pd.DataFrame, suffix: str = "") -> NDArray[np.float64]:
    length = (days(rows[f"period_end{suffix}"]) - days(rows[f"period_start{suffix}"])) / _DAY + 1
    return np.maximum(length, 1.0)


def _shared(pairs: pd.DataFrame) -> NDArray[np.float64]:
    # The days that two periods have in common.
    ends = np.minimum(days(pairs["period_end"]), days(pairs["period_end_other"]))
    starts = np.maximum(days(pairs["period_start"]), days(pairs["period_start_other"]))
    return np.maximum((ends - starts) / _DAY + 1, 0.0)


def _spread(rows: pd.DataFrame, others: pd.DataFrame, amount: str) -> NDArray[np.float64]:
    # What the other side says of the days of each row, by its share in them; empty where it says too little.
    wanted = rows[["taxpayer", "period_start", "period_end"]].assign(row=np.arange(len(rows)))
    pairs = wanted.merge(others, on="taxpayer", suffixes=("", "_other"))
    shared, row = _shared(pairs), pairs["row"].to_numpy()
    part = pairs[amount].to_numpy() * shared / _length(pairs, "_other")
    said = np.bincount(row, weights=part, minlength=len(rows))
    covered = np.bincount(row, weights=shared, minlength=len(rows))
    return np.where(covered >= COVERED * _length(wanted), said, np.nan)


def _vat_says_otherwise(accounts: pd.DataFrame, context: Context) -> Mask:
    sales = latest_versions(context, "vat", "sales", "period_start", "period_end")
    rows = accounts.assign(taxpayer=context.key("corporation_tax", "taxpayer"))
    said = _spread(rows, sales, "sales")
    turnover = accounts["turnover"].to_numpy()
    low, high = np.fmin(said, turnover), np.fmax(said, turnover)
    return as_mask(~np.isnan(said) & (high > FACTOR * low) & (high - low > FLOOR))


def _reported_far_more(table: str, amount: str, returns: pd.DataFrame, context: Context) -> Mask:
    # Reports are by calendar or tax year, returns by any months: all returns that share days with a year are
    # held against its reports, and the return in which the year ends bears the warning.
    reports = _largest_reports(context)
    filed = latest_versions(context, table, amount, "period_start", "period_end")
    reports["declared"] = _spread(reports, filed, amount)
    short = reports["reported"] - reports["declared"]
    far = reports[(reports["declared"] < TURNOVER_SHARE * reports["reported"]) & (short > TURNOVER_SHORTFALL)]
    rows = returns[["period_start", "period_end"]].assign(
        taxpayer=context.key(table, "taxpayer"), row=np.arange(len(returns))
    )
    pairs = rows.merge(far[["taxpayer", "period_end"]], on="taxpayer", suffixes=("", "_far"))
    holds = (pairs["period_start"] <= pairs["period_end_far"]) & (
        pairs["period_end_far"] <= pairs["period_end"]
    )
    failing = np.zeros(len(returns), dtype=np.bool_)
    failing[pairs.loc[holds, "row"].to_numpy()] = True
    return failing


def _largest_reports(context: Context) -> pd.DataFrame:
    # Two kinds of reporter may count the same sale, so they are not added up: the largest stands.
    reports = context.kept("third_party", "source", "amount", "period_start", "period_end")
    trade = as_mask(reports["source"].isin(TRADE_SOURCES))
    rows = reports[trade].assign(taxpayer=context.kept_key("third_party", "taxpayer")[trade])
    # One number a span and source, which is grouped by much faster than by five columns.
    span = line(rows["taxpayer"].to_numpy(), days(rows["period_start"])) * _LONGEST
    span += np.clip(_length(rows), 0, _LONGEST - 1).astype(np.int64)
    by_source, first, group = np.unique(
        span * _SOURCES + rows["source"].cat.codes.to_numpy(), return_index=True, return_inverse=True
    )
    sums = pd.Series(np.bincount(group, weights=rows["amount"].to_numpy(), minlength=len(first)))
    largest = sums.groupby(by_source // _SOURCES).max()
    starts = np.flatnonzero(np.diff(by_source // _SOURCES, prepend=-1 << 62))
    spans = rows[["taxpayer", "period_start", "period_end"]].iloc[first[starts]]
    return spans.assign(reported=largest.to_numpy())


RULES = (
    Rule(
        code="vat_sales_against_accounts",
        table="corporation_tax",
        severity="warn",
        columns=("turnover", "taxpayer_id", "period", "period_start", "period_end"),
        needs=("vat",),
        sentence="Turnover and the VAT sales of the same days differ by more than a factor of three.",
        remedy="Look for a unit that differs, income without VAT, or a VAT group; no action on the record.",
        check=_vat_says_otherwise,
    ),
    *(
        Rule(
            code="third_party_turnover",
            table=table,
            severity="warn",
            columns=(column, "taxpayer_id", "period", "period_start", "period_end"),
            needs=("third_party",),
            sentence="Over a year, less than half is declared of what one kind of third party reports.",
            remedy="Compare the reports with the returns; no action on the record is needed.",
            check=partial(_reported_far_more, table, column),
        )
        for table, column in (("vat", "sales"), ("corporation_tax", "turnover"))
    ),
)
