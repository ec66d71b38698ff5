"""Breakdowns on the page: what a group stands on, what its interval is worth, and its truth."""

from __future__ import annotations

from base64 import b64decode

import pytest

from taxgap.publication.gap_groups import describe_groups
from taxgap.publication.gap_page import render_gap_page
from tests.publication.conftest import read_elements
from tests.publication.test_gap_page import MILLION, build_estimate, build_groups, plain, rows_of


@pytest.mark.parametrize(
    ("weight", "method", "tag", "said", "mark"),
    [
        (0.39, "drawn to the expected", "Drawn to expected", "Drawn to what is expected", "Drawn to what is"),
        (0.4, "drawn to the expected", "Half and half", "Half its own random cases, half", "Half and half"),
        (0.6, "own cases", "Half and half", "Half its own random cases, half", "Half and half"),
        (0.61, "own cases", "", "Its own random cases count most", "Its own cases count"),
    ],
)
def test_groups_near_a_half_are_neither(weight: float, method: str, tag: str, said: str, mark: str) -> None:
    groups = build_groups()
    groups.loc[groups["group"] == "none", ["own_weight", "method"]] = [weight, method]
    told = {each.name: each for each in describe_groups(build_estimate(groups=groups), MILLION)}
    picture = told["By trade group"].picture
    assert picture is not None
    first = picture.table.rows[0]
    assert (first[0].text, first[0].tag) == ("No trade", tag)
    assert first[-1].text.startswith(said)
    assert mark in b64decode(picture.wide.uri.partition(",")[2]).decode()


def test_groups_drawn_to_the_expected_are_no_evidence_of_their_own() -> None:
    said = "are no evidence of their own"
    groups = build_groups()
    trades = groups["dimension"] == "trade group"
    groups.loc[trades, "method"] = "drawn to the expected"
    for weights, warned in (([0.1, 0.2, 0.9], True), ([0.1, 0.5, 0.5], False)):
        groups.loc[trades, "own_weight"] = weights
        told = {each.name: each for each in describe_groups(build_estimate(groups=groups), MILLION)}
        assert (said in " ".join(told["By trade group"].sentences)) == warned
        assert said not in " ".join(told["By nation"].sentences)  # one of two is not most


def test_the_truth_stands_beside_groups() -> None:
    truth = {"net": 140e6, "net: nation: England": 130e6, "net: nation: Wales": 30e6}
    text = render_gap_page(build_estimate().beside(truth), synthetic=True)
    rows = rows_of(read_elements(text), "groups-nation-picture-table")
    assert rows[0][:4] == ["Group", "Net gap", "Truth", "Share"]
    assert [row[2] for row in rows[1:]] == ["130.0", "30.0 outside"]
    assert "The intervals hold the truth of 1 of 2 groups." in plain(text)
    assert [row[0] for row in rows_of(read_elements(text), "truth-table")[1:]] == ["Net tax gap"]
    assert "Truth" not in rows_of(read_elements(text), "groups-trade-group-picture-table")[0]
