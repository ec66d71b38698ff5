"""References: what a spreadsheet did to them is undone where that is sure, and the rest stands as it is."""

# ruff: noqa: PD011  `values` is what a reading gives
from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.records.cells.read_cells import Cells
from taxgap.records.cells.references import read_references, read_texts
from taxgap.records.faults import FAULTS, MENDED
from taxgap.schemas.identifiers import is_company_number, is_nino, is_utr, is_vrn

KINDS = ["utr", "vrn", "nino", "company_number", "sic2007", ""]


def series(*texts: str | None) -> pd.Series:
    return pd.Series(texts, dtype="str", index=pd.RangeIndex(5, 5 + len(texts)))


def spelt(cells: Cells) -> list[str | None]:
    """The text of each cell, or its fault; no cell has two, and a faulted cell holds nothing."""
    found = [None if pd.isna(text) else text for text in cells.values]
    for code, mask in cells.faults.items():
        assert code in FAULTS
        assert mask.any()
        for place in np.flatnonzero(mask):
            assert found[place] is None
            found[place] = f"<{code}>"
    assert set(cells.mended) <= set(MENDED)
    return found


@settings(deadline=None, max_examples=30)
@given(st.from_regex("[1-9][0-9]{9}", fullmatch=True))
def test_a_utr_is_the_same_in_every_form(utr: str) -> None:
    texts = [
        utr,
        f" {utr}\u00a0",
        f"{utr[:5]} {utr[5:]}",
        f"{utr}K",
        f"{utr[:5]}\u00a0{utr[5:]} k",
        f"K{utr}",
    ]
    texts += [f"{utr}.0", f"{utr}.00", f"{int(utr):,}"]
    assert spelt(read_references(series(*texts), "utr")) == [utr] * len(texts)


@settings(deadline=None, max_examples=30)
@given(st.from_regex("[1-9][0-9]{8}", fullmatch=True))
def test_a_vrn_is_the_same_in_every_form(vrn: str) -> None:
    texts = [vrn, f"GB{vrn}", f"gb {vrn[:3]} {vrn[3:7]} {vrn[7:]}", f"GB {vrn}", f"XI{vrn}", f"{vrn}.0"]
    assert spelt(read_references(series(*texts), "vrn")) == [vrn] * len(texts)


@settings(deadline=None, max_examples=30)
@given(st.from_regex("[A-Z]{2}[0-9]{6}[A-D]", fullmatch=True))
def test_a_nino_is_the_same_in_every_form(nino: str) -> None:
    texts = [nino, nino.lower(), f"{nino[:2]} {nino[2:4]} {nino[4:6]} {nino[6:8]} {nino[8:]}"]
    assert spelt(read_references(series(*texts), "nino")) == [nino] * len(texts)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 10**8 - 1))
def test_zeros_come_back_to_a_company_number(number: int) -> None:
    texts = [f"{number:08d}", str(number), f"{number}.0", f"{number:,}"]
    cells = read_references(series(*texts), "company_number")
    assert spelt(cells) == [f"{number:08d}"] * 4
    assert cells.mended.get("leading_zero", 0) == (3 if number < 10**7 else 0)


def test_zeros_come_back_only_where_the_form_fixes_the_length() -> None:
    assert spelt(
        read_references(series("1110", "1110.0", "111", "4711", "0111", "62.02/0", "62.02"), "sic2007")
    ) == [*("01110", "01110", "111", "4711", "0111", "62020", "62.02")]
    assert spelt(
        read_references(series("0", "sc123456", "SC 123456", "SC12345", "25.000"), "company_number")
    ) == [*("0", "SC123456", "SC123456", "SC12345", "25.000")]
    assert spelt(read_references(series("195583966", "98078068", "955839661.0"), "utr")) == [
        *("195583966", "98078068", "955839661.0")
    ]


