"""Truthful twins, their Shapley values, and explanations held against them."""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons import shapley_values
from taxgap.reasons.audit.twins import twins as room
from taxgap.reasons.audit.twins.pairs import pair_values
from taxgap.reasons.audit.twins.twins import (
    changed_codes,
    find_changes,
    measure_twins,
    see_twins,
    sum_codes,
    twin_contributions,
)
from taxgap.records import Records, Truth
from taxgap.regimes import Regime, get_regime
from taxgap.risk.model import RiskModel


def same_everywhere(one: pd.DataFrame, other: pd.DataFrame) -> np.ndarray:
    return ~find_changes(one, other).any(axis=1)


KINDS = {"plain": {}, "zero_as_missing": {"zero_as_missing": True}, "no_missing": {"use_missing": False}}


@pytest.fixture(scope="module")
def population(workshop: Any) -> tuple[Records, Truth]:
    return Records.open(workshop.population / "records"), Truth.open(workshop.population / "truth")


@pytest.fixture(scope="module")
def untrue(population: tuple[Records, Truth]) -> pd.MultiIndex:
    """Self Assessment returns that differ from the truth in a box."""
    rows = population[1].read("misreporting").query("regime == 'self_assessment'")
    return pd.MultiIndex.from_frame(rows[["taxpayer_id", "period"]].drop_duplicates())


@pytest.fixture(scope="module")
def filed(population: tuple[Records, Truth], regime: Regime) -> pd.DataFrame:
    return regime.measure(population[0])


@pytest.fixture(scope="module")
def measured(population: tuple[Records, Truth], filed: pd.DataFrame, regime: Regime) -> pd.DataFrame:
    return measure_twins(*population, regime, filed.index)


def small_booster(seed: int, settings: dict[str, Any], features: int = 6) -> tuple[lgb.Booster, Any]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(600, features)).round(1)
    X[:, 0] = random.integers(0, 8, 600)  # a categorical column
    X[random.random(X.shape) < 0.15] = np.nan
    y = np.nan_to_num(X[:, 1] * X[:, 2] + (X[:, 0] == 3) - X[:, 4] * (X[:, 5] > 0)) + random.normal(size=600)
    data = lgb.Dataset(X, y, categorical_feature=[0], params={"min_data_in_bin": 1, "verbose": -1} | settings)
    params = {"num_leaves": 12, "min_data_in_leaf": 3, "verbose": -1, "num_threads": 1, "cat_smooth": 1.0}
    return lgb.train(params | settings, data, 12), X


def brute_pair(booster: lgb.Booster, x: Any, twin: Any) -> Any:
    """Shapley's formula over the features that differ, every coalition of them tried."""
    players = [j for j in range(len(x)) if not (x[j] == twin[j] or (np.isnan(x[j]) and np.isnan(twin[j])))]

    def worth(members: tuple[int, ...]) -> float:
        mixed = twin.copy()
        mixed[list(members)] = x[list(members)]
        return float(booster.predict(mixed[np.newaxis], raw_score=True)[0])

    parts, count = np.zeros(len(x)), len(players)
    for j in players:
        others = [player for player in players if player != j]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for members in combinations(others, size):
                parts[j] += weight * (worth((*members, j)) - worth(members))
    return parts


