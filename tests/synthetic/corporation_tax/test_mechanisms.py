"""Mechanisms of company returns: they change only their fields, cost tax, and leave traces with a code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes.corporation_tax import CORPORATION_TAX as REGIME
from taxgap.schemas.codes import BEHAVIOURS
from taxgap.schemas.corporation_tax import CorporationTax
from taxgap.schemas.table import column_names
from taxgap.synthetic.corporation_tax.boxes import CONTEXT, PRIMITIVE_BOXES
from taxgap.synthetic.corporation_tax.mechanisms import MECHANISMS
from taxgap.synthetic.form import Mechanism, Scene
from taxgap.synthetic.misreporting import Planted, is_active, plant
from taxgap.synthetic.published import published

_EACH = pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)


@_EACH
def test_a_mechanism_declares_what_it_does(mechanism: Mechanism, company_scene: Scene) -> None:
    amounts = mechanism.amounts(company_scene)
    assert set(amounts) <= set(mechanism.fields) <= set(PRIMITIVE_BOXES)
    assert set(mechanism.fields) <= set(column_names(CorporationTax))
    assert all(np.isfinite(amount).all() and len(amount) == len(company_scene) for amount in amounts.values())
    assert set(mechanism.behaviours) <= set(BEHAVIOURS)
    assert mechanism.regime == "corporation_tax"


@_EACH
def test_its_evidence_is_among_the_reason_codes(mechanism: Mechanism) -> None:
    assert 1 <= len(mechanism.evidence) <= 3
    assert set(mechanism.evidence) <= {code.code for code in REGIME.codes}


def test_only_planted_fields_differ_from_the_truth(company_planted: Planted) -> None:
    items = company_planted.items
    for box in PRIMITIVE_BOXES:
        mine = items[items["field"] == box]
        total = np.bincount(mine["row"], mine["amount"], len(company_planted.twin))
        differs = company_planted.twin[box] != company_planted.reported[box]
        if box == "losses_brought_forward":  # it follows the profit as well
            continue
        assert (differs.to_numpy() == (total != 0)).all(), box
    for name in CONTEXT:
        assert (company_planted.twin[name] == company_planted.reported[name]).all()


def test_tax_lost_is_positive_and_adds_up(company_planted: Planted) -> None:
    lost = company_planted.tax_lost
    by_row = np.bincount(company_planted.items["row"], company_planted.items["tax_lost"], len(lost))
    np.testing.assert_allclose(by_row, lost, atol=0.5)
    assert lost.mean() > 0
    assert (lost < -1).mean() < 0.05


def test_every_mechanism_but_rare_ones_costs_tax(company_planted: Planted) -> None:
    lost = company_planted.items.groupby("mechanism")["tax_lost"].sum()
    names = [MECHANISMS[position].name for position in lost.index]
    assert set(names) >= {"company_turnover_suppressed", "private_costs", "losses_overclaimed", "rd_inflated"}
    assert (lost > 0).mean() > 0.85


def test_large_companies_differ_in_law_and_by_schemes(company_planted: Planted, company_scene: Scene) -> None:
    large = company_scene.panel["gross"].to_numpy() >= 10e6
    items = company_planted.items[large[company_planted.items["row"]]]
    lost = items.groupby("behaviour")["tax_lost"].sum()
    assert lost[["legal_interpretation", "avoidance"]].sum() > lost.max()


def test_what_stays_below_the_threshold_is_not_hidden_twice(company_scene: Scene) -> None:
    activity = company_scene.activity
    below = (activity["hidden_below"] > 0) & (activity["months"] == 12)
    both = below & (activity["hidden"] > 0)
    assert below.any()
    assert both.mean() < below.mean() / 3  # only where a period takes in another year


def test_whoever_has_reformed_errs_less(company_scene: Scene) -> None:
    better = company_scene.panel.assign(reform=0.9)
    reformed = Scene(
        company_scene.form, better, company_scene.activity, company_scene.boxes, company_scene.streams
    )
    for mechanism in MECHANISMS[1:4]:
        assert is_active(mechanism, reformed).sum() < 0.5 * is_active(mechanism, company_scene).sum()


def test_the_same_is_planted_in_any_subset(company_scene: Scene, company_planted: Planted) -> None:
    rows = np.arange(300, 360)
    some = plant(company_scene.take(rows))
    whole = company_planted.reported.iloc[rows].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.reported, whole)


def test_small_companies_lose_about_what_is_published(company_planted: Planted, company_scene: Scene) -> None:
    small = company_scene.panel["gross"].to_numpy() < 10e6
    due = company_planted.twin["tax_charged"].to_numpy()
    gap = company_planted.tax_lost[small].sum() / due[small].sum()
    assert gap == pytest.approx(published()["gap_of_companies"]["share"][0], abs=0.10)
