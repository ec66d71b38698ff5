"""The scene: the same for a company whoever else is drawn, and whatever years are asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names
from taxgap.synthetic.corporation_tax import CORPORATION_TAX, draw_scene, registrations
from taxgap.synthetic.corporation_tax.older_rule import random_weight, risk_score
from taxgap.synthetic.form import PANEL, Scene
from taxgap.synthetic.hiding import hidden_share
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.trading import Trading


def _frames(scene: Scene) -> list[pd.DataFrame]:
    return [scene.panel, scene.activity, scene.boxes]


def test_the_panel_is_sorted_and_has_what_every_regime_has(company_scene: Scene) -> None:
    assert set(PANEL) <= set(company_scene.panel.columns)
    assert company_scene.panel[["entity", "counter"]].apply(tuple, axis=1).is_monotonic_increasing
    assert not company_scene.panel.duplicated(["taxpayer_id", "period"]).any()
    assert not any(frame.isna().any(axis=None) for frame in _frames(company_scene))


def test_a_company_is_the_same_in_any_company(
    companies: Trading, company_scene: Scene, company_settings: Settings
) -> None:
    rows = np.arange(100, 200)
    alone = draw_scene(companies.take(rows), CORPORATION_TAX, company_settings)
    entity = companies.firms["entity"].to_numpy()[rows]
    there = np.flatnonzero(company_scene.panel["entity"].isin(entity))
    for mine, theirs in zip(_frames(alone), _frames(company_scene.take(there)), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


def test_fewer_years_leave_the_others_as_they_are(
    companies: Trading, company_scene: Scene, company_settings: Settings
) -> None:
    few = draw_scene(companies, CORPORATION_TAX, replace(company_settings, years=2))
    later = np.flatnonzero(company_scene.year >= 2)
    for mine, theirs in zip(_frames(few), _frames(company_scene.take(later)), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


def test_what_is_hidden_is_what_hiding_says(companies: Trading, company_scene: Scene) -> None:
    panel, activity, boxes = company_scene.panel, company_scene.activity, company_scene.boxes
    one_year = ((panel["counter"] % 12 == 11) & (activity["months"] == 12)).to_numpy()
    rows = np.flatnonzero(one_year & (activity["hidden_below"] == 0).to_numpy())
    scene = company_scene.take(rows)
    share = hidden_share(
        scene.streams,
        scene.year,
        disposition=scene.panel["disposition"],
        lean=scene.lean,
        size=scene.panel["gross"],
        covered=scene.covered,
    )
    np.testing.assert_allclose(activity["hidden"].iloc[rows], share * boxes["turnover"].iloc[rows], atol=1)
    assert 0.05 < (share > 0).mean() < 0.5


def test_every_company_is_registered_once(companies: Trading, company_settings: Settings) -> None:
    table = registrations(companies, company_settings)
    assert table["taxpayer_id"].tolist() == companies.firms["taxpayer_id"].tolist()
    assert set(table.columns) == set(column_names(TABLES["registrations"])) - {"received_on"}
    assert (table["applied_on"] >= table["effective_from"]).all()
    assert (table["deregistered_on"].notna() == (companies.firms["last_year"] < 4)).all()


def test_registration_comes_before_the_first_period(
    companies: Trading, company_scene: Scene, company_settings: Settings
) -> None:
    since = registrations(companies, company_settings).set_index("taxpayer_id")["effective_from"]
    first = company_scene.panel.groupby("taxpayer_id")["period_start"].min()
    assert (since[first.index] <= first).all()


def test_the_random_programme_is_of_small_companies(company_scene: Scene) -> None:
    weight, gross = random_weight(company_scene), company_scene.panel["gross"].to_numpy()
    assert (weight[gross >= 10e6] == 0).all()
    assert weight[gross < 10e6].mean() == pytest.approx(1, abs=0.05)


def test_the_older_rule_opens_the_share_asked_for(company_planted: Planted, company_scene: Scene) -> None:
    reports = pd.DataFrame({"row": [0], "source": ["bank"], "amount": [0.0]})
    late = np.zeros(len(company_scene), dtype=bool)
    score = risk_score(company_scene, company_planted.reported, reports, late)
    assert np.exp(score).mean() / CORPORATION_TAX.mean_weight == pytest.approx(1, abs=0.15)
