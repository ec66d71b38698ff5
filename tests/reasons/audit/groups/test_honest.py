"""What is said about honest people: known entropies, and checks that fail."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import Bootstrap
from taxgap.reasons.audit.groups.honest import RULES, find_entropy, measure_honest
from taxgap.reasons.audit.rules import judge


@pytest.fixture
def half_honest(material):
    """Every other return is honest; the others have one case each."""
    rows = np.arange(0, len(material), 2)
    cases = pd.DataFrame(
        {
            "row": rows,
            "mechanism": "costs",
            "behaviour": "error",
            "tax": 100.0,
            "fields": [("interest",)] * len(rows),
        }
    )
    return replace(material.planted, cases=cases)


def _value(part, measure, kind):
    found = part.figures[(part.figures["measure"] == measure) & (part.figures["group"] == kind)]
    return found["value"].iloc[0]


def _codes(material, regime, codes):
    first = pd.Categorical.from_codes(codes, list(regime.code))
    return material.reasons.assign(reason_1_code=first)


def test_entropy_of_known_shares():
    draws = Bootstrap(pd.RangeIndex(400), np.ones(400), draws=50)
    codes = np.array([0] * 200 + [1] * 100 + [2] * 100)
    every = np.ones(400, dtype=bool)
    assert find_entropy(draws, codes, every, 5).value == pytest.approx(1.5)
    assert find_entropy(draws, np.zeros(400, dtype=int), every, 5).value == 0
    weighted = Bootstrap(pd.RangeIndex(400), np.where(codes == 0, 1.0, 2.0), draws=50)
    assert find_entropy(weighted, codes, every, 5).value == pytest.approx(np.log2(3))
    assert find_entropy(draws, np.where(codes == 2, -1, codes), every, 5).n == 300


def test_honest_and_true_are_told_apart(make_material, material, regime, half_honest):
    honest = half_honest.tax == 0
    codes = np.where(honest, 4, np.arange(len(material)) // 2 % 4)
    part = measure_honest(make_material(planted=half_honest, reasons=_codes(material, regime, codes)))
    assert _value(part, "entropy of the first code", "honest") == 0
    assert _value(part, "entropy of the first code", "true") == pytest.approx(2, abs=0.05)
    expected = (honest & material.flagged).sum() / material.flagged.sum()
    assert _value(part, "share of flags", "honest") == pytest.approx(expected)
    codes_of = part.tables["codes"].set_index("code")
    assert codes_of["honest"].iloc[0] == 1
    assert codes_of["true_given_code"].iloc[0] == 0


def test_one_code_for_all_honest_people_fails(make_material, material, regime, half_honest):
    part = measure_honest(
        make_material(
            planted=half_honest, reasons=_codes(material, regime, np.zeros(len(material), dtype=int))
        )
    )
    passed = {check.rule.name: check.passed for check in judge(RULES, part.findings)}
    assert passed == {"honest_no_reason": True, "honest_one_code": False}


def test_no_reasons_for_honest_people_fail(make_material, material, regime, half_honest):
    none = np.where(half_honest.tax == 0, -1, 0)
    part = measure_honest(make_material(planted=half_honest, reasons=_codes(material, regime, none)))
    assert part.findings["honest_no_reason"].value == 1
    assert judge(RULES, part.findings)[0].passed is False
    assert _value(part, "no reason", "true") == 0


def test_it_is_left_out_without_a_truth_or_honest_people(make_material, half_honest):
    assert measure_honest(make_material(planted=None)).left_out
    cases = pd.concat([half_honest.cases, half_honest.cases.assign(row=half_honest.cases["row"] + 1)])
    assert "Fewer than" in measure_honest(make_material(planted=replace(half_honest, cases=cases))).left_out
