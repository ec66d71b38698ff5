"""National Insurance, each case worked by hand in its comments."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.tax import tax_law, tax_years
from taxgap.tax.national_insurance import class_1_main, class_2, class_4

PENNY = {"abs": 0.005}


@pytest.mark.parametrize(
    ("tax_year", "pay", "expected"),
    [
        ("2021-22", 9_568, 0),
        # 40,702 at 12% = 4,884.24; 9,730 at 2% = 194.60
        ("2021-22", 60_000, 5_078.84),
        # Rates of 13.25% and 3.25% to 5 November, 12% and 2% after; a year's earnings period averages them.
        ("2022-23", 11_908, 0),
        # 18,092 at 12.73%
        ("2022-23", 30_000, 2_303.11),
        # 38,362 at 12.73% = 4,883.48; 9,730 at 2.73% = 265.63
        ("2022-23", 60_000, 5_149.11),
        # 12% for 275 days, 10% for 91: 17,430 at 11.5%
        ("2023-24", 30_000, 2_004.45),
        # 37,700 at 11.5% = 4,335.50; 9,730 at 2% = 194.60
        ("2023-24", 60_000, 4_530.10),
        # 17,430 at 8%
        ("2024-25", 30_000, 1_394.40),
        # 37,700 at 8% = 3,016; 9,730 at 2% = 194.60
        ("2025-26", 60_000, 3_210.60),
    ],
)
def test_class_1(owed, tax_year, pay, expected):
    assert owed(tax_year, employment=pay)["nics_class_1"] == pytest.approx(expected, **PENNY)


@pytest.mark.parametrize(
    ("tax_year", "profits", "expected"),
    [
        ("2021-22", 6_514, 0),
        ("2021-22", 6_515, 158.60),  # 52 weeks at 3.05; due at the threshold
        ("2022-23", 6_725, 0),  # treated as paid
        ("2022-23", 11_908, 0),  # due above the threshold
        ("2022-23", 11_909, 163.80),  # 52 weeks at 3.15
        ("2023-24", 12_570, 0),
        ("2023-24", 12_571, 179.40),  # 52 weeks at 3.45
        ("2024-25", 90_000, 0),  # nobody is liable
        ("2025-26", 90_000, 0),
    ],
)
def test_class_2(owed, tax_year, profits, expected):
    assert owed(tax_year, self_employment=profits)["nics_class_2"] == pytest.approx(expected, **PENNY)


@pytest.mark.parametrize(
    ("tax_year", "expected"),
    [
        # 40,702 at 9% = 3,663.18; 9,730 at 2% = 194.60
        ("2021-22", 3_857.78),
        # 38,362 at 9.73% = 3,732.62; 9,730 at 2.73% = 265.63
        ("2022-23", 3_998.25),
        # 37,700 at 9% = 3,393.00; 194.60
        ("2023-24", 3_587.60),
        # 37,700 at 6% = 2,262.00; 194.60
        ("2024-25", 2_456.60),
        ("2025-26", 2_456.60),
    ],
)
def test_class_4(owed, tax_year, expected):
    assert owed(tax_year, self_employment=60_000)["nics_class_4"] == pytest.approx(expected, **PENNY)


def test_class_4_maximum_of_someone_also_employed(owed):
    # Class 1 at the main rate 27,430 at 8% = 2,194.40; room 37,700 at 6% - 2,194.40 = 67.60, which covers
    # 1,126.67 of profits; the other 26,303.33 of the 27,430 above the lower limit at 2% = 526.07
    tax = owed("2024-25", employment=40_000, self_employment=40_000)
    assert tax["nics_class_4"] == pytest.approx(593.67, **PENNY)


def test_class_4_maximum_of_someone_with_full_class_1(owed):
    # Class 1 and 2 exceed the maximum: 20,000 - 9,568 = 10,432 at 2% only
    tax = owed("2021-22", employment=60_000, self_employment=20_000)
    assert tax["nics_class_4"] == pytest.approx(208.64, **PENNY)


@pytest.mark.parametrize("tax_year", tax_years())
def test_nothing_is_due_over_state_pension_age(owed, tax_year):
    amounts = {"employment": 30_000, "self_employment": 30_000}
    older = owed(tax_year, over_state_pension_age=True, **amounts)
    younger = owed(tax_year, **amounts)
    assert older[["nics_class_1", "nics_class_2", "nics_class_4"]].tolist() == [0, 0, 0]
    assert older["income_tax"] == younger["income_tax"]


def test_other_income_bears_no_contributions(owed):
    kinds = ("property", "interest", "dividends", "pension", "foreign_income", "other_income")
    tax = owed("2023-24", **dict.fromkeys(kinds, 20_000))
    assert tax["total"] == tax["income_tax"]


@pytest.mark.parametrize("tax_year", tax_years())
def test_class_4_follows_regulation_100_word_by_word(tax_year):
    law = tax_law(tax_year).national_insurance
    random = np.random.default_rng(4)
    pay = np.concatenate([np.round(random.uniform(0, 60_000, 300)), np.zeros(20)])
    profits = np.round(random.uniform(0, 80_000, 320))
    nobody = np.zeros(320, dtype=bool)
    weekly = class_2(profits, nobody, law)
    expected = [
        regulation_100(*amounts, law) for amounts in zip(profits, class_1_main(pay, law), weekly, strict=True)
    ]
    np.testing.assert_allclose(class_4(profits, pay, nobody, law), expected, atol=1e-8)


def regulation_100(profits, class_1, class_2_paid, law):
    main, additional = law.class_4_rates
    lower, upper = law.lower_profits_limit, law.upper_profits_limit
    at_main = main * max(min(profits, upper) - lower, 0)
    above = additional * max(profits - upper, 0)
    if not (class_1 or class_2_paid):
        return at_main + above
    step_four = (upper - lower) * main + 53 * law.class_2_weekly_rate - class_2_paid - class_1
    if step_four > class_1 + class_2_paid + at_main:  # Case 1
        return min(at_main + above, step_four)
    step_four = max(step_four, 0)  # Case 2; Case 3 where it is nil
    step_seven = max(min(profits, upper) - lower - step_four / main, 0)
    return min(at_main + above, step_four + step_seven * additional + above)
