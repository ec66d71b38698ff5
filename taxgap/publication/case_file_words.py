"""A case file in words, tables and pictures: content becomes what the template shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.publication.case_file import Case
from taxgap.publication.case_file_content import CaseFile
from taxgap.publication.case_file_tables import (
    tabulate_alike,
    tabulate_history,
    tabulate_reports,
    tabulate_what_if,
)
from taxgap.publication.cases import (
    SMALL_THINGS,
    Strip,
    describe_case,
    describe_outcome,
    place_among_peers,
)
from taxgap.publication.content import COLUMNS, ExampleCase
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Table
from taxgap.publication.taxes import NAMES
from taxgap.publication.wording import count, day, factor, number_of, pounds, times
from taxgap.reasons.telling import tell_refits, tell_stability

FLAGGED = "This return is flagged. A flag is a reason to look, not a finding."
NOT_FLAGGED = "This return is not flagged."
NO_REASON_TO_LOOK = (
    "What follows says how its score comes about. By itself it gives no reason to open an enquiry."
)
LOOK = "It says what the records show. There may be a good explanation for all of it: ask first."
"""What the page says of the return as a whole."""

PEERS = {
    "trade_and_size": "taxpayers of the same trade and size",
    "trade": "taxpayers of the same trade, whatever their size, as too few have the same size too",
    "size": "taxpayers of the same size, whatever their trade, as too few have the same trade",
    "everyone": "all taxpayers, as too few have the same trade or size",
    "": "the cases that the model was trained on",
}
"""Whom a return is compared with, by the rung of the ladder."""

TYPICAL = {
    "peers": ("A typical return", "The group of similar taxpayers"),
    "training": ("A typical case that the model was trained on", "Being of its trade and size"),
}
"""Where the score starts, and what the group is, by the baseline."""

MIDDLE = {
    "peers": "A reason compares with all peers, this with the one in the middle, so the two can differ.",
    "training": "A reason compares with the cases trained on, this with the middle of the same trade and "
    "size, so the two can differ.",
}
"""Why a figure at the median need not undo its reason, by the baseline."""

MANY_SMALL_THINGS = (
    "This return differs from the cases that the model was trained on in many small ways, or not at all."
)
"""What is said against the cases trained on where neither a reason nor the group stands out."""


@dataclass(frozen=True)
class Told:
    """One reason, or one thing that lowers concern: `numbers` are the observed value and the peers'.

    `refits` says what refits make of it, and is empty without any.
    """

    title: str
    sentence: str
    effect: str
    money: str
    numbers: tuple[tuple[str, str], ...]
    evidence: str
    strip: Strip | None
    refits: str = ""


@dataclass(frozen=True)
class FilePage:
    """What the case file shows, in the order of the page.

    Attributes
    ----------
    title, mark, lead, advice : str
        Whose return it is; whether the records are made up; whether it is flagged; how to take it.
    facts : tuple of (str, str)
    outcome : str
        What is said instead of, or beside, the reasons; may be empty.
    reasons, lowering : tuple of Told
    stability : str
        Whether the first reason is stable; empty without refits.
    family : str
        Whether another family would come first, taken as a whole; empty if not.
    group : str
        What the group adds, which is never a reason.
    picture : Picture
    middle : str
        Why a figure at the median need not undo its reason.
    what_if, history, reports, alike : Table or None
    enquiries : tuple of str
    alike_summary : str
    about : tuple of (str, str)
    """

    title: str
    mark: str
    lead: str
    advice: str
    facts: tuple[tuple[str, str], ...]
    outcome: str
    reasons: tuple[Told, ...]
    lowering: tuple[Told, ...]
    stability: str
    family: str
    group: str
    picture: Picture
    middle: str
    what_if: Table | None
    history: Table
    enquiries: tuple[str, ...]
    reports: Table | None
    alike: Table | None
    alike_summary: str
    about: tuple[tuple[str, str], ...]


def describe_file(file: CaseFile) -> FilePage:
    """Turn a case file into words, tables and a picture.

    Parameters
    ----------
    file : CaseFile

    Returns
    -------
    FilePage
    """
    case = file.case
    example = _as_example(file)
    card = describe_case(example, 1, material=case.numbers["material"])
    flagged = bool(file.standing["flagged"])
    rank = f"{count(file.standing['rank'])} of {number_of(file.standing['ranked'], 'return')}"
    return FilePage(
        title=f"Case file: taxpayer {case.taxpayer_id}, {case.period}",
        mark="This taxpayer is made up" if case.synthetic else "Taxpayer data: handle it by your rules",
        lead=FLAGGED if flagged else NOT_FLAGGED,
        advice=LOOK if flagged else f"{file.standing['flag_rule']} {NO_REASON_TO_LOOK}",
        facts=(*card.facts, ("Rank in the tax year", rank)),
        outcome=_describe_outcome(example, case),
        reasons=describe_told(case.reasons, case),
        lowering=describe_told(case.lowering, case),
        stability=describe_stability(case),
        family=describe_family(case),
        group=describe_group(case),
        picture=card.picture,
        middle=MIDDLE[case.baseline],
        what_if=tabulate_what_if(case),
        history=tabulate_history(file.history, case.period),
        enquiries=tuple(_describe_enquiry(row) for row in file.enquiries.itertuples(index=False)),
        reports=tabulate_reports(file.reports),
        alike=tabulate_alike(file.alike),
        alike_summary=_summarise_alike(file.alike),
        about=_about(case, str(file.standing["flag_rule"])),
    )


def describe_told(reasons: pd.DataFrame, case: Case) -> tuple[Told, ...]:
    """Put reasons, or what lowers concern, into words, each with its effect in pounds."""
    expected = pounds(case.numbers["expected_tax"])
    return tuple(
        Told(
            title=str(row.title),
            sentence=str(row.sentence),
            effect=factor(row.contribution),
            money=f"Without it, {pounds(abs(row.pounds))} {'less' if row.pounds > 0 else 'more'} than "
            f"{expected} would be expected.",
            numbers=(
                ("This return", row.observed),
                ("Middle of similar taxpayers", row.median),
                ("Middle half of them", row.middle_half),
            ),
            evidence=str(row.evidence),
            strip=place_among_peers(row.peer_low, row.peer_median, row.peer_high, row.value),
            refits=_describe_refits(row, place, case.refits) if "first" in reasons else "",
        )
        for place, row in enumerate(reasons.itertuples(index=False), start=1)
    )


def describe_stability(case: Case) -> str:
    """Say whether the first reason is stable; nothing without refits."""
    if not case.refits:
        return ""
    return tell_stability(case.stability, case.refits, reasons=len(case.reasons) > 0)


def describe_family(case: Case) -> str:
    """Say which family would come first as a whole, where it is another; else nothing."""
    if not case.first_family:
        return ""
    return (
        f"Taken as a whole, the family '{case.first_family.replace('_', ' ')}' would come first: "
        "what its figures do, they partly do together with others."
    )


def _describe_refits(row: Any, place: int, refits: int) -> str:
    told = tell_refits(place, row.first if place == 1 else row.among_first, refits)
    return f"{told}. Refits put its effect between {times(row.low)} and {times(row.high)}."


def describe_group(case: Case) -> str:
    """Say what the group adds to the score, and that it is no reason.

    The score in pounds is that of a typical return, times the group's factor, times the taxpayer's own.
    """
    numbers = case.numbers
    own = float(case.contributions["contribution"].sum())
    typical, group = TYPICAL[case.baseline]
    return (
        f"{typical} is at {pounds(math.exp(numbers['population_mean']))}: the mean of the scores, written in "
        f"pounds, which is not the mean of the tax. {group} {factor(numbers['group_effect'])}, which is "
        f"never a reason. What is this taxpayer's own {factor(own)}, which makes "
        f"{pounds(numbers['expected_tax'])}."
    )


def describe_peers(case: Case) -> str:
    """Say whom the return is compared with."""
    whom = PEERS.get(case.rung, case.rung)
    return f"{count(case.peers)} {whom}" if case.peers else whom


def _describe_outcome(example: ExampleCase, case: Case) -> str:
    said = describe_outcome(example)
    return said.replace(SMALL_THINGS, MANY_SMALL_THINGS) if case.baseline == "training" else said


def _as_example(file: CaseFile) -> ExampleCase:
    """Hand the case to the pictures of the demonstration's page; there is no truth about it."""
    case = file.case
    nothing = {name: pd.DataFrame(columns=list(COLUMNS[name])) for name in ("declared", "truth")}
    reasons = case.reasons.drop(columns="observed").rename(columns={"value": "observed"})
    return ExampleCase(
        taxpayer_id=case.taxpayer_id,
        period=case.period,
        score_row={**case.numbers, "rank": file.standing["rank"]},
        contributions=case.contributions,
        reasons=reasons,
        **nothing,
        officer_would_find=math.nan,
        ranked=int(file.standing["ranked"]),
    )


def _describe_enquiry(row: Any) -> str:
    if not row.closed:
        return f"{row.period}: an enquiry is open."
    found = pounds(row.tax_found) if row.tax_found > 0 else "nothing"
    return f"{row.period}: an enquiry ({row.programme}) was closed and found {found}."


def _summarise_alike(alike: pd.DataFrame) -> str:
    if alike.empty:
        return "No closed case is much like this one."
    found = int(np.count_nonzero(alike["tax_found"] > 0))
    return f"Tax was found in {found} of the {number_of(len(alike), 'closed case')} most like this one."


def _about(case: Case, rule: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Tax", NAMES.get(case.regime, case.regime)),
        ("Records as they stood on", day(case.as_of)),
        ("Compared with", describe_peers(case)),
        ("Rule for flags", rule),
        ("Model", case.model_id),
        ("Contributions worked out by", case.engine),
    )
