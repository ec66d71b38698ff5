"""Shocks: one change that lasts from a year on, and nothing else that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.synthetic.accounts import trade_companies, trade_partnerships
from taxgap.synthetic.activity import draw_activity, trade_factor
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.form import Scene
from taxgap.synthetic.mechanisms import forms, mechanisms
from taxgap.synthetic.misreporting import is_active, likelihood, plant
from taxgap.synthetic.published import trades
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.shocks import Shock
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.third_parties import arrives
from taxgap.synthetic.timeline import LOOKBACK, TAX_YEARS
from taxgap.synthetic.trading import YEARS, Trading

COLLAPSE = {"kind": "trade", "name": "food and drink", "tax_year": "2023-24", "factor": 0.4}
FOOD = list(trades()["name"]).index("food and drink")


def test_a_mapping_is_read_as_a_shock() -> None:
    assert Settings(shocks=[COLLAPSE]).shocks == (Shock("trade", "food and drink", "2023-24", 0.4),)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "weather"},
        {"tax_year": "2019-20"},
        {"factor": -0.1},
        {"factor": 101},
        {"factor": "half"},
        {"factor": True},
        {"factor": float("nan")},
        {"kind": "reporting", "name": "bank", "factor": 1.5},
        {"until": "2024-25"},
    ],
    ids=str,
)
def test_a_shock_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Settings(shocks=[COLLAPSE | change])


def test_a_shock_without_all_of_its_fields_is_refused() -> None:
    with pytest.raises(UsageError, match="factor"):
        Settings(shocks=[{"kind": "trade", "name": "food and drink", "tax_year": "2023-24"}])


@pytest.mark.parametrize(
    ("kind", "name"), [("trade", "witchcraft"), ("mechanism", "sloth"), ("reporting", "neighbours")]
)
def test_what_a_shock_names_must_exist(kind: str, name: str) -> None:
    shock = {"kind": kind, "name": name, "tax_year": "2023-24", "factor": 0.5}
    with pytest.raises(UsageError, match=name) as caught:
        mechanisms(Settings(shocks=[shock]))
    assert len(caught.value.available) > 3


def test_the_factor_holds_for_its_trade_from_its_year_on() -> None:
    shock = Settings(shocks=[COLLAPSE]).shocks
    year = np.arange(len(TAX_YEARS))
    assert trade_factor(np.full(4, FOOD), year, shock).tolist() == [1.0, 1.0, 0.4, 0.4]
    assert trade_factor(np.full(4, FOOD + 1), year, shock).tolist() == [1.0] * 4
    assert trade_factor(np.full(4, -1), year, shock).tolist() == [1.0] * 4


def test_two_shocks_to_a_trade_multiply() -> None:
    shock = Settings(shocks=[COLLAPSE, COLLAPSE | {"tax_year": "2024-25", "factor": 0.5}]).shocks
    assert trade_factor(np.full(4, FOOD), np.arange(4), shock).tolist() == [1.0, 1.0, 0.4, 0.2]


def test_people_of_the_trade_turn_over_less_from_the_year_on(scene: Scene, settings: Settings) -> None:
    panel = scene.panel
    struck = draw_activity(panel, Streams(settings.seed, panel["entity"]), Settings(shocks=[COLLAPSE]).shocks)
    hit = ((panel["trade"] == FOOD) & (panel["year"] >= 2)).to_numpy()
    letting = (panel["kind"] == "both").to_numpy()
    assert (hit & ~letting).sum() > 20
    usual = scene.activity[struck.columns]
    np.testing.assert_allclose(struck["annual_turnover"][hit], 0.4 * usual["annual_turnover"][hit])
    same = ~hit & ~np.r_[False, hit[:-1]]
    columns = struck.columns.difference(["turnover_before"])
    pd.testing.assert_frame_equal(struck.loc[same, columns], usual.loc[same, columns])


@pytest.mark.parametrize("form", ["company", "partnership"])
def test_firms_of_the_trade_turn_over_less_from_the_year_on(form: str) -> None:
    settings = Settings(taxpayers=12_000)
    number = np.arange(settings.register.counts[form])
    firms = draw_firms(number, form, settings.register)

    def trade(chosen: Settings) -> Trading:
        if form == "partnership":
            return trade_partnerships(firms, chosen)
        return trade_companies(firms, np.zeros((len(firms), YEARS)), chosen)

    usual, struck = (
        trade(chosen).annual["turnover"] for chosen in (settings, replace(settings, shocks=(COLLAPSE,)))
    )
    mine = (firms["trade"] == FOOD).to_numpy() & (firms["owner"] < 0).to_numpy()
    assert mine.any()
    assert (usual[~(firms["trade"] == FOOD)] == struck[~(firms["trade"] == FOOD)]).all()
    before, after = slice(0, LOOKBACK + 2), slice(LOOKBACK + 2, YEARS)
    assert (usual[:, before] == struck[:, before]).all()
    assert struck[mine, after].sum() < 0.6 * usual[mine, after].sum()


@pytest.mark.parametrize(("factor", "low", "high"), [(0.0, 0, 0), (0.3, 0.25, 0.35), (1.0, 1, 1)])
def test_reporters_report_a_share_from_the_year_on(
    reports: pd.DataFrame, scene: Scene, factor: float, low: float, high: float
) -> None:
    shock = Shock("reporting", "bank", "2022-23", factor)
    comes = arrives(reports, scene, (shock,))
    banks = (reports["source"] == "bank").to_numpy()
    later = scene.year[reports["row"]] >= 1
    assert comes[~(banks & later)].all()
    assert low <= comes[banks & later].mean() <= high


def shifted(factor: float, settings: Settings, name: str = "interest_omitted") -> Settings:
    shock = {"kind": "mechanism", "name": name, "tax_year": "2023-24", "factor": factor}
    return replace(settings, shocks=(shock,))


def test_a_mechanism_becomes_likelier_from_the_year_on(scene: Scene, settings: Settings) -> None:
    usual = mechanisms()["interest_omitted"]
    doubled = mechanisms(shifted(2.0, settings))["interest_omitted"]
    before, after = likelihood(usual, scene), likelihood(doubled, scene)
    early, exposed = scene.year < 2, usual.exposed(scene)
    assert (before[early] == after[early]).all()
    now = exposed & ~early
    odds = (after / (1 - after))[now] / (before / (1 - before))[now]
    np.testing.assert_allclose(odds, 2.0)


@pytest.mark.parametrize("name", ["interest_omitted", "threshold_suppressed"])
def test_a_mechanism_can_end(scene: Scene, settings: Settings, name: str) -> None:
    ended, usual = mechanisms(shifted(0.0, settings, name))[name], mechanisms()[name]
    early = scene.year < 2
    assert not is_active(ended, scene)[~early].any()
    assert (is_active(ended, scene)[early] == is_active(usual, scene)[early]).all()
    assert is_active(usual, scene)[~early].any()


def test_shocks_of_a_mechanism_multiply(settings: Settings) -> None:
    one = {"kind": "mechanism", "name": "interest_omitted", "tax_year": "2022-23", "factor": 2.0}
    both = replace(settings, shocks=(one, one | {"tax_year": "2024-25", "factor": 0.25}))
    shift = mechanisms(both)["interest_omitted"].shift
    assert np.exp(shift).tolist() == pytest.approx([1.0, 2.0, 2.0, 0.5])


def test_a_shock_to_one_mechanism_leaves_the_others_alone(scene: Scene, settings: Settings) -> None:
    few = scene.take(np.arange(2_000))
    form = forms(shifted(5.0, settings))["self_assessment"]
    usual, changed = plant(few), plant(replace(few, form=form))
    position = [mechanism.name for mechanism in form.mechanisms].index("interest_omitted")
    keep = ["row", "mechanism", "field", "amount", "behaviour"]
    left, right = (one.items.loc[one.items["mechanism"] != position, keep] for one in (usual, changed))
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))
    assert (changed.items["mechanism"] == position).sum() > (usual.items["mechanism"] == position).sum()
