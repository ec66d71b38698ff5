"""The kernel against others' answers: LightGBM's own, and Shapley's formula over every coalition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from taxgap.errors import IncompatibleError, UsageError
from taxgap.reasons.shapley import CompiledModel, compile_model, shapley_values

HERE = Path(__file__).parent
BRUTE = SimpleNamespace(**run_path(str(HERE / "brute.py")))
SMALL = SimpleNamespace(**run_path(str(HERE / "small_models.py")))
RECIPES, MIXED = SMALL.RECIPES, SMALL.RECIPES["numbers"]
EXACT, ROUNDING, SINGLE = 1e-9, 1e-12, 1e-6
EVERY = pytest.mark.parametrize("name", list(RECIPES))
ROWS, PEERS = 12, 17

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    booster: lgb.Booster
    compiled: CompiledModel
    X: Floats
    background: Floats


@cache
def case(name: str) -> Case:
    recipe = RECIPES[name]
    booster = recipe.train(seed=1)
    X = SMALL.edge_rows(booster, recipe, ROWS, seed=5)
    background = np.vstack([recipe.data(9)[0][: PEERS - 5], SMALL.edge_rows(booster, recipe, 5, seed=6)])
    return Case(booster, compile_model(booster), X, background)


def is_near(found: Floats, wanted: Floats, tolerance: float) -> bool:
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max()) <= tolerance * max(1.0, float(np.abs(wanted).max()))


@EVERY
def test_the_score_is_lightgbms(name: str) -> None:
    found = case(name)
    wanted = found.booster.predict(found.X, raw_score=True, num_threads=1)
    assert is_near(found.compiled.predict(found.X), np.asarray(wanted), ROUNDING)


@EVERY
def test_without_background_it_is_lightgbms_game(name: str) -> None:
    found = case(name)
    wanted = np.asarray(found.booster.predict(found.X, pred_contrib=True, num_threads=1))
    assert is_near(found.compiled.explain(found.X), wanted, ROUNDING)
    assert is_near(found.compiled.explain(found.X, dtype="float32"), wanted, SINGLE)


@EVERY
def test_without_background_it_is_the_definition(name: str) -> None:
    found = case(name)
    assert is_near(found.compiled.explain(found.X), BRUTE.brute_by_path(found.booster, found.X), EXACT)


@EVERY
def test_against_peers_it_is_the_definition(name: str) -> None:
    found = case(name)
    wanted = BRUTE.brute_against(found.booster, found.X, found.background)
    assert is_near(found.compiled.explain(found.X, found.background), wanted, EXACT)
    single = found.compiled.explain(found.X, found.background, dtype="float32")
    assert is_near(single, wanted, SINGLE)


@EVERY
def test_one_peer_is_enough(name: str) -> None:
    found = case(name)
    peer = found.background[-1:]
    wanted = BRUTE.brute_against(found.booster, found.X, peer)
    assert is_near(found.compiled.explain(found.X, peer), wanted, EXACT)


@EVERY
def test_features_can_play_together(name: str) -> None:
    found = case(name)
    width = found.X.shape[1]
    for players in {tuple(np.arange(width) // 2), tuple(np.arange(width) % 2), (0,) * width}:
        together = compile_model(found.booster, players=np.array(players))
        wanted = BRUTE.brute_against(found.booster, found.X, found.background, players)
        assert is_near(together.explain(found.X, found.background), wanted, EXACT), players
        wanted = BRUTE.brute_by_path(found.booster, found.X, players)
        assert is_near(together.explain(found.X), wanted, EXACT), players


@EVERY
def test_peer_groups_are_explained_as_each_alone(name: str) -> None:
    found = case(name)
    groups = np.arange(ROWS) % 3 + 5
    backgrounds = {5: found.background, 6: found.background[:1], 7: found.background[3:9]}
    parts = np.full((ROWS, found.X.shape[1] + 1), np.nan)
    seen = np.zeros(ROWS, dtype=int)
    for rows, some in found.compiled.explain_groups(found.X, groups, backgrounds.__getitem__):
        parts[rows] = some
        seen[rows] += 1
    assert (seen == 1).all()
    for group, background in backgrounds.items():
        wanted = found.compiled.explain(found.X[groups == group], background)
        assert is_near(parts[groups == group], wanted, ROUNDING)


def test_the_recipes_hold_every_kind_of_split() -> None:
    kinds = {kind for name in RECIPES for kind in kinds_of_split(case(name).booster)}
    ways = {("<=", missing, left) for missing in ("NaN", "Zero") for left in (True, False)}
    assert kinds >= ways | {("<=", "None", True)}
    assert kinds >= {("==", missing, several) for missing in ("NaN", "None") for several in (True, False)}


def kinds_of_split(booster: lgb.Booster) -> Iterator[tuple[str, str, bool]]:
    waiting = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            waiting += [node["left_child"], node["right_child"]]
            several = "||" in str(node["threshold"])
            flag = node["default_left"] if node["decision_type"] == "<=" else several
            yield node["decision_type"], node["missing_type"], flag


def test_the_short_form_is_the_same() -> None:
    found = case("levels, many against many")
    wanted = found.compiled.explain(found.X, found.background)
    assert (shapley_values(found.booster, found.X, found.background) == wanted).all()
    single = shapley_values(found.booster, found.X, dtype="float32", threads=1)
    assert (single == found.compiled.explain(found.X, dtype="float32", threads=1)).all()


def test_trees_of_one_leaf_stand_among_others() -> None:
    X, y = MIXED.data(3)
    flat = RECIPES["a constant model"].settings | SMALL.SMALL | {"min_data_in_leaf": 10_000}
    one = lgb.train(flat, lgb.Dataset(X, y, params=flat, free_raw_data=False), 1)
    data = lgb.Dataset(X, y, params=SMALL.SMALL, free_raw_data=False)
    booster = lgb.train(SMALL.SMALL, data, 3, init_model=one)
    assert [tree["num_leaves"] for tree in booster.dump_model()["tree_info"]] == [1, 8, 8, 8]
    check_both_games(booster, X[:ROWS], X[-PEERS:])


def test_weighted_cases_keep_their_cover() -> None:
    X, y = MIXED.data(3)
    weight = np.random.default_rng(0).exponential(size=len(X)) ** 2
    booster = lgb.train(SMALL.SMALL, lgb.Dataset(X, y, weight=weight, params=SMALL.SMALL), 4)
    check_both_games(booster, X[:ROWS], X[-PEERS:])


def test_a_model_that_was_saved_is_the_same(tmp_path: Path) -> None:
    found = case("levels, many against many")
    found.booster.save_model(tmp_path / "model.txt")
    again = compile_model(lgb.Booster(model_file=tmp_path / "model.txt"))
    assert is_near(again.explain(found.X), found.compiled.explain(found.X), ROUNDING)


def test_only_the_best_trees_count_where_training_stopped_early() -> None:
    booster = RECIPES["missing is not used"].train(seed=2)
    X = RECIPES["missing is not used"].data(4)[0][:ROWS]
    whole = np.asarray(booster.predict(X, raw_score=True))
    booster.best_iteration = 2
    assert not is_near(np.asarray(booster.predict(X, raw_score=True)), whole, EXACT)
    check_both_games(booster, X, X[-PEERS:])


def check_both_games(booster: lgb.Booster, X: Floats, background: Floats) -> None:
    compiled = compile_model(booster)
    raw = np.asarray(booster.predict(X, raw_score=True, num_threads=1))
    assert is_near(compiled.predict(X), raw, ROUNDING)
    by_lightgbm = np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))
    assert is_near(compiled.explain(X), by_lightgbm, ROUNDING)
    wanted = BRUTE.brute_against(booster, X, background)
    assert is_near(compiled.explain(X, background), wanted, EXACT)


def test_linear_trees_are_refused_by_name() -> None:
    X, y = MIXED.data(0)
    settings = SMALL.SMALL | {"linear_tree": True}
    booster = lgb.train(settings, lgb.Dataset(X, y, params=settings), 2)
    with pytest.raises(IncompatibleError, match=r"(?i)linear"):
        compile_model(booster)


def test_several_outputs_are_refused_by_name() -> None:
    X, _ = MIXED.data(0)
    settings = SMALL.SMALL | {"objective": "multiclass", "num_class": 3}
    booster = lgb.train(settings, lgb.Dataset(X, np.arange(len(X)) % 3, params=settings), 2)
    with pytest.raises(IncompatibleError, match=r"(?i)output|class"):
        compile_model(booster)


@pytest.mark.parametrize("players", [[0, 1], [0, 1, 2, 3, 4], [0, 1, 1, -1], [[0, 1], [2, 3]]])
def test_players_that_do_not_fit_are_refused(players: Any) -> None:
    with pytest.raises(UsageError):
        compile_model(case("numbers").booster, players=np.array(players))


def test_a_background_without_rows_is_refused() -> None:
    found = case("numbers")
    with pytest.raises(UsageError):
        found.compiled.explain(found.X, found.background[:0])


def test_an_unknown_table_type_is_refused() -> None:
    found = case("numbers")
    with pytest.raises(UsageError):
        found.compiled.explain(found.X, dtype="float16")
