"""Income Tax, each case worked by hand in its comments."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.tax import tax_law, tax_years
from taxgap.tax.income_tax import personal_allowance

PENNY = {"abs": 0.005}


@pytest.mark.parametrize("tax_year", tax_years())
@pytest.mark.parametrize("nation", ["England", "Wales", "Northern Ireland"])
def test_basic_rate_is_the_same_everywhere_but_in_scotland(owed, tax_year, nation):
    # 30,000 - 12,570 = 17,430 at 20%
    assert owed(tax_year, nation, employment=30_000)["income_tax"] == pytest.approx(3_486.00, **PENNY)


@pytest.mark.parametrize(
    ("tax_year", "expected"),
    [
        # No allowance. 37,700 at 20% = 7,540; 112,300 at 40% = 44,920; 10,000 at 45% = 4,500
        ("2021-22", 56_960.00),
        ("2022-23", 56_960.00),
        # 37,700 at 20% = 7,540; 87,440 at 40% = 34,976; 34,860 at 45% = 15,687
        ("2023-24", 58_203.00),
        ("2024-25", 58_203.00),
        ("2025-26", 58_203.00),
    ],
)
def test_additional_rate(owed, tax_year, expected):
    assert owed(tax_year, employment=160_000)["income_tax"] == pytest.approx(expected, **PENNY)


def test_allowance_is_withdrawn_above_100_000(owed):
    # Allowance 12,570 - 10,000 / 2 = 7,570; taxable 102,430: 7,540 + 64,730 at 40% = 25,892
    assert owed("2023-24", employment=110_000)["income_tax"] == pytest.approx(33_432.00, **PENNY)


def test_withdrawn_allowance_is_rounded_up_to_a_pound(owed):
    # 12,570 - 1.50 = 12,568.50, so 12,569; taxable 87,434: 7,540 + 49,734 at 40% = 19,893.60
    assert owed("2023-24", employment=100_003)["income_tax"] == pytest.approx(27_433.60, **PENNY)


def test_a_hair_of_binary_noise_is_not_rounded_up_to_a_pound():
    law = tax_law("2023-24").income_tax
    noisy = 100_000 + 0.1 + 0.2 + 1.7 - 4e-11  # 100,002 less a hair: the allowance is 12,569
    assert personal_allowance(np.array([noisy]), law)[0] == 12_569


@pytest.mark.parametrize(
    ("tax_year", "expected"),
    [
        # Taxable 47,430.
        # 2,097 at 19% = 398.43; 10,629 at 20% = 2,125.80; 18,366 at 21% = 3,856.86; 16,338 at 41% = 6,698.58
        ("2021-22", 13_079.67),
        # 2,162 at 19% = 410.78; 10,956 at 20% = 2,191.20; 17,974 at 21% = 3,774.54; 16,338 at 41% = 6,698.58
        ("2022-23", 13_075.10),
        # the same, and 16,338 at 42% = 6,861.96
        ("2023-24", 13_238.48),
        # 2,306 at 19% = 438.14; 11,685 at 20% = 2,337.00; 17,101 at 21% = 3,591.21; 16,338 at 42% = 6,861.96
        ("2024-25", 13_228.31),
        # 2,827 at 19% = 537.13; 12,094 at 20% = 2,418.80; 16,171 at 21% = 3,395.91; 16,338 at 42% = 6,861.96
        ("2025-26", 13_213.80),
    ],
)
def test_scottish_rates(owed, tax_year, expected):
    assert owed(tax_year, "Scotland", employment=60_000)["income_tax"] == pytest.approx(expected, **PENNY)


def test_scottish_advanced_and_top_rates(owed):
    # 438.14 + 2,337.00 + 3,591.21; 31,338 at 42% = 13,161.96; 62,710 at 45% = 28,219.50; 24,860 at 48% =
    # 11,932.80
    assert owed("2024-25", "Scotland", employment=150_000)["income_tax"] == pytest.approx(59_680.61, **PENNY)


def test_scottish_taxpayer_with_savings(owed):
    # Pay, taxable 32,430: 438.14 + 2,337.00 + 3,591.21 + 1,338 at 42% = 561.96, so 6,928.31. All income,
    # taxable 35,430, is below the UK basic rate limit: allowance 1,000, then 2,000 at the UK's 20% = 400.
    tax = owed("2024-25", "Scotland", employment=45_000, interest=3_000)["income_tax"]
    assert tax == pytest.approx(7_328.31, **PENNY)


def test_scottish_taxpayer_with_dividends(owed):
    # Pay, taxable 35,430: 410.78 + 2,191.20 + 3,774.54 + 4,338 at 42% = 1,821.96, so 8,198.48.
    # Dividends lie from 35,430 to 41,430: 1,000 at 0%; 1,270 at 8.75% = 111.125; 3,730 at 33.75% = 1,258.875
    tax = owed("2023-24", "Scotland", employment=48_000, dividends=6_000)["income_tax"]
    assert tax == pytest.approx(9_568.48, **PENNY)


def test_starting_rate_for_savings_and_savings_allowance(owed):
    # Pension, taxable 1,430 at 20% = 286. Savings: 3,570 at the starting rate, 1,000 allowance, 3,430 at 20%
    # = 686
    tax = owed("2024-25", pension=14_000, interest=8_000)["income_tax"]
    assert tax == pytest.approx(972.00, **PENNY)


def test_savings_allowance_is_halved_by_higher_rate_income(owed):
    # Pay, taxable 47,430: 7,540 + 9,730 at 40% = 3,892. Savings: 500 allowance, 1,000 at 40% = 400
    tax = owed("2024-25", employment=60_000, interest=1_500)["income_tax"]
    assert tax == pytest.approx(11_832.00, **PENNY)


def test_savings_allowance_is_lost_with_additional_rate_income(owed):
    # 150,000 without allowance: 7,540 + 34,976 + 24,860 at 45% = 11,187. Savings: 1,000 at 45% = 450
    tax = owed("2024-25", employment=150_000, interest=1_000)["income_tax"]
    assert tax == pytest.approx(54_153.00, **PENNY)


def test_income_at_the_basic_rate_limit_to_the_penny_keeps_the_full_savings_allowance(owed):
    # 12,570 + 37,700 in three parts whose binary sum may exceed it: taxable 36,700 at 20%, then 1,000
    # allowance
    parts = {"employment": 49_269.7, "other_income": 0.1, "pension": 0.2}
    assert owed("2024-25", interest=1_000, **parts)["income_tax"] == pytest.approx(7_340.00, **PENNY)


@pytest.mark.parametrize(
    ("tax_year", "expected"),
    [
        # Pay, taxable 32,430 at 20% = 6,486. Dividends lie from 32,430 to 42,430.
        # 2,000 at 0%; 3,270 at 7.5% = 245.25; 4,730 at 32.5% = 1,537.25
        ("2021-22", 8_268.50),
        # 2,000 at 0%; 3,270 at 8.75% = 286.125; 4,730 at 33.75% = 1,596.375
        ("2022-23", 8_368.50),
        # 1,000 at 0%; 4,270 at 8.75% = 373.625; 1,596.375
        ("2023-24", 8_456.00),
        # 500 at 0%; 4,770 at 8.75% = 417.375; 1,596.375
        ("2024-25", 8_499.75),
        ("2025-26", 8_499.75),
    ],
)
def test_dividends(owed, tax_year, expected):
    assert owed(tax_year, employment=45_000, dividends=10_000)["income_tax"] == pytest.approx(
        expected, **PENNY
    )


def test_dividends_alone_use_the_personal_allowance(owed):
    # 30,000 - 12,570 = 17,430; 2,000 at 0%; 15,430 at 7.5%
    assert owed("2021-22", dividends=30_000)["income_tax"] == pytest.approx(1_157.25, **PENNY)


@pytest.mark.parametrize("relief", ["gift_aid", "pension_contributions"])
class TestReliefAtSource:
    def test_widens_the_basic_rate_band(self, owed, relief):
        # Taxable 47,430: 38,700 at 20% = 7,740; 8,730 at 40% = 3,492
        tax = owed("2024-25", employment=60_000, **{relief: 1_000})["income_tax"]
        assert tax == pytest.approx(11_232.00, **PENNY)

    def test_leaves_the_scottish_starter_band_as_it_is(self, owed, relief):
        # 2,827 at 19% = 537.13; to 15,921: 13,094 at 20% = 2,618.80; to 32,092: 16,171 at 21% = 3,395.91;
        # 15,338 at 42% = 6,441.96
        tax = owed("2025-26", "Scotland", employment=60_000, **{relief: 1_000})["income_tax"]
        assert tax == pytest.approx(12_993.80, **PENNY)

    def test_restores_the_personal_allowance(self, owed, relief):
        # Adjusted net income 100,000, so 12,570; taxable 92,430: 42,700 at 20% = 8,540; 49,730 at 40% =
        # 19,892
        tax = owed("2024-25", employment=105_000, **{relief: 5_000})["income_tax"]
        assert tax == pytest.approx(28_432.00, **PENNY)

    def test_keeps_the_savings_allowance(self, owed, relief):
        # Taxable 40,430 is within the widened limit of 40,700, so the allowance stays at 1,000:
        # 37,430 at 20% = 7,486; savings 3,000: 1,000 at 0%, 2,000 at 20% = 400
        tax = owed("2024-25", employment=50_000, interest=3_000, **{relief: 3_000})["income_tax"]
        assert tax == pytest.approx(7_886.00, **PENNY)


def test_contributions_beyond_earnings_get_relief_up_to_3_600(owed):
    # Pay 2,000, so 3,600 count. Taxable 49,430: 41,300 at 20% = 8,260; 8,130 at 40% = 3,252
    tax = owed("2024-25", employment=2_000, property=60_000, pension_contributions=10_000)["income_tax"]
    assert tax == pytest.approx(11_512.00, **PENNY)


class TestFinanceCosts:
    def test_relief_is_limited_by_the_costs(self, owed):
        # Taxable 39,430: 7,540 + 1,730 at 40% = 692; less 9,000 at 20% = 1,800
        tax = owed("2024-25", employment=40_000, property=12_000, finance_costs=9_000)["income_tax"]
        assert tax == pytest.approx(6_432.00, **PENNY)

    def test_relief_is_limited_by_the_property_profits(self, owed):
        # Taxable 32,430 at 20% = 6,486; less 5,000 at 20% = 1,000
        tax = owed("2024-25", employment=40_000, property=5_000, finance_costs=8_000)["income_tax"]
        assert tax == pytest.approx(5_486.00, **PENNY)

    def test_relief_is_limited_by_income_other_than_savings_and_dividends(self, owed):
        # Property 430 above the allowance: 86, relieved in full. Dividends 30,000: 500 at 0%, 29,500 at 8.75%
        tax = owed("2024-25", property=13_000, dividends=30_000, finance_costs=6_000)["income_tax"]
        assert tax == pytest.approx(2_581.25, **PENNY)

    def test_relief_does_not_exceed_the_tax(self, owed):
        # Scotland: 430 at 19% = 81.70, less than 430 at 20%
        tax = owed("2024-25", "Scotland", property=13_000, finance_costs=6_000)["income_tax"]
        assert tax == 0


def test_losses_brought_forward_reduce_trading_profits(owed):
    # 20,000 - 12,570 = 7,430 at 20%; Class 4 7,430 at 6%
    tax = owed("2024-25", self_employment=30_000, losses=10_000)
    assert tax["income_tax"] == pytest.approx(1_486.00, **PENNY)
    assert tax["nics_class_4"] == pytest.approx(445.80, **PENNY)


def test_losses_brought_forward_reduce_nothing_else(owed):
    # The profit is gone; pay 20,000 - 12,570 = 7,430 at 20%
    tax = owed("2024-25", employment=20_000, self_employment=5_000, losses=9_000)
    assert tax["income_tax"] == pytest.approx(1_486.00, **PENNY)
    assert tax["nics_class_4"] == 0


@pytest.mark.parametrize("kind", ["self_employment", "property", "pension", "foreign_income", "other_income"])
@pytest.mark.parametrize("nation", ["England", "Scotland"])
def test_all_non_savings_income_is_taxed_alike(owed, kind, nation):
    as_pay = owed("2024-25", nation, employment=70_000, interest=2_000)["income_tax"]
    assert owed("2024-25", nation, interest=2_000, **{kind: 70_000})["income_tax"] == pytest.approx(as_pay)
