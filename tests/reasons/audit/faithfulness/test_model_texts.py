"""Models made from the text of another."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from taxgap.reasons.audit.faithfulness.model_texts import (
    make_symmetric,
    permute_leaves,
    randomise_splits,
    take_trees,
)
from taxgap.reasons.shapley.trees import read_trees


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    random = np.random.default_rng(2)
    X = random.normal(size=(500, 4))
    X[:, 3] = random.integers(0, 5, 500)
    return X


@pytest.fixture(scope="module")
def booster(rows: np.ndarray) -> lgb.Booster:
    data = lgb.Dataset(rows, rows[:, 0] + rows[:, 1] * (rows[:, 3] == 2), categorical_feature=[3])
    return lgb.train({"num_leaves": 8, "verbose": -1, "min_data_in_leaf": 5}, data, 12)


def test_trees_taken_one_by_one_add_up_to_the_model(booster, rows):
    alone = sum(take_trees(booster, tree).predict(rows) for tree in range(12))
    np.testing.assert_allclose(alone, booster.predict(rows), atol=1e-12)


def test_a_symmetric_model_does_not_tell_two_features_apart(booster, rows):
    swapped = rows[:, [1, 0, 2, 3]]
    both = make_symmetric(booster, 0, 1).predict(rows)
    np.testing.assert_allclose(both, booster.predict(rows) + booster.predict(swapped), atol=1e-12)
    assert np.abs(booster.predict(rows) - booster.predict(swapped)).max() > 0.1


def test_leaves_change_their_order_within_each_tree(booster):
    before, after = (
        read_trees(each) for each in (booster, permute_leaves(booster, np.random.default_rng(0)))
    )
    assert (before.feature == after.feature).all()
    assert (before.leaf_value != after.leaf_value).any()
    for first, last in zip(before.leaf_start[:-1], before.leaf_start[1:], strict=True):
        np.testing.assert_array_equal(
            np.sort(before.leaf_value[first:last]), np.sort(after.leaf_value[first:last])
        )


def test_splits_ask_about_features_alike_and_levels_stay(booster):
    before, after = (
        read_trees(each) for each in (booster, randomise_splits(booster, np.random.default_rng(0)))
    )
    assert (before.categorical == after.categorical).all()
    assert (before.feature == after.feature)[before.categorical].all()
    assert 0.1 < (before.feature == after.feature)[~before.categorical].mean() < 0.9
    assert (before.left == after.left).any()
    assert (before.left == after.right).any()
    of = {f: set(before.threshold[before.feature == f]) for f in np.unique(before.feature)}
    numeric = ~after.categorical
    assert all(t in of[f] for f, t in zip(after.feature[numeric], after.threshold[numeric], strict=True))
