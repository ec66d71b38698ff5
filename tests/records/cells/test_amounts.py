"""Amounts, counts and fractions: every form of writing gives the same float, and nothing is guessed."""

# ruff: noqa: PD011  `values` is what a reading gives
from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.records.cells.amounts import read_amounts, read_fractions, read_whole_numbers
from taxgap.records.cells.read_cells import Cells
from taxgap.records.faults import FAULTS, MENDED

PENCE = st.integers(-(10**14) + 1, 10**14 - 1)


def series(*texts: str | None) -> pd.Series:
    return pd.Series(texts, dtype="str", index=pd.RangeIndex(5, 5 + len(texts)))


def fault_of(cells: Cells) -> list[str]:
    """The fault of each cell, or empty; no cell has two, and a faulted cell holds nothing."""
    found = [""] * len(cells.values)
    for code, mask in cells.faults.items():
        assert code in FAULTS
        assert mask.any()
        for place in np.flatnonzero(mask):
            assert not found[place]
            found[place] = code
    assert set(cells.mended) <= set(MENDED)
    return found


def forms(pence: int, separator: str) -> list[str]:
    pounds = Decimal(pence) / 100
    bare, grouped = f"{abs(pounds):.2f}", f"{abs(pounds):,.2f}".replace(",", separator)
    sign = "-" if pence < 0 else ""
    texts = [
        f"{sign}{bare}",
        f"{sign}{grouped}",
        f"{sign}£{grouped}",
        f"£{sign}{grouped}",
        f"{sign}{bare} GBP",
    ]
    texts += [
        f"{sign}000{bare}",
        f"  {sign}{bare}\u00a0",
        f"{bare}{sign}",
        f"£{grouped}{sign}",
        f"{sign}Â£{bare}",
    ]
    if pence < 0:
        return [
            *texts,
            f"({bare})",
            f"(£{grouped})",
            f"£({grouped})",
            f"{bare}CR",
            f"{grouped} CR",
            f"\u2212{bare}",
        ]
    return [*texts, f"+{bare}", f"{bare}+", f"{bare} DR", f"GBP {grouped}", f"{bare}dr"]


@settings(deadline=None, max_examples=30)
@given(PENCE, st.sampled_from([",", " ", "\u00a0", "\u202f", "'", "\u2019"]))
def test_an_amount_is_the_same_in_every_form(pence: int, separator: str) -> None:
    cells = read_amounts(series(*forms(pence, separator)))
    assert cells.values.tolist() == [pence / 100] * len(cells.values)
    assert not cells.unread.any()


@settings(deadline=None, max_examples=30)
@given(PENCE)
def test_an_amount_is_the_same_with_a_decimal_comma(pence: int) -> None:
    swapped = [text.translate(str.maketrans(",.", ".,")) for text in forms(pence, ",")]
    assert set(read_amounts(series(*swapped), decimal=",").values) == {pence / 100}


@settings(deadline=None, max_examples=30)
@given(st.integers(-(10**15), 10**15))
def test_pence_and_thousands_are_rounded_once(number: int) -> None:
    assert read_amounts(series(str(number)), factor=0.01).values.item() == number / 100
    thousandths = f"{Decimal(number) / 1000:.3f}"
    assert read_amounts(series(thousandths), factor=1000.0).values.item() == float(number)
    assert read_amounts(series(thousandths), factor=0.01).values.item() == float(f"{thousandths}e-2")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1e15, 1e15)))
def test_the_plain_text_of_a_value_gives_the_value(values: list[float]) -> None:
    texts = [np.format_float_positional(value) for value in values]
    assert read_amounts(pd.Series(texts, dtype="str")).values.tolist() == values


@settings(deadline=None, max_examples=30)
@given(st.lists(st.none() | st.text() | st.text("0123456789.,-+()£ %eECRGBP'#")), st.sampled_from([".", ","]))
def test_any_text_is_read_or_faulted(texts: list[str | None], decimal: str) -> None:
    column = pd.Series(texts, dtype="str")
    blank = np.array([text is None or not text.strip() for text in texts], dtype=bool)
    for exponents in (False, True):
        cells = read_amounts(column, decimal=decimal, exponents=exponents)
        fault_of(cells)
        assert not cells.unread[blank].any()
        assert (np.isfinite(cells.values) != (cells.unread | blank)).all()
    fractions = read_fractions(column, decimal=decimal)
    fault_of(fractions)
    assert (np.isfinite(fractions.values) != (fractions.unread | blank)).all()
    counts = read_whole_numbers(column)
    fault_of(counts)
    assert counts.values.dtype == np.int64
    assert counts.unread[blank].all()
    assert not counts.values[counts.unread].any()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1.23E+09", "exponent"),
        ("1e5", "exponent"),
        ("1,23", "ambiguous_separator"),
        ("0,500", "ambiguous_separator"),
        ("1,2345", "ambiguous_separator"),
        ("1234,567", "ambiguous_separator"),
        ("1.234.567", "ambiguous_separator"),
        ("1.234,56", "ambiguous_separator"),
        ("1,234 567", "ambiguous_separator"),
        ("£1,23-", "ambiguous_separator"),
        ("inf", "not_finite"),
        ("-Infinity", "not_finite"),
        ("NaN", "not_finite"),
        ("1.#INF", "not_finite"),
        ("9999999999999999", "too_large"),
        ("9" * 400, "too_large"),
        ("$5.00", "other_currency"),
        ("5.00 EUR", "other_currency"),
        ("#REF!", "excel_error"),
        ("#n/a", "excel_error"),
        ("########", "excel_error"),
        *(
            (text, "not_an_amount")
            for text in ("nil", "-", "--5", "-5-", "(-5)", "(5", "5)", "5%", "12.5PD", "££5")
        ),
        *(
            (text, "not_an_amount")
            for text in (".", "0x10", "1_000", "\u0661\u0662", "5 GBP CR DR", "12|5", "5\x00")
        ),
    ],
)
def test_what_is_no_amount(text: str, fault: str) -> None:
    cells = read_amounts(series("1.5", text, None))
    assert fault_of(cells) == ["", fault, ""]
    assert cells.values.isna().tolist() == [False, True, True]


