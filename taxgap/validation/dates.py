"""Rules on dates: things happen in their order."""

from __future__ import annotations

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Rule

LONGEST_ACCOUNTS = 23
"""Months that the accounts of one tax year can cover: eleven carried over, and twelve."""

# Not the employer's year: its sums are complete with the last payday, before the tax year ends.
_RECEIVED_AFTER = ("self_assessment", "vat", "corporation_tax")


def _received_too_early(returns: pd.DataFrame, _context: Context) -> pd.Series:
    return returns["received_on"] <= returns["period_end"]


def _receipt_rule(table: str) -> Rule:
    return Rule(
        code="received_in_period",
        table=table,
        columns=("received_on", "period_end"),
        sentence="The return was received before its period had ended.",
        remedy="Mend the day of receipt or the period.",
        check=_received_too_early,
    )


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


def _is_due_early(obligations: pd.DataFrame, _context: Context) -> pd.Series:
    return obligations["due_on"] < obligations["period_start"]


RULES = (
    Rule(
        code="due_before_period",
        table="obligations",
        columns=("due_on", "period_start"),
        sentence="The return was due before its period began.",
        remedy="Mend the day due or the period.",
        check=_is_due_early,
    ),
    *(_receipt_rule(table) for table in _RECEIVED_AFTER),
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
