"""The personal allowance goes where it saves most: worked cases, and a search of all meeting points."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.tax import tax_law, tax_years
from taxgap.tax.allocation import deduct_in_order, least_charge
from taxgap.tax.charge import Streams, charge, savings_allowance


def test_savings_at_a_nil_rate_get_no_allowance_while_dividends_are_taxed(owed):
    # 8,000 of the allowance to the pension. Savings of 4,500 are within the starting rate, so the other
    # 4,570 go to dividends: 4,430 left, 1,000 at 0%, 3,430 at 8.75%. (Savings first would leave 7,930 at
    # 8.75% = 693.88.)
    tax = owed("2023-24", pension=8_000, interest=4_500, dividends=9_000)["income_tax"]
    assert tax == pytest.approx(300.125)


def test_allowance_keeps_savings_out_of_the_higher_rate(owed):
    # Taxable 38,930, of which 500 at the savings nil rate. With 270 of the allowance on savings, pay fills
    # the basic rate band, 37,700 at 20% = 7,540, and savings are 1,230: 500 at 0%, 730 at 40% = 292. (Pay
    # first: 7,486 + 400.)
    assert owed("2024-25", employment=50_000, interest=1_500)["income_tax"] == pytest.approx(7_832.00)


def test_allowance_keeps_dividends_out_of_the_upper_rate(owed):
    # Pay 47,000, dividends 4,000 in 2021-22: taxable 38,430. The dividend nil rate covers 2,000. Pay first:
    # pay 34,430 at 20% = 6,886; dividends 36,430 to 37,700 at 7.5% = 95.25, 730 at 32.5% = 237.25, so
    # 7,218.50. Each pound moved to dividends costs 20% and saves 7.5% while they reach below the limit, so
    # pay first is best here.
    assert owed("2021-22", employment=47_000, dividends=4_000)["income_tax"] == pytest.approx(7_218.50)
    # Pay 49,000, dividends 4,000: taxable 40,430. Pay first: 36,430 at 20% = 7,286; dividends from 38,430 to
    # 40,430 at 32.5% = 650, so 7,936. With 1,270 of the allowance on dividends: pay 37,700 at 20% = 7,540;
    # dividends 2,730, of which 730 at 32.5% = 237.25, so 7,777.25.
    assert owed("2021-22", employment=49_000, dividends=4_000)["income_tax"] == pytest.approx(7_777.25)


@pytest.mark.parametrize("tax_year", tax_years())
def test_search_finds_the_least_of_all_meeting_points(tax_year):
    law = tax_law(tax_year).income_tax
    income, allowance = random_streams(int(tax_year[:4]), 3_000)
    least = least_charge(income, allowance, law)
    np.testing.assert_allclose(least, exhaustive_least_charge(income, allowance, law), atol=1e-6)
    usual = charge(deduct_in_order(income, allowance), law)
    assert (least <= usual + 1e-9).all()
    assert np.mean(least < usual - 0.01) > 0.1, (
        "the random people should include many for whom the order matters"
    )


def random_streams(seed, rows):
    """Incomes of each kind, many absent and many near a threshold."""
    random = np.random.default_rng(seed)
    near = [500, 1_000, 2_000, 5_500, 6_000, 12_570, 17_570, 37_200, 37_700, 49_270, 50_270, 100_000, 125_140]

    def amounts():
        spread = random.uniform(0, 1, rows) * random.choice([1_000, 6_000, 20_000, 60_000, 130_000], rows)
        close = random.choice(near, rows) + random.normal(0, 300, rows)
        either = np.where(random.random(rows) < 0.4, close, spread)
        return np.round(np.maximum(either, 0) * (random.random(rows) < 0.85), 2)

    income = Streams(
        amounts(),
        amounts(),
        amounts(),
        np.round(random.uniform(0, 30_000, rows) * (random.random(rows) < 0.3)),
        random.random(rows) < 0.5,
    )
    return income, np.where(random.random(rows) < 0.7, 12_570.0, np.round(random.uniform(0, 12_570, rows)))


def exhaustive_least_charge(income, allowance, law):
    """Evaluate the tax at every point where two lines of changing rates, or of the feasible region, meet."""
    non_savings, savings, dividends = income.non_savings, income.savings, income.dividends
    allowance = np.minimum(allowance, income.total())
    total = income.total() - allowance
    zero = np.zeros_like(total)
    nil = savings_allowance(total, income.extension, law)
    uk = [limit + income.extension for limit in law.main_limits]
    scottish = [
        zero + limit + (income.extension if rank else 0) for rank, limit in enumerate(law.scottish_limits)
    ]
    free = law.dividend_allowance
    lowest = np.maximum(non_savings - allowance, 0)
    lines_n = [lowest, np.minimum(non_savings, total), zero + 5_000, *uk, uk[0] - nil, uk[1] - nil, *scottish]
    lines_u = [
        np.maximum(total - dividends, 0),
        total,
        5_000 + nil,
        total - free,
        *uk,
        uk[0] - free,
        uk[1] - free,
    ]
    widths = [zero, savings, nil]  # of savings, u - n
    points = [(n, u) for n in lines_n for u in lines_u]
    points += [(n, n + width) for n in lines_n for width in widths]
    points += [(u - width, u) for u in lines_u for width in widths]
    least = np.full_like(total, np.inf)
    for n, u in points:
        parts = (n, u - n, total - u)
        limits = (non_savings, savings, dividends)
        feasible = np.all(
            [(part >= -1e-6) & (part <= limit + 1e-6) for part, limit in zip(parts, limits, strict=True)],
            axis=0,
        )
        taxable = Streams(*(np.maximum(part, 0) for part in parts), income.extension, income.scottish)
        least = np.where(feasible, np.minimum(least, charge(taxable, law)), least)
    return least
