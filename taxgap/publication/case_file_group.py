"""Whom a case is compared with: the group in words, what it adds, and where it outweighs the rest."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from taxgap.publication.case_file import Case
from taxgap.publication.cases import SMALL_THINGS, describe_outcome
from taxgap.publication.content import COLUMNS, ExampleCase
from taxgap.publication.wording import count, factor, pounds
from taxgap.reasons.naming import WHOM, name_group

TYPICAL = {
    "peers": ("A typical return", "The group of similar taxpayers"),
    "training": ("A typical case that the model was trained on", "Being of its trade and size"),
}
"""Where the score starts, and what the group is, by the baseline."""

MANY_SMALL_THINGS = (
    "This return differs from the cases that the model was trained on in many small ways, or not at all."
)
"""What is said against the cases trained on where neither a reason nor the group stands out."""


OF_BOTH = "returns of this trade and size more often under-declare"
OF_WIDER = {
    "trade": "returns of this trade, read as if of this size too, are expected to hold more tax",
    "size": "returns of this size, read as if of this trade too, are expected to hold more tax",
    "everyone": "returns read as if of this trade and size are expected to hold more tax",
}
"""What is said instead of `OF_BOTH` where the peers had to be taken more widely."""


def describe_group(case: Case) -> str:
    """Say what the group adds to the score, which group it is, and that it is no reason.

    The score in pounds is that of a typical return, times the group's factor, times the taxpayer's own.
    """
    numbers = case.numbers
    own = float(case.contributions["contribution"].sum())
    typical, group = TYPICAL[case.baseline]
    return (
        f"{typical} is at {pounds(math.exp(numbers['population_mean']))}: the mean of the scores, written in "
        f"pounds, which is not the mean of the tax. {group} ({name_group(*_name(case))}) "
        f"{factor(numbers['group_effect'])}, which is never a reason.{_split_group(case)} "
        f"What is this taxpayer's own {factor(own)}, which makes {pounds(numbers['expected_tax'])}."
    )


def describe_peers(case: Case) -> str:
    """Say whom the return is compared with, and of which trade and size it is."""
    whom = WHOM.get(case.rung, case.rung)
    said = f"{count(case.peers)} {whom}" if case.peers else whom
    return f"{said} (this return: {name_group(*_name(case))})"


def describe_outcome_of(case: Case) -> str:
    """Say what is true of the reasons as a whole, in the words of the rung; nothing where they do."""
    said = describe_outcome(as_example(case))
    if case.baseline == "training":
        return said.replace(SMALL_THINGS, MANY_SMALL_THINGS)
    return said.replace(OF_BOTH, OF_WIDER.get(case.rung, OF_BOTH))


def as_example(case: Case, *, rank: float = math.nan, ranked: int = 0) -> ExampleCase:
    """Hand the case to the pictures of the demonstration's page; there is no truth about it."""
    nothing = {name: pd.DataFrame(columns=list(COLUMNS[name])) for name in ("declared", "truth")}
    reasons = case.reasons.drop(columns="observed").rename(columns={"value": "observed"})
    return ExampleCase(
        taxpayer_id=case.taxpayer_id,
        period=case.period,
        score_row={**case.numbers, "rank": rank},
        contributions=case.contributions,
        reasons=reasons,
        **nothing,
        officer_would_find=math.nan,
        ranked=ranked,
    )


def _split_group(case: Case) -> str:
    trade = case.numbers["trade_effect"]
    if not math.isfinite(trade):
        return ""
    size = case.numbers["group_effect"] - trade
    return f" Of that, the trade {factor(trade)} and the size within it {factor(size)}."


def _name(case: Case) -> tuple[Any, Any]:
    return case.trade_group or None, case.size_band or None
