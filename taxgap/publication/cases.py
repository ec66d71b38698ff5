"""The section of example cases: what the model says of a return, why, and what the truth is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taxgap.publication.content import ExampleCase
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Table, make_table
from taxgap.publication.truths import describe_truth, tabulate_truth
from taxgap.publication.waterfall import describe_step, draw_waterfall, waterfall_steps
from taxgap.publication.wording import (
    count,
    factor,
    interval,
    listing,
    number_of,
    pounds,
    share,
    signed,
)

NO_REASON = "No single reason stands out."
"""What is said where there are no reasons."""

SMALL_THINGS = "This return differs from those of similar taxpayers in many small ways, or not at all."
"""What is added where it is not the group either."""

BY_GROUP = (
    "Most of this score comes from the group: returns of this trade and size more often under-declare. That "
    "says nothing about this one taxpayer, and is never a reason."
)
"""What is said where the group outweighs everything that is the taxpayer's own."""

_NAMES = ("Gift Aid", "VAT")  # these keep their capital within a line


@dataclass(frozen=True)
class Strip:
    """Where a return lies among its peers, in per cent of a strip's width."""

    low: float
    median: float
    high: float
    observed: float


@dataclass(frozen=True)
class Reason:
    """One reason: its title, what the records show, what it does to the tax expected, what to ask for."""

    title: str
    sentence: str
    effect: str
    evidence: str
    strip: Strip | None


@dataclass(frozen=True)
class CaseCard:
    """What the page shows of one case.

    Attributes
    ----------
    key, title : str
    about : str
        Whose return it is, and its rank.
    facts : tuple of (str, str)
    outcome : str
        What is said instead of, or beside, the reasons; may be empty.
    reasons : tuple of Reason
    picture : Picture
    declared : Table or None
    truth : tuple of str
        Sentences.
    planted : Table or None
    """

    key: str
    title: str
    about: str
    facts: tuple[tuple[str, str], ...]
    outcome: str
    reasons: tuple[Reason, ...]
    picture: Picture
    declared: Table | None
    truth: tuple[str, ...]
    planted: Table | None


def describe_case(case: ExampleCase, number: int, *, material: float) -> CaseCard:
    """Turn an example into words, tables and a picture.

    Parameters
    ----------
    case : ExampleCase
    number : int
        Its place on the page, from 1.
    material : float
        Pounds from which under-declared tax is material.

    Returns
    -------
    CaseCard
    """
    key, row = f"case-{number}", case.score_row
    return CaseCard(
        key=key,
        title=f"Case {number}: {_topic(case)}",
        about=f"Taxpayer {case.taxpayer_id}, {case.period}. Ranked {count(row['rank'])} of "
        f"{number_of(case.ranked, 'return')}.",
        facts=(
            ("Expected to be found", pounds(row["expected_tax"])),
            ("If tax is found, likely", interval(row["amount_low"], row["amount_high"], pounds)),
            (f"Chance of {pounds(material)} or more", share(row["probability"])),
        ),
        outcome=describe_outcome(case),
        reasons=tuple(
            Reason(
                str(item.title),
                str(item.sentence),
                factor(item.contribution),
                str(item.evidence),
                place_among_peers(item.peer_low, item.peer_median, item.peer_high, item.observed),
            )
            for item in case.reasons.itertuples(index=False)
        ),
        picture=_picture(case, key),
        declared=_declared(case, key),
        truth=describe_truth(case),
        planted=tabulate_truth(case, f"{key}-truth"),
    )


def is_mainly_group(case: ExampleCase) -> bool:
    """Whether the group raises the score more than everything that is the taxpayer's own."""
    own = float(case.contributions["contribution"].sum())
    return float(case.score_row["group_effect"]) > max(own, 0.0)


def describe_outcome(case: ExampleCase) -> str:
    """Say what is true of the reasons as a whole; nothing where they speak for themselves."""
    said = [NO_REASON] * case.reasons.empty
    if is_mainly_group(case):
        said.append(BY_GROUP)
    elif said:
        said.append(SMALL_THINGS)
    return " ".join(said)


def place_among_peers(low: float, median: float, high: float, observed: float) -> Strip | None:
    """Place a return among its peers, on a strip that holds them and the return with some room to spare.

    Parameters
    ----------
    low, median, high : float
        The peers' quartiles.
    observed : float

    Returns
    -------
    Strip or None
        None where a number is missing or all are the same.

    Examples
    --------
    >>> place_among_peers(0.2, 0.3, 0.4, 0.6)
    Strip(low=5.0, median=27.5, high=50.0, observed=95.0)
    """
    values = [float(value) for value in (low, median, high, observed)]
    least, most = min(values), max(values)
    if not all(map(math.isfinite, values)) or least == most:
        return None
    return Strip(*(round(5 + 90 * (value - least) / (most - least), 2) for value in values))


def _topic(case: ExampleCase) -> str:
    if is_mainly_group(case):
        return "mainly the group"
    if case.reasons.empty:
        return "no single reason"
    title = str(case.reasons["title"].iloc[0])
    return title if title.startswith(_NAMES) else title[:1].lower() + title[1:]


def _picture(case: ExampleCase, key: str) -> Picture:
    steps = waterfall_steps(case)
    rows = [
        (
            row.label,
            describe_step(row.kind, row.size),
            signed(row.size),
            pounds(math.exp(row.after)),
        )
        for row in steps.itertuples(index=False)
    ]
    heads = ["Step", "What it does", "On the score", "Expected tax after it"]
    table = make_table(f"{key}-steps", "How the score comes about", heads, rows, text=["What it does"])
    between = steps.iloc[1:-1]
    order = between["size"].abs().sort_values(ascending=False).index[:3]
    largest = [f"{rows[place][0]} {rows[place][1]}" for place in order]
    alt = (
        f"Waterfall chart. It starts at {rows[0][3]}, the average score, and ends at {rows[-1][3]}, the "
        f"score of this return. Largest steps: {listing(largest)}. The table below has every step."
    )
    return take_picture(
        f"{key}-waterfall",
        lambda size: draw_waterfall(steps, size),
        title="How the score comes about",
        alt=alt,
        reading="Each bar multiplies the tax that an enquiry is expected to find. Dark blue raises it, green "
        "lowers it, grey is the trade and size group, which is never a reason.",
        table=table,
    )


def _declared(case: ExampleCase, key: str) -> Table | None:
    if case.declared.empty:
        return None
    rows = [
        (
            str(row.item),
            pounds(row.declared),
            pounds(row.reported) if math.isfinite(row.reported) else "nobody reports it",
        )
        for row in case.declared.itertuples(index=False)
    ]
    heads = ["Item", "Declared", "Reported by others"]
    return make_table(f"{key}-declared", "What was declared, and what others report", heads, rows)
