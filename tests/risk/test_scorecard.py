from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import UsageError
from taxgap.risk import RiskModel


@pytest.fixture(scope="module")
def scorecard(cases: Any) -> RiskModel:
    X = cases.X.assign(size_band=cases.X["size_band"].cat.as_ordered())
    directions = {"mismatch": 1, "expenses": 1, "margin": -1, "noise_0": 1, "size_band": 1}
    model = RiskModel(style="scorecard", rules=4, n_estimators=40, folds=2, monotone=directions)
    return model.fit(X, amount=cases.amount)


def test_only_a_few_features_count(scorecard: RiskModel) -> None:
    for kind in ("expected_tax", "probability"):
        gain = scorecard.booster(kind).feature_importance("gain")
        assert 0 < (gain > 0).sum() <= 4
    assert {"mismatch", "expenses"} <= set(scorecard.rules_["feature"])


def test_the_rules_are_the_model(scorecard: RiskModel, later: Any) -> None:
    X = later.X.assign(size_band=later.X["size_band"].cat.as_ordered()).head(300)
    score = scorecard.ranking_score(X)
    factors = np.ones(len(X))
    for name, rules in scorecard.rules_.groupby("feature", sort=False):
        factors *= [read_factor(rules, value) for value in X[name]]
    # The table is rounded to hundredths of a factor; up to a constant it gives the same score.
    gap = score - np.log(factors)
    assert np.abs(gap - gap.mean()).max() < 0.05


def read_factor(rules: pd.DataFrame, value: Any) -> float:
    table = dict(zip(rules["rule"], rules["factor"], strict=True))
    if pd.isna(value):
        return float(table["not known"])
    if isinstance(value, str):
        levels = ["small", "medium", "large"]
        for rule, factor in table.items():
            first, _, last = rule.partition(" to ")
            if first in levels and levels.index(first) <= levels.index(value) <= levels.index(last or first):
                return float(factor)
    for rule, factor in table.items():
        if rule != "not known" and within(rule, float(value)):
            return float(factor)
    raise AssertionError(f"No rule for {value} among {list(table)}.")


def within(rule: str, value: float) -> bool:
    for part in rule.split(", "):
        word, _, edge = part.rpartition(" ")
        if (word == "above" and not value > float(edge) * (1 - 1e-4)) or (
            word == "up to" and not value <= float(edge) * (1 + 1e-4)
        ):
            return False
    return True


def test_every_step_follows_its_direction(scorecard: RiskModel) -> None:
    for name, rules in scorecard.rules_.groupby("feature", sort=False):
        steps = rules.loc[rules["rule"] != "not known", "factor"].to_numpy()
        assert (scorecard.monotone[name] * np.diff(steps) >= -0.011).all()


def test_a_scorecard_ranks_almost_as_well(scorecard: RiskModel, model: RiskModel, later: Any) -> None:
    X = later.X.assign(size_band=later.X["size_band"].cat.as_ordered())
    simple = roc_auc_score(later.material, scorecard.predict_proba(X)[:, 1])
    full = roc_auc_score(later.material, model.predict_proba(later.X)[:, 1])
    assert full - 0.05 < simple


def test_without_known_directions_they_are_learned(cases: Any) -> None:
    model = RiskModel(style="scorecard", rules=3, n_estimators=20, folds=2).fit(cases.X, amount=cases.amount)
    rules = model.rules_
    margin = rules[(rules["feature"] == "margin") & (rules["rule"] != "not known")]["factor"]
    assert margin.is_monotonic_decreasing
    assert "trade_group" not in set(rules["feature"])


def test_only_a_scorecard_has_rules(model: RiskModel) -> None:
    with pytest.raises(UsageError, match="Only a scorecard has rules"):
        _ = model.rules_


def test_a_scorecard_is_saved_and_read(scorecard: RiskModel, tmp_path: Any) -> None:
    loaded = RiskModel.load(scorecard.save(tmp_path / "card"))
    pd.testing.assert_frame_equal(loaded.rules_, scorecard.rules_)
    assert loaded.summary().startswith("Scorecard")


def test_noise_is_taken_for_noise() -> None:
    # The features are chosen within every fold: else the best of many would calibrate on what it chose.
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(600, 60)), columns=[f"noise_{i}" for i in range(60)])
    amount = np.where(rng.random(600) < 0.3, 5_000.0, 0.0)
    model = RiskModel(style="scorecard", n_estimators=40, folds=3).fit(X, amount=amount)
    new = pd.DataFrame(rng.normal(size=(2000, 60)), columns=X.columns)
    assert model.predict_proba(new)[:, 1].std() < 0.05


def test_the_base_and_the_factors_give_the_expected_tax(scorecard: RiskModel, later: Any) -> None:
    X = later.X.assign(size_band=later.X["size_band"].cat.as_ordered()).head(40)
    factors = np.ones(len(X))
    for name, rules in scorecard.rules_.groupby("feature", sort=False):
        factors *= [read_factor(rules, value) for value in X[name]]
    assert scorecard.rules_base_ * factors == pytest.approx(scorecard.expected_tax(X), rel=0.05)
