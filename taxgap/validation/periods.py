"""Rules on periods: labels agree with days, and the periods of one taxpayer follow each other."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names
from taxgap.validation.context import Context
from taxgap.validation.labels import MONTHLY, days, has_months, last_days
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.timeline import line, place_before

_DAY = np.timedelta64(1, "D")
_LABELLED = [name for name, model in TABLES.items() if "period" in column_names(model)]
_EITHER = ("adjustments",)  # which tax they belong to stands at their enquiry
_WORDS = {
    "year": "The first and last day are not 6 April and 5 April of the tax year in the label.",
    "month": "The last day is not in the month of the label, or comes before the first.",
    "mixed": "The days are not those of the tax year in the label, or do not end in its month.",
}


def _label_fails(table: str, rows: pd.DataFrame, context: Context) -> Mask:
    if table in _EITHER:
        return ~(context.has_tax_year(table) | context.has_month(table))
    return as_mask(np.where(has_months(table, rows), ~context.has_month(table), ~context.has_tax_year(table)))


def _label_rule(table: str) -> Rule:
    mixed = "regime" in column_names(TABLES[table])
    return Rule(
        code="period_label",
        table=table,
        columns=("period", "regime") if mixed else ("period",),
        sentence="The label is no tax year, whose second part is the year after the first, nor an end month."
        if mixed or table in _EITHER
        else "The label is no tax year: its second part is not the year after the first.",
        remedy="Write 2023-24 for 6 April 2023 to 5 April 2024; for VAT and companies the end month.",
        check=partial(_label_fails, table),
    )


def _days_differ(table: str, rows: pd.DataFrame, context: Context) -> Mask:
    starts, ends = days(rows["period_start"]), days(rows["period_end"])
    first, month = context.first_days(table), context.end_months(table)
    off_year = ~np.isnat(first) & ((starts != first) | (ends != last_days(first)))
    off_month = ~np.isnat(month) & ((ends.astype("datetime64[M]") != month) | (ends < starts))
    return as_mask(np.where(has_months(table, rows), off_month, off_year))


def _dates_rule(table: str, words: str) -> Rule:
    return Rule(
        code="period_dates",
        table=table,
        columns=("period_start", "period_end", "period", *(("regime",) if words == "mixed" else ())),
        sentence=_WORDS[words],
        remedy="Mend the label or the days.",
        check=partial(_days_differ, table),
    )


def _report_lies_elsewhere(table: str, reports: pd.DataFrame, context: Context) -> Mask:
    first = context.first_days(table)
    last = last_days(first)
    starts, ends = days(reports["period_start"]), days(reports["period_end"])
    inside = (np.minimum(ends, last) - np.maximum(starts, first)) / _DAY + 1
    outside = np.maximum((first - starts) / _DAY, (ends - last) / _DAY)
    return as_mask(~np.isnat(first) & ((ends < starts) | (inside < outside)))


def _report_rule(table: str) -> Rule:
    return Rule(
        code="report_period",
        table=table,
        columns=("period", "period_start", "period_end"),
        sentence="The days reported on run backwards, or lie mostly outside the tax year in the label.",
        remedy="Label a report with the tax year that holds most of its days.",
        check=partial(_report_lies_elsewhere, table),
    )


def _overlaps(table: str, returns: pd.DataFrame, context: Context) -> Mask:
    # By months, not days: the versions of one return may end on different days of one month.
    kept = context.kept(table, "period_end")
    ends = days(kept["period_end"])
    months = ends.astype("datetime64[M]").astype("datetime64[D]")
    before = _last_before(
        line(context.kept_key(table, "taxpayer"), months),
        ends,
        line(context.key(table, "taxpayer"), context.end_months(table).astype("datetime64[D]")),
    )
    return as_mask(before >= days(returns["period_start"]))


def _overlap_rule(table: str) -> Rule:
    return Rule(
        code="periods_overlap",
        table=table,
        columns=("period_start", "period", "taxpayer_id"),
        sentence="The period begins before the one before it has ended.",
        remedy="Compare the days of both returns with what was filed.",
        check=partial(_overlaps, table),
    )


def _leaves_gap(returns: pd.DataFrame, context: Context) -> Mask:
    taxpayers, ends = _known_ends(context)
    starts = days(returns["period_start"])
    asked = line(context.key("corporation_tax", "taxpayer"), starts)
    before = _last_before(line(taxpayers, ends), ends, asked)
    return as_mask(starts - before > _DAY)


def _known_ends(context: Context) -> tuple[NDArray[np.intp], NDArray[np.datetime64]]:
    # A return that is due and missing leaves no gap in what the company owes an account of.
    kept = context.kept("corporation_tax", "period_end")
    taxpayers = [context.kept_key("corporation_tax", "taxpayer")]
    ends = [days(kept["period_end"])]
    if context.is_complete("obligations"):
        due = context.kept("obligations", "regime", "period_end")
        ours = as_mask(due["regime"] == "corporation_tax")
        taxpayers.append(context.kept_key("obligations", "taxpayer")[ours])
        ends.append(days(due["period_end"])[ours])
    return np.concatenate(taxpayers), np.concatenate(ends)


def _last_before(
    keys: NDArray[np.int64], ends: NDArray[np.datetime64], asked: NDArray[np.int64]
) -> NDArray[np.datetime64]:
    # The last end of the same taxpayer whose key lies before the one asked; NaT where there is none.
    order = np.lexsort((ends, keys))
    places, found = place_before(keys[order], asked)
    before = np.full(len(asked), np.datetime64("NaT", "D"))
    before[found] = ends[order][places[found]]
    return before


RULES = (
    *(_label_rule(table) for table in _LABELLED if table not in MONTHLY),
    *(_dates_rule(table, "year") for table in ("self_assessment", "employer_paye")),
    *(_dates_rule(table, "month") for table in MONTHLY),
    _dates_rule("obligations", "mixed"),
    *(_report_rule(table) for table in ("third_party", "third_party_unmatched")),
    *(_overlap_rule(table) for table in MONTHLY),
    Rule(
        code="gap_between_periods",
        table="corporation_tax",
        severity="warn",
        columns=("period_start", "taxpayer_id"),
        sentence="Days lie between this accounting period and the one before it that no return covers.",
        remedy="Look for a return that is missing, or for accounts that were not drawn up.",
        check=_leaves_gap,
    ),
)
