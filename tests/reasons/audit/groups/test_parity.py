"""Parity: a group that is explained worse by construction is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.groups.parity import RULES, measure_parity
from taxgap.reasons.audit.recovery.metrics import find_recall, target_of
from taxgap.reasons.audit.recovery.ranked import Ranked
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.audit.stability.agreement import agree
from taxgap.reasons.audit.stability.naming import given_codes
from taxgap.reasons.audit.stability.refitting import family_numbers
from taxgap.records import Records


def _agreement(material, worse):
    """Let refits agree wholly, but never for some returns."""
    rows = material.flagged
    own = given_codes(material)[rows]
    other = np.where(worse[rows, np.newaxis], (own + 1) % len(material.regime.codes), own)
    return agree(rows, own, [other] * 5, family=family_numbers(material), most=3)


def _check(part, name):
    return {check.rule.name: check for check in judge(RULES, part.findings)}[name]


def test_a_group_that_is_worse_by_construction_fails_the_check(material):
    trades = material.groups["trade group"]
    worst = trades[material.flagged].value_counts().index[0]
    part = measure_parity(material, _agreement(material, (trades == worst).to_numpy()))
    gaps = part.tables["gaps"].set_index(["group_by", "measure"])
    line = gaps.loc["trade group", "stable share"]
    assert line["lowest"] == worst
    assert line["p"] < 0.01
    assert line["gap"] > 0.9
    assert _check(part, "parity_stable").passed is False


def test_a_group_without_reasons_fails_recall_and_number(make_material, material, regime):
    trades = material.groups["trade group"]
    worst = trades[material.flagged].value_counts().index[0]
    rows = np.arange(len(material))
    cases = pd.DataFrame(
        {
            "row": rows,
            "mechanism": "interest",
            "behaviour": "error",
            "tax": 9.0,
            "fields": [("interest",)] * len(rows),
        }
    )
    right = list(regime.code).index("third_party.interest")
    first = pd.Categorical.from_codes(np.where(trades == worst, -1, right), list(regime.code))
    none = {f"reason_{k}_code": None for k in (2, 3, 4)}
    part = measure_parity(
        make_material(
            planted=replace(material.planted, cases=cases),
            reasons=material.reasons.assign(reason_1_code=first, **none),
        )
    )
    assert part.findings["parity_recall"].value == 1
    assert _check(part, "parity_recall").passed is False
    assert _check(part, "parity_reasons").passed is False


def test_equal_groups_pass(material):
    part = measure_parity(material, _agreement(material, np.zeros(len(material), dtype=bool)))
    assert part.findings["parity_stable"].value == 0
    assert _check(part, "parity_stable").passed
    assert _check(part, "parity_recall").passed


def test_groups_that_are_too_small_are_named(material):
    part = measure_parity(material)
    small = part.tables["left_out"]
    assert "Wales" in set(small["group"])
    assert "n" not in small.columns
    assert (part.figures["n"] >= 30).all()
    assert "stable share" not in set(part.figures["measure"])


def test_without_a_truth_recall_is_not_asked(make_material):
    part = measure_parity(make_material(planted=None))
    assert set(part.tables["gaps"]["measure"]) == {"reasons"}
    assert "parity_recall" not in part.findings


def test_recall_is_the_share_of_mechanisms_that_are_named(material, regime):
    planted = material.planted
    codes = np.full((len(material), 4), -1)
    codes[:, 0] = list(regime.code).index("third_party.interest")
    recall = find_recall(Ranked("given", {"code": codes}, {}), target_of(planted, "code"), 3)
    cases = planted.counted
    by_hand = (cases["mechanism"] == "interest").groupby(cases["row"]).mean()
    assert np.isnan(recall).sum() == len(material) - len(by_hand)
    assert recall[by_hand.index.to_numpy()] == pytest.approx(by_hand.to_numpy())


def test_a_reason_beyond_those_looked_at_does_not_count(material, regime):
    codes = np.full((len(material), 4), -1)
    codes[:, 3] = list(regime.code).index("third_party.interest")
    given, target = Ranked("given", {"code": codes}, {}), target_of(material.planted, "code")
    assert np.nansum(find_recall(given, target, 3)) == 0
    assert np.nansum(find_recall(given, target, 4)) > 0


def test_without_groups_it_is_left_out(make_material):
    other = make_material()
    other.__dict__["groups"] = pd.DataFrame(index=other.index)
    assert measure_parity(other).left_out


def test_records_without_a_register_know_no_groups(make_material):
    other = make_material(records=Records.from_frames({}, as_of="2026-01-31"))
    del other.__dict__["groups"]
    assert other.groups.empty
    assert measure_parity(other).left_out
