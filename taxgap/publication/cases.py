"""The section of example cases: what the model says of a return, why, and what the truth is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taxgap.publication.content import ExampleCase
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.waterfall import describe_step, draw_waterfall, waterfall_steps
from taxgap.publication.wording import count, factor, in_words, interval, listing, money, number_of, share

NO_REASON = "No single reason stands out. Many small things together put this return where it is."
"""What is said where there are no reasons."""

BY_GROUP = (
    "This return ranks high mainly because of its group: returns of this trade and size more often "
    "under-declare. That is not a reason to suspect this taxpayer."
)
"""What is said where the group outweighs everything that is the taxpayer's own."""


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


def describe_case(case: ExampleCase, number: int) -> CaseCard:
    """Turn an example into words, tables and a picture.

    Parameters
    ----------
    case : ExampleCase
    number : int
        Its place on the page, from 1.

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
            ("Tax expected", money(row["expected_tax"])),
            ("Likely to lie between", interval(row["amount_low"], row["amount_high"], money)),
            ("Chance of a material loss", share(row["probability"])),
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
        truth=_describe_truth(case),
        planted=_planted(case, key),
    )


def is_mainly_group(case: ExampleCase) -> bool:
    """Whether the group raises the score at least as much as everything that is the taxpayer's own."""
    own = float(case.contributions["contribution"].sum())
    group = float(case.score_row["group_effect"])
    return group > 0 and group >= own


def describe_outcome(case: ExampleCase) -> str:
    """Say what is true of the reasons as a whole; nothing where they speak for themselves."""
    said = [BY_GROUP] * is_mainly_group(case) + [NO_REASON] * case.reasons.empty
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
    return title[:1].lower() + title[1:]


def _picture(case: ExampleCase, key: str) -> Picture:
    steps = waterfall_steps(case)
    rows = [
        (row.label, describe_step(row.kind, row.size), f"{row.size:+.2f}".replace("-", "−"), money(math.exp(row.after)))
        for row in steps.itertuples(index=False)
    ]
    heads = ["Step", "What it does", "On the score", "Tax expected after it"]
    table = make_table(f"{key}-steps", "How the score comes about", heads, rows, text=["What it does"])
    between = steps.iloc[1:-1]
    order = between["size"].abs().sort_values(ascending=False).index[:3]
    largest = [f"{rows[place][0]} {rows[place][1]}" for place in order]
    alt = (
        f"Waterfall chart. It starts at {rows[0][3]}, the average of all returns, and ends at {rows[-1][3]}, the "
        f"tax expected on this return. Largest steps: {listing(largest)}. The table below has every step."
    )
    return take_picture(
        f"{key}-waterfall",
        lambda size: draw_waterfall(steps, size),
        title="How the score comes about",
        alt=alt,
        reading="Each bar multiplies the tax expected. Dark blue raises it, green lowers it, grey is the trade "
        "and size group, which is never a reason.",
        table=table,
    )


def _declared(case: ExampleCase, key: str) -> Table | None:
    if case.declared.empty:
        return None
    rows = [
        (str(row.item), money(row.declared), money(row.reported) if math.isfinite(row.reported) else "nobody reports it")
        for row in case.declared.itertuples(index=False)
    ]
    heads = ["Item", "Declared", "Reported by others"]
    return make_table(f"{key}-declared", "What was declared, and what others report", heads, rows)


def _describe_truth(case: ExampleCase) -> tuple[str, ...]:
    found = f"An officer who opened this return would find {money(case.officer_would_find)}."
    if case.truth.empty:
        return ("Nothing is wrong with this return.", "A flag is a reason to look; looking may find nothing.", found)
    lost = float(case.truth["tax_lost"].sum())
    revealing = case.truth["could_reveal"].astype(bool)
    led = (
        "The reasons given could lead an officer to all of it."
        if revealing.all()
        else "The reasons given could lead an officer to part of it."
        if revealing.any()
        else "None of the reasons given would lead an officer to it."
    )
    return (f"Tax lost on this return: {money(lost)}.", led, found)


def _planted(case: ExampleCase, key: str) -> Table | None:
    if case.truth.empty:
        return None
    rows = [
        (
            str(row.title),
            in_words(str(row.field)),
            money(row.amount),
            money(row.tax_lost),
            Cell("Yes" if row.could_reveal else "No"),
        )
        for row in case.truth.itertuples(index=False)
    ]
    heads = ["What happened", "Box", "True less declared", "Tax lost", "Could a reason reveal it?"]
    text = ["Box", "Could a reason reveal it?"]
    return make_table(f"{key}-truth", "Where the return differs from the truth", heads, rows, text=text)
