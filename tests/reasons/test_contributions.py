"""Contributions: the parts of a score, which add up to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons import ENGINES, Contributions, PeerBaseline, contributions
from taxgap.reasons.engines import Question
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel


def own(found: Contributions) -> pd.DataFrame:
    return found.values  # noqa: PD011 - a field of ours, not that of pandas


@pytest.fixture(scope="module")
def model(seen: pd.DataFrame) -> RiskModel:
    """A small model with splits on a category, and values missing."""
    risk = seen["expenses_to_turnover"].fillna(0) + 2 * (seen["trade_group"] == "making")
    risk = risk + seen["interest_unmatched"].fillna(0)
    model = RiskModel(n_estimators=8, num_leaves=8, folds=2, path_smooth=1.0, learning_rate=0.2)
    return model.fit(seen, amount=(900 * risk.clip(0, 6)).round(2))


@pytest.fixture(scope="module")
def baseline(model: RiskModel, regime: Regime, peers: PeerGroups) -> PeerBaseline:
    return PeerBaseline(model, regime, peers)


@pytest.fixture(scope="module")
def numeric(seen: pd.DataFrame) -> RiskModel:
    """A small model of numbers alone."""
    X = seen[["expenses_to_turnover", "interest_unmatched", "days_late"]]
    risk = X["expenses_to_turnover"].fillna(0) + X["interest_unmatched"].fillna(0)
    model = RiskModel(n_estimators=8, num_leaves=8, folds=2, path_smooth=1.0, learning_rate=0.2)
    return model.fit(X, amount=(900 * risk.clip(0, 6)).round(2))


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_against_the_cases_trained_on_all_engines_say_the_same(
    engine: str, model: RiskModel, seen: pd.DataFrame
) -> None:
    found = contributions(model, seen.head(50), engine=engine)
    total = found.population_mean + found.group_effect + found.own_effect
    np.testing.assert_allclose(total, model.ranking_score(seen.head(50)), rtol=0, atol=1e-9)
    expected = model.booster().predict(model.encode(seen.head(50)), pred_contrib=True, num_threads=1)
    names = [list(model.feature_names_in_).index(name) for name in own(found).columns]
    np.testing.assert_allclose(own(found), np.asarray(expected)[:, names], rtol=0, atol=1e-9)
    assert own(found).index.equals(seen.index[:50])
    assert (found.engine, found.baseline) == (engine, "training")
    assert found.peers.shape == (50, 0)


def test_what_defines_the_peers_is_no_contribution_of_ones_own(model: RiskModel, seen: pd.DataFrame) -> None:
    found = contributions(model, seen)
    assert not set(GROUPS) & set(own(found).columns)
    by_trade = found.group_effect.groupby(seen["trade_group"], observed=True).mean()
    assert by_trade["making"] > by_trade["farming"]


def test_each_row_is_explained_by_itself(
    model: RiskModel, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    for against in (None, baseline):
        whole = contributions(model, seen.head(9), baseline=against)
        part = contributions(model, seen.iloc[[7, 3]], baseline=against)
        pd.testing.assert_frame_equal(own(part), own(whole).iloc[[7, 3]])
        pd.testing.assert_frame_equal(part.peers, whole.peers.iloc[[7, 3]])
        assert part.population_mean == whole.population_mean


def test_a_model_without_the_groups_has_no_group_effect(numeric: RiskModel, seen: pd.DataFrame) -> None:
    found = contributions(numeric, seen)
    assert (found.group_effect == 0).all()
    assert own(found).columns.tolist() == ["expenses_to_turnover", "interest_unmatched", "days_late"]


def test_against_peers_shap_says_the_same_where_it_is_right(
    numeric: RiskModel, regime: Regime, peers: PeerGroups, seen: pd.DataFrame
) -> None:
    baseline = PeerBaseline(numeric, regime, peers)
    ours, theirs = (
        contributions(numeric, seen.head(6), baseline=baseline, engine=engine)
        for engine in ("taxgap", "shap")
    )
    np.testing.assert_allclose(own(ours), own(theirs), rtol=0, atol=1e-6)  # shap keeps leaves in float32
    np.testing.assert_allclose(ours.group_effect, theirs.group_effect, rtol=0, atol=1e-6)
    assert (ours.group_effect != 0).all()  # the mean of the peers is not that of the population


def test_an_engine_is_refused_where_it_is_not_right(
    model: RiskModel, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    with pytest.raises(UsageError, match=r"'lightgbm'.*never with peers"):
        contributions(model, seen, baseline=baseline, engine="lightgbm")
    with pytest.raises(UsageError, match=r"'shap'.*splits on categories \(trade_group\).*taxgap"):
        contributions(model, seen, baseline=baseline, engine="shap")


def test_shap_is_refused_where_values_are_missing_that_were_not_in_training(
    numeric: RiskModel, regime: Regime, peers: PeerGroups, seen: pd.DataFrame
) -> None:
    X = seen[["expenses_to_turnover", "interest_unmatched", "days_late"]]
    whole = RiskModel(n_estimators=3, folds=2).fit(X.fillna(0.0), amount=900.0 * X["days_late"].fillna(0.0))
    baseline = PeerBaseline(whole, regime, peers)
    with pytest.raises(UsageError, match=r"missing where training had none \(.*days_late"):
        contributions(whole, seen, baseline=baseline, engine="shap")


def test_the_likelihood_is_split_into_log_odds(
    model: RiskModel, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    found = contributions(model, seen.head(9), baseline=baseline, kind="probability")
    total = found.population_mean + found.group_effect + found.own_effect
    raw = model.booster("probability").predict(model.encode(seen.head(9)), raw_score=True, num_threads=1)
    np.testing.assert_allclose(total, np.asarray(raw), rtol=0, atol=1e-9)


@pytest.mark.parametrize("rows", [3, 20])
def test_an_engine_whose_parts_do_not_add_up_is_caught(
    model: RiskModel, seen: pd.DataFrame, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = ENGINES["lightgbm"]

    def wrong(asked: Question) -> tuple[np.ndarray, np.ndarray]:
        parts, base = exact(asked)
        base = base.copy()
        base[-1] += 2e-6
        return parts, base

    for name in ("wrong", "taxgap"):
        monkeypatch.setitem(ENGINES, name, wrong)
        with pytest.raises(IncompatibleError, match="2e-06"):
            contributions(model, seen.head(rows), engine=name)


def test_a_part_of_what_defines_the_peers_is_caught(
    model: RiskModel, seen: pd.DataFrame, baseline: PeerBaseline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_peers(asked: Question) -> tuple[np.ndarray, np.ndarray]:
        return ENGINES["lightgbm"](Question(asked.booster, asked.matrix, None, asked.numbers, 1))

    monkeypatch.setitem(ENGINES, "taxgap", without_peers)
    with pytest.raises(IncompatibleError, match="differ"):
        contributions(model, seen.head(9), baseline=baseline)


def test_an_unknown_engine_is_refused_by_name(model: RiskModel, seen: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match=r"'guess'.*lightgbm.*shap"):
        contributions(model, seen, engine="guess")
