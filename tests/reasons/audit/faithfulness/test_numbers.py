"""Correctness of the numbers: they hold, and each check can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons import contributions, sum_families
from taxgap.reasons.audit.faithfulness import oracles
from taxgap.reasons.audit.faithfulness.numbers import RULES, measure_numbers
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.shapley import shapley_values
from tests.reasons.audit.faithfulness.one_feature import FEATURE, explain_falsely, explain_truly, material_of


def failed(part):
    return {check.rule.name for check in judge(RULES, part.findings) if check.passed is False}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(oracles, "BRUTE_RETURNS", 3)
    monkeypatch.setattr(oracles, "BRUTE_PEERS", 8)


def test_the_library_s_own_contributions_pass_every_check(material):
    part = measure_numbers(material)
    checks = judge(RULES, part.findings)
    assert all(check.passed for check in checks), [check for check in checks if not check.passed]
    assert part.left_out == ""
    whole = part.figures[part.figures["measure"] == "completeness"].set_index("method")
    assert whole.loc["contributions", "value"] == pytest.approx(1.0)
    assert whole.loc["random", "high"] < 0


def test_contributions_that_miss_a_part_of_the_score_are_found(make_material, material):
    part = measure_numbers(make_material(contributions=material.contributions * 0.5))
    assert failed(part) == {"additivity", "pairs", "completeness"}


def test_credit_moved_between_features_is_found_by_the_second_algorithm(make_material, material):
    names = list(material.contributions.columns)
    moved = material.contributions.set_axis([*names[1:], names[0]], axis=1)[names]
    assert failed(measure_numbers(make_material(contributions=moved))) >= {"pairs"}
    assert "additivity" not in failed(measure_numbers(make_material(contributions=moved)))


def test_values_against_another_background_are_found(make_material, material):
    path = contributions(material.subject.model, material.seen).values  # noqa: PD011 - a field of ours
    assert {"additivity", "pairs"} <= failed(measure_numbers(make_material(contributions=path)))


def test_credit_for_a_feature_that_the_model_does_not_have_is_found(make_material, material):
    given = material.contributions.assign(star_sign=0.1)
    part = measure_numbers(make_material(contributions=given, subject=replace(material.subject, ours=False)))
    assert failed(part) == {"dummy"}
    assert "not the library's own" in part.left_out


def test_missing_contributions_fail(make_material, material):
    given = material.contributions.copy()
    given.iloc[0, 0] = np.nan
    assert "additivity" in failed(measure_numbers(make_material(contributions=given)))


def test_a_kernel_that_depends_on_the_order_of_columns_is_found(material, monkeypatch):
    def tilted(booster, X, background):
        found = shapley_values(booster, X, background)
        return found + np.linspace(0, 1e-3, found.shape[1])

    monkeypatch.setattr(oracles, "shapley_values", tilted)
    assert failed(measure_numbers(material)) == {"dummy", "symmetry", "brute_features"}


def test_sums_over_features_are_not_the_families_values(material, monkeypatch):
    def sums(model, regime, seen, *, baseline):
        return sum_families(regime, contributions(model, seen, baseline=baseline).values)

    monkeypatch.setattr(oracles, "family_values", sums)
    assert failed(measure_numbers(material)) == {"brute_families"}


def test_a_kernel_that_disagrees_with_lightgbm_is_found(material, monkeypatch):
    class Other:
        def explain(self, matrix):
            return np.zeros((len(matrix), matrix.shape[1] + 1))

    monkeypatch.setattr(oracles, "compile_model", lambda _: Other())
    assert failed(measure_numbers(material)) == {"path"}


def test_any_classifier_is_asked_whether_its_explanation_is_complete(make_material, material):
    true = measure_numbers(material_of(make_material, material, explain_truly))
    assert true.findings.keys() == {"completeness"}
    assert true.findings["completeness"].value == pytest.approx(1.0)
    assert not failed(true)
    assert failed(measure_numbers(material_of(make_material, material, explain_falsely))) == {"completeness"}


def test_half_an_explanation_is_complete_by_three_quarters(make_material, material):
    half = measure_numbers(material_of(make_material, material, lambda seen: explain_truly(seen) / 2))
    assert half.findings["completeness"].value == pytest.approx(0.75, abs=1e-6)


def test_a_score_that_is_the_same_for_all_has_no_completeness(make_material, material):
    base = material_of(make_material, material, explain_truly)
    flat = base.scores.assign(score=1.0, probability=0.5)
    part = measure_numbers(make_material(subject=base.subject, scores=flat, contributions=base.contributions))
    assert np.isnan(part.findings["completeness"].value)
    assert isinstance(part.figures, pd.DataFrame)
    assert FEATURE in base.contributions
