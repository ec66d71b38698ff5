"""Identifiers: the same verdict as python-stdnum, one digit wrong is found, and nothing is cleaned up."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import utr, vat

from taxgap.schemas.identifiers import is_company_number, is_nino, is_utr, is_vrn


def one(test: object, value: str) -> bool:
    return bool(test(pd.Series([value], dtype=object)).item())  # type: ignore[operator]


@given(st.from_regex(r"[0-9]{10}\Z", fullmatch=True))
def test_a_utr_is_one_where_stdnum_says_so(number: str) -> None:
    assert one(is_utr, number) == utr.is_valid(number)


@given(st.from_regex(r"[0-9]{9}\Z", fullmatch=True))
def test_a_vrn_is_one_where_stdnum_says_so(number: str) -> None:
    assert one(is_vrn, number) == vat.is_valid(number)


@given(st.from_regex(r"[0-9]{9}\Z", fullmatch=True), st.integers(1, 9))
def test_a_wrong_check_digit_of_a_utr_is_found(digits: str, shift: int) -> None:
    right = utr.calc_check_digit(digits)
    assert one(is_utr, right + digits)
    assert not one(is_utr, str((int(right) + shift) % 10) + digits)


@given(st.from_regex(r"[1-9][0-9]{6}\Z", fullmatch=True), st.sampled_from([0, 55]))
def test_both_checks_of_a_vrn_are_known(digits: str, offset: int) -> None:
    weights = range(8, 1, -1)
    check = (offset - sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True))) % 97
    # The last two digits are added with weights 10 and 1: together they make `check`, or 97 less it.
    assert one(is_vrn, f"{digits}{check:02d}") == vat.is_valid(f"{digits}{check:02d}")


@pytest.mark.parametrize("test", [is_utr, is_vrn, is_nino, is_company_number])
@pytest.mark.parametrize("change", ["{}\n", " {}", "{} ", "{}0", "GB{}", "{}K"])
def test_nothing_is_cleaned_up(test: object, change: str) -> None:
    numbers = {is_utr: "1955839661", is_vrn: "980780684", is_nino: "QQ123456A", is_company_number: "99000001"}
    right = numbers[test]  # type: ignore[index]
    assert one(test, right)
    assert not one(test, change.format(right))


@pytest.mark.parametrize("number", ["\u0661\u0669" * 5, "\uff11" * 10, "", "195583966", "abcdefghij"])
def test_only_ascii_digits_make_a_utr(number: str) -> None:
    assert not one(is_utr, number)


@pytest.mark.parametrize("number", ["00000001", "SC123456", "NI012345", "OC399999", "R0000012"])
def test_formats_of_a_company_number(number: str) -> None:
    assert one(is_company_number, number)


@pytest.mark.parametrize("number", ["1234567", "123456789", "XX123456", "sc123456", "SC 12345", "\uff11" * 8])
def test_what_is_no_company_number(number: str) -> None:
    assert not one(is_company_number, number)


@pytest.mark.parametrize("number", ["AB123456C", "QQ000000A", "ZY987654D", "JG103759A"])
def test_formats_of_a_nino(number: str) -> None:
    assert one(is_nino, number)


@pytest.mark.parametrize(
    "number",
    [
        *(f"{prefix}123456A" for prefix in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ", "DA", "AO", "QV")),
        *("AB123456E", "ab123456c", "AB12345C", "QQ12345A"),
    ],
)
def test_letters_and_prefixes_that_are_never_issued(number: str) -> None:
    assert not one(is_nino, number)


def test_empty_cells_pass_and_the_index_is_kept() -> None:
    values = pd.Series(["1955839661", None, "2955839661", "1955839661"], index=[7, 7, 3, 1], dtype="str")
    result = is_utr(values)
    assert result.tolist() == [True, True, False, True]
    assert result.index.tolist() == [7, 7, 3, 1]
    assert result.dtype == bool


def test_each_distinct_value_is_tested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(utr, "calc_check_digit", lambda digits: seen.append(digits) or "1")
    assert is_utr(pd.Series(["1955839661"] * 1_000)).all()
    assert len(seen) == 1


def test_a_column_without_rows_gives_no_rows() -> None:
    assert is_utr(pd.Series([], dtype="str")).tolist() == []
