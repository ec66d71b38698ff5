"""Linking people: against planted truth, in any order, silently, and what is refused."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.beside import recapture_lists
from taxgap.gap.cautions import EstimateWarning
from taxgap.gap.linking import LinkedPeople, clean_people, link_people
from taxgap.gap.linking.grouping import choose_threshold, group_records
from taxgap.schemas.codes import REGIONS
from taxgap.synthetic.hidden.reports import write_down
from taxgap.synthetic.identities import draw_identities
from taxgap.synthetic.streams import Streams

PEOPLE = 2_400


def write(people: pd.DataFrame, source: str, number: int = 0) -> pd.DataFrame:
    streams = Streams(11, people.index.to_numpy())
    return write_down(people, streams, source, counter=np.full(len(people), number))


@pytest.fixture(scope="module")
def lists() -> dict[str, pd.DataFrame]:
    """Three lists of 2,400 people; the index is who they are; some stand twice on the second."""
    rng = np.random.default_rng(4)
    people = draw_identities(
        np.arange(PEOPLE),
        seed=11,
        is_firm=False,
        region=rng.choice(REGIONS, PEOPLE),
        birth_year=rng.integers(1940, 2005, PEOPLE),
    )
    on = rng.random((3, PEOPLE)) < np.array([[0.45], [0.35], [0.3]])
    bank, platform, card = (people[row] for row in on)
    second = pd.concat([write(platform, "platform"), write(platform.iloc[:150], "platform", 1)])
    return {"bank": write(bank, "bank"), "platform": second, "card": write(card, "card_processor")}


@pytest.fixture(scope="module")
def linked(lists: Mapping[str, pd.DataFrame]) -> LinkedPeople:
    return link_people(lists, seed=3)


def true_and_found(who: Mapping[str, pd.Series], first: str, second: str) -> tuple[int, int, int]:
    """Return people on both lists: in truth, linked, and of these rightly."""
    mine, yours = (set(zip(who[name], who[name].index, strict=True)) for name in (first, second))
    there = {person for _, person in mine} & {person for _, person in yours}
    found = {number for number, _ in mine} & {number for number, _ in yours}
    return len(there), len(found), len({number for number, _ in mine & yours})


def test_links_are_right_and_their_errors_foreseen(linked: LinkedPeople) -> None:
    errors = linked.errors.set_index(["first", "second"])
    for pair in (("bank", "platform"), ("bank", "card"), ("platform", "card")):
        there, found, right = true_and_found(linked.identities, *pair)
        assert right >= 0.93 * there
        assert found - right <= 0.03 * found
        row = errors.loc[pair]
        assert row["linked"] == found
        assert row["false"] == pytest.approx(found - right, abs=6)
        assert row["missed"] == pytest.approx(there - right, abs=10)
        assert (found - row["false"]) / row["sensitivity"] == pytest.approx(there, rel=0.03)
    assert errors.loc[("platform", "platform"), "linked"] == pytest.approx(150, abs=8)
    assert (linked.pairs["linked"] == (linked.pairs["probability"] >= linked.threshold)).all()


def test_corrected_for_links_the_number_of_people_is_right(linked: LinkedPeople) -> None:
    told = recapture_lists(linked.identities, links=linked.links)
    right = recapture_lists({name: pd.Series(who.index) for name, who in linked.identities.items()})
    assert told.low < PEOPLE < told.high
    assert told.value == pytest.approx(right.value, rel=0.015)
    assert told.high - told.low >= 0.98 * (right.high - right.low)


def test_the_order_of_rows_is_irrelevant(lists: Mapping[str, pd.DataFrame], linked: LinkedPeople) -> None:
    order = {name: np.random.default_rng(9).permutation(len(people)) for name, people in lists.items()}
    again = link_people({name: people.iloc[order[name]] for name, people in lists.items()}, seed=3)
    for name, who in linked.identities.items():
        assert again.identities[name].equals(who.iloc[order[name]])
    pd.testing.assert_frame_equal(again.errors, linked.errors)
    assert again.threshold == linked.threshold


def test_nothing_personal_is_shown(lists, linked: LinkedPeople, caplog, capfd) -> None:
    with caplog.at_level(logging.DEBUG):
        link_people({"bank": lists["bank"].iloc[:60]})
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("splink").level == logging.NOTSET
    shown = str(linked.to_dict())
    assert linked.to_dict()["people"]["bank"] == linked.identities["bank"].nunique()
    assert not any(name in shown for name in lists["bank"]["name"].iloc[:20])
    with pytest.raises(InvalidDataError, match="1 dates of birth") as refused:
        clean_people(pd.DataFrame({"name": ["Ann Bell"], "birth_date": ["3rd of Maytember"]}))
    assert "Maytember" not in str(refused.value)


def test_what_is_refused(lists: Mapping[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> None:
    one = lists["bank"]
    with pytest.raises(UsageError, match="0 lists"):
        link_people({})
    with pytest.raises(UsageError, match="between 0 and 1"):
        link_people({"bank": one}, most_false=1.5)
    with pytest.raises(InvalidDataError, match="no records"):
        link_people({"bank": one.iloc[:0]})
    with pytest.raises(InvalidDataError, match="no column 'name'") as refused:
        link_people({"bank": one.drop(columns="name")})
    assert refused.value.where == "bank: name"
    with pytest.raises(InvalidDataError, match="nothing but names") as refused:
        link_people({"bank": one, "card": one[["name"]]})
    assert refused.value.where == "card"
    with pytest.raises(InvalidDataError, match="one record"):
        link_people({"bank": one.iloc[:1]})
    with pytest.raises(UsageError, match="one name as text"):
        link_people({1: one, "1": one})
    with pytest.raises(InvalidDataError, match="are numbers") as refused:
        link_people({"bank": one.assign(birth_date=19800321)})
    assert refused.value.where == "bank: birth_date"
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(UsageError, match="Splink is not installed") as refused:
        link_people({"bank": one})
    assert refused.value.remedy == "Install it: pip install 'taxgap[link]'."


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Mr John SMITH", ("john", None, "smith", "john smith")),
        ("O'Neill, Mary-Jane", ("maryjane", None, "oneill", "maryjane oneill")),
        ("Søren  A. B. Ångström", ("soren", "a b", "angstrom", "a angstrom b soren")),
        ("José\u00a0Nu\u0301n\u0303ez", ("jose", None, "nunez", "jose nunez")),
        ("Cher", (None, None, "cher", "cher")),
        ("  ", (None, None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_names_are_made_comparable(name: str | None, parts: tuple[str | None, ...]) -> None:
    clean = clean_people(pd.DataFrame({"name": pd.Series([name], dtype=object)}))
    assert tuple(clean[["first", "middle", "last", "words"]].iloc[0]) == parts


def test_dates_and_addresses_are_made_comparable() -> None:
    people = pd.DataFrame(
        {
            "name": ["A B"] * 4,
            "birth_date": [pd.Timestamp("1980-03-04"), "1980-03-04", None, "1980-03-04T00:00:00"],
            "address": ["14 Chapel St.", "14, CHAPEL STREET", None, ""],
            "postcode": ["QA1O 5NP", "qa10 5np", None, "QA105NP"],
        }
    )
    clean = clean_people(people)
    assert clean["born"].tolist() == ["1980-03-04", "1980-03-04", None, "1980-03-04"]
    assert clean["street"].tolist() == ["14 chapel street", "14 chapel street", None, None]
    assert clean["postcode"].tolist() == ["QA105NP", "QA105NP", None, "QA105NP"]


def test_numbers_are_no_dates() -> None:
    for dates in ([19800321, 19800322], [None, 19800321.0], pd.Series(["1980-03-21", 7], dtype=object)):
        with pytest.raises(InvalidDataError, match="are numbers"):
            clean_people(pd.DataFrame({"name": ["A B", "C D"], "birth_date": dates}))
    empty = clean_people(pd.DataFrame({"name": ["A B"], "birth_date": [np.nan]}))
    assert empty["born"].tolist() == [None]


def test_a_date_that_stands_for_an_unknown_one_is_pointed_out(
    lists: Mapping[str, pd.DataFrame], linked: LinkedPeople
) -> None:
    assert linked.cautions == ()
    filled = lists["card"].iloc[:300].astype({"birth_date": object})
    filled.iloc[:12, filled.columns.get_loc("birth_date")] = "1900-01-01"
    with pytest.warns(EstimateWarning, match="card: 4% of the records are born on 1900-01-01"):
        told = link_people({"card": filled})
    assert len(told.cautions) == 1
    assert told.to_dict()["cautions"] == list(told.cautions)


def test_one_doubtful_link_does_not_make_two_people_one() -> None:
    pairs = pd.DataFrame({"left": [0, 0, 1, 3], "right": [1, 2, 2, 4]})
    chances = np.array([0.6, 0.02, 0.9999, 0.6])
    assert group_records(pairs, chances, 0.5, 6).tolist() == [0, 1, 1, 2, 2, 3]
    sure = np.array([0.9999, 0.3, 0.9999, 0.6])  # two sure links outweigh a pair that is not sure
    assert group_records(pairs, sure, 0.5, 6).tolist() == [0, 0, 0, 1, 1, 2]


def test_the_threshold_keeps_to_what_may_be_false() -> None:
    chances = np.array([0.999, 0.99, 0.95, 0.7, 0.6, 0.3])
    assert choose_threshold(chances, 0.03) == 0.95
    assert choose_threshold(chances, 0.9) == 0.6
    assert choose_threshold(np.array([0.2, 0.6]), 0.01) == 1.0


def test_couples_are_two_people_and_the_married_one(lists: Mapping[str, pd.DataFrame]) -> None:
    """A couple shares name and address; who married has a new name, and is born on the same day."""
    extra = {
        "bank": [
            ("Zelda Quill", "1970-01-01", "3 Lark Way", "QZ1 1AA"),
            ("Una Frost", "1981-05-06", "9 Elk Row", "QZ2 2BB"),
        ],
        "platform": [
            ("Hugo Quill", None, "3 Lark Way", "QZ1 1AA"),
            ("Una Marsh", "1981-05-06", "9 Elk Row", "QZ2 2BB"),
        ],
    }
    columns = ["name", "birth_date", "address", "postcode"]
    both = {
        name: pd.concat(
            [
                lists[name][columns].iloc[:250].astype(object),
                pd.DataFrame(rows, columns=columns, index=[-1, -2]),
            ]
        )
        for name, rows in extra.items()
    }
    who = link_people(both).identities
    assert who["bank"][-1] != who["platform"][-1]
    assert who["bank"][-2] == who["platform"][-2]
