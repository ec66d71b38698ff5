"""What must hold for any model and any rows, whoever computes it; hypothesis draws both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from taxgap.errors import TaxGapError
from taxgap.reasons.shapley import CompiledModel, compile_model

HERE = Path(__file__).parent
BRUTE = SimpleNamespace(**run_path(str(HERE / "brute.py")))
SMALL = SimpleNamespace(**run_path(str(HERE / "small_models.py")))
EXACT, ROUNDING = 1e-9, 1e-12
QUICK, LONG = 8, 300

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    booster: lgb.Booster
    compiled: CompiledModel
    X: Floats
    background: Floats
    levels: list[int]
    seed: int


@st.composite
def kinds(draw: st.DrawFn) -> tuple[str, ...]:
    first = draw(st.sampled_from([SMALL.NUMBER, SMALL.COUNT, SMALL.LEVEL]))
    every = [SMALL.NUMBER, SMALL.COUNT, SMALL.LEVEL, SMALL.TWIN, SMALL.CONSTANT]
    return first, *draw(st.lists(st.sampled_from(every), max_size=4))


@st.composite
def recipes(draw: st.DrawFn) -> Any:
    growth = {
        "num_leaves": draw(st.sampled_from([2, 3, 6, 12, 40])),
        "min_data_in_leaf": draw(st.sampled_from([1, 5, 40, 1_000])),
        "max_bin": draw(st.sampled_from([2, 15, 255, 4_000])),
        "max_cat_to_onehot": draw(st.sampled_from([1, 4, 100])),
        "use_missing": draw(st.booleans()),
        "zero_as_missing": draw(st.booleans()),
        "extra_trees": draw(st.booleans()),
        "feature_fraction": draw(st.sampled_from([0.5, 1.0])),
    }
    missing = draw(st.sampled_from([0.0, 0.1, 0.6]))
    target = draw(st.sampled_from(["amount", "event"]))
    objective = {"amount": "regression", "event": "binary"}[target]
    growth |= {"objective": objective}
    return SMALL.Recipe(
        draw(kinds()), growth, missing, draw(st.integers(1, 5)), draw(st.integers(20, 200)), target
    )


@st.composite
def drawn_cases(draw: st.DrawFn) -> Drawn:
    recipe, seed = draw(recipes()), draw(st.integers(0, 10_000))
    booster = recipe.train(seed=seed)
    X = SMALL.edge_rows(booster, recipe, draw(st.integers(1, 9)), seed)
    usual, odd = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    parts = [recipe.data(seed + 2)[0][:usual], SMALL.edge_rows(booster, recipe, odd, seed + 3)]
    return Drawn(booster, compile_model(booster), X, np.vstack(parts), recipe.levels, seed)


def quickly_and_at_length(check: Any) -> Any:
    """Run a property with a few examples in every run of the tests, and with many under the marker long."""
    quiet = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
    runs = {
        "few": settings(max_examples=QUICK, **quiet)(given(drawn_cases())(check)),
        "many": settings(max_examples=LONG, **quiet)(given(drawn_cases())(check)),
    }

    def test(examples: str) -> None:
        runs[examples]()

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    choices = ["few", pytest.param("many", marks=pytest.mark.long)]
    return pytest.mark.parametrize("examples", choices)(test)


def agree(found: Floats, wanted: Floats, tolerance: float = ROUNDING) -> None:
    assert found.shape == wanted.shape
    size = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    assert float(np.abs(found - wanted).max(initial=0.0)) <= tolerance * size


@quickly_and_at_length
def test_both_games_are_the_definition(case: Drawn) -> None:
    agree(case.compiled.explain(case.X), BRUTE.brute_by_path(case.booster, case.X), EXACT)
    wanted = BRUTE.brute_against(case.booster, case.X, case.background)
    agree(case.compiled.explain(case.X, case.background), wanted, EXACT)


@quickly_and_at_length
def test_parts_add_up_to_the_score(case: Drawn) -> None:
    score = np.asarray(case.booster.predict(case.X, raw_score=True, num_threads=1))
    agree(case.compiled.predict(case.X), score)
    agree(case.compiled.explain(case.X).sum(axis=1), score)
    parts = case.compiled.explain(case.X, case.background)
    agree(parts.sum(axis=1), score)
    of_peers = np.asarray(case.booster.predict(case.background, raw_score=True, num_threads=1))
    agree(parts[:, -1], np.full(len(parts), of_peers.mean()))


@quickly_and_at_length
def test_a_feature_that_plays_no_part_gets_exactly_zero(case: Drawn) -> None:
    unused = case.booster.feature_importance("split") == 0
    assert not case.compiled.explain(case.X)[:, :-1][:, unused].any()
    assert not case.compiled.explain(case.X, case.background)[:, :-1][:, unused].any()
    shared = np.arange(case.X.shape[1]) % 2 == 0
    background = np.where(shared, case.X[0], case.background)
    parts = case.compiled.explain(case.X[:1], background)[:, :-1]
    assert not parts[:, shared].any()


@quickly_and_at_length
def test_features_alike_get_alike(case: Drawn) -> None:
    width, level = case.X.shape[1], [j in case.levels for j in range(case.X.shape[1])]
    pairs = [(i, j) for i in range(width) for j in range(i) if level[i] == level[j]]
    assume(pairs and case.booster.feature_importance("split").any())
    one, other = pairs[case.seed % len(pairs)]
    compiled = compile_model(SMALL.make_symmetric(case.booster, one, other))
    X, background = case.X.copy(), case.background.copy()
    X[:, other], background[:, other] = X[:, one], background[:, one]
    for parts in (compiled.explain(X), compiled.explain(X, background)):
        agree(parts[:, one], parts[:, other])
    order = np.arange(width)
    order[[one, other]] = order[[other, one]]
    changed = compiled.explain(case.X[:, order], case.background[:, order])
    agree(changed[:, [*order, width]], compiled.explain(case.X, case.background))


@quickly_and_at_length
def test_the_parts_are_linear_in_the_peers(case: Drawn) -> None:
    alone = [case.compiled.explain(case.X, peer[np.newaxis]) for peer in case.background]
    together = case.compiled.explain(case.X, case.background)
    agree(together, np.mean(alone, axis=0))
    agree(case.compiled.explain(case.X, case.background[::-1]), together)
    agree(case.compiled.explain(case.X, np.tile(case.background, (3, 1))), together)


@quickly_and_at_length
def test_who_is_his_own_only_peer_has_no_reasons(case: Drawn) -> None:
    for row in case.X:
        parts = case.compiled.explain(row[np.newaxis], row[np.newaxis])
        assert not parts[:, :-1].any()


@quickly_and_at_length
def test_a_row_does_not_depend_on_the_others(case: Drawn) -> None:
    whole = case.compiled.explain(case.X, case.background)
    by_path = case.compiled.explain(case.X)
    many = np.tile(case.X, (60, 1))
    agree(case.compiled.explain(many, case.background), np.tile(whole, (60, 1)))
    agree(case.compiled.explain(many), np.tile(by_path, (60, 1)))
    for row in range(len(case.X)):
        agree(case.compiled.explain(case.X[[row]], case.background), whole[[row]])
        agree(case.compiled.explain(case.X[[row]]), by_path[[row]])


@quickly_and_at_length
def test_how_the_numbers_lie_in_memory_does_not_matter(case: Drawn) -> None:
    before = case.X.copy(), case.background.copy()
    wide = np.full((2 * len(case.X), 2 * case.X.shape[1]), 7.0)
    wide[::2, ::2] = case.X
    for background in (None, case.background):
        wanted = case.compiled.explain(case.X, background)
        turned = None if background is None else np.asfortranarray(background)
        for X in (np.asfortranarray(case.X), wide[::2, ::2], case.X[::-1][::-1]):
            assert (case.compiled.explain(X, turned) == wanted).all()
        assert (case.compiled.explain(case.X, background, threads=2) == wanted).all()
        single = np.clip(case.X, -3e38, 3e38).astype(np.float32)
        double = case.compiled.explain(single.astype(np.float64), background)
        assert (case.compiled.explain(single, background) == double).all()
    assert (case.compiled.predict(wide[::2, ::2]) == case.compiled.predict(case.X)).all()
    assert np.array_equal(case.X, before[0], equal_nan=True)
    assert np.array_equal(case.background, before[1], equal_nan=True)


@quickly_and_at_length
def test_no_rows_give_no_rows(case: Drawn) -> None:
    width = case.X.shape[1]
    assert case.compiled.explain(case.X[:0]).shape == (0, width + 1)
    assert case.compiled.explain(case.X[:0], case.background).shape == (0, width + 1)
    assert case.compiled.predict(case.X[:0]).shape == (0,)


@quickly_and_at_length
def test_players_of_one_feature_each_are_the_features(case: Drawn) -> None:
    width = case.X.shape[1]
    order = np.random.default_rng(case.seed).permutation(width)
    compiled = compile_model(case.booster, players=order)
    for background in (None, case.background):
        wanted = case.compiled.explain(case.X, background)
        agree(compiled.explain(case.X, background)[:, [*order, width]], wanted)


@quickly_and_at_length
def test_players_of_several_features_are_exact(case: Drawn) -> None:
    random = np.random.default_rng(case.seed)
    players = np.unique(random.integers(0, 3, case.X.shape[1]), return_inverse=True)[1]
    compiled = compile_model(case.booster, players=players)
    agree(compiled.explain(case.X), BRUTE.brute_by_path(case.booster, case.X, players), EXACT)
    wanted = BRUTE.brute_against(case.booster, case.X, case.background, players)
    agree(compiled.explain(case.X, case.background), wanted, EXACT)


@pytest.fixture(scope="module")
def named() -> Drawn:
    recipe = SMALL.RECIPES["numbers"]
    X, y = recipe.data(0)
    frame = pd.DataFrame(X, columns=["alpha", "beta", "gamma", "delta"])
    booster = lgb.train(SMALL.SMALL, lgb.Dataset(frame, y, params=SMALL.SMALL), 3)
    return Drawn(booster, compile_model(booster), X[:6], X[-5:], recipe.levels, 0)


def test_a_frame_in_the_models_order_is_taken(named: Drawn) -> None:
    frame = pd.DataFrame(named.X, columns=named.booster.feature_name())
    assert (named.compiled.explain(frame) == named.compiled.explain(named.X)).all()
    assert (named.compiled.predict(frame) == named.compiled.predict(named.X)).all()
    peers = pd.DataFrame(named.background, columns=named.booster.feature_name())
    assert (named.compiled.explain(frame, peers) == named.compiled.explain(named.X, named.background)).all()


def test_a_frame_in_another_order_is_refused(named: Drawn) -> None:
    frame = pd.DataFrame(named.X, columns=named.booster.feature_name())
    for other in (frame[["beta", "alpha", "gamma", "delta"]], frame.rename(columns={"beta": "b"})):
        for refuse in (named.compiled.explain, named.compiled.predict):
            with pytest.raises(TaxGapError):
                refuse(other)
        with pytest.raises(TaxGapError):
            named.compiled.explain(named.X, other)


@pytest.mark.parametrize("shape", [(6, 3), (6, 5), (4,), (2, 2, 4)])
def test_rows_of_the_wrong_shape_are_refused(named: Drawn, shape: tuple[int, ...]) -> None:
    for refuse in (named.compiled.explain, named.compiled.predict):
        with pytest.raises(TaxGapError):
            refuse(np.zeros(shape))
    with pytest.raises(TaxGapError):
        named.compiled.explain(named.X, np.zeros(shape))
