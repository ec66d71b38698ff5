"""True activity: persistent over the years, paid through known channels, and never impossible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.synthetic.activity import draw_activity, spread_over_years
from taxgap.synthetic.form import Scene
from taxgap.synthetic.people import draw_people
from taxgap.synthetic.register import Register
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import BASE_YEAR, TAX_YEARS

CHANNELS = ["card", "platform", "contractor", "cash"]


def by_year(scene: Scene, values: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"entity": scene.panel["entity"], "year": scene.year, "value": values}).pivot_table(
        index="entity", columns="year", values="value"
    )


def test_there_is_one_row_a_person_and_year_on_the_register(scene: Scene, people: pd.DataFrame) -> None:
    stay = np.minimum(people["last_year"], 3) - np.maximum(people["first_year"], 0) + 1
    assert (scene.panel.groupby("entity").size() == stay.to_numpy()).all()
    assert scene.panel["year"].between(scene.panel["first_year"], scene.panel["last_year"]).all()
    assert not scene.panel.duplicated(["entity", "year"]).any()


def test_the_years_of_a_person_follow_each_other(scene: Scene) -> None:
    entity = scene.panel["entity"].to_numpy()
    same = entity[1:] == entity[:-1]
    assert (np.diff(scene.year)[same] == 1).all()


def test_only_the_years_that_are_asked_for_are_spread() -> None:
    people = draw_people(Streams(1, np.arange(50)), Register(1, 50, 0, 0))
    panel = spread_over_years(people, TAX_YEARS[-2:])
    assert set(panel["year"]) == {2, 3}


def test_the_traits_of_a_person_do_not_change(scene: Scene) -> None:
    traits = ["kind", "trade", "region", "birth_year", "agent", "disposition", "gross"]
    first = scene.panel.groupby("entity")[traits].transform("first")
    assert (scene.panel[traits] == first).all(axis=None)


def test_activity_is_the_same_whoever_else_is_drawn(scene: Scene, settings: Settings) -> None:
    some = scene.panel["entity"].isin([3, 1_500, 5_001]).to_numpy()
    panel = scene.panel[some].reset_index(drop=True)
    alone = draw_activity(panel, Streams(settings.seed, panel["entity"]))
    pd.testing.assert_frame_equal(alone, scene.activity.loc[some, alone.columns].reset_index(drop=True))


def test_amounts_are_finite_and_not_negative(scene: Scene) -> None:
    amounts = scene.activity.drop(columns="declared_below").select_dtypes("number")
    assert np.isfinite(amounts).all(axis=None)
    assert (amounts >= 0).all(axis=None)


def test_only_traders_trade_and_only_landlords_let(scene: Scene) -> None:
    kind = scene.panel["kind"]
    assert ((scene.activity["turnover"] > 0) == kind.isin(["self_employed", "both"])).all()
    assert ((scene.activity["rents"] > 0) == kind.isin(["landlord", "both"])).all()
    without = scene.activity.loc[~kind.isin(["self_employed", "both"])]
    assert (without[[*EXPENSE_BOXES, "capital_allowances", "losses_available", *CHANNELS]] == 0).all(
        axis=None
    )


def test_customers_pay_at_most_the_whole_turnover(scene: Scene) -> None:
    assert scene.activity[CHANNELS].sum(axis=1).max() <= 1 + 1e-9


def test_turnover_follows_that_of_the_year_before(scene: Scene) -> None:
    turnover = np.log(by_year(scene, scene.activity["annual_turnover"].where(scene.panel["trade"] >= 0)))
    assert turnover[0].corr(turnover[1]) > 0.9
    change = (turnover[1] - turnover[0]).dropna()
    assert 0.08 < change.std() < 0.5


def test_turnover_fluctuates_more_the_further_apart_the_years(scene: Scene) -> None:
    turnover = np.log(by_year(scene, scene.activity["annual_turnover"].where(scene.panel["trade"] >= 0)))
    assert (turnover[1] - turnover[0]).std() < (turnover[3] - turnover[0]).std()


def test_incomes_grow_over_the_years(scene: Scene) -> None:
    middle = scene.activity.groupby(scene.panel["year"])["annual_turnover"].sum()
    people = scene.panel.groupby("year").size()
    growth = (middle / people).to_numpy()
    assert 1.0 < growth[-1] / growth[0] < 1.5


def test_the_turnover_before_is_that_of_the_year_before(scene: Scene) -> None:
    now = by_year(scene, scene.activity["annual_turnover"])
    before = by_year(scene, scene.activity["turnover_before"])
    follows = now[0].notna() & now[1].notna()
    np.testing.assert_array_equal(before.loc[follows, 1], now.loc[follows, 0])


def test_a_newcomer_had_no_turnover_before(scene: Scene) -> None:
    new = (scene.panel["first_year"] == scene.panel["year"]).to_numpy()
    assert new.any()
    assert (scene.activity.loc[new, "turnover_before"] == 0).all()


def test_accounts_are_longer_than_a_year_only_in_the_year_of_transition(scene: Scene) -> None:
    longer = scene.activity["accounts_months"] > 12
    assert set(scene.panel.loc[longer, "period"]) == {BASE_YEAR}
    assert scene.activity["accounts_months"].between(12, 23).all()
    traders = (scene.panel["period"] == BASE_YEAR) & (scene.panel["trade"] >= 0)
    assert 0.03 < longer[traders].mean() < 0.12


def test_a_newcomer_has_no_old_year_end_to_move(scene: Scene) -> None:
    new = (scene.panel["first_year"] == scene.panel["year"]).to_numpy()
    assert (scene.activity.loc[new, "accounts_months"] == 12).all()


def test_longer_accounts_hold_more_turnover(scene: Scene) -> None:
    activity = scene.activity[scene.activity["accounts_months"] > 12]
    ratio = activity["turnover"] / (activity["annual_turnover"] * activity["accounts_months"] / 12)
    assert (ratio <= 1 + 1e-9).all()
    assert (ratio > 0.5).all()


def test_declaring_net_of_commission_changes_no_profit(scene: Scene) -> None:
    trades = (scene.panel["trade"] >= 0).to_numpy()
    activity = scene.activity[trades]
    gross = activity["annual_turnover"] * activity["accounts_months"] / 12
    kept = gross - activity["turnover"]
    nets = kept > 1
    assert nets.any()
    assert (kept >= -1e-6).all()
    assert (activity.loc[nets, "platform"] > 0).all()


def test_costs_are_mostly_below_turnover_and_differ_by_trade(scene: Scene) -> None:
    trades = (scene.panel["trade"] >= 0).to_numpy()
    share = (
        scene.activity.loc[trades, list(EXPENSE_BOXES)].sum(axis=1) / scene.activity.loc[trades, "turnover"]
    )
    assert share.lt(1).mean() > 0.8
    usual = share.groupby(scene.panel.loc[trades, "trade"]).median()
    assert usual.max() > 2 * usual.min()


def test_some_keep_no_exact_books_the_careless_more_often(scene: Scene) -> None:
    trades = (scene.panel["trade"] >= 0).to_numpy()
    costs = scene.activity.loc[trades, list(EXPENSE_BOXES)]
    rounded = ((costs % 100 == 0) | (costs == 0)).all(axis=1)
    assert 0.05 < rounded.mean() < 0.5
    disposition = scene.panel.loc[trades, "disposition"]
    assert disposition[rounded].mean() > disposition[~rounded].mean() + 0.2
