"""Mechanisms: each is named, exposed, sized and revealed by something that exists."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes import get_regime
from taxgap.schemas import SelfAssessment
from taxgap.schemas.codes import BEHAVIOURS
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import column_names
from taxgap.synthetic.form import Mechanism, Scene
from taxgap.synthetic.misreporting import _LEAST_AMOUNT, likelihood
from taxgap.synthetic.self_assessment.boxes import PRIMITIVE_BOXES
from taxgap.synthetic.self_assessment.mechanisms import MECHANISMS

INCOMES = {"turnover", "partnership_profit", "rents", "interest", "dividends", "pension", "foreign_income"}
COSTS = {*EXPENSE_BOXES, "property_repairs", "property_costs", "employment_expenses"}
RELIEFS = {"pension_contributions", "gift_aid"}
each = pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)


def test_names_and_titles_are_distinct() -> None:
    assert len({mechanism.name for mechanism in MECHANISMS}) == len(MECHANISMS)
    assert len({mechanism.title for mechanism in MECHANISMS}) == len(MECHANISMS)


@each
def test_a_mechanism_touches_boxes_that_a_person_fills_in(mechanism: Mechanism) -> None:
    assert set(mechanism.fields) <= set(PRIMITIVE_BOXES) & set(column_names(SelfAssessment))
    assert set(mechanism.fields) <= INCOMES | COSTS | RELIEFS


@each
def test_a_mechanism_has_published_behaviours(mechanism: Mechanism) -> None:
    assert set(mechanism.behaviours) <= set(BEHAVIOURS)
    assert sum(mechanism.behaviours.values()) == pytest.approx(1)
    assert min(mechanism.behaviours.values()) > 0


@each
def test_a_mechanism_is_revealed_by_one_to_three_reason_codes(mechanism: Mechanism) -> None:
    assert 1 <= len(set(mechanism.evidence)) == len(mechanism.evidence) <= 3


def test_the_evidence_is_made_of_reason_codes_of_the_regime() -> None:
    evidence = {code for mechanism in MECHANISMS for code in mechanism.evidence}
    assert evidence <= set(get_regime("self_assessment").code)


@each
def test_amounts_are_given_for_the_declared_boxes_and_every_row(mechanism: Mechanism, scene: Scene) -> None:
    amounts = mechanism.amounts(scene)
    assert set(amounts) == set(mechanism.fields)
    for amount in amounts.values():
        assert amount.shape == (len(scene.panel),)
        assert np.isfinite(amount).all()


@each
def test_a_mechanism_hides_income_on_balance_and_only_a_slip_can_do_the_reverse(
    mechanism: Mechanism, scene: Scene
) -> None:
    exposed = mechanism.exposed(scene)
    hidden = np.sum(
        [amount if field in INCOMES else -amount for field, amount in mechanism.amounts(scene).items()],
        axis=0,
    )
    reverse = (hidden[exposed] < -_LEAST_AMOUNT).mean()
    assert hidden[exposed].sum() > 0
    assert reverse > 0.05 if mechanism.name == "honest_error" else reverse < 0.05


@each
def test_nobody_hides_more_than_there_is(mechanism: Mechanism, scene: Scene) -> None:
    for field, amount in mechanism.amounts(scene).items():
        assert field not in INCOMES or (amount <= scene.boxes[field] + 1e-6).all()


@each
def test_someone_is_exposed_and_only_those_can_be_wrong(mechanism: Mechanism, scene: Scene) -> None:
    exposed = mechanism.exposed(scene)
    chance = likelihood(mechanism, scene)
    assert exposed.dtype == bool
    assert exposed.any()
    assert (chance[~exposed] == 0).all()
    decided_before = np.isinf(mechanism.rate)
    assert ((chance[exposed] == 1) if decided_before else (chance[exposed] < 1)).all()
    assert (chance[exposed] > 0).all()


@each
def test_every_mechanism_occurs_on_its_boxes_alone(mechanism: Mechanism, named_items: pd.DataFrame) -> None:
    mine = named_items[named_items["mechanism"] == mechanism.name]
    assert len(mine) > 10
    assert set(mine["field"]) == set(mechanism.fields)
    assert set(mine["behaviour"]) <= set(mechanism.behaviours)


@each
def test_an_agent_and_a_careful_disposition_make_it_less_likely(mechanism: Mechanism, scene: Scene) -> None:
    chance = likelihood(mechanism, scene)
    for column, value in (("agent", True), ("disposition", scene.panel["disposition"] - 1)):
        changed = replace(scene, panel=scene.panel.assign(**{column: value}))
        assert (likelihood(mechanism, changed) <= chance).all()


@each
def test_third_party_cover_never_makes_it_likelier(mechanism: Mechanism, scene: Scene) -> None:
    dark = scene.activity.assign(card=0.0, contractor=0.0)
    exposed = mechanism.exposed(scene)
    hidden = likelihood(mechanism, replace(scene, activity=dark))
    assert (likelihood(mechanism, scene)[exposed] <= hidden[exposed]).all()


def test_takings_that_others_report_deter_suppression(scene: Scene) -> None:
    suppression = next(mechanism for mechanism in MECHANISMS if mechanism.name == "turnover_suppressed")
    trades = suppression.exposed(scene)
    dark = scene.activity.assign(card=0.0, platform=0.0, contractor=0.0, cash=1.0)
    seen = dark.assign(card=1.0, cash=0.0)
    hidden, visible = (
        likelihood(suppression, replace(scene, activity=activity))[trades].mean() for activity in (dark, seen)
    )
    assert visible < 0.5 * hidden


def test_some_trades_lean_to_it_more_than_others(scene: Scene) -> None:
    cash = next(mechanism for mechanism in MECHANISMS if mechanism.name == "cash_sales_omitted")
    chance = pd.Series(likelihood(cash, scene)).where(cash.exposed(scene))
    by_trade = chance.groupby(scene.panel["trade"].to_numpy()).mean().dropna()
    assert by_trade.max() > 1.3 * by_trade.min()


def test_severity_is_a_share_that_a_careless_disposition_raises(scene: Scene) -> None:
    share = scene.severity("anything", 0.3)
    assert ((share > 0) & (share < 1)).all()
    worse = replace(scene, panel=scene.panel.assign(disposition=scene.panel["disposition"] + 1))
    assert (worse.severity("anything", 0.3) > share).all()


def test_severity_is_mostly_the_habit_of_a_person(scene: Scene) -> None:
    share = scene.severity("anything", 0.3)
    table = pd.DataFrame({"entity": scene.panel["entity"], "year": scene.year, "share": share})
    wide = table.pivot_table(index="entity", columns="year", values="share")
    assert 0.5 < wide[0].corr(wide[3]) < 0.95


def test_pay_is_never_misreported() -> None:
    assert not any("employment_pay" in mechanism.fields for mechanism in MECHANISMS)


def test_mechanisms_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        MECHANISMS[0].rate = 0.0  # type: ignore[misc]
