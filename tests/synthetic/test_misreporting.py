"""What was reported: twins that differ where something was planted, and tax lost that adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.synthetic.form import Mechanism, Scene
from taxgap.synthetic.misreporting import Planted, _share_tax_lost, correct, is_active, likelihood, plant
from taxgap.synthetic.self_assessment.boxes import PERSONAL, PRIMITIVE_BOXES, complete_return
from taxgap.synthetic.self_assessment.mechanisms import MECHANISMS

BOXES = list(PRIMITIVE_BOXES)
undecided = pytest.mark.parametrize(
    "mechanism", [one for one in MECHANISMS if np.isfinite(one.rate)], ids=lambda mechanism: mechanism.name
)


def moved(planted: Planted) -> pd.DataFrame:
    """Truth less report, of every primitive box."""
    return planted.twin[BOXES] - planted.reported[BOXES]


def plant_at_random(scene: Scene, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Boxes with anything planted anywhere, and the items."""
    random = np.random.default_rng(seed)
    boxes = scene.boxes.copy()
    parts = []
    for position, mechanism in enumerate(MECHANISMS):
        for field in mechanism.fields:
            truth = scene.boxes[field].to_numpy()
            amount = np.round(random.normal(500, 4_000, len(boxes)) * (random.random(len(boxes)) < 0.15))
            amount = np.minimum(amount, boxes[field].to_numpy() * 0.9).round() * (truth > 0)
            boxes[field] -= amount
            rows = np.flatnonzero(amount)
            parts.append(
                pd.DataFrame({"row": rows, "mechanism": position, "field": field, "amount": amount[rows]})
            )
    items = pd.concat(parts, ignore_index=True)
    return boxes, items.assign(field=items["field"].astype("category"))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=2)
def test_tax_lost_adds_up_for_any_plants(scene: Scene, seed: int) -> None:
    few = scene.take(np.random.default_rng(seed).choice(len(scene.panel), 200, replace=False))
    boxes, items = plant_at_random(few, seed)
    tax = complete_return(boxes)["tax_charged"].to_numpy()
    lost = complete_return(few.boxes)["tax_charged"].to_numpy() - tax
    parts = _share_tax_lost(scene.form, items, boxes, tax, lost)
    assert np.isfinite(parts).all()
    wrong = np.bincount(items["row"], minlength=200) > 0
    found = np.bincount(items["row"], parts, 200)
    assert found[wrong] == pytest.approx(lost[wrong], abs=0.20)  # each part is rounded to the penny


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=2)
def test_setting_every_planted_box_right_gives_the_twin(scene: Scene, seed: int) -> None:
    few = scene.take(np.random.default_rng(seed).choice(len(scene.panel), 200, replace=False))
    boxes, items = plant_at_random(few, seed)
    pd.testing.assert_frame_equal(correct(boxes, items, 1.0), few.boxes)
    pd.testing.assert_frame_equal(correct(boxes, items, 0.0), boxes)


def test_setting_the_planted_boxes_of_the_population_right_gives_the_twins(planted: Planted) -> None:
    settled = complete_return(correct(planted.reported[[*BOXES, *PERSONAL]], planted.items))
    pd.testing.assert_frame_equal(settled[planted.twin.columns], planted.twin)


def test_correcting_a_part_lies_between_report_and_twin(planted: Planted) -> None:
    half = correct(planted.reported[BOXES], planted.items, 0.5)
    low = np.minimum(planted.reported[BOXES], planted.twin[BOXES])
    high = np.maximum(planted.reported[BOXES], planted.twin[BOXES])
    alone = ~planted.items.duplicated(["row", "field"], keep=False)
    rows = np.setdiff1d(planted.items["row"], planted.items.loc[~alone, "row"])
    assert ((half >= low) & (half <= high)).iloc[rows].all(axis=None)


def test_correcting_leaves_its_arguments_alone(planted: Planted) -> None:
    boxes, items = planted.reported[BOXES].head(500).copy(), planted.items[planted.items["row"] < 500].copy()
    before = boxes.copy(), items.copy()
    correct(boxes, items, 0.3)
    pd.testing.assert_frame_equal(boxes, before[0])
    pd.testing.assert_frame_equal(items, before[1])


