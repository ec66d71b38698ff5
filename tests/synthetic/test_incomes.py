"""Other incomes and reliefs: pay, pensions, dividends and interest that hang together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.form import Scene

INCOMES = ["employment_pay", "pension", "dividends", "interest", "foreign_income", "other_income"]
RELIEFS = ["employment_expenses", "pension_contributions", "gift_aid"]


@pytest.fixture(scope="module")
def age(scene: Scene) -> pd.Series:
    return scene.panel["year"] + 2021 - scene.panel["birth_year"]


@pytest.mark.parametrize("name", [*INCOMES, *RELIEFS])
def test_no_amount_is_negative_and_some_are_positive(scene: Scene, name: str) -> None:
    assert (scene.activity[name] >= 0).all()
    assert (scene.activity[name] > 0).any()


def test_pay_and_pensions_do_not_meet(scene: Scene) -> None:
    assert not ((scene.activity["employment_pay"] > 0) & (scene.activity["pension"] > 0)).any()


def test_only_the_old_have_pensions(scene: Scene, age: pd.Series) -> None:
    assert (age[scene.activity["pension"] > 0] >= 67).all()


def test_employees_live_on_their_pay_and_pensioners_on_their_pensions(scene: Scene) -> None:
    kinds = scene.panel["kind"]
    sums = scene.activity[INCOMES].groupby(kinds).sum()
    assert sums.loc["employee", "employment_pay"] > 0.5 * sums.loc["employee"].sum()
    assert sums.loc["pensioner", "pension"] > 0.7 * sums.loc["pensioner"].sum()


def test_interest_follows_the_rates_of_its_year(scene: Scene) -> None:
    people = scene.panel.groupby("entity")["year"].transform("size") == 4
    means = scene.activity["interest"][people].groupby(scene.panel["period"][people]).mean()
    assert means["2021-22"] < 0.4 * means["2023-24"]
    assert means["2022-23"] < means["2023-24"]


def test_interest_is_the_habit_of_a_person(scene: Scene) -> None:
    saves = (scene.activity["interest"] > 0).groupby(scene.panel["entity"])
    assert saves.nunique().eq(1).all()


def test_the_rich_earn_more_interest(scene: Scene) -> None:
    rich = scene.panel["total_income"] > 100_000
    assert scene.activity.loc[rich, "interest"].mean() > 2 * scene.activity.loc[~rich, "interest"].mean()


def test_job_expenses_need_a_job_and_stay_a_small_part_of_pay(scene: Scene) -> None:
    claims = scene.activity["employment_expenses"] > 0
    pay = scene.activity.loc[claims, "employment_pay"]
    assert (pay > 8_000).all()
    assert (scene.activity.loc[claims, "employment_expenses"] <= 0.3 * pay + 1e-9).all()


def test_pension_payments_stay_within_reach_of_the_annual_allowance(scene: Scene) -> None:
    assert scene.activity["pension_contributions"].max() <= 60_000
    assert 0.02 < (scene.activity["pension_contributions"] > 0).mean() < 0.5


def test_gifts_stay_a_part_of_income(scene: Scene) -> None:
    limit = 0.3 * np.maximum(scene.panel["total_income"], 1)
    assert (scene.activity["gift_aid"] <= limit + 1e-9).all()


def test_directors_take_a_small_salary_and_dividends(scene: Scene) -> None:
    pays = scene.activity["employment_pay"]
    owns = (scene.activity["dividends"] > 20_000) & (pays > 0) & (pays <= 12_570)
    assert owns.groupby(scene.panel["kind"]).mean()["employee"] > 0.05
