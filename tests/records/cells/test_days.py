"""Days: every form gives the same day, and which number is the month is never guessed."""

# ruff: noqa: PD011  `values` is what a reading gives
from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.records.cells.days import read_days
from taxgap.records.cells.read_cells import Cells
from taxgap.records.faults import FAULTS, MENDED

DAYS = st.dates(date(1900, 3, 1), date(2200, 12, 31))
SURE = [
    *(
        "%Y-%m-%d",
        "%Y%m%d",
        "%Y/%m/%d",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d %B %Y",
        "%d%b%Y",
        "%B %d %Y",
        "%b %d, %Y",
    ),
    *("%Y-%m-%dT00:00:00", "%Y-%m-%dT00:00:00Z", "%Y-%m-%d 00:00:00.000", "%Y-%m-%dT00:00:00+01:00"),
    *("%d %B %Y 00:00", "%d%b%Y:00:00:00", "%Y-%b-%d", " %Y-%m-%d\u00a0", "%d.%b.%Y", "%Y-%m-%d 12:00 AM"),
]
NAMED = ["%d/%m/%Y", "%m/%d/%Y", "%d%m%Y", "%d.%m.%Y", "%Y.%d.%m", "%d %m %Y", "%Y%j", "%d/%m/%Y %H:%M:%S"]


def series(*texts: str | None) -> pd.Series:
    return pd.Series(texts, dtype="str", index=pd.RangeIndex(5, 5 + len(texts)))


def spelt(cells: Cells) -> list[str | None]:
    """The day of each cell, or its fault; no cell has two, and a faulted cell holds nothing."""
    found = [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in cells.values]
    for code, mask in cells.faults.items():
        assert code in FAULTS
        assert mask.any()
        for place in np.flatnonzero(mask):
            assert found[place] is None
            found[place] = code
    assert set(cells.mended) <= set(MENDED)
    return found


@settings(deadline=None, max_examples=30)
@given(DAYS)
def test_a_day_is_the_same_in_every_form_that_is_sure(day: date) -> None:
    texts = [day.strftime(form) for form in SURE]
    texts += [
        texts[3].upper(),
        texts[3].lower(),
        f"{day.day} {day:%b} {day.year}",
        f"{day.day}th {day:%B}, {day.year}",
    ]
    cells = read_days(series(*texts))
    assert spelt(cells) == [day.isoformat()] * len(texts)
    assert cells.values.dtype.kind == "M"


@settings(deadline=None, max_examples=30)
@given(DAYS, st.sampled_from(NAMED))
def test_a_form_that_is_named_is_read(day: date, form: str) -> None:
    assert spelt(read_days(series(day.strftime(form)), [form])) == [day.isoformat()]
    # Other forms that are sure are read beside it.
    assert spelt(read_days(series(*map(day.strftime, SURE)), [form])) == [day.isoformat()] * len(SURE)


@settings(deadline=None, max_examples=30)
@given(DAYS)
def test_an_order_is_not_guessed(day: date) -> None:
    known = day.day > 12 or day.day == day.month
    expected = day.isoformat() if known else "ambiguous_day"
    texts = [f"{day:%d/%m/%Y}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}", f"{day.day}-{day.month}-{day.year}"]
    assert spelt(read_days(series(*texts))) == [expected] * 4


@settings(deadline=None, max_examples=30)
@given(DAYS)
def test_day_numbers_of_a_spreadsheet(day: date) -> None:
    number = (day - date(1899, 12, 30)).days
    texts = series(str(number), f"{number}.0", f"{number}.25")
    assert spelt(read_days(texts, ["excel"])) == [day.isoformat(), day.isoformat(), "time_of_day"]
    assert set(spelt(read_days(texts))) == {"not_a_day"}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.none() | st.text() | st.text("0123456789-/.: TZJanFebMy")),
    st.lists(st.sampled_from([*NAMED, "%d-%b-%y", "excel"]), max_size=2),
)
def test_any_text_is_read_or_faulted(texts: list[str | None], forms: list[str]) -> None:
    cells = read_days(pd.Series(texts, dtype="str"), forms)
    blank = np.array([text is None or not text.strip() for text in texts], dtype=bool)
    assert (np.array([day is None for day in spelt(cells)], dtype=bool) == blank).all()
    assert (cells.values.isna().to_numpy() == (cells.unread | blank)).all()
    again = read_days(cells.values.dt.strftime("%Y-%m-%d").astype("str"))
    pd.testing.assert_series_equal(again.values, cells.values)


