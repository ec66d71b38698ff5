"""The return: boxes that add up, for any figures, and the tax that follows from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.schemas import SelfAssessment
from taxgap.schemas.codes import NATIONS
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import column_names
from taxgap.synthetic.form import Scene
from taxgap.synthetic.self_assessment.boxes import (
    PERSONAL,
    PRIMITIVE_BOXES,
    complete_return,
    fill_in_truthfully,
)
from taxgap.synthetic.timeline import BASE_YEAR, TAX_YEARS
from taxgap.tax import personal_tax

PENNY = 0.011
EXPENSES = list(EXPENSE_BOXES)


def make_boxes(seed: int = 0, rows: int = 1, **given_boxes: object) -> pd.DataFrame:
    """Boxes of whole pounds drawn at random, many of them empty; those given are set."""
    random = np.random.default_rng(seed)
    boxes = pd.DataFrame(
        {
            box: np.round(random.exponential(15_000, rows)) * (random.random(rows) < 0.5)
            for box in PRIMITIVE_BOXES
        }
    )
    boxes["accounts_months"] = 12.0
    boxes["basis_adjustment"] = np.round(random.normal(0, 3_000, rows))
    boxes["year"] = int(random.integers(len(TAX_YEARS)))  # one year for all, which is quicker
    boxes["nation"] = random.choice(NATIONS, rows)
    boxes["birth_year"] = random.integers(1930, 2004, rows)
    return boxes.assign(**given_boxes)


def one(**given_boxes: object) -> pd.Series:
    """A completed return with nothing in it but the boxes given."""
    empty: dict[str, object] = dict.fromkeys(PRIMITIVE_BOXES, 0.0)
    person = {"accounts_months": 12.0, "year": 2, "nation": "England", "birth_year": 1980}
    return complete_return(make_boxes(**(empty | person | given_boxes))).iloc[0]


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=8)
def test_the_boxes_of_any_return_add_up(seed: int) -> None:
    form = complete_return(make_boxes(seed, 50))
    assert (form["total_expenses"] == form[EXPENSES].sum(axis=1)).all()
    net = form["turnover"] + form["other_business_income"] - form["total_expenses"]
    net -= form["capital_allowances"] + form["trading_allowance"]
    assert (form["net_profit"] == net).all()
    taxable = (form["net_profit"] + form["basis_adjustment"]).clip(lower=0)
    assert (form["trading_profit"] == taxable - form["losses_brought_forward"]).all()
    costs = form[["property_repairs", "property_costs", "property_allowance"]].sum(axis=1)
    assert (form["property_profit"] == (form["rents"] - costs).clip(lower=0)).all()
    pay = (form["employment_pay"] - form["employment_expenses"]).clip(lower=0)
    sources = [
        "trading_profit",
        "partnership_profit",
        "property_profit",
        "interest",
        "dividends",
        "pension",
        "foreign_income",
    ]
    assert (form["total_income"] == pay + form[[*sources, "other_income"]].sum(axis=1)).all()


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=8)
def test_losses_never_exceed_the_profit_they_are_set_against(seed: int) -> None:
    form = complete_return(make_boxes(seed, 50))
    assert (form["losses_brought_forward"] <= form["losses_available"]).all()
    assert (form[["losses_brought_forward", "trading_profit", "property_profit", "tax_charged"]] >= 0).all(
        axis=None
    )


@given(st.integers(0, 10_000), st.sampled_from(["turnover", "rents", "interest", "dividends", "pension"]))
@settings(deadline=None, max_examples=8)
def test_more_income_never_means_less_tax(seed: int, box: str) -> None:
    # Relief of 20% for finance costs grows with income, of which Scotland takes 19% at first.
    boxes = make_boxes(seed, 50, finance_costs=0.0)
    more = boxes.assign(**{box: boxes[box] + 1_000})
    assert (complete_return(more)["tax_charged"] >= complete_return(boxes)["tax_charged"] - PENNY).all()


@given(st.integers(0, 10_000), st.sampled_from([*EXPENSES, "capital_allowances", "property_repairs"]))
@settings(deadline=None, max_examples=8)
def test_more_costs_never_mean_more_tax(seed: int, box: str) -> None:
    boxes = make_boxes(seed, 50, finance_costs=0.0)
    more = boxes.assign(**{box: boxes[box] + 1_000})
    assert (complete_return(more)["tax_charged"] <= complete_return(boxes)["tax_charged"] + PENNY).all()


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=5)
def test_the_tax_of_a_return_depends_on_no_other_return(seed: int) -> None:
    boxes = make_boxes(seed, 30)
    together = complete_return(boxes)["tax_charged"]
    some = boxes.iloc[[20, 3]]
    assert complete_return(some)["tax_charged"].tolist() == together.iloc[[20, 3]].tolist()


def test_completing_changes_no_primitive_box_and_not_its_argument() -> None:
    boxes = make_boxes(1, 20)
    before = boxes.copy()
    form = complete_return(boxes)
    pd.testing.assert_frame_equal(boxes, before)
    pd.testing.assert_frame_equal(form[before.columns], before)


def test_a_return_without_income_pays_nothing() -> None:
    assert one()["tax_charged"] == 0


def test_a_trader_pays_the_tax_of_the_law() -> None:
    # 37,430 at 20%; Class 4 9% of 37,430; Class 2 for 52 weeks at 3.45.
    form = one(turnover=60_000.0, travel_costs=10_000.0)
    assert form["tax_charged"] == pytest.approx(37_430 * 0.29 + 179.40, abs=PENNY)


def test_class_4_ends_at_state_pension_age() -> None:
    young, old = (one(turnover=40_000.0, birth_year=born)["tax_charged"] for born in (1980, 1950))
    assert young > old


def test_a_return_of_scotland_is_taxed_by_its_bands() -> None:
    england, scotland = (one(turnover=60_000.0, nation=nation)["tax_charged"] for nation in NATIONS[::2])
    assert scotland > england


def test_the_tax_is_that_of_the_tax_room(scene: Scene) -> None:
    boxes = scene.boxes[scene.boxes["year"] == 1].head(300).reset_index(drop=True)
    form = complete_return(boxes)
    incomes = form[["interest", "dividends", "pension", "foreign_income", "other_income", "nation"]].assign(
        employment=(form["employment_pay"] - form["employment_expenses"]).clip(lower=0),
        self_employment=form["trading_profit"] + form["partnership_profit"],
        property=form["property_profit"],
        finance_costs=form["finance_costs"],
        pension_contributions=form["pension_contributions"],
        gift_aid=form["gift_aid"],
        over_state_pension_age=2022 - form["birth_year"] >= 67,
    )
    tax = personal_tax(incomes, "2022-23")
    expected = tax["income_tax"] + tax["nics_class_2"] + tax["nics_class_4"]
    np.testing.assert_allclose(form["tax_charged"], expected, rtol=0, atol=PENNY)


def test_a_completed_return_has_every_box_of_the_schema(scene: Scene) -> None:
    about = {"taxpayer_id", "period", "period_start", "period_end", "version", "by_agent", "received_on"}
    assert set(column_names(SelfAssessment)) - about <= set(complete_return(scene.boxes.head(3)).columns)
    assert set(PRIMITIVE_BOXES) - set(column_names(SelfAssessment)) == {"losses_available"}


def test_true_boxes_are_whole_pounds_and_only_the_adjustment_is_signed(scene: Scene) -> None:
    boxes = scene.boxes[list(PRIMITIVE_BOXES)]
    assert (boxes == boxes.round()).all(axis=None)
    assert (boxes.drop(columns="basis_adjustment") >= 0).all(axis=None)
    assert not np.signbit(boxes.to_numpy()[boxes.to_numpy() == 0]).any()
    assert set(scene.boxes.columns) == {*PRIMITIVE_BOXES, *PERSONAL}


def test_the_truth_is_filled_in_the_same_whoever_else_is_there(scene: Scene) -> None:
    some = scene.panel["entity"].isin([12, 700, 5_000]).to_numpy()
    activity, panel = (frame[some].reset_index(drop=True) for frame in (scene.activity, scene.panel))
    pd.testing.assert_frame_equal(
        fill_in_truthfully(activity, panel), scene.boxes[some].reset_index(drop=True)
    )


def test_allowances_replace_expenses_and_never_exceed_receipts(scene: Scene) -> None:
    boxes = scene.boxes
    trading, letting = boxes["trading_allowance"] > 0, boxes["property_allowance"] > 0
    assert trading.any()
    assert letting.any()
    assert (boxes.loc[trading, [*EXPENSES, "capital_allowances"]] == 0).all(axis=None)
    assert (boxes.loc[letting, ["property_repairs", "property_costs", "finance_costs"]] == 0).all(axis=None)
    receipts = boxes["turnover"] + boxes["other_business_income"]
    assert (boxes["trading_allowance"] <= np.minimum(receipts, 1_000)).all()
    assert (boxes["property_allowance"] <= np.minimum(boxes["rents"], 1_000)).all()


def test_an_allowance_is_claimed_only_where_it_beats_the_expenses(scene: Scene) -> None:
    expenses = scene.activity[[*EXPENSES, "capital_allowances"]].sum(axis=1)
    assert (expenses[scene.boxes["trading_allowance"] > 0] < 1_000).all()


def test_transition_profit_is_spread_over_five_years(scene: Scene) -> None:
    panel, boxes = scene.panel, scene.boxes
    longer = boxes["accounts_months"] > 12
    profit = complete_return(boxes)["net_profit"].clip(lower=0)
    transition = (profit * (boxes["accounts_months"] - 12) / boxes["accounts_months"])[longer]
    np.testing.assert_allclose(boxes.loc[longer, "basis_adjustment"], -0.8 * transition, rtol=0, atol=2)
    later = panel["year"] > TAX_YEARS.index(BASE_YEAR)
    mine = pd.Series(transition.to_numpy(), panel.loc[longer, "entity"])
    expected = panel.loc[later, "entity"].map(mine).fillna(0) * 0.2
    np.testing.assert_allclose(boxes.loc[later, "basis_adjustment"], expected, rtol=0, atol=1)


def test_there_is_no_basis_adjustment_before_the_year_of_transition(scene: Scene) -> None:
    assert (scene.boxes.loc[scene.panel["year"] < TAX_YEARS.index(BASE_YEAR), "basis_adjustment"] == 0).all()


def test_tax_at_source_is_that_of_pay_and_pension_alone(scene: Scene) -> None:
    boxes = scene.boxes
    nothing = boxes["employment_pay"] + boxes["pension"] == 0
    assert (boxes.loc[nothing, "tax_deducted"] == 0).all()
    assert (boxes["tax_deducted"] <= 0.48 * (boxes["employment_pay"] + boxes["pension"])).all()
    assert (boxes.loc[boxes["employment_pay"] > 30_000, "tax_deducted"] > 3_000).all()


def test_contractors_deduct_only_from_those_they_pay(scene: Scene) -> None:
    paid = scene.activity["contractor"] * scene.activity["annual_turnover"]
    assert ((scene.boxes["cis_deductions"] > 0) <= (paid > 0)).all()
    assert (scene.boxes["cis_deductions"] <= 0.2 * paid + 1).all()
