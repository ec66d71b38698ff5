"""The compiled model as it is used: threads, blocks, groups of rows, and what it refuses."""

from __future__ import annotations

from functools import cache

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.reasons.shapley import CompiledModel, compile_model, compiled

Floats = NDArray[np.float64]
ROWS = 5_000


@cache
def rows() -> Floats:
    random = np.random.default_rng(2)
    X = random.normal(size=(ROWS, 5)).round(1)
    X[:, 4] = random.integers(0, 6, ROWS)
    X[random.random(X.shape) < 0.1] = np.nan
    return X


@cache
def booster() -> lgb.Booster:
    X = np.nan_to_num(rows())
    target = X[:, 0] * X[:, 1] + X[:, 2] + np.isin(X[:, 4], [1, 5])
    settings = {"verbose": -1, "num_threads": 1, "num_leaves": 12, "deterministic": True}
    return lgb.train(settings, lgb.Dataset(rows(), target, categorical_feature=[4]), 8)


@cache
def model() -> CompiledModel:
    return compile_model(booster())


def test_threads_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    X, peers = rows(), rows()[:40]
    one, against = model().explain(X, threads=1), model().explain(X, peers, threads=1)
    np.testing.assert_array_equal(model().explain(X, threads=2), one)
    monkeypatch.setattr(compiled, "MOST_ROWS", 700)
    np.testing.assert_array_equal(model().explain(X, threads=2), one)
    np.testing.assert_array_equal(model().explain(X, peers, threads=2), against)
    np.testing.assert_array_equal(model().predict(X, threads=2), model().predict(X, threads=1))


def test_blocks_share_rows_evenly_and_leave_none_out() -> None:
    for count in (0, 1, 4_096, 65_536, 65_537, 200_000):
        blocks = compiled._blocks(count, 2)
        assert [row for block in blocks for row in (block.start, block.stop)][1:-1:2] == [
            block.start for block in blocks[1:]
        ]
        sizes = [block.stop - block.start for block in blocks]
        assert sum(sizes) == count
        assert max(sizes, default=0) <= compiled.MOST_ROWS
        assert max(sizes, default=0) - min(sizes, default=0) <= 1


@pytest.mark.parametrize("threads", [1, 2])
def test_every_row_is_explained_once_against_its_own_group(threads: int) -> None:
    X = rows()[:1_000]
    groups = np.random.default_rng(5).choice([3, -8, 40], len(X))
    seen = np.zeros(len(X))
    for places, parts in model().explain_groups(
        X, groups, lambda number: X[groups == number][:30], threads=threads
    ):
        assert len(set(groups[places])) == 1
        own = X[groups == groups[places[0]]][:30]
        np.testing.assert_array_equal(parts, model().explain(X[places], own))
        seen[places] += 1
    assert (seen == 1).all()


@pytest.fixture(scope="module")
def deep() -> CompiledModel:
    """A model with leaves of more players than are always worked out at once."""
    random = np.random.default_rng(3)
    X = random.normal(size=(3_000, 16))
    y = (X[:, :14] > 0).sum(axis=1) ** 2 + random.normal(size=len(X))
    settings = {
        "verbose": -1,
        "num_threads": 1,
        "num_leaves": 200,
        "min_data_in_leaf": 2,
        "deterministic": True,
    }
    return compile_model(lgb.train(settings, lgb.Dataset(X, y), 12))


@pytest.mark.parametrize("few", [1, 3, 40, 700])
def test_asked_for_it_a_row_is_given_the_same_bits_among_few_rows_as_among_many(
    deep: CompiledModel, few: int
) -> None:
    X = np.random.default_rng(4).normal(size=(2_000, 16))
    groups, theirs = np.zeros(len(X), dtype=np.int64), X[:150]
    (_, whole), *_ = deep.explain_groups(X, groups, lambda _: theirs, alike=True)
    (_, part), *_ = deep.explain_groups(X[:few], groups[:few], lambda _: theirs, alike=True)
    np.testing.assert_array_equal(part, whole[:few])
    np.testing.assert_allclose(whole[:few], deep.explain(X[:few], theirs), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(deep.predict(X[:few]), deep.predict(X)[:few])


def test_a_frame_must_have_the_columns_in_their_order() -> None:
    frame = pd.DataFrame(rows()[:3], columns=booster().feature_name())
    np.testing.assert_array_equal(model().explain(frame), model().explain(rows()[:3]))
    with pytest.raises(InvalidDataError, match="in their order"):
        model().explain(frame[frame.columns[::-1]])


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: model().explain(rows()[:2, :3]), InvalidDataError, "5 columns"),
        (lambda: model().explain([["a"] * 5]), InvalidDataError, "no number"),
        (lambda: model().explain(rows()[:2], rows()[:0]), UsageError, "no rows"),
        (lambda: model().explain(rows()[:2], dtype="float16"), UsageError, "float16"),
        (lambda: model().explain(rows()[:2], threads=0), UsageError, "threads"),
        (
            lambda: list(model().explain_groups(rows()[:2], [1], lambda _: rows())),
            UsageError,
            "group numbers",
        ),
        (lambda: list(model().explain_groups(rows()[:1], [1.5], lambda _: rows())), UsageError, "whole"),
        (lambda: compile_model(booster(), players=[0, 1]), UsageError, "player"),
        (lambda: compile_model(booster(), players=[0, 1, -1, 2, 3]), UsageError, "player"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(call: object, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("players", [None, [0, 0, 0, 0, 0]])
def test_a_path_that_asks_too_many_features_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, players: list[int] | None
) -> None:
    monkeypatch.setattr(compiled, "MOST_PLAYERS", 2)
    with pytest.raises(IncompatibleError, match="max_depth"):
        compile_model(booster(), players=players)


def test_no_rows_have_no_groups() -> None:
    assert list(model().explain_groups(rows()[:0], np.zeros(0, dtype=np.int64), lambda _: rows())) == []


def test_columns_of_pandas_categories_are_refused() -> None:
    frame = pd.DataFrame(rows()[:3], columns=booster().feature_name())
    frame = frame.assign(**{frame.columns[4]: frame[frame.columns[4]].astype("category")})
    with pytest.raises(InvalidDataError, match="categories"):
        model().explain(frame)
