"""Corporation Tax, each case worked by hand in its comments, and what must hold for any period."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax import company_law, company_tax, loan_tax_rate, tax_law, tax_years

PENNY = {"abs": 0.005}
FIRST, LAST = date(2020, 4, 1), date(2027, 12, 31)

starts = st.dates(FIRST, LAST)
lengths = st.integers(1, 365)
profits = st.floats(0, 1_000_000, allow_nan=False).map(lambda pounds: round(pounds, 2))
others = st.integers(0, 6)


def frame(start, end, profit, associated=0):
    """Build periods; lists make several rows."""
    periods = pd.DataFrame({"profit": np.atleast_1d(profit), "associated_companies": associated})
    periods["period_start"] = pd.to_datetime(start)
    periods["period_end"] = pd.to_datetime(end)
    return periods


def charged(start, end, profit, associated=0):
    return company_tax(frame(start, end, profit, associated)).iloc[0].tolist()


@pytest.mark.parametrize(
    ("profit", "tax", "relief"),
    [
        (0, 0, 0),
        (40_000, 7_600, 0),  # 19%
        (50_000, 9_500, 0),  # the lower limit: 19% still
        (100_000, 22_750, 2_250),  # 25% = 25,000, less 3/200 of 250,000 - 100,000
        (200_000, 49_250, 750),  # 25% = 50,000, less 3/200 of 50,000
        (250_000, 62_500, 0),  # the upper limit: nothing is missing to it
        (300_000, 75_000, 0),
    ],
)
@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_rates_and_relief_of_a_full_year(year, profit, tax, relief):
    assert charged(f"{year}-04-01", f"{year + 1}-03-31", profit) == pytest.approx([tax, relief])


@pytest.mark.parametrize("year", [2020, 2021, 2022])
def test_one_rate_until_march_2023(year):
    # 300,000 at 19%, whoever else there is
    assert charged(f"{year}-04-01", f"{year + 1}-03-31", 300_000, 9) == pytest.approx([57_000, 0])


def test_period_across_1_april_2023():
    # 2023: 90 days to 31 March, 275 after. Profits 100,000.
    # 24,657.53 at 19% = 4,684.93
    # 75,342.47 at 25% = 18,835.62. Upper limit 250,000 x 275/365 = 188,356.16; 3/200 of 113,013.70 = 1,695.21
    assert charged("2023-01-01", "2023-12-31", 100_000) == pytest.approx([21_825.34, 1_695.21], **PENNY)


def test_small_company_across_1_april_2023_pays_19_percent():
    # 30,136.99 after 31 March, below 50,000 x 275/365 = 37,671.23
    assert charged("2023-01-01", "2023-12-31", 40_000) == pytest.approx([7_600, 0])


def test_associated_companies_share_the_limits():
    # 3 others: limits 12,500 and 62,500. 30,000 at 25% = 7,500, less 3/200 of 32,500 = 487.50
    assert charged("2024-04-01", "2025-03-31", 30_000, 3) == pytest.approx([7_012.50, 487.50])


def test_limits_are_reduced_in_a_short_period():
    # 1 April to 12 June: 73 days, a fifth of a year, limits 10,000 and 50,000.
    # 20,000 at 25% = 5,000, less 3/200 of 30,000 = 450
    assert charged("2023-04-01", "2023-06-12", 20_000) == pytest.approx([4_550, 450])
    # With one other company 5,000 and 25,000: 5,000 less 3/200 of 5,000
    assert charged("2023-04-01", "2023-06-12", 20_000, 1) == pytest.approx([4_925, 75])


def test_short_period_across_1_april_2023():
    # 1 February to 31 May: 59 + 61 = 120 days. Profits 60,000: 29,500 and 30,500.
    # 29,500 at 19% = 5,605. 30,500 at 25% = 7,625; upper limit 250,000 x 61/365 = 41,780.82; 3/200 of
    # 11,280.82 = 169.21
    assert charged("2023-02-01", "2023-05-31", 60_000) == pytest.approx([13_060.79, 169.21], **PENNY)


def test_twelve_months_with_a_29_february_have_the_limits_of_a_year():
    assert charged("2024-01-01", "2024-12-31", 100_000) == pytest.approx([22_750, 2_250])
    assert charged("2024-02-29", "2025-02-28", 100_000) == pytest.approx([22_750, 2_250])
    # 1 March 2023 to 29 February 2024: 31 days at 19%, 335 of 366 as in a year
    expected = [100_000 * 0.19 * 31 / 366 + 22_750 * 335 / 366, 2_250 * 335 / 366]
    assert charged("2023-03-01", "2024-02-29", 100_000) == pytest.approx(expected)


def test_relief_is_nothing_at_both_limits_of_any_period():
    periods = pd.DataFrame(
        {
            "period_start": pd.Timestamp("2024-04-01"),
            "period_end": pd.Timestamp("2024-04-01") + pd.to_timedelta([364, 72, 364, 72] * 2, unit="D"),
            "associated_companies": [0, 0, 4, 4] * 2,
        }
    )
    share = np.array([1, 0.2, 0.2, 0.04] * 2)
    limits = np.repeat([50_000, 250_000], 4) * share
    result = company_tax(periods.assign(profit=limits))
    assert result["marginal_relief"].tolist() == [0] * 8
    np.testing.assert_allclose(result["corporation_tax"], limits * np.repeat([0.19, 0.25], 4))
    between = company_tax(periods.assign(profit=np.repeat([51_000, 249_000], 4) * share))
    np.testing.assert_allclose(between["marginal_relief"], 0.015 * np.repeat([199_000, 1_000], 4) * share)


@given(start=starts, days=lengths, associated=others, profit=profits)
def test_tax_rises_with_profit_without_a_jump(start, days, associated, profit):
    # From 19% to 26.5% (25% and the fraction) of each further pound, and 19% to 25% of all.
    row = profit + np.array([0, 0.01, 1, 1_000])
    tax = company_tax(frame(start, start + timedelta(days - 1), row, associated))[
        "corporation_tax"
    ].to_numpy()
    more = np.diff(tax) / np.diff(row)
    assert (more > 0.19 - 1e-6).all()
    assert (more < 0.265 + 1e-6).all()
    assert (tax >= 0.19 * row - 1e-6).all()
    assert (tax <= 0.25 * row + 1e-6).all()


@given(start=st.dates(date(2022, 4, 2), date(2023, 3, 31)), days=lengths, associated=others, profit=profits)
def test_period_is_charged_as_its_parts(start, days, associated, profit):
    end = start + timedelta(days - 1)
    change = date(2023, 4, 1)
    if end < change:
        parts = frame(start, end, profit, associated)
    else:
        before = (change - start).days
        divided = [profit * before / days, profit * (days - before) / days]
        ends = [change - timedelta(1), end]
        parts = frame([start, change], ends, divided, associated)
    whole = company_tax(frame(start, end, profit, associated)).iloc[0]
    np.testing.assert_allclose(company_tax(parts).sum(), whole, atol=1e-6)


@given(days=lengths, associated=others, profit=profits)
def test_charge_follows_the_act_word_by_word(days, associated, profit):
    start = date(2024, 4, 1)
    lower, upper = (limit / (associated + 1) * days / 365 for limit in (50_000, 250_000))
    if profit <= lower:
        expected = [0.19 * profit, 0]
    else:
        relief = 3 / 200 * (upper - profit) if profit <= upper else 0
        expected = [0.25 * profit - relief, relief]
    assert charged(start, start + timedelta(days - 1), profit, associated) == pytest.approx(
        expected, abs=1e-6
    )


def test_later_years_are_charged_under_the_last_law_and_marked():
    assert charged("2031-04-01", "2032-03-31", 100_000) == charged("2024-04-01", "2025-03-31", 100_000)
    assert company_law("2031-04-01").projected
    assert company_law("2026-04-01").projected
    assert not company_law("2026-03-31").projected
    assert company_law("2022-23").main_rate == 0.19  # the law of 6 April 2022


def test_early_period_and_day_are_refused():
    with pytest.raises(UsageError, match="before 2020-04-01"):
        charged("2020-03-31", "2020-12-31", 1)
    with pytest.raises(UsageError, match="before 2020-04-01"):
        company_law("2020-03-31")
    assert charged("2020-04-01", "2020-04-01", 100) == pytest.approx([19, 0])


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2021-04-01", "2022-04-01", "1 longer than 12 months"),
        ("2024-02-29", "2025-03-01", "1 longer than 12 months"),
        ("2023-03-01", "2024-03-01", "1 longer than 12 months"),
        ("2022-03-01", "2023-03-01", "1 longer than 12 months"),
        ("2021-04-02", "2021-04-01", "1 that end before they begin"),
        ("2021-04-02", None, "1 without a first or last day"),
    ],
)
def test_periods_that_cannot_be_taxed(start, end, message):
    periods = frame(["2021-04-01", start], ["2022-03-31", end], [1, 1])
    with pytest.raises(InvalidDataError, match=message + r" \(first at row 1\)"):
        company_tax(periods)


def test_amounts_that_cannot_be_taxed():
    good = frame("2021-04-01", "2022-03-31", 1.0)
    for profit in (-1.0, np.nan, np.inf):
        with pytest.raises(InvalidDataError, match="profit: 1"):
            company_tax(good.assign(profit=profit))
    for count in (-1, np.nan):
        with pytest.raises(InvalidDataError, match="associated_companies: 1"):
            company_tax(good.assign(associated_companies=count))
    with pytest.raises(InvalidDataError, match="associated_companies: 1 not whole"):
        company_tax(good.assign(associated_companies=0.5))


def test_frames_that_cannot_be_read():
    good = frame("2021-04-01", "2022-03-31", 1.0)
    with pytest.raises(UsageError, match="must be a pandas DataFrame"):
        company_tax([1])
    with pytest.raises(InvalidDataError, match="missing: period_end, profit"):
        company_tax(good.drop(columns=["period_end", "profit"]))
    with pytest.raises(InvalidDataError, match="more than once: profit"):
        company_tax(pd.concat([good, good[["profit"]]], axis=1))
    with pytest.raises(InvalidDataError, match="period_end holds something other than dates"):
        company_tax(good.assign(period_end="2022-03-31"))
    with pytest.raises(InvalidDataError, match="profit holds something other than numbers"):
        company_tax(good.assign(profit="1"))


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_result_keeps_the_index_and_takes_dates_of_any_unit(unit):
    periods = frame(["2023-04-01", "2024-04-01"], ["2024-03-31", "2025-03-31"], [100_000, 40_000])
    periods = periods.set_axis(["b", "a"])
    for name in ("period_start", "period_end"):
        periods[name] = periods[name].astype(f"datetime64[{unit}]")
    kept = periods.copy()
    result = company_tax(periods)
    assert result.index.tolist() == ["b", "a"]
    assert result["corporation_tax"].tolist() == pytest.approx([22_750, 7_600])
    pd.testing.assert_frame_equal(periods, kept)
    assert company_tax(periods.iloc[:0]).shape == (0, 2)


@pytest.mark.parametrize("tax_year", tax_years())
def test_rate_on_loans_is_the_dividend_upper_rate(tax_year):
    assert loan_tax_rate(tax_year) == tax_law(tax_year).income_tax.dividend_rates[1]


def test_rate_on_loans_by_day():
    days = pd.Series(pd.to_datetime(["2016-04-06", "2022-04-05", "2022-04-06", "2030-01-01"]))
    assert loan_tax_rate(days).tolist() == [0.325, 0.325, 0.3375, 0.3375]
    assert loan_tax_rate(days.to_numpy()).tolist() == [0.325, 0.325, 0.3375, 0.3375]
    assert loan_tax_rate(date(2022, 4, 5)) == 0.325
    assert loan_tax_rate(np.datetime64("2022-04-06")) == 0.3375
    for early in ("2016-04-05", days - pd.DateOffset(years=1)):
        with pytest.raises(UsageError, match="before 2016-04-06"):
            loan_tax_rate(early)
    for wrong in ("soon", pd.Series([1]), pd.Series([pd.NaT])):
        with pytest.raises(UsageError):
            loan_tax_rate(wrong)
