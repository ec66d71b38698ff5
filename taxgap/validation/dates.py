"""Rules on periods and dates: labels agree with days, and things happen in their order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names
from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask

LONGEST_ACCOUNTS = 23
"""Months that the accounts of one tax year can cover: eleven carried over, and twelve."""

_YEAR_TABLES = ("self_assessment", "obligations")


def _label_rule(table: str) -> Rule:
    def is_no_tax_year(_rows: pd.DataFrame, context: Context) -> Mask:
        return ~context.has_tax_year(table)

    return Rule(
        code="period_label",
        table=table,
        columns=("period",),
        sentence="The label is no tax year: its second part is not the year after the first.",
        remedy="Write 2023-24 for 6 April 2023 to 5 April 2024.",
        check=is_no_tax_year,
    )


def _dates_rule(table: str) -> Rule:
    def differ(rows: pd.DataFrame, context: Context) -> Mask:
        first = context.first_days(table)
        last = _last_days(first)
        starts, ends = _days(rows["period_start"]), _days(rows["period_end"])
        return as_mask(context.has_tax_year(table) & ((starts != first) | (ends != last)))

    return Rule(
        code="period_dates",
        table=table,
        columns=("period_start", "period_end", "period"),
        sentence="The first and last day are not 6 April and 5 April of the tax year in the label.",
        remedy="Mend the label or the days.",
        check=differ,
    )


def _report_lies_elsewhere(reports: pd.DataFrame, context: Context) -> Mask:
    first = context.first_days("third_party")
    last = _last_days(first)
    starts, ends = _days(reports["period_start"]), _days(reports["period_end"])
    day = np.timedelta64(1, "D")
    inside = (np.minimum(ends, last) - np.maximum(starts, first)) / day + 1
    outside = np.maximum((first - starts) / day, (ends - last) / day)
    return as_mask(context.has_tax_year("third_party") & ((ends < starts) | (inside < outside)))


def _received_too_early(returns: pd.DataFrame, _context: Context) -> pd.Series:
    return returns["received_on"] <= returns["period_end"]


def _accounts_too_long(returns: pd.DataFrame, _context: Context) -> pd.Series:
    return returns["accounts_months"] > LONGEST_ACCOUNTS


def _ends_before_it_starts(registrations: pd.DataFrame, _context: Context) -> pd.Series:
    return registrations["deregistered_on"] < registrations["effective_from"]


def _status_fails(obligations: pd.DataFrame, _context: Context) -> pd.Series:
    met_on, due_on, status = obligations["met_on"], obligations["due_on"], obligations["status"]
    in_time = (status == "met") & (met_on <= due_on)
    late = (status == "late") & (met_on > due_on)
    open_still = (status.isna() | (status == "missing")) & met_on.isna()
    return ~(in_time | late | open_still)


def _days(values: pd.Series) -> NDArray[np.datetime64]:
    return values.to_numpy().astype("datetime64[D]")  # type: ignore[no-any-return]


def _last_days(first: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    following = first.astype("datetime64[Y]") + 1
    return (following.astype("datetime64[M]") + 3).astype("datetime64[D]") + 4


RULES = (
    *(_label_rule(table) for table, model in TABLES.items() if "period" in column_names(model)),
    *(_dates_rule(table) for table in _YEAR_TABLES),
    Rule(
        code="report_period",
        table="third_party",
        columns=("period", "period_start", "period_end"),
        sentence="The days reported on run backwards, or lie mostly outside the tax year in the label.",
        remedy="Label a report with the tax year that holds most of its days.",
        check=_report_lies_elsewhere,
    ),
    Rule(
        code="received_in_period",
        table="self_assessment",
        columns=("received_on", "period_end"),
        sentence="The return was received before its period had ended.",
        remedy="Mend the day of receipt or the period.",
        check=_received_too_early,
    ),
    Rule(
        code="accounts_months",
        table="self_assessment",
        columns=("accounts_months",),
        sentence=f"The accounts cover more than {LONGEST_ACCOUNTS} months.",
        remedy="Compare with the accounting dates on the return.",
        check=_accounts_too_long,
    ),
    Rule(
        code="registration_dates",
        table="registrations",
        columns=("deregistered_on", "effective_from"),
        sentence="The registration ends before it takes effect.",
        remedy="Mend the days.",
        check=_ends_before_it_starts,
    ),
    Rule(
        code="obligation_status",
        table="obligations",
        columns=("status", "met_on", "due_on"),
        sentence="The status does not follow from the day due and the day received.",
        remedy="Write met when received by the day due, late after it, missing while nothing was received.",
        check=_status_fails,
    ),
)
