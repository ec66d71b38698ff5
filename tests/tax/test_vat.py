"""VAT by day, and the Flat Rate Scheme by trade."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax import flat_rate, vat_law
from taxgap.tax.flat_rates import OTHER, find_sector, sector_rates
from taxgap.tax.law import read_figures


def test_thresholds_change_on_1_april_2024():
    before, after = vat_law("2024-03-31"), vat_law("2024-04-01")
    assert (before.registration_threshold, before.deregistration_limit) == (85_000, 83_000)
    assert (after.registration_threshold, after.deregistration_limit) == (90_000, 88_000)


def test_what_does_not_change():
    for day in ("2017-04-01", "2021-22", "2025-12-31"):
        law = vat_law(day)
        assert (law.standard_rate, law.reduced_rate) == (0.2, 0.05)
        assert (law.flat_rate_join_limit, law.flat_rate_leave_limit) == (150_000, 230_000)
        assert (law.limited_cost_rate, law.limited_cost_share, law.limited_cost_minimum) == (
            0.165,
            0.02,
            1_000,
        )
        assert law.flat_rate_first_year_discount == 0.01


@pytest.mark.parametrize(
    "day",
    [
        "2024-04-06",
        "2024-25",
        date(2024, 4, 6),
        datetime(2024, 4, 6, 12),  # noqa: DTZ001  a day has no time zone
        np.datetime64("2024-04-06"),
        pd.Timestamp("2024-04-06"),
    ],
)
def test_a_day_can_be_given_in_many_ways(day):
    assert vat_law(day) == vat_law("2024-04-06")
    assert vat_law(day).day == date(2024, 4, 6)


def test_later_days_are_projected():
    assert not vat_law("2026-03-31").projected
    assert vat_law("2026-04-01").projected
    assert vat_law("2040-01-01").registration_threshold == 90_000


def test_early_days_are_refused():
    assert vat_law("2017-04-01").registration_threshold == 85_000
    with pytest.raises(UsageError, match="No law of VAT is held for days before 2017-04-01"):
        vat_law("2017-03-31")


@pytest.mark.parametrize(
    "wrong", ["2024-04", "soon", "2024-02-30", "", None, 2024, pd.NaT, np.datetime64("NaT")]
)
def test_what_is_no_day_is_refused(wrong):
    with pytest.raises(UsageError, match="neither a day nor a tax year"):
        vat_law(wrong)


@pytest.mark.parametrize(
    ("trade", "rate"),
    [
        ("01500", 0.065),  # mixed farming
        ("01610", 0.11),  # support for crops
        ("10710", 0.09),  # bread
        ("14131", 0.09),  # outerwear
        ("25110", 0.105),  # metal structures
        ("32990", 0.095),  # other manufacturing
        ("43390", 0.095),  # finishing of buildings
        ("45200", 0.085),  # repair of vehicles
        ("45112", 0.065),  # used cars
        ("46310", 0.075),  # wholesale of fruit
        ("46900", 0.085),  # other wholesale
        ("47110", 0.04),  # supermarket
        ("47190", 0.075),  # other retail
        ("47730", 0.08),  # dispensing chemist
        ("49320", 0.10),  # taxi
        ("53202", 0.10),  # courier
        ("55100", 0.105),  # hotel
        ("56102", 0.125),  # café
        ("56302", 0.065),  # pub
        ("62020", 0.145),  # computer consultancy
        ("68310", 0.12),  # estate agency
        ("69102", 0.145),  # solicitors
        ("69201", 0.145),  # accountancy
        ("70229", 0.14),  # management consultancy
        ("74209", 0.11),  # photography
        ("81210", 0.12),  # cleaning: any other activity
        ("85590", 0.12),  # education: any other activity
        ("90030", 0.125),  # artistic creation
        ("96020", 0.13),  # hairdressing
    ],
)
def test_flat_rate_of_a_trade(trade, rate):
    assert flat_rate(pd.Series([trade])).tolist() == [rate]


def test_flat_rate_keeps_index_and_missing_trades():
    trades = pd.Series(["56302", None, "99999"], index=[7, 7, 1], name="sic2007")
    for column in (trades, trades.astype("category"), trades.astype(object)):
        rates = flat_rate(column)
        assert rates.name == "flat_rate"
        assert rates.index.tolist() == [7, 7, 1]
        np.testing.assert_array_equal(rates, [0.065, np.nan, 0.12])
    assert flat_rate(trades.iloc[:0]).empty


@pytest.mark.parametrize("wrong", ["5630", "563020", "pub", "٥٦٣٠٢"])
def test_what_is_no_trade_is_refused(wrong):
    with pytest.raises(InvalidDataError, match=r"1 not a code of five digits \(first at row 2\)"):
        flat_rate(pd.Series(["56302", None, wrong]))


def test_trades_that_are_no_text_or_no_column_are_refused():
    with pytest.raises(InvalidDataError, match="2 not a code"):
        flat_rate(pd.Series([56302, 56101]))
    with pytest.raises(UsageError, match="pandas Series"):
        flat_rate("56302")


def test_found_sectors_and_those_from_memory_are_apart():
    figures = read_figures("flat_rates")
    found, memory = figures["found"], figures["memory"]
    assert (found["basis"], memory["basis"], figures["trades"]["basis"]) == ("found", "memory", "assumption")
    assert all(part["source"] and part["unit"] for part in figures.values())
    assert not set(found["rates"]) & set(memory["rates"])
    assert len(sector_rates()) == len(found["rates"]) + len(memory["rates"])
    assert all(0 < rate < 0.165 for rate in sector_rates().values())


def test_every_prefix_leads_to_a_sector_with_a_rate():
    sectors = read_figures("flat_rates")["trades"]["sectors"]
    assert set(sectors.values()) <= set(sector_rates())
    assert find_sector("00000") == OTHER
    # Only what a trade's code cannot tell is left without a prefix.
    assert set(sector_rates()) - set(sectors.values()) == {
        OTHER,
        "Labour-only building or construction services",
    }
    # A prefix that says what a shorter one says already would be idle.
    idle = [code for code in sectors if sectors[code] == sectors.get(_shorter(code, sectors))]
    assert not idle


def _shorter(code, sectors):
    return next((code[:end] for end in range(len(code) - 1, 1, -1) if code[:end] in sectors), "")
