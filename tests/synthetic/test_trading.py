"""Trading: months that make up their years, and sums over any of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.synthetic.accounts import trade_companies, trade_partnerships
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.register import Register
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import (
    LOOKBACK,
    MONTHS,
    TAX_YEARS,
    first_day,
    last_day,
    month_label,
    year_of_month,
)
from taxgap.synthetic.trading import FIRM, YEARS, Trading, exists, join_trading, walk

SETTINGS = Settings(taxpayers=6_000, seed=4)


@pytest.fixture(scope="module")
def companies() -> Trading:
    number = np.arange(SETTINGS.register.companies)
    firms = draw_firms(number, "company", SETTINGS.register)
    return trade_companies(firms, np.zeros((len(number), YEARS)), SETTINGS)


@pytest.fixture(scope="module")
def partnerships() -> Trading:
    number = np.arange(SETTINGS.register.partnerships)
    return trade_partnerships(draw_firms(number, "partnership", SETTINGS.register), SETTINGS)


def test_the_months_of_every_year_are_shares_of_it(companies: Trading) -> None:
    season = companies.season
    assert season.shape == (len(companies), MONTHS)
    assert (season > 0).all()
    np.testing.assert_allclose(season.reshape(len(companies), YEARS, 12).sum(axis=2), 1.0)
    assert season.max() < 0.5


def test_months_sum_to_their_years(companies: Trading) -> None:
    for name, annual in companies.annual.items():
        months = companies.monthly(name).reshape(len(companies), YEARS, 12)
        np.testing.assert_allclose(months.sum(axis=2), annual, rtol=1e-9, atol=1e-6)


def test_a_season_returns_every_year(companies: Trading) -> None:
    season = companies.season.reshape(len(companies), YEARS, 12)
    assert np.corrcoef(season[:, 1].ravel(), season[:, 3].ravel())[0, 1] > 0.2


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=25)
def test_a_sum_over_months_is_the_plain_sum(companies: Trading, seed: int) -> None:
    random = np.random.default_rng(seed)
    firm = random.integers(0, len(companies), 40)
    first = random.integers(0, MONTHS, 40)
    last = np.minimum(first + random.integers(0, 24, 40), MONTHS - 1)
    months = companies.monthly("turnover")
    plain = [months[f, a : b + 1].sum() for f, a, b in zip(firm, first, last, strict=True)]
    np.testing.assert_allclose(companies.over("turnover", firm, first, last), plain, rtol=1e-6, atol=0.01)


def test_twelve_months_of_a_tax_year_are_its_year(companies: Trading) -> None:
    firm = np.arange(len(companies))
    for year in range(YEARS):
        first = np.full(len(firm), 12 * year)
        found = companies.over("turnover", firm, first, first + 11)
        np.testing.assert_allclose(found, companies.annual["turnover"][:, year], rtol=1e-6, atol=0.01)


def test_some_firms_are_the_same_as_among_all(companies: Trading) -> None:
    rows = np.array([40, 3, 500])
    few = companies.take(rows)
    assert (few.firms["entity"].to_numpy() == companies.firms["entity"].to_numpy()[rows]).all()
    np.testing.assert_array_equal(few.season, companies.season[rows])
    np.testing.assert_array_equal(few.monthly("goods"), companies.monthly("goods")[rows])


def test_firms_do_nothing_in_years_in_which_they_do_not_exist(
    companies: Trading, partnerships: Trading
) -> None:
    for trading in (companies, partnerships):
        gone = ~trading.exists()
        assert gone.any()
        for name in ("turnover", "goods", "overheads", "wages", "directors_pay", "profit", "employees"):
            assert (trading.annual[name][gone] == 0).all(), name
        assert (trading.annual["turnover"][~gone] > 0).all()


def test_firms_of_the_first_year_were_there_before_it(companies: Trading) -> None:
    there = exists(companies.firms)
    old = (companies.firms["first_year"] < 0).to_numpy()
    assert there[old, 0].all()
    assert not there[~old & (companies.firms["first_year"] >= 0).to_numpy(), 0].any()


def test_all_forms_together_are_their_parts(companies: Trading, partnerships: Trading) -> None:
    both = join_trading([companies, partnerships])
    assert len(both) == len(companies) + len(partnerships)
    assert (both.streams.entity == both.firms["entity"]).all()
    assert set(FIRM) <= set(both.firms.columns)
    rows = np.arange(len(companies), len(both))
    np.testing.assert_array_equal(both.annual["turnover"][rows], partnerships.annual["turnover"])
    assert (both.annual["dividends"][rows] == 0).all()
    np.testing.assert_array_equal(both.season[rows], partnerships.season)


def test_a_change_fades_by_half_a_year() -> None:
    steps = walk(Streams(1, np.arange(40_000)))
    assert steps.shape == (40_000, YEARS)
    fresh = steps[:, 1:] - 0.5 * steps[:, :-1]
    assert abs(np.corrcoef(fresh[:, 0], steps[:, 0])[0, 1]) < 0.02
    assert abs(fresh.mean()) < 0.005


def test_months_are_numbered_from_the_lookback_year_on() -> None:
    month = np.arange(MONTHS)
    assert month_label(month)[[0, 12 * LOOKBACK, MONTHS - 1]].tolist() == ["2020-04", "2021-04", "2025-03"]
    assert first_day(month)[1] == np.datetime64("2020-05-01")
    assert last_day(month)[10] == np.datetime64("2021-02-28")
    assert (last_day(month)[:-1] + 1 == first_day(month)[1:]).all()
    assert (np.bincount(year_of_month(month) + LOOKBACK) == 12).all()
    assert year_of_month(month).max() == len(TAX_YEARS) - 1


def test_a_firm_is_the_same_whoever_else_is_drawn(companies: Trading) -> None:
    some = np.array([700, 1, 44])
    register = SETTINGS.register
    alone = trade_companies(draw_firms(some, "company", register), np.zeros((3, YEARS)), SETTINGS)
    for name, values in alone.annual.items():
        np.testing.assert_array_equal(values, companies.annual[name][some], err_msg=name)


def test_one_company_alone_can_be_drawn() -> None:
    register = Register(7, 10, 1, 1)
    firms = draw_firms(np.arange(1), "company", register)
    assert len(trade_companies(firms, np.zeros((1, YEARS)), Settings(taxpayers=12))) == 1
