from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk import build_labels

AS_OF = "2024-01-31"


def enquiry(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "enquiry_id": f"E{number}",
        "taxpayer_id": "A",
        "regime": "self_assessment",
        "period": "2021-22",
        "programme": "risk",
        "inclusion_probability": 0.5,
        "opening_probability": 0.505,
        "opened_on": pd.Timestamp("2023-03-01"),
        "closed_on": pd.Timestamp("2023-06-01"),
        "received_on": pd.Timestamp("2023-03-01"),
        "tax_found": 1500.0,
        "behaviour": "error",
    }
    return row | changes


def label(*rows: dict[str, Any], **options: Any) -> pd.DataFrame:
    return build_labels(pd.DataFrame(list(rows)), regime="self_assessment", as_of=AS_OF, **options)


def test_a_closed_enquiry_gives_a_label() -> None:
    labels = label(enquiry(1), enquiry(2, taxpayer_id="B", programme="random", tax_found=0.0, behaviour=None))
    assert labels.index.tolist() == [("A", "2021-22"), ("B", "2021-22")]
    assert labels["material"].tolist() == [True, False]
    assert labels["random"].tolist() == [False, True]
    assert labels["behaviour"].tolist()[0] == "error"
    assert labels["opening_probability"].tolist() == [0.505, 0.505]


def test_material_is_a_parameter() -> None:
    assert label(enquiry(1), material=2000.0)["material"].tolist() == [False]


def test_the_random_enquiry_stands_where_both_opened_a_return() -> None:
    rows = [enquiry(1, closed_on=pd.Timestamp("2023-12-01")), enquiry(2, programme="random", tax_found=7.0)]
    for order in (rows, rows[::-1]):
        assert label(*order)["tax_found"].tolist() == [7.0]


def test_of_two_from_one_programme_the_last_closed_stands() -> None:
    rows = [enquiry(1, tax_found=1.0), enquiry(2, closed_on=pd.Timestamp("2023-12-01"), tax_found=2.0)]
    assert label(*rows)["tax_found"].tolist() == [2.0]


def test_a_tax_year_asks_for_the_months_that_belong_to_it() -> None:
    rows = [enquiry(1, period="2023-03"), enquiry(2, period="2022-04"), enquiry(3, period="2023-04")]
    assert label(*rows, periods=["2022-23"]).index.tolist() == [("A", "2022-04"), ("A", "2023-03")]
    assert label(*rows, periods=["2023-04"]).index.tolist() == [("A", "2023-04")]


def test_periods_programmes_and_other_taxes_are_told_apart() -> None:
    rows = [
        enquiry(1),
        enquiry(2, period="2022-23", programme="random"),
        enquiry(3, taxpayer_id="C", regime="vat"),
    ]
    assert len(label(*rows)) == 2
    assert label(*rows, periods=["2022-23"]).index.tolist() == [("A", "2022-23")]
    assert label(*rows, programmes=["risk"]).index.tolist() == [("A", "2021-22")]


LATER = st.sampled_from(
    [
        {"closed_on": pd.NaT, "tax_found": None},
        {"closed_on": pd.Timestamp("2024-02-01")},
        {"received_on": pd.Timestamp("2024-02-01")},
        {"closed_on": pd.Timestamp("2030-01-01"), "programme": "random"},
    ]
)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(LATER, st.sampled_from(["A", "B", "Z"])), max_size=5))
def test_rows_from_the_future_change_nothing(future: list[tuple[dict[str, Any], str]]) -> None:
    known = [enquiry(1), enquiry(2, taxpayer_id="B", tax_found=0.0)]
    added = [enquiry(10 + i, **changes, taxpayer_id=who) for i, (changes, who) in enumerate(future)]
    pd.testing.assert_frame_equal(label(*known), label(*known, *added))


def test_nothing_closed_is_said_in_words() -> None:
    with pytest.raises(
        NotIdentifiedError, match="No enquiry into self_assessment was closed and known by 2024-01-31"
    ):
        label(enquiry(1, closed_on=pd.NaT, tax_found=None))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tax_found": None}, "1 closed enquiries lack the tax found"),
        ({"tax_found": -5.0}, "1 enquiries found a negative amount"),
        ({"programme": "hunch"}, "belong to no known programme"),
        ({"opening_probability": 0.0}, "opening_probability that is missing, not above 0"),
        ({"inclusion_probability": None}, "inclusion_probability that is missing"),
    ],
)
def test_closed_enquiries_must_be_complete(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        label(enquiry(1, **changes), enquiry(2, taxpayer_id="B"))


def test_behaviour_need_not_be_settled() -> None:
    cases = pd.DataFrame([enquiry(1)]).drop(columns="behaviour")
    labels = build_labels(cases, regime="self_assessment", as_of=AS_OF)
    assert labels["behaviour"].isna().all()
    assert labels["material"].tolist() == [True]


def test_missing_columns_and_unknown_programmes_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="lack tax_found"):
        build_labels(pd.DataFrame([enquiry(1)]).drop(columns="tax_found"), regime="vat", as_of=AS_OF)
    with pytest.raises(UsageError, match="No such programme: hunch"):
        label(enquiry(1), programmes=["hunch"])