def test_the_twin_is_the_truth(planted: Planted, scene: Scene) -> None:
    pd.testing.assert_frame_equal(planted.twin[scene.boxes.columns], scene.boxes)


def test_the_twin_differs_by_the_planted_amounts_and_nowhere_else(planted: Planted) -> None:
    rows = len(planted.twin)
    difference = moved(planted)
    for field in BOXES:
        mine = planted.items[planted.items["field"] == field]
        expected = np.bincount(mine["row"], mine["amount"], rows)
        np.testing.assert_array_equal(difference[field], expected)


def test_what_a_return_is_taxed_on_beside_its_boxes_is_the_same_in_the_twin(planted: Planted) -> None:
    pd.testing.assert_frame_equal(planted.reported[list(PERSONAL)], planted.twin[list(PERSONAL)])


def test_a_truthful_return_equals_its_twin(planted: Planted) -> None:
    truthful = np.setdiff1d(np.arange(len(planted.twin)), planted.items["row"])
    assert 0.1 < len(truthful) / len(planted.twin) < 0.9
    pd.testing.assert_frame_equal(planted.reported.iloc[truthful], planted.twin.iloc[truthful])
    assert (planted.tax_lost[truthful] == 0).all()


def test_the_tax_lost_of_a_return_is_that_of_its_items(planted: Planted) -> None:
    summed = np.bincount(planted.items["row"], planted.items["tax_lost"], len(planted.twin))
    np.testing.assert_allclose(summed, planted.tax_lost, rtol=0, atol=0.10)


def test_the_tax_lost_is_the_tax_of_the_twin_less_that_of_the_report(planted: Planted) -> None:
    difference = planted.twin["tax_charged"] - planted.reported["tax_charged"]
    np.testing.assert_allclose(planted.tax_lost, difference, rtol=0, atol=0.006)


def test_the_boxes_of_a_mechanism_share_its_tax_by_amount(planted: Planted) -> None:
    items = planted.items
    sums = items.groupby(["row", "mechanism"])
    several = sums["tax_lost"].transform("size") > 1
    size = items["amount"].abs()
    share = size / size.groupby([items["row"], items["mechanism"]]).transform("sum")
    expected = share * sums["tax_lost"].transform("sum")
    np.testing.assert_allclose(items.loc[several, "tax_lost"], expected[several], rtol=0, atol=0.03)


def test_a_mechanism_acts_once_on_a_box(planted: Planted) -> None:
    assert not planted.items.duplicated(["row", "mechanism", "field"]).any()


def test_planted_amounts_are_whole_pounds_of_some_size(planted: Planted) -> None:
    amounts = planted.items["amount"]
    assert (amounts == amounts.round()).all()
    assert amounts.abs().min() >= 10


def test_no_report_is_negative_or_emptied_by_what_was_planted(planted: Planted) -> None:
    reported, twin = planted.reported[BOXES], planted.twin[BOXES]
    assert (reported.drop(columns="basis_adjustment") >= 0).all(axis=None)
    for field in ("turnover", "rents", "interest"):
        assert (reported.loc[twin[field] > 0, field] > 0).all()


def test_a_mechanism_has_one_behaviour_a_person(planted: Planted, scene: Scene) -> None:
    items = planted.items.assign(entity=scene.panel["entity"].to_numpy()[planted.items["row"]])
    first = items.groupby(["entity", "mechanism"])["behaviour"].transform("first")
    assert (items["behaviour"] == first).all()


@undecided
def test_a_mechanism_acts_as_often_as_its_likelihood(mechanism: Mechanism, scene: Scene) -> None:
    chance = likelihood(mechanism, scene)
    # Years of a person are dependent: the error is that of the number of people.
    error = np.sqrt((chance * (1 - chance)).sum() * 4) / len(chance)
    assert abs(is_active(mechanism, scene).mean() - chance.mean()) < 5 * error


