"""The section that says what was made, and which settings are assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import count, day, decimal, listing, number_of, share

_REAL_PROGRAMME = (
    "The real random programme is far smaller: about 3,800 returns a year (worked out from 53,000 random "
    "enquiries between 1999 and 2012) out of about 12 million, or 3 in 10,000. A small population needs a "
    "larger share to learn from."
)
_RISK = "Assumption. These returns are chosen because something stands out."
_DETECTION = "Assumption. No published value for the UK could be read."
_MULTIPLIER = "Follows from the share above: what is found, times this, is what is there."


@dataclass(frozen=True)
class Making:
    """What was made.

    Attributes
    ----------
    sentence : str
    facts : tuple of (str, str)
        A term and its value each.
    assumptions : Table
    """

    sentence: str
    facts: tuple[tuple[str, str], ...]
    assumptions: Table


def describe_making(made: Mapping[str, Any]) -> Making:
    """Turn the settings of a population into words.

    Parameters
    ----------
    made : mapping
        As of `taxgap.publication.content.PageContent.made`.

    Returns
    -------
    Making
    """
    years = [str(year) for year in made["tax_years"]]
    sentence = (
        f"The computer made up {count(made['taxpayers'])} taxpayers and their "
        f"{number_of(made['returns'], 'Self Assessment return')} over {number_of(len(years), 'tax year')}. "
        "It also decided who leaves something out, and by how much. That is why this page can compare what "
        "a model says with the truth, which no tax administration can do."
    )
    facts = (
        ("Taxpayers", count(made["taxpayers"])),
        ("Returns", count(made["returns"])),
        ("Tax years", f"{years[0]} to {years[-1]}" if len(years) > 1 else listing(years)),
        ("Records as they stood on", day(str(made["as_of"]))),
    )
    return Making(sentence, facts, _assumptions(made))


def _assumptions(made: Mapping[str, Any]) -> Table:
    rows = [
        ("Returns opened at random", share(made["random_share"]), f"Assumption. {_REAL_PROGRAMME}"),
        ("Returns opened for risk", share(made["risk_share"]), _RISK),
        ("Share of the tax lost that officers find", share(made["detection"]), _DETECTION),
        ("Multiplier for what officers miss", decimal(made["multiplier"]), _MULTIPLIER),
    ]
    heads = ["Setting", "Value", "What it rests on"]
    return make_table("assumptions", "Settings that are assumptions", heads, rows, text=["What it rests on"])
