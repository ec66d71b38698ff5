"""Which cases a budget takes, against a loop over the cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.risk.evaluation.metrics import make_key
from taxgap.risk.fairness.budget import Budget, Queue


def take_one_by_one(
    score: np.ndarray, key: np.ndarray, weight: np.ndarray, cost: np.ndarray, budget: float
) -> np.ndarray:
    taken = np.zeros(len(score))
    for place in sorted(range(len(score)), key=lambda i: (-score[i], key[i])):
        part = min(weight[place], max(budget, 0.0) / cost[place])
        taken[place] = part
        budget -= part * cost[place]
    return taken


@pytest.mark.parametrize("by_hours", [False, True])
def test_cases_are_taken_in_order_until_the_budget_is_used_up(by_hours: bool) -> None:
    rng = np.random.default_rng(1)
    for cases in (3, 40, 900):
        score = rng.integers(0, 6, cases).astype(float)  # many ties
        key = rng.permutation(cases)
        weights = rng.integers(0, 3, (4, cases)) * rng.uniform(0.5, 5.0, cases)
        cost = rng.uniform(1.0, 60.0, cases) if by_hours else np.ones(cases)
        rate = 0.3 * cost.mean()
        places, taken = Queue(score, key, Budget(rate, cost)).take(weights)
        for weight, own in zip(weights, taken, strict=True):
            expected = take_one_by_one(score, key, weight, cost, rate * weight.sum())
            full = np.zeros(cases)
            full[places] = own
            np.testing.assert_allclose(full, expected, atol=1e-9)


def test_a_budget_for_more_than_everybody_takes_everybody() -> None:
    weights = np.ones((2, 5))
    places, taken = Queue(np.arange(5.0), np.arange(5), Budget(99.0, np.full(5, 3.0))).take(weights)
    assert sorted(places) == [0, 1, 2, 3, 4]
    assert (taken == 1).all()


def test_ties_do_not_follow_the_order_of_rows() -> None:
    labels = pd.Index([f"T{i}" for i in range(200)])
    shuffled = labels[np.random.default_rng(0).permutation(200)]
    taken = {}
    for index in (labels, shuffled):
        places, parts = Queue(np.zeros(200), make_key(index), Budget(0.1, np.ones(200))).take(
            np.ones((1, 200))
        )
        taken[index[0]] = set(index[places[parts[0] > 0]])
    first, second = taken.values()
    assert first == second
    assert first != set(labels[:20])


def test_a_missing_score_comes_last() -> None:
    score = np.array([np.nan, -5.0, 1.0])
    assert Queue(score, np.zeros(3, dtype=int), Budget(0.5, np.ones(3))).order.tolist() == [2, 1, 0]