@undecided
def test_a_mechanism_is_a_habit(mechanism: Mechanism, scene: Scene) -> None:
    table = pd.DataFrame(
        {"entity": scene.panel["entity"], "year": scene.year, "active": is_active(mechanism, scene)}
    )[mechanism.exposed(scene)]
    wide = table.pivot_table(index="entity", columns="year", values="active").dropna()
    before, after = wide[0].astype(bool), wide[1].astype(bool)
    assert after[before].mean() > 1.5 * after.mean() or after[before].mean() > after.mean() + 0.15


def test_people_who_were_wrong_are_mostly_wrong_again(planted: Planted, scene: Scene) -> None:
    table = pd.DataFrame(
        {"entity": scene.panel["entity"], "year": scene.year, "wrong": planted.tax_lost >= 1}
    ).pivot_table(index="entity", columns="year", values="wrong")
    table = table.dropna().astype(bool)
    again, anew = table[1][table[0]].mean(), table[1][~table[0]].mean()
    assert 0.6 < again < 0.95
    assert anew < 0.35


def test_a_careful_person_is_wrong_less_often(planted: Planted, scene: Scene) -> None:
    wrong = planted.tax_lost >= 1
    careless = (scene.panel["disposition"] > 0.5).to_numpy()
    careful = (scene.panel["disposition"] < -0.5).to_numpy()
    assert wrong[careless].mean() > 1.3 * wrong[careful].mean()


def test_those_with_an_agent_are_wrong_less_often_within_their_kind(planted: Planted, scene: Scene) -> None:
    table = pd.DataFrame(
        {"kind": scene.panel["kind"], "agent": scene.panel["agent"], "wrong": planted.tax_lost >= 1}
    )
    rates = table.pivot_table(index="kind", columns="agent", values="wrong")
    assert (rates[True] < rates[False] + 0.10).all()  # the smallest kind is a few hundred people
    assert rates[True].mean() < rates[False].mean()


def test_amounts_have_a_heavy_tail(planted: Planted) -> None:
    lost = np.sort(planted.tax_lost[planted.tax_lost >= 1])[::-1]
    assert lost.mean() > 2 * np.median(lost)
    assert lost[: len(lost) // 25].sum() > 0.25 * lost.sum()


def test_visible_income_is_hardly_misreported(planted: Planted) -> None:
    twin, difference = planted.twin, moved(planted)
    assert (difference["employment_pay"] == 0).all()
    visible = ["employment_pay", "pension", "interest", "dividends"]
    seen = difference[visible].clip(lower=0).sum().sum() / twin[visible].sum().sum()
    business = difference["turnover"].clip(lower=0).sum() / twin["turnover"].sum()
    assert seen < 0.03
    assert seen < business / 4


def test_slips_go_both_ways_and_cost_the_exchequer_on_balance(named_items: pd.DataFrame) -> None:
    slips = named_items.loc[named_items["mechanism"] == "honest_error", "tax_lost"]
    assert (slips < 0).mean() > 0.05
    assert slips.sum() > 0


def test_only_slips_are_in_the_taxpayers_disfavour(named_items: pd.DataFrame) -> None:
    others = named_items[named_items["mechanism"] != "honest_error"]
    assert (others.groupby(["row", "mechanism"])["tax_lost"].sum() < -1).mean() < 0.01
    assert (others.loc[others["field"].isin(["rents", "interest", "turnover"]), "amount"] > 0).all()
    claims = ["pension_contributions", "gift_aid", "employment_expenses", "property_costs", "office_costs"]
    assert (others.loc[others["field"].isin(claims), "amount"] < 0).all()


def test_planting_one_return_depends_on_no_other(scene: Scene, planted: Planted) -> None:
    rows = np.array([9, 2_000, 2_001, 15_000])
    alone = plant(scene.take(rows))
    pd.testing.assert_frame_equal(alone.reported, planted.reported.iloc[rows].reset_index(drop=True))
    assert alone.tax_lost.tolist() == planted.tax_lost[rows].tolist()


def test_where_every_rate_is_nothing_the_truth_is_reported(scene: Scene) -> None:
    never = tuple(mechanism.at_rate(0.0) for mechanism in MECHANISMS)
    planted = plant(replace(scene.take(np.arange(300)), form=replace(scene.form, mechanisms=never)))
    assert len(planted.items) == 0
    pd.testing.assert_frame_equal(planted.reported, planted.twin)