@pytest.mark.parametrize("name", KINDS)
def test_pairs_are_the_definition(name: str) -> None:
    booster, X = small_booster(5, KINDS[name])
    twins = X[300:308].copy()
    twins[::2, 3:] = X[:8:2, 3:]  # every other pair shares half of its columns
    expected = np.array([brute_pair(booster, x, twin) for x, twin in zip(X[:8], twins, strict=True)])
    np.testing.assert_allclose(pair_values(booster, X[:8], twins), expected, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_pairs_are_what_the_kernel_gives_for_a_background_of_one(name: str) -> None:
    booster, X = small_booster(6, KINDS[name])
    found = pair_values(booster, X[:20], X[20:40])
    each = [shapley_values(booster, X[i : i + 1], X[20 + i : 21 + i])[0, :-1] for i in range(20)]
    np.testing.assert_allclose(found, each, atol=1e-12)


def test_pairs_swapped_change_sign_and_equals_get_nothing() -> None:
    booster, X = small_booster(7, {})
    one, other = pair_values(booster, X[:50], X[50:100]), pair_values(booster, X[50:100], X[:50])
    np.testing.assert_allclose(one, -other, atol=1e-12)
    assert not pair_values(booster, X, X.copy()).any()
    assert pair_values(booster, X[:0], X[:0]).shape == (0, 6)


def test_trees_without_a_split_add_nothing() -> None:
    X = np.arange(20.0).reshape(10, 2)
    booster = lgb.train({"verbose": -1, "min_data_in_leaf": 9}, lgb.Dataset(X, X[:, 0]), 3)
    assert not pair_values(booster, X, X[::-1].copy()).any()


def test_pairs_of_other_shapes_are_refused() -> None:
    booster, X = small_booster(8, {})
    with pytest.raises(UsageError, match="takes 6"):
        pair_values(booster, X[:3], X[:4])


def test_the_twin_of_a_true_return_is_itself(
    filed: pd.DataFrame, measured: pd.DataFrame, untrue: pd.MultiIndex
) -> None:
    true = ~filed.index.isin(untrue)
    assert 50 < true.sum() < len(filed) - 50
    assert same_everywhere(filed, measured)[true].all()
    assert same_everywhere(filed, measured)[~true].mean() < 0.2
    assert measured.index.equals(filed.index)


def test_only_the_return_itself_tells_the_truth(
    population: tuple[Records, Truth], filed: pd.DataFrame, measured: pd.DataFrame, regime: Regime
) -> None:
    # What was left out of turnover last year must not show as growth this year.
    records, truth = population
    key = ["taxpayer_id", "period"]
    true = truth.read("self_assessment").set_index(key)["turnover"]
    said = records.read("self_assessment").sort_values("version").groupby(key)["turnover"].last()
    who, year = (filed.index.get_level_values(name) for name in key)
    before = pd.MultiIndex.from_arrays(
        [who, year.map({"2022-23": "2021-22", "2023-24": "2022-23", "2024-25": "2023-24"})], names=key
    )
    now, then = true.reindex(filed.index).to_numpy(), said.reindex(before).to_numpy()
    past = true.reindex(before).to_numpy()
    months = records.read("self_assessment").sort_values("version").groupby(key)["accounts_months"].last()
    whole = (months.reindex(filed.index).to_numpy() == 12) & (months.reindex(before).to_numpy() == 12)
    limit = regime.feature["turnover_change"].limit
    rows = whole & (then > 0) & (now > 0) & (past != then)
    expected = np.clip(now[rows] / then[rows], -limit, limit)
    assert rows.sum() > 30
    np.testing.assert_allclose(measured["turnover_change"].to_numpy()[rows], expected, rtol=1e-9)


def test_some_returns_are_measured_as_among_all(
    population: tuple[Records, Truth], measured: pd.DataFrame, regime: Regime
) -> None:
    some = measured.index[::7][::-1]
    pd.testing.assert_frame_equal(measure_twins(*population, regime, some), measured.loc[some])
    assert measure_twins(*population, regime, some[:0]).empty


@pytest.mark.parametrize("name", ["vat", "corporation_tax", "employer_paye"])
def test_other_taxes_have_twins_too(population: tuple[Records, Truth], name: str) -> None:
    records, truth = population
    other = get_regime(name)
    rows = truth.read("misreporting").query(f"regime == '{name}'")
    found = other.measure(records)
    index = found.index[:: max(1, len(found) // 25)]
    true = ~index.isin(pd.MultiIndex.from_frame(rows[["taxpayer_id", "period"]]))
    same = same_everywhere(found.loc[index], measure_twins(records, truth, other, index))
    assert true.any()
    assert same[true].all()


def test_a_return_without_a_twin_is_refused(population: tuple[Records, Truth], regime: Regime) -> None:
    index = pd.MultiIndex.from_tuples([("nobody", "2022-23")], names=["taxpayer_id", "period"])
    with pytest.raises(InvalidDataError, match="1 of 1 returns"):
        measure_twins(*population, regime, index)
    with pytest.raises(UsageError, match="each return once"):
        measure_twins(*population, regime, index.append(index))


@pytest.fixture(scope="module")
def pair(
    filed: pd.DataFrame, measured: pd.DataFrame, regime: Regime
) -> tuple[PeerGroups, pd.DataFrame, pd.DataFrame]:
    peers = PeerGroups.fit(filed)
    return peers, regime.compare(filed, peers), see_twins(regime, filed, measured, peers)


@pytest.fixture(scope="module")
def own_model(pair: tuple[PeerGroups, pd.DataFrame, pd.DataFrame]) -> RiskModel:
    seen = pair[1]
    random = np.random.default_rng(2)
    risk = seen["expenses_to_turnover"].fillna(0) + 2 * (seen["interest_unmatched"].fillna(0) > 100)
    amount = np.where(random.random(len(seen)) < 1 / (1 + np.exp(1 - risk)), 900 * np.exp(risk / 4), 0.0)
    return RiskModel(n_estimators=25, folds=3, allow_constant=True).fit(seen, amount=amount.round(2))


def test_the_parts_add_up_and_what_did_not_change_has_none(
    own_model: RiskModel, pair: tuple[PeerGroups, pd.DataFrame, pd.DataFrame]
) -> None:
    _, seen, twins = pair
    parts = twin_contributions(own_model, seen, twins)
    names = list(own_model.feature_names_in_)
    booster = own_model.booster("expected_tax")
    score = [booster.predict(own_model.encode(frame[names]), raw_score=True) for frame in (seen, twins)]
    np.testing.assert_allclose(parts.sum(axis=1), score[0] - score[1], atol=1e-9)
    same = (seen[names].astype(object) == twins[names].astype(object)) | (
        seen[names].isna() & twins[names].isna()
    )
    assert not parts.to_numpy()[same.to_numpy()].any()
    assert (np.abs(parts.to_numpy()) > 0.01).sum() > 100
    assert twin_contributions(own_model, seen.iloc[:0], twins.iloc[:0]).empty


def test_parts_that_cannot_be_are_refused(
    own_model: RiskModel,
    pair: tuple[PeerGroups, pd.DataFrame, pd.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, seen, twins = pair
    monkeypatch.setattr(room, "pair_values", lambda *given: np.ones(given[1].shape))
    with pytest.raises(IncompatibleError, match="agree"):
        twin_contributions(own_model, seen, twins)
    monkeypatch.setattr(room, "pair_values", lambda *given: np.zeros(given[1].shape))
    with pytest.raises(IncompatibleError, match="differ from it"):
        twin_contributions(own_model, seen, twins)
    with pytest.raises(UsageError, match="same returns"):
        twin_contributions(own_model, seen, twins.iloc[::-1])


def test_a_twin_can_be_held_to_the_peers_of_its_report(
    pair: tuple[PeerGroups, pd.DataFrame, pd.DataFrame],
    filed: pd.DataFrame,
    measured: pd.DataFrame,
    regime: Regime,
) -> None:
    peers, seen, twins = pair
    held = see_twins(regime, filed, measured, peers, same_peers=True)
    assert (seen["size_band"] != twins["size_band"]).any()
    pd.testing.assert_frame_equal(held[list(GROUPS)], seen[list(GROUPS)])


def test_codes_are_sums_of_their_features(regime: Regime) -> None:
    random = np.random.default_rng(1)
    values = pd.DataFrame(random.normal(size=(5, len(regime.feature))), columns=list(regime.feature))
    sums = sum_codes(regime, values.assign(trade_group=9.0, size_band=9.0))
    assert list(sums.columns) == list(regime.code)
    np.testing.assert_allclose(sums.sum(axis=1), values.sum(axis=1))
    members = [name for name, feature in regime.feature.items() if feature.code == "third_party.takings"]
    np.testing.assert_allclose(sums["third_party.takings"], values[members].sum(axis=1))
    with pytest.raises(UsageError, match="no feature"):
        sum_codes(regime, values.rename(columns={"gross_margin": "net_margin"}))


def test_returns_that_say_no_more_than_their_twin_are_found() -> None:
    seen = pd.DataFrame({"a": pd.Categorical(["x", None, "x"]), "b": [1.0, np.nan, np.nan]})
    twins = pd.DataFrame({"a": pd.Categorical(["x", None, "y"]), "b": [1.0, np.nan, np.nan]})
    assert same_everywhere(seen, twins).tolist() == [True, True, False]
    assert same_everywhere(seen, twins.assign(b=[1.0, 0.0, np.nan])).tolist() == [True, False, False]


def test_codes_with_a_changed_feature_are_found(regime: Regime) -> None:
    seen = pd.DataFrame({"gross_margin": [0.1, 0.2], "days_late": [np.nan, 3.0], "size_band": ["a", "b"]})
    twins = pd.DataFrame({"gross_margin": [0.1, 0.3], "days_late": [np.nan, 3.0], "size_band": ["a", "a"]})
    found = changed_codes(regime, seen, twins)
    assert list(found.columns) == list(regime.code)
    assert found.sum(axis=1).tolist() == [0, 1]
    assert found.loc[1, regime.feature["gross_margin"].code]


def test_rounds_hold_each_taxpayer_once(population: tuple[Records, Truth]) -> None:
    keys = population[0].read("vat", ["taxpayer_id", "period"]).drop_duplicates()
    rounds = [part.index for part in room._split_rounds(keys.assign(box=1.0).set_index(list(keys.columns)))]
    assert sum(map(len, rounds)) == len(keys)
    assert all(part.get_level_values("taxpayer_id").is_unique for part in rounds)
    assert 3 < len(rounds) < keys["period"].nunique() + 12
