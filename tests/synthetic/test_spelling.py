"""Spelling: slips as people make them, the same each time they are drawn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import spelling
from taxgap.synthetic.spelling import ADDRESSES, FIRMS, NAMES, POSTCODES, Damage, misdate, misspell
from taxgap.synthetic.streams import Streams

N = 4_000
TEXTS = {
    NAMES: ["Philip James Harrison", "Amara Whitfield", "Katie Mackenzie", "Mo Ali", "José Núñez", "Prince"],
    FIRMS: ["Whitfield Joinery Limited", "Harbour Catering & Co"],
    ADDRESSES: ["14 Chapel Lane", "3 Station Street"],
    POSTCODES: ["QA10 4BY", "QB2 3AA"],
}


def crowd(kind: tuple[Damage, ...] = NAMES) -> np.ndarray:
    return np.resize(np.array(TEXTS[kind], dtype=object), N)


def distance(left: str, right: str) -> int:
    """Letters to insert, delete or change."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


@pytest.mark.parametrize("kind", list(TEXTS))
def test_about_the_share_asked_for_is_damaged(kind: tuple[Damage, ...]) -> None:
    clean = crowd(kind)
    written = misspell(clean, Streams(1, np.arange(N)), "x", 0.3, damages=kind)
    assert np.mean(written != clean) == pytest.approx(0.3, abs=0.04)


def test_nothing_is_damaged_at_a_rate_of_zero_and_everything_at_one() -> None:
    clean, streams = crowd(), Streams(1, np.arange(N))
    assert (misspell(clean, streams, "x", 0.0) == clean).all()
    assert np.mean(misspell(clean, streams, "x", 1.0) != clean) > 0.97


def test_slips_depend_on_nobody_else_and_on_what_they_are_for() -> None:
    clean, streams = crowd(), Streams(1, np.arange(N))
    years = np.arange(N) % 4
    whole = misspell(clean, streams, "x", 0.5, counter=years)
    half = np.arange(N) % 2 == 1
    assert (misspell(clean[half], streams[half], "x", 0.5, counter=years[half]) == whole[half]).all()
    assert (misspell(clean, streams, "y", 0.5, counter=years) != whole).any()
    assert (misspell(clean, streams, "x", 0.5, counter=years + 1) != whole).any()


@pytest.mark.parametrize("kind", [FIRMS, ADDRESSES, POSTCODES])
def test_most_stay_near(kind: tuple[Damage, ...]) -> None:
    clean = crowd(kind)[:400]
    written = misspell(clean, Streams(2, np.arange(400)), "x", 1.0, damages=kind)
    near = [distance(a.lower(), b.lower()) <= 5 for a, b in zip(clean, written, strict=True)]
    assert np.mean(near) > 0.9


@pytest.mark.parametrize(
    ("damage", "text", "expected"),
    [
        ("write_initial", "Amara Joy Whitfield", "A Joy Whitfield"),
        ("swap_names", "Amara Joy Whitfield", "Whitfield Amara Joy"),
        ("drop_middle", "Amara Joy Whitfield", "Amara Whitfield"),
        ("drop_middle", "Amara Whitfield", "Amara Whitfield"),
        ("capitalise", "Amara Whitfield", "AMARA WHITFIELD"),
        ("abbreviate", "14 Chapel Road", "14 Chapel Rd"),
        ("abbreviate", "Whitfield Joinery Limited", "Whitfield Joinery Ltd"),
        ("close_up", "QA10 4BY", "QA104BY"),
        ("write_o_for_zero", "QA10 4BY", "QA1O 4BY"),
        ("write_o_for_zero", "QA1 4BY", "QA14BY"),
        ("write_by_ear", "Phph", "Phf"),
        ("transpose", "Ab 12", "Ab 12"),
        ("transpose", "Abc", "Acb"),
        ("drop_letter", "Ab", "A"),
        ("double_letter", "Ab", "Abb"),
        ("write_initial", "Prince", "Prince"),
        ("swap_names", "Prince", "Prince"),
    ],
)
def test_each_damage_does_what_it_says(damage: str, text: str, expected: str) -> None:
    does: Callable[..., np.ndarray] = getattr(spelling, damage)
    assert does(np.array([text]), np.array([0.5])).tolist() == [expected]


@pytest.mark.parametrize("place", [0.001, 0.3, 0.6, 0.999])
@pytest.mark.parametrize(("damage", "longer"), [("transpose", 0), ("drop_letter", -1), ("double_letter", 1)])
def test_slips_of_letters_leave_the_first_of_a_word(damage: str, longer: int, place: float) -> None:
    texts = np.array(["Philip James Harrison", "14 Chapel Lane"])
    does: Callable[..., np.ndarray] = getattr(spelling, damage)
    for clean, written in zip(texts, does(texts, np.full(2, place)), strict=True):
        assert len(written) == len(clean) + longer
        assert [word[0] for word in written.split()] == [word[0] for word in clean.split()]


def test_dates_have_day_and_month_swapped_or_are_a_year_off() -> None:
    clean = np.resize(np.array(["1980-03-04", "1975-12-31", "1996-02-29", "NaT"], dtype="datetime64[D]"), N)
    written = misdate(clean, Streams(1, np.arange(N)), "x", 0.4)
    pairs = pd.DataFrame({"clean": clean.astype(str), "written": written.astype("datetime64[D]").astype(str)})
    found = pairs.groupby("clean")["written"].unique().map(set)
    assert found["1980-03-04"] == {"1980-03-04", "1980-04-03", "1979-03-04", "1981-03-04"}
    assert found["1975-12-31"] == {"1975-12-31", "1974-12-31", "1976-12-31"}
    assert found["1996-02-29"] == {"1996-02-29", "1995-03-01", "1997-03-01"}
    assert found["NaT"] == {"NaT"}
    known = pairs["clean"] != "NaT"
    assert (pairs["clean"] != pairs["written"])[known].mean() == pytest.approx(0.4, abs=0.04)


def test_no_text_at_all_is_no_text() -> None:
    nobody = Streams(1, np.arange(0))
    assert len(misspell([], nobody, "x", 1.0)) == 0
    assert len(misdate(np.array([], dtype="datetime64[D]"), nobody, "x", 1.0)) == 0
