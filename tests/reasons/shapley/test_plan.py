"""The plan: every leaf in one group, states within their bounds, and the same answers whatever they are."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from taxgap.reasons.shapley.coding import code_splits
from taxgap.reasons.shapley.evaluation import add_contributions, make_bench
from taxgap.reasons.shapley.plan import MANY, TOO_MANY, plan_model
from taxgap.reasons.shapley.trees import read_trees


@pytest.fixture(scope="module")
def booster() -> lgb.Booster:
    random = np.random.default_rng(7)
    X = random.normal(size=(4_000, 30))
    target = sum(np.sin(3 * X[:, j]) * X[:, j - 1] for j in range(30))
    settings = {"verbose": -1, "num_threads": 1, "num_leaves": 60, "min_data_in_leaf": 1, "extra_trees": True}
    return lgb.train(settings, lgb.Dataset(X, target), 3)


@pytest.mark.parametrize("most", [1, 64, 1024, 4096])
def test_bounds_of_states_change_the_grouping_and_not_the_answer(booster: lgb.Booster, most: int) -> None:
    X = np.random.default_rng(8).normal(size=(2_000, 30))
    coding, splits = code_splits(read_trees(booster))
    plan = plan_model(splits, coding.used, most_states=most)
    leaves = plan.members.start[1 : len(plan.states) + 1] - plan.members.start[: len(plan.states)]
    assert leaves.sum() == len(splits.leaf_value)
    merged = plan.states[leaves > 1]
    assert ((merged > 0) & (merged <= most)).all()
    assert (leaves.max() > 1) == (most > 1)
    totals, codes = np.zeros((30, len(X))), coding.encode(X)
    add_contributions(plan, codes, codes[:, :0], make_bench(plan, len(X), 0, "float64"), totals, False)
    wanted = np.asarray(booster.predict(X, pred_contrib=True, num_threads=1))[:, :-1]
    np.testing.assert_allclose(totals.T, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def test_states_beyond_a_short_word_are_told(booster: lgb.Booster) -> None:
    coding, splits = code_splits(read_trees(booster))
    plan = plan_model(splits, coding.used, most_states=1)
    digits = np.diff(plan.members.digit_start[: len(plan.states) + 1])
    assert (plan.states[digits > 16] == TOO_MANY).all()
    assert ((plan.states > 0) | (2.0**digits > MANY)).all()
