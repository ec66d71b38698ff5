"""Randomisation tests: what was learned must matter to the explanations."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from taxgap.errors import IncompatibleError
from taxgap.reasons.audit.faithfulness import randomised
from taxgap.reasons.audit.faithfulness.randomised import RULES, measure_randomised
from taxgap.reasons.audit.faithfulness.randomising import explain_by_code
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.baseline import PeerBaseline
from taxgap.risk.outcomes import Given


@pytest.fixture(scope="module")
def training(material) -> Any:
    """Cases whose tax follows two features, as the small model's does."""
    seen = material.seen
    risk = seen["expenses_to_turnover"].fillna(0) + 3 * seen["interest_unmatched"].fillna(0)
    risk = risk + (seen["trade_group"] == "making")
    random = np.random.default_rng(4)
    amount = np.where(random.random(len(seen)) < 1 / (1 + np.exp(1 - risk)), 900 * np.exp(risk / 4), 0.0)
    model = material.subject.model
    return SimpleNamespace(X=seen[list(model.feature_names_in_)], given=Given(amount=amount))


@pytest.fixture(scope="module")
def found(material, training):
    return measure_randomised(material, training=training, returns=60, models=2)


def read(part, measure):
    return part.figures[part.figures["measure"] == measure].set_index("method")


def test_refits_agree_more_than_models_that_learned_nothing(found):
    similar = read(found, "similarity")["value"]
    assert read(found, "top agreement").loc["seeds", "value"] > 0.6
    assert similar[["labels", "labels, no directions", "leaves", "splits"]].max() < similar["seeds"] - 0.2
    assert found.findings["randomisation_gap"].low > 0
    assert found.left_out == ""


def test_chance_is_stated(found, material):
    assert (read(found, "similarity")["chance"] == 0).all()
    agreement = read(found, "top agreement")["chance"]
    assert agreement.between(1 / 31, 1 / 10).all()
    recall = read(found, "recall@3")
    planted = material.planted
    mean = planted.relevant("code").sum(axis=1).mean()
    assert recall["chance"].between(3 * mean / 30 / 2, 3 * mean / 30 * 2).all()


def test_explanations_that_do_not_depend_on_the_model_fail_every_rule(material, monkeypatch, training):
    def same(material, rows, kinds, baseline, spread):
        own = explain_by_code(material, rows, {"trained": kinds["trained"]}, baseline, spread)["trained"][0]
        right = np.zeros(own.shape)
        cases = material.planted.counted["row"].to_numpy()
        place = {row: i for i, row in enumerate(rows)}
        for row, relevant in zip(cases, material.planted.relevant("code"), strict=True):
            if row in place:
                right[place[row]] += relevant
        return {kind: [own + 10 * right] * len(boosters) for kind, boosters in kinds.items()}

    monkeypatch.setattr(randomised, "explain_by_code", same)
    part = measure_randomised(material, training=training, returns=60, models=1)
    assert [check.passed for check in judge(RULES, part.findings)] == [False, False, False]
    assert (read(part, "similarity")["value"] > 1 - 1e-9).all()


def test_explanations_by_lot_pass_and_recall_is_that_of_chance(material, monkeypatch, training):
    random = np.random.default_rng(0)

    def by_lot(material, rows, kinds, baseline, spread):
        del baseline, spread
        size = (len(rows), len(material.regime.codes))
        return {kind: [random.normal(size=size) for _ in boosters] for kind, boosters in kinds.items()}

    monkeypatch.setattr(randomised, "explain_by_code", by_lot)
    part = measure_randomised(material, training=training, returns=400, models=2)
    recall = read(part, "recall@3")
    assert (recall["value"] - recall["chance"]).abs().max() < 0.08
    assert read(part, "similarity")["value"].abs().max() < 0.05
    assert "randomised_recall" not in part.findings
    assert part.unasked == {"randomised_recall": randomised.NO_LEAD}


def test_without_the_training_cases_two_tests_are_left(material, monkeypatch):
    def refuse(records, model):
        raise IncompatibleError("These records do not give the cases.")

    monkeypatch.setattr(randomised, "gather_training", refuse)
    part = measure_randomised(material, returns=40, models=1)
    assert set(part.figures["method"]) == {"trained", "leaves", "splits"}
    assert part.findings.keys() == {"randomised_likeness", "randomised_recall"}
    assert "were not made. These records" in part.left_out


def test_without_a_truth_there_is_no_recall(make_material, training):
    part = measure_randomised(make_material(planted=None), training=training, returns=40, models=1)
    assert set(part.figures["measure"]) == {"similarity", "top agreement", "lift of similarity"}


def test_others_explanations_are_left_out(make_material, material):
    part = measure_randomised(make_material(subject=replace(material.subject, ours=False)))
    assert part.figures.empty
    assert "own explanations" in part.left_out


def test_returns_are_of_few_groups(material, monkeypatch):
    monkeypatch.setattr("taxgap.reasons.audit.faithfulness.randomising.GROUPS", 2)
    baseline = PeerBaseline(material.subject.model, material.regime, material.subject.peers)
    from taxgap.reasons.audit.faithfulness.randomising import draw_of_groups  # noqa: PLC0415 - beside its use

    rows = draw_of_groups(material, baseline, 30, np.random.default_rng(0))
    assert material.flagged[rows].all()
    assert len(rows) == len(set(rows)) <= 30
    assert len(np.unique(baseline.place(material.seen.iloc[rows]))) <= 2
