"""How employers misreport: each way touches its own boxes and costs tax on average."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.schemas.codes import BEHAVIOURS
from taxgap.synthetic.employer_paye.boxes import PRIMITIVE_BOXES, complete
from taxgap.synthetic.employer_paye.mechanisms import MECHANISMS
from taxgap.synthetic.form import Mechanism, Scene
from taxgap.synthetic.misreporting import Planted, correct, plant

BOXES = list(PRIMITIVE_BOXES)
# What the reason codes of this tax are called; fixed before any training.
CODES = {
    "wages.per_head",
    "wages.to_turnover",
    "wages.to_accounts",
    "wages.head_count",
    "directors.pay",
    "directors.loan",
    "subcontractors.share",
    "subcontractors.deductions",
    "subcontractors.change",
    "allowance.claim",
    "tax.rate",
    "nics.rate",
    "change.pay",
    "change.employees",
    "cis.suffered",
    "margin.labour",
    "third_party.takings",
    "network.shared",
    "timing.late",
    "timing.amended",
    "shape.round",
}
each = pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
named = {mechanism.name: mechanism for mechanism in MECHANISMS}


def always(scene: Scene, mechanism: Mechanism) -> Planted:
    """The returns of a population in which one mechanism acts wherever it can, and no other."""
    form = scene.form.__class__(**(vars(scene.form) | {"mechanisms": (mechanism.at_rate(1.0),)}))
    return plant(Scene(form, scene.panel, scene.activity, scene.boxes, scene.streams))


@each
def test_evidence_and_behaviours_exist(mechanism: Mechanism) -> None:
    assert mechanism.regime == "employer_paye"
    assert 1 <= len(mechanism.evidence) <= 3
    assert set(mechanism.evidence) <= CODES
    assert set(mechanism.behaviours) <= set(BEHAVIOURS)
    assert set(mechanism.fields) <= set(BOXES)


@each
def test_a_mechanism_changes_only_its_fields_and_only_for_whom_it_can_happen(
    mechanism: Mechanism, employers: Scene
) -> None:
    planted = always(employers, mechanism)
    changed = planted.twin[BOXES] != planted.reported[BOXES]
    assert set(changed.columns[changed.any()]) <= set(mechanism.fields)
    assert not changed[~mechanism.exposed(employers)].any(axis=None)
    if mechanism.name != "mini_umbrella":  # few are exposed in so small a population
        assert changed.any(axis=None)


@each
def test_it_costs_tax_on_average(mechanism: Mechanism, employers: Scene) -> None:
    lost = always(employers, mechanism).tax_lost
    if mechanism.exposed(employers).sum() >= 20:
        assert lost.sum() > 0


def test_wages_off_the_books_belong_to_trades_with_cash(employers: Scene) -> None:
    exposed = named["wages_off_books"].exposed(employers)
    assert (employers.activity.loc[exposed, "cash"] > 0.03).all()
    assert (employers.activity.loc[exposed, "staff"] > 0).all()


def test_wages_off_the_books_lower_pay_and_all_that_is_due_on_it(employers: Scene) -> None:
    mechanism = named["wages_off_books"]
    amounts, exposed = mechanism.amounts(employers), mechanism.exposed(employers)
    for box in ("pay", "tax_deducted", "employee_nics", "employer_nics"):
        assert (amounts[box][exposed] >= 0).all()
        assert (amounts[box][exposed] > 0).mean() > 0.5
    assert (amounts["employees"] >= 0).all()
    assert (amounts["employees"] > 0).any()


def test_employees_shown_as_subcontractors_appear_there_in_construction(employers: Scene) -> None:
    amounts, builds = named["false_self_employment"].amounts(employers), employers.activity["builds"]
    moves = (employers.activity["wages"] > 0).to_numpy()
    assert (amounts["paid_to_subcontractors"][builds & moves] < 0).all()
    np.testing.assert_allclose(-amounts["paid_to_subcontractors"][builds], amounts["pay"][builds])
    assert (amounts["paid_to_subcontractors"][~builds] == 0).all()


def test_invented_deductions_are_written_down_as_a_criminal_attack(employers: Scene) -> None:
    planted = always(employers, named["cis_suffered_inflated"])
    none_suffered = (employers.boxes["cis_suffered"] == 0).to_numpy()
    invented = planted.items[none_suffered[planted.items["row"]]]
    assert (invented["behaviour"] == "criminal_attacks").all()
    assert (planted.items["amount"] < 0).all()


def test_the_allowance_is_overclaimed_by_those_who_have_none(employers: Scene) -> None:
    exposed = named["allowance_overclaimed"].exposed(employers)
    assert (employers.boxes.loc[exposed, "employment_allowance"] == 0).all()
    assert exposed.any()


def test_tiny_companies_of_one_network_truly_have_no_allowance(employers: Scene) -> None:
    members = employers.activity["umbrella"].to_numpy()
    assert (employers.boxes.loc[members, "employment_allowance"] == 0).all()


def test_errors_go_either_way(employers: Scene) -> None:
    lost = always(employers, named["paye_error"]).tax_lost
    assert 0.2 < (lost[lost != 0] < 0).mean() < 0.5


def test_setting_everything_right_gives_the_twin(filed: Planted) -> None:
    settled = complete(correct(filed.reported[BOXES], filed.items))
    np.testing.assert_allclose(settled["tax_charged"], filed.twin["tax_charged"])
    np.testing.assert_array_equal(settled[BOXES], filed.twin[BOXES])


def test_tax_is_lost_on_average_and_adds_up(filed: Planted) -> None:
    assert filed.tax_lost.sum() > 0
    parts = np.bincount(filed.items["row"], filed.items["tax_lost"], len(filed.twin))
    np.testing.assert_allclose(parts, filed.tax_lost, atol=0.10)


def test_most_employers_lose_no_material_tax(filed: Planted) -> None:
    assert 0.03 < (filed.tax_lost >= 1_000).mean() < 0.30
