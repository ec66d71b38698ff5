"""Rules on reports of third parties: who reports, and what is known of a person without an identifier."""

from __future__ import annotations

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, as_mask

TRACES = ("name", "address", "account")
"""What a report can be matched by; a postcode or a birthday alone is that of very many people."""


def _reports_on_himself(reports: pd.DataFrame, _context: Context) -> Mask:
    return as_mask((reports["reporter_id"] == reports["taxpayer_id"]).fillna(False))


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
        code="report_without_trace",
        table="third_party_unmatched",
        columns=TRACES,
        sentence="The report has no name, no address and no account: it can belong to nobody.",
        remedy="Ask the reporter for what was written down of the person.",
        check=_has_no_trace,
    ),
)
