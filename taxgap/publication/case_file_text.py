"""A case as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from taxgap.publication.case_file import Case
from taxgap.publication.case_file_group import describe_group, describe_outcome_of, describe_peers
from taxgap.publication.case_file_tables import factor_in_short
from taxgap.publication.case_file_words import (
    FLAGGED,
    MIDDLE,
    NOT_FLAGGED,
    UNTOLD,
    Told,
    describe_family,
    describe_rest,
    describe_stability,
    describe_told,
    describe_work,
)
from taxgap.publication.wording import count, interval, number_of, pounds, share
from taxgap.reasons.naming import TAXES

RANK_UNKNOWN = "Whether it is flagged depends on everyone's scores."
"""What is said where the scores are not known."""


class Line(NamedTuple):
    """A line of text: how deep it is set in, and whether it is a heading."""

    text: str
    depth: int = 0
    heading: bool = False


def write_lines(case: Case, standing: Mapping[str, Any] | None = None) -> Iterator[Line]:
    """Write a case as lines.

    Parameters
    ----------
    case : Case
    standing : mapping, optional
        From `taxgap.publication.case_file_content.find_standing`.

    Yields
    ------
    Line
    """
    numbers = case.numbers
    yield Line(
        f"Taxpayer {case.taxpayer_id}, {TAXES.get(case.regime, case.regime)} {case.period}", heading=True
    )
    yield Line(_describe_standing(standing))
    yield from (Line(said) for said in describe_work(case))
    yield Line(f"Score {numbers['score']:.3f}: {pounds(numbers['expected_tax'])} expected to be found.")
    likely = interval(numbers["amount_low"], numbers["amount_high"], pounds)
    yield Line(f"If tax is found, likely {likely}.")
    yield Line(f"Chance of {pounds(numbers['material'])} or more: {share(numbers['probability'])}.")
    yield Line(f"Compared with {describe_peers(case)}.")
    yield Line(describe_group(case))
    yield from _list("Reasons", describe_told(case.reasons, case), describe_outcome_of(case))
    if rest := describe_rest(case):
        yield Line(rest, 1)
    if len(case.untold):
        yield Line(UNTOLD, 1)
    yield from (Line(said, 2) for said in case.untold["sentence"])
    if case.refits:
        yield Line(describe_stability(case), 1)
    if case.first_family:
        yield Line(describe_family(case), 1)
    calm = "" if len(case.lowering) else "Nothing much."
    yield from _list("What lowers concern", describe_told(case.lowering, case), calm)
    if len(case.what_if):
        yield Line("With a figure in the middle of similar taxpayers, others as they are", heading=True)
        yield Line(MIDDLE[case.baseline], 1)
    for row in case.what_if.itertuples(index=False):
        change = factor_in_short(row.factor)
        yield Line(f"{row.title}: {pounds(row.expected_tax)} expected; change: {change}.", 1)


def to_text(lines: Iterable[Line]) -> str:
    """Lay lines out as plain text, with a blank line before each heading but the first."""
    above = ("", "\n")
    text = "\n".join(f"{above[line.heading]}{'  ' * line.depth}{line.text}" for line in lines)
    return text.removeprefix("\n")


def _list(title: str, told: tuple[Told, ...], beside: str) -> Iterator[Line]:
    yield Line(title, heading=True)
    if beside:
        yield Line(beside, 1)
    for number, item in enumerate(told, start=1):
        yield Line(f"{number}. {item.title}: {item.effect}", 1)
        yield Line(item.sentence, 2)
        yield Line("; ".join(f"{term.lower()} {value}" for term, value in item.numbers), 2)
        yield Line(item.money, 2)
        if item.refits:
            yield Line(item.refits, 2)
        if item.evidence:
            yield Line(f"Ask for: {item.evidence}", 2)


def _describe_standing(standing: Mapping[str, Any] | None) -> str:
    if standing is None:
        return RANK_UNKNOWN
    said = FLAGGED if standing["flagged"] else NOT_FLAGGED
    return f"{said} Rank {count(standing['rank'])} of {number_of(standing['ranked'], 'return')}."
