"""What the page says of multipliers: their limits, and how much of them was measured."""

from __future__ import annotations

import re
from typing import Any

import pytest

from taxgap.gap.chain import GapEstimate, Multiplier
from taxgap.publication.gap_multipliers import describe_multipliers, say_assumed
from taxgap.publication.gap_page import render_gap_page
from tests.publication.conftest import read_elements
from tests.publication.test_gap_page import build_bounds, build_estimate, plain, rows_of

FACTS = {"officers": 40, "cases": 900, "best_finds": 0.9, "least_found": 0.25}
BAND = "is a band that is an assumption"


def build_detected(**identified: bool) -> GapEstimate:
    """Two taxes whose multipliers were estimated; where not identified, a band stands in their place."""
    detection, made = {}, build_estimate().made
    for tax, told in identified.items():
        multiplier = Multiplier(1.6, 1.3, 2.4) if told else Multiplier(2.5, 1.0, 4.0, "uniform")
        more = {"best_range": [0.7, 0.95], "sampling_limits": [1.4, 1.7]} if told else {}
        detection[tax] = {
            "identified": told,
            "share_found": 0.625 if told else None,
            "problems": [] if told else ["officers do not differ"],
            "multiplier": multiplier.to_dict(),
            "facts": FACTS | more,
        }
    multipliers = {tax: one["multiplier"] for tax, one in detection.items()}
    note = "employer paye: the multiplier is not identified; a band."
    return build_estimate(
        made={**made, "multipliers": made["multipliers"] | multipliers, "detection": detection}, notes=(note,)
    )


@pytest.mark.parametrize(
    ("identified", "says", "not_says"),
    [
        ({}, "", "officers miss"),
        ({"vat": True}, "partly assumed: the level of the multiplier of VAT rests on", BAND),
        ({"vat": False}, f"is assumed: the multiplier of VAT {BAND}.", "rests on"),
        (
            {"vat": True, "employer_paye": False},
            f"largely assumed: the multiplier of Employer PAYE {BAND}, and that of VAT rests on",
            "partly",
        ),
    ],
)
def test_the_lead_names_taxes_whose_multiplier_is_assumed(
    identified: dict[str, bool], says: str, not_says: str
) -> None:
    estimate = build_detected(**identified)
    lead = next(each for each in read_elements(render_gap_page(estimate)) if "lead" in each.classes).text
    assert says in lead
    assert not_says not in lead
    assert say_assumed(estimate.made) in lead


def test_every_multiplier_stands_at_the_top_with_its_limits() -> None:
    def summarise(**multipliers: Multiplier) -> str:
        told = describe_multipliers({"multipliers": {tax: one.to_dict() for tax, one in multipliers.items()}})
        assert told is not None
        return told.summary.partition("multiplied ")[2]

    stated = Multiplier(2.0, 1.6, 2.5)
    assert summarise(vat=stated, employer_paye=stated) == "by 2.00 (1.60 to 2.50)."
    assert summarise(vat=stated, employer_paye=Multiplier(1.5)) == (
        "by 2.00 (1.60 to 2.50) for VAT; by 1.50 (as certain) for Employer PAYE."
    )
    assert describe_multipliers({}) is None
    words = plain(render_gap_page(build_estimate()))
    assert words.index("multiplied by 2.00 (1.60 to 2.50)") < words.index("The tax gap by tax and year")


def test_the_spread_is_identified_and_the_level_is_assumed() -> None:
    words = plain(render_gap_page(build_detected(vat=True, employer_paye=False)))
    assert "VAT: the spread between officers is identified, but the level rests on an assumption." in words
    assert "it is assumed to be 0.90, and 0.70 to 0.95 for the limits." in words
    assert "If that share were certain, the limits would be 1.40 to 1.70 for VAT." in words
    assert "Employer PAYE: how much officers miss is not identified." in words
    assert "officers find all of the tax, or down to 25% of it" in words
    assert "the multiplier is not identified; a band." not in words  # the note says no more than this


def test_what_is_not_identified_has_no_figure() -> None:
    elements = read_elements(render_gap_page(build_detected(vat=True, employer_paye=False)))
    heads, told, untold = rows_of(elements, "detection")
    place = heads.index("Share of the tax that officers find")
    assert told[0] == "VAT Level assumed"
    assert told[place] == "62% 42% to 77%"
    assert untold[0] == "Employer PAYE Not identified"
    assert untold[place] == "not identified"
    assert untold[-1] == "officers do not differ"
    rows = rows_of(elements, "multipliers")[1:]
    assert [row[0] for row in rows] == ["VAT Level assumed", "Employer PAYE Assumed band"]
    assert [row[2] for row in rows] == ["1.30 to 2.40", "1.00 to 4.00"]
    assert rows[0][3] == "95% of sampling, and the range of the assumption"


def test_bounds_show_their_multipliers_once() -> None:
    estimate = build_bounds()
    made: dict[str, Any] = {**estimate.made, "multipliers": {"vat": Multiplier(2.0, 1.6, 2.5).to_dict()}}
    text = render_gap_page(GapEstimate(**{**vars(estimate), "made": made}))
    assert len(re.findall('id="multipliers"', text)) == 1
    assert "For what officers do not find" not in plain(text)
