"""Numbers are written as people read them."""

from __future__ import annotations

import math

import pytest

from taxgap.publication.wording import (
    MINUS,
    UNKNOWN,
    count,
    decimal,
    factor,
    interval,
    listing,
    money,
    number_of,
    pounds,
    share,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "£0"),
        (-0.3, "£0"),
        (0.4, "£0"),
        (1_234.5, "£1,234"),
        (999_400, "£999,400"),
        (999_600, "£1 million"),
        (59.2e9, "£59.2 billion"),
        (123.4e6, "£123 million"),
        (-2.5e6, f"{MINUS}£2.5 million"),
        (math.nan, UNKNOWN),
        (math.inf, UNKNOWN),
    ],
)
def test_money(value: float, text: str) -> None:
    assert money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0%"),
        (0.0012, "0.1%"),
        (0.05, "5%"),
        (0.0996, "10%"),
        (0.412, "41%"),
        (-0.41, f"{MINUS}41%"),
        (-0.0001, "0%"),
        (math.nan, UNKNOWN),
    ],
)
def test_share(value: float, text: str) -> None:
    assert share(value) == text


def test_figures_of_one_return_are_whole_pounds() -> None:
    assert [pounds(value) for value in (1_012_345.6, -0.4, -12.0)] == ["£1,012,346", "£0", f"{MINUS}£12"]
    assert pounds(math.nan) == UNKNOWN


def test_columns_of_shares_have_one_decimal_place() -> None:
    assert share(0.36, digits=1) == "36.0%"


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.0, "changes nothing"),
        (1.004, "changes nothing"),
        (1.08, "multiplies by 1.08"),
        (0.6, "multiplies by 0.60"),
        (1.83, "multiplies by 1.8"),
        (23.4, "multiplies by 23"),
    ],
)
def test_factor(ratio: float, text: str) -> None:
    assert factor(math.log(ratio)) == text


def test_intervals() -> None:
    assert interval(0.38, 0.44, share) == "38% to 44%"
    assert interval(-5, 1_200, money) == f"{MINUS}£5 to £1,200"
    assert interval(math.nan, 1, share) == ""


def test_numbers_without_a_value() -> None:
    assert {count(math.nan), decimal(math.nan)} == {UNKNOWN}


def test_plurals_and_lists() -> None:
    assert number_of(1, "rule was broken", "rules were broken") == "1 rule was broken"
    assert number_of(2, "rule was broken", "rules were broken") == "2 rules were broken"
    assert listing([]) == ""
    assert listing(["a", "b"]) == "a and b"