def test_no_utr_can_have_lost_a_zero() -> None:
    # The first digit is a check digit that is never 0: so none is put back.
    numbers = pd.Series([f"0{number:09d}" for number in range(0, 10**9, 10**6 + 3)], dtype="str")
    assert not is_utr(numbers).any()


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_read(kind: str) -> None:
    texts = series(
        "1.96E+09", "1E+09", "12345\x0067890", "12345\t67890", "12345\u200b67890", "#REF!", "######", "\x9f1"
    )
    assert spelt(read_references(texts, kind)) == [
        *(["<exponent>"] * 2),
        *(["<control_character>"] * 3),
        *(["<excel_error>"] * 2),
        "<control_character>",
    ]


def test_an_exponent_with_all_its_digits_is_not_trusted_either() -> None:
    assert spelt(read_references(series("1.955839661E9"), "utr")) == ["<exponent>"]
    assert spelt(read_references(series("12E45", "T1E+9", "1.955839661E9"), "")) == [
        "12E45",
        "T1E+9",
        "1.955839661E9",
    ]


def test_free_identifiers_are_left_as_they_stand() -> None:
    texts = [" 0012 ", "12.0", "ab 12", "007", "#12", "1,234", None, "Ä/1"]
    assert spelt(read_references(series(*texts), "")) == ["0012", *texts[1:]]


def test_check_digits_are_left_to_validation() -> None:
    assert spelt(read_references(series("2955839661"), "utr")) == ["2955839661"]
    assert spelt(read_references(series("980780685"), "vrn")) == ["980780685"]


def test_what_was_mended_is_counted() -> None:
    cells = read_references(series("1955839661", "19558 39661K", "1955839661.0", "12 34", None), "utr")
    assert cells.mended == {"inner_spaces": 1, "letter_k": 1, "decimal_zeros": 1}
    assert cells.values.index.tolist() == [5, 6, 7, 8, 9]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.none() | st.text() | st.text("0123456789.,KkGBE+ \u00a0AB")),
    st.sampled_from(KINDS),
)
def test_any_text_is_read_or_faulted(texts: list[str | None], kind: str) -> None:
    cells = read_references(pd.Series(texts, dtype="str"), kind)
    blank = np.array([text is None or not text.strip() for text in texts], dtype=bool)
    assert (np.array([text is None for text in spelt(cells)], dtype=bool) == blank).all()
    assert cells.values.dtype == "str"
    again = read_references(cells.values, kind)
    pd.testing.assert_series_equal(again.values, cells.values)
    assert not again.mended


@pytest.mark.parametrize(
    ("kind", "test", "written"),
    [
        ("utr", is_utr, "19558 39661K"),
        ("vrn", is_vrn, "GB 980 7806 84"),
        ("nino", is_nino, "qq 12 34 56 a"),
        ("company_number", is_company_number, "1234567.0"),
    ],
)
def test_what_was_mended_has_the_form_of_the_schema(kind: str, test: object, written: str) -> None:
    assert test(read_references(series(written), kind).values).all()  # type: ignore[operator]


def test_there_is_no_other_kind() -> None:
    with pytest.raises(UsageError, match="no such kind"):
        read_references(series("1"), "passport")


def test_free_text() -> None:
    texts = [" Greater  London\t", "two\nlines", "caf\u00e9 \u2013 #1", "a\x00b", "a\x93b", "#REF!", "", None]
    assert spelt(read_texts(series(*texts))) == [
        *("Greater  London", "two\nlines", "caf\u00e9 \u2013 #1"),
        *("<control_character>", "<control_character>", "<excel_error>", None, None),
    ]
    assert spelt(read_texts(pd.Series(["a\udca3b"], dtype=object))) == ["<control_character>"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | st.text()))
def test_any_free_text_is_read_or_faulted(texts: list[str | None]) -> None:
    cells = read_texts(pd.Series(texts, dtype="str"))
    blank = np.array([text is None or not text.strip() for text in texts], dtype=bool)
    assert (np.array([text is None for text in spelt(cells)], dtype=bool) == blank).all()
    for text, found in zip(texts, cells.values, strict=True):
        assert pd.isna(found) or text.strip() == found.strip()
