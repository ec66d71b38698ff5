"""Selection: drawn with the probabilities that are recorded, from what is on file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic.filing import filed_on
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.selection import Opened, select
from taxgap.synthetic.self_assessment.older_rule import risk_score
from taxgap.synthetic.settings import Settings


@pytest.fixture(scope="module")
def late(scene: Scene) -> np.ndarray:
    return np.asarray(filed_on(scene) > scene.panel["due_on"].to_numpy())


@pytest.fixture(scope="module")
def draw(
    scene: Scene, planted: Planted, reports: pd.DataFrame, late: np.ndarray, settings: Settings
) -> Callable[[Settings], Opened]:
    """Draw the programmes of the shared population by some settings."""
    return lambda settings: select(scene, planted.reported, reports, late=late, settings=settings)


@pytest.fixture(scope="module")
def opened(draw: Callable[[Settings], Opened], settings: Settings) -> Opened:
    return draw(replace(settings, random_share=0.2, risk_share=0.1))


def is_as_likely(happened: np.ndarray, probability: np.ndarray) -> bool:
    error = np.sqrt((probability * (1 - probability)).sum())
    return bool(abs(happened.sum() - probability.sum()) < 4.5 * error)


def test_probabilities_are_probabilities(opened: Opened) -> None:
    for chance in (opened.random_probability, opened.risk_probability, opened.opening_probability):
        assert ((chance > 0) & (chance < 1)).all()


def test_the_random_programme_draws_everyone_alike(opened: Opened) -> None:
    assert (opened.random_probability == 0.2).all()
    assert is_as_likely(opened.by_chance, opened.random_probability)


def test_a_return_drawn_by_both_counts_as_random(opened: Opened) -> None:
    assert not (opened.by_chance & opened.for_risk).any()


def test_the_recorded_probabilities_are_those_used_at_every_level_of_risk(opened: Opened) -> None:
    either = opened.by_chance | opened.for_risk
    for rows in np.array_split(np.argsort(opened.risk_probability), 8):
        assert is_as_likely(opened.by_chance[rows], opened.random_probability[rows])
        assert is_as_likely(opened.for_risk[rows], opened.risk_probability[rows])
        assert is_as_likely(either[rows], opened.opening_probability[rows])


def test_a_return_is_opened_by_either_programme(opened: Opened) -> None:
    either = opened.random_probability + opened.risk_probability  # one that both draw counts as random
    np.testing.assert_allclose(opened.opening_probability, either)


def test_the_random_draw_does_not_depend_on_the_risk(opened: Opened, planted: Planted) -> None:
    wrong = planted.tax_lost >= 1
    difference = wrong[opened.by_chance].mean() - wrong.mean()
    assert abs(difference) < 4.5 * np.sqrt(0.25 / opened.by_chance.sum())


def test_the_risk_programme_opens_about_the_share_asked_for(
    settings: Settings, draw: Callable[[Settings], Opened]
) -> None:
    chance = draw(settings).risk_probability
    assert chance.mean() == pytest.approx(settings.risk_share, abs=0.01)


def test_the_older_rule_finds_more_wrong_returns_than_chance(opened: Opened, planted: Planted) -> None:
    wrong = planted.tax_lost >= 1_000
    assert wrong[opened.for_risk].mean() > 1.3 * wrong[opened.by_chance].mean()


def test_a_programme_of_nothing_opens_nothing(settings: Settings, draw: Callable[[Settings], Opened]) -> None:
    nothing = draw(replace(settings, random_share=0.0, risk_share=0.0))
    assert not (nothing.by_chance | nothing.for_risk).any()
    assert (nothing.opening_probability == 0).all()


def test_a_programme_of_everything_opens_everything(
    settings: Settings, draw: Callable[[Settings], Opened]
) -> None:
    everything = draw(replace(settings, random_share=1.0))
    assert everything.by_chance.all()
    assert not everything.for_risk.any()


def test_the_score_rises_with_what_others_report_and_with_costs_and_lateness(
    reports: pd.DataFrame, late: np.ndarray, scene: Scene, planted: Planted
) -> None:
    form = planted.reported
    score = risk_score(scene, form, reports, late)
    assert np.isfinite(score).all()
    more = reports.assign(amount=reports["amount"] * 2)
    assert (risk_score(scene, form, more, late) >= score).all()
    assert (risk_score(scene, form, more, late) > score).any()
    costly = form.assign(total_expenses=form["total_expenses"] * 1.5)
    assert (risk_score(scene, costly, reports, late) >= score).all()
    assert (risk_score(scene, form, reports, np.ones_like(late)) >= score).all()


def test_longer_accounts_do_not_hide_a_shortfall(
    reports: pd.DataFrame, late: np.ndarray, scene: Scene, planted: Planted
) -> None:
    form = planted.reported.assign(accounts_months=12.0)
    doubled = {name: form[name] * 2 for name in ("accounts_months", "turnover", "total_expenses")}
    trades = form["turnover"] > 1_000
    short, long = (
        risk_score(scene, boxes, reports, late)[trades] for boxes in (form, form.assign(**doubled))
    )
    np.testing.assert_allclose(long, short)


def test_the_draw_of_a_return_depends_on_no_other(
    reports: pd.DataFrame,
    late: np.ndarray,
    scene: Scene,
    planted: Planted,
    draw: Callable[[Settings], Opened],
) -> None:
    settings = Settings(seed=scene.streams.seed)
    rows = np.array([5, 9_000, 14_321])
    place = pd.Series(range(3), index=rows)
    mine = reports[reports["row"].isin(rows)]
    alone = select(
        scene.take(rows),
        planted.reported.iloc[rows].reset_index(drop=True),
        mine.assign(row=place[mine["row"]].to_numpy()),
        late=late[rows],
        settings=settings,
    )
    together = draw(settings)
    assert alone.risk_probability.tolist() == together.risk_probability[rows].tolist()
    assert alone.by_chance.tolist() == together.by_chance[rows].tolist()
