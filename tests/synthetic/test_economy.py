"""The economy: one activity behind all returns of a taxpayer, the same whoever else is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.economy import Economy
from taxgap.synthetic.form import PANEL, Scene
from taxgap.synthetic.identifiers import taxpayer_ids
from taxgap.synthetic.register import FORMS, Integers
from taxgap.synthetic.reporting import Reporting
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import LOOKBACK, MONTHS, PERIOD_END
from taxgap.synthetic.trading import FIRM, YEARS, exists

REGIMES = ("self_assessment", "vat", "corporation_tax", "employer_paye")
each_tax = pytest.mark.parametrize("regime", REGIMES)


@pytest.fixture(scope="module")
def few(make_economy: Callable[[Integers, Settings], Economy], economy: Economy) -> Economy:
    """A part of the shared population, in another order."""
    return make_economy(economy.entity[::-17], economy.settings)


def one_row_a_return(scene: Scene) -> bool:
    lengths = {len(part) for part in (scene.panel, scene.activity, scene.boxes)}
    return lengths == {len(scene.streams.entity)}


@each_tax
def test_a_scene_has_one_row_a_return_everywhere(economy: Economy, regime: str) -> None:
    scene = economy.scenes[regime]
    assert len(scene) > 0
    assert one_row_a_return(scene)
    assert (scene.streams.entity == scene.panel["entity"]).all()
    assert set(PANEL) <= set(scene.panel.columns)
    assert set(scene.form.boxes) | set(scene.form.context) <= set(scene.boxes.columns)
    assert not scene.panel.duplicated(["taxpayer_id", "period"]).any()


@each_tax
def test_returns_are_due_after_their_period_and_in_the_years_asked_for(economy: Economy, regime: str) -> None:
    panel = economy.scenes[regime].panel
    assert (panel["period_start"] < panel["period_end"]).all()
    assert (panel["period_end"] < panel["due_on"]).all()
    ends = panel["period_end"].to_numpy()
    year = np.searchsorted(PERIOD_END, ends)
    # Tax months and quarters end up to five days before the tax year of the months.
    assert (np.abs(year - panel["year"].to_numpy()) <= 1).all()
    assert (year == panel["year"].to_numpy()).mean() > 0.7
    assert panel["year"].between(0, 3).all()


@each_tax
def test_the_draws_of_a_taxpayers_returns_differ(economy: Economy, regime: str) -> None:
    panel = economy.scenes[regime].panel
    assert not panel.duplicated(["entity", "counter"]).any()


def test_everyone_asked_for_is_there_once(economy: Economy) -> None:
    entity = np.concatenate(
        [economy.people["entity"], economy.companies.firms["entity"], economy.partnerships.firms["entity"]]
    )
    assert sorted(entity.astype(np.int64)) == sorted(economy.entity)
    assert (economy.people["taxpayer_id"] == taxpayer_ids(economy.people["entity"].astype(np.int64))).all()


def test_firms_are_all_who_trade(economy: Economy) -> None:
    firms = economy.trading.firms
    assert set(FIRM) <= set(firms.columns)
    assert len(firms) == (
        (economy.people["trade"] >= 0).sum() + len(economy.companies) + len(economy.partnerships)
    )
    assert (np.diff(firms["legal_form"]) != 0).sum() == 2
    assert economy.registered.shape == (len(firms), MONTHS)


@each_tax
def test_a_taxpayer_is_the_same_whoever_else_is_drawn(economy: Economy, few: Economy, regime: str) -> None:
    key = ["taxpayer_id", "period"]
    mine, theirs = (
        pd.concat([scene.panel[key].astype(str), scene.boxes[list(scene.form.boxes)]], axis=1)
        .sort_values(key)
        .reset_index(drop=True)
        for scene in (few.scenes[regime], economy.scenes[regime])
    )
    theirs = theirs[theirs["taxpayer_id"].isin(taxpayer_ids(few.entity))].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, theirs)


def test_no_setting_of_the_enquiries_changes_the_truth(economy: Economy, few: Economy) -> None:
    other = replace(
        economy.settings, as_of="2024-06-30", random_share=0.5, detection=0.3, missed_whole=0.4, rates={}
    )
    changed = Economy(few.entity, other, few.payrolls)
    for regime in REGIMES:
        mine, theirs = (one.scenes[regime] for one in (changed, few))
        pd.testing.assert_frame_equal(mine.boxes, theirs.boxes)
        pd.testing.assert_frame_equal(mine.panel, theirs.panel)


def test_a_sole_trader_does_on_his_return_what_he_does_as_a_firm(economy: Economy) -> None:
    sole, scene = economy.sole_traders, economy.returns
    place = pd.Index(sole.firms["entity"]).get_indexer(scene.panel["entity"])
    rows = np.flatnonzero(place >= 0)
    firm, year = place[rows], scene.year[rows] + LOOKBACK
    there = exists(sole.firms)[firm, year]
    assert there.all()
    np.testing.assert_allclose(
        sole.annual["turnover"][firm, year], scene.activity["annual_turnover"].to_numpy()[rows]
    )


def test_the_lookback_year_of_a_sole_trader_is_as_the_first(economy: Economy) -> None:
    sole = economy.sole_traders
    old = (sole.firms["first_year"] < 0).to_numpy()
    np.testing.assert_array_equal(sole.annual["turnover"][old, 0], sole.annual["turnover"][old, 1])
    assert {values.shape for values in sole.annual.values()} == {(len(sole), YEARS)}


def test_a_sole_traders_history_does_not_depend_on_the_years_asked_for(economy: Economy) -> None:
    some = economy.entity[:400]
    one, all_years = (
        Economy(some, replace(economy.settings, years=years), economy.payrolls) for years in (1, 4)
    )
    for name, values in one.sole_traders.annual.items():
        np.testing.assert_array_equal(values, all_years.sole_traders.annual[name], err_msg=name)
    np.testing.assert_array_equal(one.registered, all_years.registered)


def test_those_who_stay_below_the_threshold_declare_so_on_both_returns(economy: Economy) -> None:
    hiders = economy.below_threshold
    form = economy.trading.firms["legal_form"].to_numpy()[hiders["row"]]
    people = hiders[form == FORMS.index("individual")]
    declared = economy.returns.activity["declared_below"]
    assert 0 < declared.notna().sum() <= len(people)
    assert set(declared.dropna()) <= set(people["declared"])
    assert not economy.registered.all(axis=1)[hiders["row"]].any()


@each_tax
def test_what_others_report_belongs_to_returns_of_the_same_taxpayer(economy: Economy, regime: str) -> None:
    reports, scene = Reporting(economy).on(regime), economy.scenes[regime]
    assert reports["row"].between(0, len(scene) - 1).all()
    if regime != "self_assessment":
        entity = scene.panel["entity"].to_numpy()[reports["row"]]
        assert (entity == reports["entity"]).all()
        assert (scene.year[reports["row"]] == reports["year"]).all()


def test_an_economy_without_firms_or_without_people_can_be_drawn(economy: Economy) -> None:
    for chosen in (economy.entity[:30], economy.entity[-40:], economy.entity[:1]):
        alone = Economy(chosen, economy.settings, economy.payrolls)
        for regime in REGIMES:
            assert one_row_a_return(alone.scenes[regime])
            assert len(Reporting(alone).on(regime)) >= 0
        assert len(Reporting(alone).table().columns) > 5