@pytest.mark.parametrize(
    ("fault", "texts"),
    [
        (
            "ambiguous_day",
            ["03/04/2023", "3.4.2023", "03-04-2023", "31072023", "07312023", "03/04/2023 00:00"],
        ),
        (
            "impossible_day",
            ["31/02/2023", "2023-02-29", "13/13/2023", "20231301", "31 Feb 2023", "2023-31-07"],
        ),
        ("impossible_day", ["1899-12-31", "2201-01-01", "0001-01-01", "31/07/1823"]),
        ("placeholder_day", ["9999-12-31", "31/12/9999", "99991231", "31 Dec 9999", "9999-12-31T00:00:00"]),
        ("placeholder_day", ["00000000", "0000-00-00", "00/00/0000", "0", "31129999"]),
        (
            "time_of_day",
            ["2023-07-31T12:00:00", "2023-07-30T23:00:00Z", "2023-07-31 00:00:01", "31 Jul 2023 12:00 PM"],
        ),
        ("two_digit_year", ["31-JUL-23", "31/07/23", "Jul 31, 23"]),
        ("excel_error", ["#N/A", "#####"]),
        (
            "not_a_day",
            ["soon", "45123", "1230731", "31 Juli 2023", "2023-07", "12:00", "2023-07-31x", "\u0662" * 8],
        ),
    ],
)
def test_what_is_no_day(fault: str, texts: list[str]) -> None:
    assert spelt(read_days(series(*texts))) == [fault] * len(texts)


def test_the_first_form_that_fits_wins() -> None:
    texts = series("03/04/2023", "31/07/2023", "07/31/2023")
    assert spelt(read_days(texts, ["%d/%m/%Y", "%m/%d/%Y"])) == ["2023-04-03", "2023-07-31", "2023-07-31"]
    assert spelt(read_days(texts, ["%m/%d/%Y", "%d/%m/%Y"])) == ["2023-03-04", "2023-07-31", "2023-07-31"]


def test_numbers_in_another_order_than_named_are_not_read() -> None:
    cells = read_days(series("31/07/2023", "31/02/2023", "31 Jul 2023"), ["%m/%d/%Y"])
    assert spelt(cells) == ["other_day_form", "impossible_day", "2023-07-31"]


def test_a_form_is_not_read_with_digits_missing() -> None:
    # 01112023 without its first zero is no 11 January.
    assert spelt(read_days(series("1112023", "01112023"), ["%d%m%Y"])) == ["not_a_day", "2023-11-01"]
    assert spelt(read_days(series("1/11/2023"), ["%d/%m/%Y"])) == ["2023-11-01"]


def test_years_of_two_digits_and_times_by_their_form() -> None:
    texts = series("31-JUL-23", "31-jul-99", "31/07/2023 14:30", "31/07/2023 00:00", "31/07/2023")
    assert spelt(read_days(texts, ["%d-%b-%y", "%d/%m/%Y %H:%M", "%d/%m/%Y"])) == [
        *("2023-07-31", "1999-07-31", "time_of_day", "2023-07-31", "2023-07-31")
    ]


def test_edges_of_the_day_numbers_of_a_spreadsheet() -> None:
    cells = read_days(series("1", "59", "60", "61", "0", "999999", "2023-07-31"), ["excel"])
    assert spelt(cells) == [
        *("1900-01-01", "1900-02-28", "impossible_day", "1900-03-01"),
        *("placeholder_day", "impossible_day", "2023-07-31"),
    ]


def test_forms_of_writing_are_counted() -> None:
    cells = read_days(series("2023-07-31", "20230731", "31/07/2023", "31 Jul 2023 00:00", None))
    assert cells.mended == {"eight_digits": 1, "day_month_year": 1, "month_by_name": 1, "midnight": 1}
    assert cells.values.index.tolist() == [5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "form", ["%d/%m", "%H:%M", "dd/mm/yyyy", "", "%d/%m/%Q%Y", "%Y", "%d%%m%Y", "%d/%d/%m/%Y", "%"]
)
def test_forms_that_are_none(form: str) -> None:
    with pytest.raises(UsageError, match="day, month and year"):
        read_days(series("2023-07-31"), [form])


def test_an_empty_column_has_the_type_of_days() -> None:
    for values in ([], [None], [" "]):
        cells = read_days(pd.Series(values, dtype=object))
        assert cells.values.dtype == "datetime64[s]"
        assert not cells.faults
