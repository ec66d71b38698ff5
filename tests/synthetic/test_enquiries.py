"""Enquiries: officers find a part, differ from each other, and find nothing that is not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.synthetic import enquiries
from taxgap.synthetic.enquiries import OFFICERS, find, hours_of, main_behaviour, officer_of, settle, skill_of
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.world import World


def find_with(world: World, settings: Settings) -> tuple[pd.DataFrame, np.ndarray]:
    return find(world.planted, world.as_filed, world.streams, world.scene.year, settings)


@pytest.fixture(scope="module")
def found(world: World) -> tuple[pd.DataFrame, np.ndarray]:
    return find_with(world, world.settings)


@pytest.fixture(scope="module")
def settled(found: tuple[pd.DataFrame, np.ndarray], world: World) -> pd.DataFrame:
    return settle(found[0], world.streams, world.scene.year)


def detection(world: World, tax: np.ndarray) -> float:
    return float(tax.sum() / world.planted.tax_lost.clip(min=0).sum())


def test_nothing_is_found_where_nothing_is_wrong(
    found: tuple[pd.DataFrame, np.ndarray], world: World
) -> None:
    truthful = np.setdiff1d(np.arange(len(world.panel)), world.planted.items["row"])
    assert (found[1][truthful] == 0).all()


def test_tax_found_is_nothing_or_at_least_a_pound(found: tuple[pd.DataFrame, np.ndarray]) -> None:
    assert ((found[1] == 0) | (found[1] >= 1)).all()


def test_no_officer_finds_more_of_a_box_than_was_planted(
    found: tuple[pd.DataFrame, np.ndarray], world: World
) -> None:
    keys = ["row", "mechanism", "field"]
    both = found[0].merge(world.planted.items[[*keys, "amount"]], on=keys, suffixes=("", "_planted"))
    assert len(both) == len(found[0])
    assert (both["found"] * np.sign(both["amount_planted"]) >= 0).all()
    assert (both["found"].abs() <= both["amount_planted"].abs()).all()
    speaks_for_the_taxpayer = both["tax_lost"] <= 0
    assert (both["found"] == both["amount_planted"])[speaks_for_the_taxpayer].all()


def test_no_more_is_found_than_was_lost_but_for_the_pounds_of_rounding(
    found: tuple[pd.DataFrame, np.ndarray], world: World, named_items: pd.DataFrame
) -> None:
    excess = np.flatnonzero(found[1] > world.planted.tax_lost + 1)
    slips = named_items.loc[named_items["mechanism"] == "honest_error", "row"]
    assert np.isin(excess, slips).all()


def test_few_wrong_returns_are_missed_whole(found: tuple[pd.DataFrame, np.ndarray], world: World) -> None:
    wrong = world.planted.tax_lost >= 1
    missed = (found[1] == 0)[wrong].mean()
    assert 0.05 < missed < 0.15 + 3 * np.sqrt(0.13 / wrong.sum())


def test_officers_together_find_half_to_three_fifths_of_the_tax(
    found: tuple[pd.DataFrame, np.ndarray], world: World
) -> None:
    assert 0.46 < detection(world, found[1]) < 0.64  # 50 to 60, and the error of a few large cases


def test_the_share_found_follows_the_setting(world: World) -> None:
    low, high = (
        detection(world, find_with(world, replace(world.settings, detection=share))[1])
        for share in (0.4, 0.75)
    )
    assert low == pytest.approx(0.4, abs=0.09)
    assert high == pytest.approx(0.75, abs=0.09)


def test_the_share_missed_whole_follows_the_setting(world: World) -> None:
    wrong = world.planted.tax_lost >= 1
    none, many = (
        (find_with(world, replace(world.settings, missed_whole=share))[1] == 0)[wrong].mean()
        for share in (0.0, 0.3)
    )
    assert none < 0.05
    assert many == pytest.approx(0.3, abs=0.08)


def test_detection_acts_on_each_box(found: tuple[pd.DataFrame, np.ndarray], world: World) -> None:
    keys = ["row", "mechanism", "field"]
    both = found[0].merge(world.planted.items[[*keys, "amount"]], on=keys, suffixes=("", "_planted"))
    share = both["found"] / both["amount_planted"]
    assert 0.2 < (share > 0.999).mean() < 0.95
    assert (share < 0.9).mean() > 0.05
    several = both.groupby("row")["mechanism"].transform("nunique") > 1
    spread = share[several].groupby(both.loc[several, "row"]).agg(np.ptp)
    assert (spread > 0.05).mean() > 0.2


def test_every_return_has_an_officer_whoever_else_is_there(world: World) -> None:
    officers = officer_of(world.streams, world.scene.year)
    assert set(officers) == set(range(OFFICERS))
    rows = np.array([11, 8_000])
    assert officer_of(world.streams[rows], world.scene.year[rows]).tolist() == officers[rows].tolist()


def test_skill_is_zero_on_average_and_a_trait_of_the_officer() -> None:
    skills = skill_of(7, np.arange(OFFICERS))
    assert skills.mean() == pytest.approx(0, abs=1e-12)
    assert skill_of(7, np.array([5, 5, 0])).tolist() == skills[[5, 5, 0]].tolist()
    assert (skill_of(8, np.arange(OFFICERS)) != skills).all()


def test_officers_differ_as_their_skill_does(found: tuple[pd.DataFrame, np.ndarray], world: World) -> None:
    wrong = world.planted.tax_lost >= 50
    officers = officer_of(world.streams, world.scene.year)[wrong]
    share = np.clip(found[1][wrong] / world.planted.tax_lost[wrong], 0, 1)
    by_officer = np.bincount(officers, share) / np.bincount(officers)
    assert np.corrcoef(by_officer, skill_of(world.settings.seed, np.arange(OFFICERS)))[0, 1] > 0.7
    assert by_officer.std() > 2 * share.std() / np.sqrt(np.bincount(officers).mean())


def test_where_there_is_more_to_settle_it_takes_longer(
    found: tuple[pd.DataFrame, np.ndarray], world: World
) -> None:
    hours = hours_of(found[0], len(world.panel), world.streams, world.scene.year)
    assert (hours > 0).all()
    assert hours.max() < 500
    assert hours[found[1] > 0].mean() > 1.2 * hours[found[1] == 0].mean()


def test_a_box_is_settled_once(settled: pd.DataFrame) -> None:
    assert not settled.duplicated(["row", "field"]).any()
    assert (settled["found"] != 0).all()


def test_what_is_settled_is_what_was_found(
    settled: pd.DataFrame, found: tuple[pd.DataFrame, np.ndarray]
) -> None:
    assert settled["found"].sum() == pytest.approx(found[0]["found"].sum())


def test_evasion_is_hard_to_prove_and_nothing_else_is_settled_harder(
    settled: pd.DataFrame, found: tuple[pd.DataFrame, np.ndarray]
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


def test_the_main_behaviour_is_that_of_the_largest_part(settled: pd.DataFrame, world: World) -> None:
    main = main_behaviour(settled, len(world.panel))
    largest = settled.loc[settled.groupby("row")["tax_lost"].idxmax()]
    alone = settled.groupby("row")["tax_lost"].transform("max") == settled["tax_lost"]
    tied = settled[alone].duplicated("row", keep=False)
    clear = largest[~largest["row"].isin(settled.loc[alone[alone].index[tied], "row"])]
    assert (main[clear["row"]] == clear["behaviour"]).all()
    without = np.setdiff1d(np.arange(len(world.panel)), settled["row"])
    assert all(behaviour is None for behaviour in main[without])


def test_what_an_officer_would_find_depends_on_no_other_return(
    found: tuple[pd.DataFrame, np.ndarray], world: World
) -> None:
    first = len(world.panel) // 2
    planted = replace(
        world.planted,
        reported=world.planted.reported.head(first),
        twin=world.planted.twin.head(first),
        items=world.planted.items[world.planted.items["row"] < first].reset_index(drop=True),
    )
    half = np.arange(first)
    tax = find(
        planted, world.as_filed.head(first), world.streams[half], world.scene.year[half], world.settings
    )
    np.testing.assert_array_equal(tax[1], found[1][:first])


def test_a_world_without_misreporting_can_be_enquired_into(world: World) -> None:
    planted = replace(world.planted, reported=world.planted.twin, items=world.planted.items.head(0))
    findings, tax = find(planted, world.scene.boxes, world.streams, world.scene.year, world.settings)
    assert len(findings) == 0
    assert (tax == 0).all()
    assert len(settle(findings, world.streams, world.scene.year)) == 0


def test_officers_are_as_many_as_are_named() -> None:
    assert enquiries.officer_of(Streams(1, np.arange(5_000)), np.zeros(5_000)).max() == OFFICERS - 1