@pytest.mark.parametrize("text", ["12.50", "1,234.50", "1.2.3"])
def test_a_point_is_no_decimal_comma(text: str) -> None:
    assert fault_of(read_amounts(series(text), decimal=",")) == ["ambiguous_separator"]


def test_exponents_are_read_where_they_are_allowed() -> None:
    cells = read_amounts(series("1.5E+06", "-2e3", "1e-400", "1e99", "1e999999999"), exponents=True)
    assert cells.values.tolist()[:3] == [1.5e6, -2e3, 0.0]
    assert fault_of(cells) == ["", "", "", "too_large", "not_finite"]
    assert cells.mended == {"exponent": 3}
    assert read_amounts(series("1,5E+06"), factor=0.01, decimal=",", exponents=True).values.item() == 15_000.0


def test_forms_are_counted_where_the_cell_is_read() -> None:
    cells = read_amounts(series("12.50", "£1,234.50-", "(7)", "7 CR", "9,999,999,999,999,999", None))
    assert cells.mended == {
        "sign_after_number": 1,
        "parentheses": 1,
        "credit_or_debit": 1,
        "currency_sign": 1,
        "thousands_separator": 1,
    }
    assert cells.values.index.tolist() == [5, 6, 7, 8, 9, 10]


def test_zero_has_no_sign() -> None:
    assert not np.signbit(read_amounts(series("-0", "0.00-", "(0)", "-0.00")).values).any()


def test_empty_columns_and_objects() -> None:
    for values in ([], [None, None], ["", " \u00a0 "]):
        cells = read_amounts(pd.Series(values, dtype=object))
        assert cells.values.dtype == np.float64
        assert cells.values.isna().all()
        assert not cells.faults
    assert fault_of(read_amounts(pd.Series(["1", "\ud800"], dtype=object))) == ["", "not_an_amount"]
    assert read_amounts(pd.Series(["x", "1", None, "2.5"], dtype="str")[1:]).values.tolist()[::2] == [
        1.0,
        2.5,
    ]


def test_units_and_decimal_signs_that_there_are_not() -> None:
    for factor in (0.0, -1.0, 0.5, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="power of ten"):
            read_amounts(series("1"), factor=factor)
    with pytest.raises(UsageError, match="decimal sign"):
        read_amounts(series("1"), decimal=";")


def test_fractions_and_percentages() -> None:
    texts = series("0.125", "12.5%", "-12.5 %", "12,5%", "£5%")
    cells = read_fractions(texts)
    assert cells.values.tolist()[:3] == [0.125, 0.125, -0.125]
    assert fault_of(cells)[3:] == ["ambiguous_separator", "not_an_amount"]
    assert cells.mended == {"percent_sign": 2}
    assert read_fractions(texts, percent=True).values.tolist()[:2] == [0.00125, 0.125]
    assert read_fractions(series("12,5%", "12,5"), percent=True, decimal=",").values.tolist() == [
        0.125,
        0.125,
    ]


@settings(deadline=None, max_examples=30)
@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_count_is_the_same_in_every_form(number: int) -> None:
    texts = [str(number), f"{number}.0", f"{number}.", f"{number:,}", f"{number:020d}", f"{number:,}.00"]
    cells = read_whole_numbers(series(*texts))
    assert cells.values.tolist() == [number] * len(texts)
    assert not cells.faults


def test_what_is_no_count() -> None:
    cells = read_whole_numbers(series("3.5", ".5", ".0", None, "1E+05", "9" * 17, "seven", "12%", "3.000"))
    assert fault_of(cells) == [
        *("not_whole", "not_whole", "", "empty_number"),
        *("exponent", "too_large", "not_an_amount", "not_an_amount", "ambiguous_separator"),
    ]
    assert cells.values.tolist() == [0] * 9
