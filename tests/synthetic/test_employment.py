"""Employment: employers found from either side, and pay that is part of their wages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from taxgap.synthetic.accounts import trade_companies
from taxgap.synthetic.employment import Payrolls, open_positions
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.form import Scene
from taxgap.synthetic.register import Register
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import YEARS, exists


@pytest.fixture(scope="module")
def positions(settings: Settings) -> Payrolls:
    return open_positions(settings.register)


@pytest.fixture(scope="module")
def employer(positions: Payrolls, scene: Scene) -> np.ndarray:
    return positions.employer_of(scene)


@pytest.fixture(scope="module")
def paid(positions: Payrolls, scene: Scene) -> np.ndarray:
    return positions.sum_pay(scene)


def test_employers_are_companies_that_last_have_staff_and_no_owner(
    employer: np.ndarray, settings: Settings
) -> None:
    number = np.unique(employer[employer >= 0])
    firms = draw_firms(number, "company", settings.register)
    assert len(number) > 10
    assert (firms["owner"] < 0).all()
    assert exists(firms).all()


def test_most_who_are_paid_have_an_employer_on_the_register(employer: np.ndarray, scene: Scene) -> None:
    paid = (scene.boxes["employment_pay"] > 0).to_numpy()
    owns = (scene.panel["company"] >= 0).to_numpy()
    assert (employer[~paid | owns] == -1).all()
    assert (employer[paid & ~owns] >= 0).mean() == pytest.approx(0.70, abs=0.03)


def test_a_person_keeps_his_employer(employer: np.ndarray, scene: Scene) -> None:
    working = employer >= 0
    by_person = pd.Series(employer[working]).groupby(scene.panel["entity"][working].to_numpy())
    assert by_person.nunique().eq(1).all()


def test_the_employer_of_a_person_does_not_depend_on_who_else_is_asked_for(
    positions: Payrolls, employer: np.ndarray, scene: Scene
) -> None:
    rows = np.arange(5, len(scene), 97)
    np.testing.assert_array_equal(positions.employer_of(scene.take(rows)), employer[rows])


def test_large_companies_employ_more(paid: np.ndarray, settings: Settings) -> None:
    firms = draw_firms(np.arange(settings.register.companies), "company", settings.register)
    employs = paid.sum(axis=1) > 0
    assert stats.spearmanr(firms.loc[employs, "gross"], paid[employs].sum(axis=1)).statistic > 0.3
    assert firms.loc[employs, "gross"].median() > 10 * firms["gross"].median()


def test_the_pay_of_all_partitions_is_the_pay_of_everyone(
    positions: Payrolls, paid: np.ndarray, scene: Scene
) -> None:
    home = np.asarray(scene.panel["entity"] % 3)
    parts = [positions.sum_pay(scene.take(np.flatnonzero(home == part))) for part in range(3)]
    np.testing.assert_allclose(np.sum(parts, axis=0), paid)


def test_the_pay_of_everyone_is_that_of_the_employed(
    paid: np.ndarray, employer: np.ndarray, scene: Scene
) -> None:
    for year in range(YEARS - LOOKBACK):
        rows = (employer >= 0) & (scene.year == year)
        assert paid[:, year + LOOKBACK].sum() == scene.boxes.loc[rows, "employment_pay"].sum()
    assert (paid[:, :LOOKBACK] == 0).all()


def test_the_lookback_year_is_paid_as_the_first(positions: Payrolls, paid: np.ndarray) -> None:
    filled = positions.with_pay(paid)
    np.testing.assert_array_equal(filled.filers_pay[:, 0], paid[:, 1])
    np.testing.assert_array_equal(filled.filers_pay[:, 1:], paid[:, 1:])
    assert (paid[:, 0] == 0).all()  # what was given is left alone


def test_nobody_works_where_nothing_was_summed(positions: Payrolls) -> None:
    assert (positions.with_pay(np.zeros_like(positions.filers_pay)).filers_pay == 0).all()


def test_what_filers_earn_is_part_of_the_wages_of_their_employer(
    positions: Payrolls, paid: np.ndarray, settings: Settings
) -> None:
    number = np.flatnonzero(paid.any(axis=1))
    payrolls = positions.with_pay(paid)
    firms = draw_firms(number, "company", settings.register)
    annual = trade_companies(firms, payrolls.paid(number), settings).annual
    assert (annual["wages"][:, LOOKBACK:] >= paid[number][:, LOOKBACK:]).all()
    assert (annual["employees"][payrolls.paid(number) > 0] >= 1).all()


def test_a_register_without_a_large_company_employs_nobody(scene: Scene) -> None:
    for companies in (0, 1):
        positions = open_positions(Register(11, 5_052, companies, 0))
        few = scene.take(np.arange(50))
        if not companies or positions.places[-1] == 0:
            assert (positions.employer_of(few) == -1).all()
            assert positions.sum_pay(few).sum() == 0


def test_the_pay_does_not_depend_on_the_settings_but_those_of_the_register(settings: Settings) -> None:
    # The first pass is kept by register: nothing else may change who employs whom.
    other = replace(settings, as_of="2024-01-01", random_share=0.9, detection=0.3)
    assert open_positions(other.register) is open_positions(settings.register)
