"""Rules on reports of third parties: who reports, and what is known of a person without an identifier."""

from __future__ import annotations

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.sums import exceeds

_CONTENT = (
    "taxpayer_id",
    "source",
    "reporter_id",
    "period",
    "period_start",
    "period_end",
    "amount",
    "tax_deducted",
    "transactions",
)

TRACES = ("name", "address", "account")
"""What a report can be matched by; a postcode or a birthday alone is that of very many people."""


def _reports_on_himself(reports: pd.DataFrame, _context: Context) -> Mask:
    return as_mask((reports["reporter_id"] == reports["taxpayer_id"]).fillna(False))


def _comes_from_nobody(_reports: pd.DataFrame, context: Context) -> Mask:
    return context.unknown("third_party", "reporter_id")


def _is_repeated(reports: pd.DataFrame, context: Context) -> Mask:
    # Reports of nothing add up to nothing. Few have an amount that another one of the taxpayer has.
    kept = context.kept("third_party", "amount")
    amounts = kept["amount"].to_numpy()
    numbers = pd.DataFrame({"case": context.kept_key("third_party", "case"), "amount": amounts}, kept.index)
    alike = numbers.duplicated(keep=False).to_numpy() & (amounts > 0)
    names = [name for name in _CONTENT if name in reports.columns]
    again = reports.loc[kept.index[alike], names].duplicated()
    return as_mask(again.reindex(reports.index, fill_value=False))


def _takes_off_more(reports: pd.DataFrame, _context: Context) -> Mask:
    return as_mask(exceeds(reports["tax_deducted"], reports["amount"]))


def _has_no_trace(reports: pd.DataFrame, _context: Context) -> Mask:
    known = [reports[column].notna() & (reports[column] != "") for column in TRACES]
    return as_mask(~pd.concat(known, axis=1).any(axis=1))


RULES = (
    Rule(
        code="reporter_is_taxpayer",
        table="third_party",
        columns=("reporter_id", "taxpayer_id"),
        sentence="The reporter is the taxpayer himself.",
        remedy="Mend one of the two identifiers; what a taxpayer says of himself is no report.",
        check=_reports_on_himself,
    ),
    Rule(
        code="reporter_unknown",
        table="third_party",
        severity="warn",
        columns=("reporter_id",),
        needs=("taxpayers",),
        sentence="The reporter is not on the register.",
        remedy="Mend the identifier, add the reporter, or leave it empty for one who pays no tax here.",
        check=_comes_from_nobody,
    ),
    Rule(
        code="deducted_within_amount",
        table="third_party",
        columns=("tax_deducted", "amount"),
        sentence="More tax was taken off than the amount reported.",
        remedy="Look whether the two have changed places, or are in different units.",
        check=_takes_off_more,
    ),
    Rule(
        code="same_report_twice",
        table="third_party",
        severity="warn",
        columns=("amount", "taxpayer_id", "source", "period", "period_start", "period_end"),
        sentence="An earlier report says the same of the same taxpayer under another identifier.",
        remedy="Ask whether the reporter sent one report twice: its amount would count double.",
        check=_is_repeated,
    ),
    Rule(
        code="report_without_trace",
        table="third_party_unmatched",
        columns=TRACES,
        sentence="The report has no name, no address and no account: it can belong to nobody.",
        remedy="Ask the reporter for what was written down of the person.",
        check=_has_no_trace,
    ),
)
