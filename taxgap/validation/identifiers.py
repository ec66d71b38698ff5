"""Rules on numbers by which one taxpayer is known: two taxpayers do not share them."""

from __future__ import annotations

from functools import partial

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Mask, Rule, Severity


def _is_shared(table: str, column: str, _rows: pd.DataFrame, context: Context) -> Mask:
    return context.noted("unique_identifier", table, column)


def _rule(table: str, column: str, severity: Severity, sentence: str, remedy: str) -> Rule:
    return Rule(
        code="unique_identifier",
        table=table,
        severity=severity,
        columns=(column, "taxpayer_id"),
        sentence=sentence,
        remedy=remedy,
        check=partial(_is_shared, table, column),
    )


# A UTR is issued to one taxpayer and never shared: two rows with one are the same taxpayer twice, who would
# count double in every estimate. So it is held to what a key is held to: the first row is kept, later ones
# are rejected. The other numbers may be shared and right. Members of a VAT group file under one number, and
# employers that merge keep a reference; a National Insurance number is often mistyped, and which of two is
# right cannot be told. There all rows are pointed out and none is rejected.
RULES = (
    _rule(
        "taxpayers",
        "utr",
        "reject",
        "An earlier taxpayer has the same UTR; the first is kept.",
        "Decide which of the two has it, or whether both are the same taxpayer.",
    ),
    _rule(
        "taxpayers",
        "nino",
        "warn",
        "Two taxpayers have the same National Insurance number.",
        "Look for a mistyped number, or for one person who is registered twice.",
    ),
    _rule(
        "taxpayers",
        "company_number",
        "warn",
        "Two taxpayers have the same number at the companies register.",
        "Look for a mistyped number, or for one company that is registered twice.",
    ),
    _rule(
        "registrations",
        "reference",
        "warn",
        "Two taxpayers have the same registration number for one tax.",
        "Look for a mistyped number, unless they are registered as a group.",
    ),
)
