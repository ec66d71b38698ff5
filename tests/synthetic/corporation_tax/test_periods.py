"""Accounting periods: at most twelve months, without gaps, and amounts that are sums of months."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.corporation_tax.periods import YEAR, accounting_periods, shares_of_years
from taxgap.synthetic.form import Scene
from taxgap.synthetic.register import FORMS
from taxgap.synthetic.timeline import MONTHS
from taxgap.synthetic.trading import Trading, join_trading


@pytest.fixture(scope="module")
def periods(companies: Trading) -> pd.DataFrame:
    return accounting_periods(companies)


def test_no_return_covers_more_than_a_year(periods: pd.DataFrame) -> None:
    months = periods["last"] - periods["first"] + 1
    assert months.between(1, YEAR).all()
    assert (months[periods["first"] > 0] < YEAR).any()


def test_each_period_begins_where_the_one_before_it_ended(periods: pd.DataFrame) -> None:
    same = (periods["firm"] == periods["firm"].shift()).to_numpy()
    assert (periods["first"] - periods["last"].shift())[same].eq(1).all()


def test_long_accounts_are_divided_into_twelve_months_and_the_rest(periods: pd.DataFrame) -> None:
    parts = periods.groupby(["firm", "accounts_end"])["first"].transform("size") == 2
    first = periods[parts].groupby(["firm", "accounts_end"]).first()
    last = periods[parts].groupby(["firm", "accounts_end"]).last()
    assert len(first) > 5
    assert (first["last"] - first["first"] + 1 == YEAR).all()
    assert (last["last"] - first["first"] + 1).between(YEAR + 1, 18).all()


def test_a_company_files_for_the_months_in_which_it_exists(companies: Trading, periods: pd.DataFrame) -> None:
    firms = companies.firms.iloc[periods["firm"]].reset_index(drop=True)
    assert (periods["first"] >= YEAR * (firms["first_year"] + 1)).all()
    assert (periods["last"] < YEAR * (firms["last_year"] + 2)).all()
    ended = companies.firms["last_year"] < 4
    last = periods.groupby("firm")["last"].max()
    gone = companies.firms.index[ended]
    assert (last[gone].to_numpy() == YEAR * (companies.firms.loc[ended, "last_year"] + 2) - 1).all()


def test_only_companies_file(companies: Trading) -> None:
    few = companies.take(np.arange(40))
    people = Trading(few.firms.assign(legal_form=FORMS.index("individual")), few.annual, few.streams)
    assert set(accounting_periods(join_trading([people, few]))["firm"]) == set(range(40, 80))


def test_amounts_are_those_of_the_months(companies: Trading, periods: pd.DataFrame) -> None:
    shares = shares_of_years(companies, periods)
    firm, first, last = (periods[name].to_numpy() for name in ("firm", "first", "last"))
    for name in ("turnover", "goods"):
        mine = (shares * companies.annual[name][firm]).sum(axis=1)
        np.testing.assert_allclose(mine, companies.over(name, firm, first, last), rtol=1e-9, atol=1e-3)


def test_a_return_is_due_twelve_months_after_the_accounts_end(company_scene: Scene) -> None:
    panel = company_scene.panel
    months = panel["due_on"].dt.to_period("M").astype("int64") - panel["period_end"].dt.to_period("M").astype(
        "int64"
    )
    assert months.between(YEAR, YEAR + 6).all()
    assert (months == YEAR).mean() > 0.9
    assert panel["due_on"].dt.is_month_end.all()


def test_periods_end_within_the_panel(company_scene: Scene) -> None:
    panel = company_scene.panel
    assert panel["counter"].between(YEAR, MONTHS - 1).all()
    assert (panel["year"] == panel["counter"] // YEAR - 1).all()
    assert (panel["period"] == panel["period_end"].dt.strftime("%Y-%m")).all()
