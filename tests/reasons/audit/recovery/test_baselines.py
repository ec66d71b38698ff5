"""Naive explanations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.material import Material, gather_material
from taxgap.reasons.audit.planted import LEVELS
from taxgap.reasons.audit.recovery.baselines import (
    BASELINES,
    rank_alike,
    rank_at_random,
    rank_by_baselines,
    rank_by_z_score,
    weigh_features,
)
from taxgap.reasons.audit.recovery.ranked import names_of
from taxgap.reasons.audit.settings import AuditSettings
from taxgap.reasons.audit.subject import subject_of
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel
from taxgap.risk.suitability import peers_of


def test_there_is_one_of_each_name(material: Material) -> None:
    ranked = rank_by_baselines(material)
    assert list(ranked) == list(BASELINES)
    for each in ranked.values():
        for level in LEVELS:
            size = (len(material), len(names_of(material.regime, level)))
            assert each.scores[level].shape == size
            assert each.positions[level].shape == (len(material), 4)


def test_random_is_even_and_does_not_hang_on_the_order_of_rows(
    material: Material, make_material: Callable[..., Material]
) -> None:
    order = np.random.default_rng(1).permutation(len(material))
    other = make_material(observed=material.observed.iloc[order])
    for level in LEVELS:
        one, two = (rank_at_random(each).positions[level] for each in (material, other))
        np.testing.assert_array_equal(one[order], two)
        size = len(names_of(material.regime, level))
        counts = np.bincount(one.ravel(), minlength=size) / len(material)
        assert counts == pytest.approx(4 / size, abs=5 * np.sqrt(4 / size / len(material)))


def test_random_follows_the_seed(material: Material, make_material: Callable[..., Material]) -> None:
    other = make_material(settings=AuditSettings(seed=1))
    assert (rank_at_random(material).positions["code"] != rank_at_random(other).positions["code"]).any()


def test_one_ranking_is_for_everyone(material: Material) -> None:
    ranked = rank_alike(material)
    model = material.subject.model
    assert model is not None
    gains = dict(
        zip(
            model.feature_names_in_,
            model.booster("expected_tax").feature_importance("gain"),
            strict=True,
        )
    )
    best = max(material.regime.feature, key=lambda name: gains.get(name, 0.0))
    assert names_of(material.regime, "field")[ranked.positions["field"][0, 0]] == best
    used = sum(gains.get(name, 0.0) > 0 for name in material.regime.feature)
    first = ranked.positions["field"][:, : min(used, 4)]
    assert (first == first[0]).all()


def test_without_a_booster_the_mean_contribution_ranks(
    material: Material, make_material: Callable[..., Material]
) -> None:
    other = make_material(subject=replace(material.subject, model=None))
    mean = material.contributions[material.flagged].clip(lower=0).mean()
    expected = mean.reindex(list(material.regime.feature), fill_value=0.0)
    np.testing.assert_allclose(weigh_features(other), expected)


def test_the_ranking_of_another_model_is_the_same_whatever_is_audited(workshop: Any) -> None:
    class Interest:
        def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
            missing = np.clip(X["interest_unmatched"].fillna(0).to_numpy(), 0, 0.99)
            return np.column_stack([1 - missing, missing])

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        return seen[["interest_unmatched", "days_late"]].fillna(0.0)

    peers, records = peers_of(RiskModel.load(workshop.model)), Records.open(workshop.records)
    tax = get_regime("self_assessment")
    subject = subject_of(Interest(), tax, peers, attributions=explain, cutoff=0.0)
    few, more = (
        gather_material(records, subject, AuditSettings(returns=size, capacity_share=0.3))
        for size in (100, 400)
    )
    assert len(few.every_flagged) > few.flagged.sum(), "not all of them are audited"
    assert weigh_features(few).any()
    np.testing.assert_allclose(weigh_features(few), weigh_features(more))
    frame = subject_of(Interest(), tax, peers, attributions=few.contributions, cutoff=0.0)
    assert weigh_features(replace(few, subject=frame)).any(), "a frame need not hold what is not audited"


def test_the_furthest_from_the_peers_comes_first(material: Material) -> None:
    regime, ranked = material.regime, rank_by_z_score(material)
    away = material.subject.peers.positions(material.observed, list(regime.feature))
    concerned = away * [feature.side for feature in regime.features]
    best = concerned.fillna(0.0).clip(lower=0.0).max(axis=1).to_numpy()
    np.testing.assert_allclose(ranked.scores["field"].max(axis=1).clip(0), best)
    np.testing.assert_allclose(ranked.scores["code"].max(axis=1).clip(0), best)
    first = ranked.positions["field"][:, 0]
    some = first >= 0
    np.testing.assert_allclose(ranked.scores["field"][some, first[some]], best[some])
    assert (some == (best > 0)).all()
