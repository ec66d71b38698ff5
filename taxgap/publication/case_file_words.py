"""A case file in words, tables and pictures: content becomes what the template shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.publication.case_file import Case
from taxgap.publication.case_file_content import CaseFile
from taxgap.publication.case_file_group import (
    as_example,
    describe_group,
    describe_outcome_of,
    describe_peers,
)
from taxgap.publication.case_file_tables import (
    tabulate_alike,
    tabulate_history,
    tabulate_reports,
    tabulate_what_if,
)
from taxgap.publication.cases import Strip, describe_case, place_among_peers
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Table
from taxgap.publication.wording import count, day, factor, number_of, pounds, times
from taxgap.reasons.naming import TAXES
from taxgap.reasons.telling import tell_refits, tell_share, tell_stability

FLAGGED = "This return is flagged. A flag is a reason to look, not a finding."
NOT_FLAGGED = "This return is not flagged."
NO_REASON_TO_LOOK = (
    "What follows says how its score comes about. By itself it gives no reason to open an enquiry."
)
LOOK = "It says what the records show. There may be a good explanation for all of it: ask first."
"""What the page says of the return as a whole."""

UNTOLD = "What else raises the score, and why it is no reason:"
"""What stands above that."""

OVERLAP = "The amounts put down to reasons overlap, so they do not add up."
"""What is said of the pounds of several reasons."""

MIDDLE = {
    "peers": "A reason compares with all peers, this with the one in the middle, so the two can differ.",
    "training": "A reason compares with the cases trained on, this with the middle of the same trade and "
    "size, so the two can differ.",
}
"""Why a figure at the median need not undo its reason, by the baseline."""


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
    work_done : tuple of str
        Enquiries into this very return, open or closed.
    facts : tuple of (str, str)
    peers : str
        Whom the return is compared with.
    outcome : str
        What is said instead of, or beside, the reasons; may be empty.
    reasons, lowering : tuple of Told
    rest : str
        How much the reasons explain of what is the taxpayer's own; may be empty.
    untold : tuple of str
        What else raises the score, and why it is no reason.
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
    work_done: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    peers: str
    outcome: str
    reasons: tuple[Told, ...]
    lowering: tuple[Told, ...]
    rest: str
    untold: tuple[str, ...]
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
    example = as_example(case, rank=file.standing["rank"], ranked=int(file.standing["ranked"]))
    card = describe_case(example, 1, material=case.numbers["material"])
    flagged = bool(file.standing["flagged"])
    rank = f"{count(file.standing['rank'])} of {number_of(file.standing['ranked'], 'return')}"
    return FilePage(
        title=f"Case file: taxpayer {case.taxpayer_id}, {TAXES.get(case.regime, case.regime)} {case.period}",
        mark="This taxpayer is made up" if case.synthetic else "Taxpayer data: handle it by your rules",
        lead=FLAGGED if flagged else NOT_FLAGGED,
        advice=LOOK if flagged else f"{file.standing['flag_rule']} {NO_REASON_TO_LOOK}",
        work_done=describe_work(case),
        facts=(*card.facts, ("Rank in the tax year", rank)),
        peers=f"Compared with {describe_peers(case)}.",
        outcome=describe_outcome_of(case),
        reasons=describe_told(case.reasons, case),
        lowering=describe_told(case.lowering, case),
        rest=describe_rest(case),
        untold=tuple(case.untold["sentence"]),
        stability=describe_stability(case),
        family=describe_family(case),
        group=describe_group(case),
        picture=card.picture,
        middle=MIDDLE[case.baseline],
        what_if=tabulate_what_if(case),
        history=tabulate_history(file.history, case.period),
        enquiries=tuple(_describe_enquiry(row) for row in case.enquiries.itertuples(index=False)),
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
            money=f"{pounds(row.pounds)} of the {expected} expected is put down to it."
            if row.pounds > 0
            else f"It takes {pounds(-row.pounds)} off what is expected.",
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


def describe_rest(case: Case) -> str:
    """Say how much the reasons explain of what is the taxpayer's own, and that their amounts overlap."""
    told = case.reasons["contribution"].tolist()
    said = tell_share(told, float(case.contributions["contribution"].sum()))
    return f"{said} {OVERLAP}" if len(told) > 1 else said


def describe_work(case: Case) -> tuple[str, ...]:
    """Say which enquiries into this very return there are or were."""
    own = case.enquiries[case.enquiries["period"] == case.period]
    return tuple(
        f"Work already done: an enquiry ({row.programme}) into this return was closed on "
        f"{day(row.closed_on)} and found {_write_found(row.tax_found)}."
        if row.closed
        else f"An enquiry ({row.programme}) into this return has been open since {day(row.opened_on)}."
        for row in own.itertuples(index=False)
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


def _describe_enquiry(row: Any) -> str:
    if not row.closed:
        return f"{row.period}: an enquiry is open."
    found = _write_found(row.tax_found)
    return f"{row.period}: an enquiry ({row.programme}) was closed and found {found}."


def _write_found(tax: float) -> str:
    return pounds(tax) if tax > 0 else "nothing"


def _summarise_alike(alike: pd.DataFrame) -> str:
    if alike.empty:
        return "No closed case is much like this one."
    found = int(np.count_nonzero(alike["tax_found"] > 0))
    return f"Tax was found in {found} of the {number_of(len(alike), 'closed case')} most like this one."


def _about(case: Case, rule: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Tax", TAXES.get(case.regime, case.regime)),
        ("Records as they stood on", day(case.as_of)),
        ("Compared with", describe_peers(case)),
        ("Rule for flags", rule),
        ("Model", case.model_id),
        ("Contributions worked out by", case.engine),
    )
