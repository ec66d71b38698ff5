"""Firms: as many of each size as registered, with accounts that add up and owners who agree with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS
from taxgap.synthetic.accounts import trade_companies, trade_partnerships
from taxgap.synthetic.activity import draw_activity, spread_over_years
from taxgap.synthetic.firms import _TRUE_TO_LISTED, draw_firms
from taxgap.synthetic.partnerships import partner_shares
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.register import PARTNERS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import LOOKBACK, TAX_YEARS
from taxgap.synthetic.trading import CHANNELS, FIRM, YEARS, Trading, exists

SETTINGS = Settings(taxpayers=30_000, seed=4)
REGISTER = SETTINGS.register
SELDOM = 1e-4


@pytest.fixture(scope="module")
def companies() -> Trading:
    number = np.arange(REGISTER.companies)
    paid = np.where(Streams(1, number).uniform("pays")[:, None] < 0.1, 40_000.0, 0.0)
    firms = draw_firms(number, "company", REGISTER)
    return trade_companies(firms, paid * exists(firms), SETTINGS)


@pytest.fixture(scope="module")
def partnerships() -> Trading:
    return trade_partnerships(draw_firms(np.arange(REGISTER.partnerships), "partnership", REGISTER), SETTINGS)


@pytest.mark.parametrize("form", ["company", "partnership"])
def test_sizes_fill_the_registered_bands(form: str) -> None:
    table = published()["turnover_by_form"]
    gross = draw_firms(np.arange(REGISTER.counts[form]), form, REGISTER)["gross"]
    shares = np.histogram(gross, [*table["lower"], np.inf])[0] / len(gross)
    counts = np.array(table[form]) * _TRUE_TO_LISTED[form]
    expected = counts / counts.sum()
    error = 4 * np.sqrt(expected * (1 - expected) / len(gross))
    assert (np.abs(shares - expected) < 0.006 + error).all()


@pytest.mark.parametrize("form", ["company", "partnership"])
def test_trades_and_regions_are_as_common_as_registered(form: str) -> None:
    firms = draw_firms(np.arange(REGISTER.counts[form]), form, REGISTER)
    share = trades()[form].to_numpy()
    found = np.bincount(firms["trade"], minlength=len(share))
    some = share * len(firms) > 3
    assert (
        stats.chisquare(
            [*found[some], found[~some].sum() + 1e-9],
            np.append(share[some], share[~some].sum() + 1e-9 / len(firms))
            * len(firms)
            / (share.sum() + 1e-9 / len(firms))
            * (found.sum() + 1e-9)
            / len(firms),
        ).pvalue
        > SELDOM
    )
    by_region = firms["region"].value_counts()[REGIONS].to_numpy()
    assert stats.chisquare(by_region, regions(form) * len(firms)).pvalue > SELDOM


def test_the_nation_of_a_firm_follows_from_its_region(companies: Trading) -> None:
    firms = companies.firms
    assert (firms["region"].astype(str).map(REGION_NATION) == firms["nation"].astype(str)).all()
    assert list(firms["nation"].cat.categories) == NATIONS


def test_a_firm_has_all_its_columns_and_pays_by_known_ways(companies: Trading) -> None:
    assert {*FIRM, *CHANNELS} <= set(companies.firms.columns)
    assert (companies.firms[list(CHANNELS)].sum(axis=1) <= 1 + 1e-9).all()
    assert companies.firms["year_end"].between(1, 12).all()
    assert (companies.firms["associated"] >= 0).all()


def test_the_largest_companies_belong_to_no_single_person(companies: Trading) -> None:
    firms = companies.firms
    largest = firms["gross"] > firms["gross"].quantile(0.99)
    assert (firms.loc[largest, "owner"] < 0).all()
    assert (firms["owner"] >= 0).mean() == pytest.approx(5 / 9, abs=0.01)


def test_richer_owners_own_larger_companies(companies: Trading) -> None:
    owned = companies.firms[companies.firms["owner"] >= 0]
    income = draw_people(Streams(SETTINGS.seed, owned["owner"]), REGISTER)["total_income"]
    assert stats.spearmanr(owned["gross"], income).statistic > 0.4


def test_the_accounts_of_companies_add_up(companies: Trading) -> None:
    annual = companies.annual
    spent = annual["goods"] + annual["overheads"] + annual["staff_costs"] + annual["directors_pay"]
    np.testing.assert_allclose(
        annual["profit"], annual["turnover"] + annual["other_income"] - spent, rtol=0, atol=0.01
    )
    np.testing.assert_allclose(
        annual["overheads"],
        annual["travel"]
        + annual["premises"]
        + annual["other"]
        + annual["depreciation"]
        + annual["entertaining"],
        rtol=0,
        atol=0.01,
    )
    np.testing.assert_allclose(annual["staff_costs"], annual["wages"] + annual["employer_nics"], atol=0.51)


def test_the_accounts_of_partnerships_add_up(partnerships: Trading) -> None:
    annual = partnerships.annual
    spent = annual["goods"] + annual["overheads"] + annual["staff_costs"]
    np.testing.assert_allclose(annual["profit"], annual["turnover"] - spent, rtol=0, atol=0.01)


def test_no_amount_of_the_accounts_is_negative_but_profits_and_assets(
    companies: Trading, partnerships: Trading
) -> None:
    for trading in (companies, partnerships):
        for name, values in trading.annual.items():
            assert np.isfinite(values).all(), name
            if name not in ("profit", "net_assets"):
                assert (values >= 0).all(), name
            assert not np.signbit(values[values == 0]).any(), name


def test_the_parts_of_goods_are_within_them(companies: Trading) -> None:
    annual = companies.annual
    assert (annual["subcontractors"] <= annual["goods"]).all()
    assert (annual["capital_allowances"] >= 0).all()


def test_wages_are_paid_to_employees_and_hold_what_filers_earn(companies: Trading) -> None:
    annual = companies.annual
    assert ((annual["wages"] > 0) == (annual["employees"] > 0)).all()
    number = np.arange(REGISTER.companies)
    paid = np.where(Streams(1, number).uniform("pays")[:, None] < 0.1, 40_000.0, 0.0)
    assert (annual["wages"] >= paid * exists(companies.firms)).all()


def test_an_owner_and_his_company_agree_on_salary_and_dividends(companies: Trading) -> None:
    owned = np.flatnonzero(companies.firms["owner"] >= 0)[:300]
    owner = companies.firms["owner"].to_numpy()[owned]
    people = draw_people(Streams(SETTINGS.seed, owner), REGISTER).assign(company_row=owned)
    panel = spread_over_years(people, TAX_YEARS)
    activity = draw_activity(panel, Streams(SETTINGS.seed, panel["entity"]))
    row, year = panel["company_row"].to_numpy(), panel["year"].to_numpy() + LOOKBACK
    there = exists(companies.firms)[row, year]
    dividends = companies.annual["dividends"][row, year]
    own = activity["dividends"].round().to_numpy()
    assert (dividends >= own)[there].all()  # the rest goes to a spouse or others
    assert ((dividends > 0) == (own > 0))[there].all()
    assert (dividends == own)[there].mean() > 0.3
    pay = companies.annual["directors_pay"][row, year]
    assert (pay[there] >= activity["employment_pay"].round()[there]).all()
    assert (pay - activity["employment_pay"].round())[there].max() <= 9_100


def test_a_company_can_afford_what_its_owner_takes(companies: Trading) -> None:
    annual = companies.annual
    takes = annual["dividends"] > 0
    assert (annual["profit"][takes] > 0).mean() > 0.75


def test_most_firms_are_older_than_the_panel_and_some_come_and_go(companies: Trading) -> None:
    firms = companies.firms
    assert (firms["first_year"] <= firms["last_year"]).all()
    joins = firms["first_year"].between(0, len(TAX_YEARS) - 1).mean()
    assert 0.15 < joins < 0.4
    large = firms["gross"] > 5e6
    assert firms.loc[large, "first_year"].between(0, 3).mean() < joins / 2


@pytest.fixture(scope="module")
def partners() -> pd.DataFrame:
    """The partners of all partnerships, year by year."""
    number = np.unique(REGISTER.partners_of(np.arange(REGISTER.partnerships)))
    people = draw_people(Streams(SETTINGS.seed, number), REGISTER)
    panel = spread_over_years(people, TAX_YEARS)
    panel["true"], panel["stated"] = partner_shares(panel, SETTINGS)
    return panel


def test_partners_share_the_profit_of_their_partnership(
    partners: pd.DataFrame, partnerships: Trading
) -> None:
    profit = np.maximum(partnerships.annual["profit"], 0.0)
    count = np.maximum(partnerships.firms["gross"].to_numpy() / 250_000, PARTNERS).round()
    expected = (profit / count[:, None])[partners["partnership"], partners["year"] + LOOKBACK]
    np.testing.assert_allclose(partners["true"], expected, rtol=0, atol=0.51)
    both = partners.groupby(["partnership", "year"])["true"].agg(["size", "nunique"])
    assert (both.loc[both["size"] == 2, "nunique"] == 1).all()


def test_some_partnerships_state_less_than_the_truth_and_none_more(partners: pd.DataFrame) -> None:
    assert (partners["stated"] <= partners["true"]).all()
    assert (partners["stated"] >= 0).all()
    hides = (partners["stated"] < partners["true"])[partners["true"] > 1_000]
    assert 0.1 < hides.mean() < 0.6


def test_those_without_a_partnership_have_no_share() -> None:
    alone = np.flatnonzero(REGISTER.partnership_of(np.arange(500)) < 0)
    panel = spread_over_years(draw_people(Streams(SETTINGS.seed, alone), REGISTER), TAX_YEARS)
    assert not np.any(partner_shares(panel, SETTINGS))


def test_shares_are_the_same_whoever_else_is_asked_for(partners: pd.DataFrame) -> None:
    some = partners.iloc[::7].reset_index(drop=True)
    true, stated = partner_shares(some, SETTINGS)
    np.testing.assert_array_equal(true, some["true"])
    np.testing.assert_array_equal(stated, some["stated"])


def test_there_is_a_lookback_year(companies: Trading) -> None:
    assert {values.shape for values in companies.annual.values()} == {(REGISTER.companies, YEARS)}
