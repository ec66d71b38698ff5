"""Enquiries: officers find a part, differ from each other, and find nothing that is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import enquiries
from taxgap.synthetic.enquiries import OFFICERS, find, hours_of, main_behaviour, officer_of, settle, skill_of
from taxgap.synthetic.form import Scene
from taxgap.synthetic.misreporting import Planted
from taxgap.synthetic.settings import Settings

Found = tuple[pd.DataFrame, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def found(scene: Scene, planted: Planted, settings: Settings) -> Found:
    return find(planted, scene, settings)


@pytest.fixture(scope="module")
def settled(found: Found, scene: Scene) -> pd.DataFrame:
    return settle(found[0], scene)


def detection(planted: Planted, tax: np.ndarray) -> float:
    return float(tax.sum() / planted.tax_lost.clip(min=0).sum())


def test_nothing_is_found_where_nothing_is_wrong(found: Found, scene: Scene, planted: Planted) -> None:
    truthful = np.setdiff1d(np.arange(len(scene.panel)), planted.items["row"])
    assert (found[1][truthful] == 0).all()


def test_tax_found_is_nothing_or_at_least_a_pound(found: Found) -> None:
    assert ((found[1] == 0) | (found[1] >= 1)).all()


def test_no_officer_finds_more_of_a_box_than_was_planted(found: Found, planted: Planted) -> None:
    keys = ["row", "mechanism", "field"]
    both = found[0].merge(planted.items[[*keys, "amount"]], on=keys, suffixes=("", "_planted"))
    assert len(both) == len(found[0])
    assert (both["found"] * np.sign(both["amount_planted"]) >= 0).all()
    assert (both["found"].abs() <= both["amount_planted"].abs()).all()
    speaks_for_the_taxpayer = both["tax_lost"] <= 0
    assert (both["found"] == both["amount_planted"])[speaks_for_the_taxpayer].all()


def test_no_more_is_found_than_was_lost_but_for_the_pounds_of_rounding(
    found: Found, planted: Planted, named_items: pd.DataFrame
) -> None:
    excess = np.flatnonzero(found[1] > planted.tax_lost + 1)
    slips = named_items.loc[named_items["mechanism"] == "honest_error", "row"]
    assert np.isin(excess, slips).all()


def test_few_wrong_returns_are_missed_whole(found: Found, planted: Planted) -> None:
    wrong = planted.tax_lost >= 1
    missed = (found[1] == 0)[wrong].mean()
    assert 0.05 < missed < 0.15 + 3 * np.sqrt(0.13 / wrong.sum())


def test_officers_together_find_half_to_three_fifths_of_the_tax(found: Found, planted: Planted) -> None:
    assert 0.46 < detection(planted, found[1]) < 0.64  # 50 to 60, and the error of a few large cases


def test_the_share_found_follows_the_setting(scene: Scene, planted: Planted, settings: Settings) -> None:
    low, high = (
        detection(planted, find(planted, scene, replace(settings, detection=share))[1])
        for share in (0.4, 0.75)
    )
    assert low == pytest.approx(0.4, abs=0.09)
    assert high == pytest.approx(0.75, abs=0.09)


def test_the_share_missed_whole_follows_the_setting(
    scene: Scene, planted: Planted, settings: Settings
) -> None:
    wrong = planted.tax_lost >= 1
    none, many = (
        (find(planted, scene, replace(settings, missed_whole=share))[1] == 0)[wrong].mean()
        for share in (0.0, 0.3)
    )
    assert none < 0.05
    assert many == pytest.approx(0.3, abs=0.08)


def test_detection_acts_on_each_box(found: Found, planted: Planted) -> None:
    keys = ["row", "mechanism", "field"]
    both = found[0].merge(planted.items[[*keys, "amount"]], on=keys, suffixes=("", "_planted"))
    share = both["found"] / both["amount_planted"]
    assert 0.2 < (share > 0.999).mean() < 0.95
    assert (share < 0.9).mean() > 0.05
    several = both.groupby("row")["mechanism"].transform("nunique") > 1
    spread = share[several].groupby(both.loc[several, "row"]).agg(np.ptp)
    assert (spread > 0.05).mean() > 0.2


def test_every_return_has_an_officer_whoever_else_is_there(scene: Scene) -> None:
    officers = officer_of(scene)
    assert set(officers) == set(range(OFFICERS))
    rows = np.array([11, 8_000])
    assert officer_of(scene.take(rows)).tolist() == officers[rows].tolist()


def test_skill_is_zero_on_average_and_a_trait_of_the_officer() -> None:
    skills = skill_of(7, np.arange(OFFICERS))
    assert skills.mean() == pytest.approx(0, abs=1e-12)
    assert skill_of(7, np.array([5, 5, 0])).tolist() == skills[[5, 5, 0]].tolist()
    assert (skill_of(8, np.arange(OFFICERS)) != skills).all()


def test_officers_differ_as_their_skill_does(
    found: Found, scene: Scene, planted: Planted, settings: Settings
) -> None:
    wrong = planted.tax_lost >= 50
    officers = officer_of(scene)[wrong]
    share = np.clip(found[1][wrong] / planted.tax_lost[wrong], 0, 1)
    by_officer = np.bincount(officers, share) / np.bincount(officers)
    assert np.corrcoef(by_officer, skill_of(settings.seed, np.arange(OFFICERS)))[0, 1] > 0.7
    assert by_officer.std() > 2 * share.std() / np.sqrt(np.bincount(officers).mean())


def test_where_there_is_more_to_settle_it_takes_longer(found: Found, scene: Scene) -> None:
    hours = hours_of(found[0], scene)
    assert (hours > 0).all()
    assert hours.max() < 500
    assert hours[found[1] > 0].mean() > 1.2 * hours[found[1] == 0].mean()


def test_a_box_is_settled_once(settled: pd.DataFrame) -> None:
    assert not settled.duplicated(["row", "field"]).any()
    assert (settled["found"] != 0).all()


def test_what_is_settled_is_what_was_found(settled: pd.DataFrame, found: Found) -> None:
    assert settled["found"].sum() == pytest.approx(found[0]["found"].sum())


def test_evasion_is_hard_to_prove_and_nothing_else_is_settled_harder(
    settled: pd.DataFrame, found: Found
) -> None:
    one = ~found[0].duplicated(["row", "field"], keep=False)
    both = settled.merge(found[0].loc[one, ["row", "field", "behaviour"]], on=["row", "field"])
    evasion = both["behaviour_y"] == "evasion"
    milder = both.loc[evasion, "behaviour_x"] == "failure_to_take_reasonable_care"
    assert 0.15 < milder.mean() < 0.35
    assert (
        both.loc[evasion & ~milder.reindex(both.index, fill_value=False), "behaviour_x"] == "evasion"
    ).all()
    assert (both.loc[~evasion, "behaviour_x"] == both.loc[~evasion, "behaviour_y"]).all()


def test_the_main_behaviour_is_that_of_the_largest_part(settled: pd.DataFrame, scene: Scene) -> None:
    main = main_behaviour(settled, len(scene.panel))
    largest = settled.loc[settled.groupby("row")["tax_lost"].idxmax()]
    alone = settled.groupby("row")["tax_lost"].transform("max") == settled["tax_lost"]
    tied = settled[alone].duplicated("row", keep=False)
    clear = largest[~largest["row"].isin(settled.loc[alone[alone].index[tied], "row"])]
    assert (main[clear["row"]] == clear["behaviour"]).all()
    without = np.setdiff1d(np.arange(len(scene.panel)), settled["row"])
    assert all(behaviour is None for behaviour in main[without])


def test_what_an_officer_would_find_depends_on_no_other_return(
    found: Found, scene: Scene, planted: Planted, settings: Settings
) -> None:
    first = len(scene) // 2
    half = replace(
        planted,
        reported=planted.reported.head(first),
        twin=planted.twin.head(first),
        items=planted.items[planted.items["row"] < first].reset_index(drop=True),
    )
    _, tax, appealed = find(half, scene.take(np.arange(first)), settings)
    np.testing.assert_array_equal(tax, found[1][:first])
    np.testing.assert_array_equal(appealed, found[2][:first])


def test_where_nothing_is_wrong_an_enquiry_finds_nothing(
    scene: Scene, planted: Planted, settings: Settings
) -> None:
    honest = replace(planted, reported=planted.twin, items=planted.items.head(0))
    findings, tax, appealed = find(honest, scene, settings)
    assert len(findings) == 0
    assert (tax == 0).all()
    assert not appealed.any()
    assert len(settle(findings, scene)) == 0


def test_only_findings_are_appealed_and_few_of_them(found: Found) -> None:
    findings, tax, appealed = found
    assert np.isin(np.flatnonzero(appealed), findings["row"]).all()
    assert appealed[tax > 0].mean() == pytest.approx(0.06, abs=0.02)


def test_who_wins_his_appeal_has_what_was_found_halved(
    found: Found, scene: Scene, planted: Planted, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enquiries, "_APPEALS_WON", 0.0)
    findings, tax, appealed = find(planted, scene, settings)
    less = found[1] < tax
    assert (found[1] <= tax + 1).all()
    assert less.any()
    assert not less[~appealed].any()
    assert 0.15 < less[appealed].mean() < 0.5
    won = findings["row"].isin(np.flatnonzero(less)) & (findings["tax_lost"] > 0)
    half = found[0].loc[won, "found"] / findings.loc[won, "found"]
    assert half.median() == pytest.approx(0.5, abs=0.02)


def test_the_officers_are_as_many_as_are_named(scene: Scene) -> None:
    names = enquiries.officer_ids(officer_of(scene))
    assert len(set(names)) == OFFICERS
