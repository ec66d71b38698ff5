"""Faithfulness: on a model of one feature, whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.faithfulness.faithfulness import RULES, measure_faithfulness
from taxgap.reasons.audit.rules import judge
from tests.reasons.audit.faithfulness.one_feature import (
    explain_alike,
    explain_falsely,
    explain_truly,
    material_of,
)


def read(part, measure, method="reasons"):
    rows = part.figures.query("measure == @measure and method == @method")
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.fixture(scope="module")
def true(make_material, material):
    return material_of(make_material, material, explain_truly)


@pytest.fixture(scope="module")
def found(true):
    return measure_faithfulness(true, draws=12)


def test_only_the_family_of_the_one_feature_is_needed(found):
    needed = read(found, "necessity@family", "contributions").value
    assert needed == read(found, "necessity@family", "best").value > 0.3
    assert read(found, "necessity@family", "random").value == pytest.approx(needed / 7)
    assert read(found, "necessity@family").chance == pytest.approx(needed / 7)


def test_keeping_that_family_keeps_every_flag(found):
    assert read(found, "sufficiency@1", "contributions").value == 1.0
    bare = read(found, "sufficiency@0", "best").value
    # Every flag has one family named: one of seven sets holds it; with any other the peers decide.
    assert read(found, "sufficiency@1").value > 0.98
    assert read(found, "sufficiency@1", "random").value == pytest.approx((1 + 6 * bare) / 7, abs=0.01)


def test_what_is_not_named_does_not_move_the_score(found):
    assert read(found, "PGU@3", "contributions").value == pytest.approx(0.0, abs=1e-12)
    assert read(found, "PGI@3", "contributions").value > 0.3


def test_curves_fall_at_once_and_end_alike(found):
    curves = found.tables["curves"]
    for curve in ("deletion", "insertion"):
        own = curves[curves["curve"] == curve].set_index(["method", "codes"])["value"]
        best, random = own["contributions"], own["random"]
        assert best.iloc[0] == random.iloc[0] == 0.0
        assert best.iloc[1] == pytest.approx(best.iloc[-1])
        assert best.iloc[-1] == pytest.approx(random.iloc[-1])
    ends = curves[curves["codes"] == curves["codes"].max()].groupby("curve")["value"].first()
    assert ends["deletion"] == pytest.approx(-ends["insertion"])


def test_a_true_explanation_passes_and_false_ones_fail_every_rule(make_material, material, found):
    assert all(check.passed for check in judge(RULES, found.findings))
    failed = set()
    for explain in (explain_falsely, explain_alike):
        bad = measure_faithfulness(material_of(make_material, material, explain), draws=6)
        failed |= {check.rule.name for check in judge(RULES, bad.findings) if check.passed is False}
    assert failed == {rule.name for rule in RULES}


def test_a_random_explanation_has_no_lift(make_material, material):
    def shuffle(seen: pd.DataFrame) -> pd.DataFrame:
        random = np.random.default_rng(1)
        table = random.normal(size=(len(seen), len(material.regime.feature)))
        return pd.DataFrame(table, seen.index, list(material.regime.feature))

    part = measure_faithfulness(material_of(make_material, material, shuffle), draws=6)
    for name in ("necessity", "pgi", "deletion", "insertion"):
        assert part.findings[name].low < 0.02
        assert part.findings[name].high > -0.02


def test_the_library_s_own_model_passes_and_runs_again_alike(make_material, material):
    score = material.score
    own = make_material(cut=np.full(len(material), score[material.flagged].min()))
    part = measure_faithfulness(own, returns=80, draws=6)
    again = measure_faithfulness(own, returns=80, draws=6)
    pd.testing.assert_frame_equal(part.figures, again.figures)
    assert (part.figures["n"] <= 80).all()
    assert part.findings["pgi"].low > 0
    assert part.findings["deletion"].low > 0
