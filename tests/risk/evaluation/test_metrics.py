from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from taxgap.risk.evaluation.metrics import Ranking, average, draw_counts, make_key

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def weighted_cases(draw: st.DrawFn) -> Drawn:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    cases = draw(st.integers(4, 80))
    score = rng.integers(0, draw(st.sampled_from([2, 5, 1000])), cases).astype(float)
    amount = rng.choice([0.0, 500.0, 1000.0, 9000.0], cases)
    amount[:2] = 0.0, 9000.0
    return score, amount, rng.choice([1.0, 2.0, 7.0], cases)


def measure_one(score: np.ndarray, amount: np.ndarray, weight: np.ndarray, coverages: list[float]) -> dict:
    ranking = Ranking(score, np.arange(len(score)), amount, 1000.0)
    return {key: float(value[0]) for key, value in ranking.measure(weight[None], coverages).items()}


@settings(max_examples=50, deadline=None)
@given(weighted_cases())
def test_areas_are_those_of_scikit_learn(drawn: Drawn) -> None:
    score, amount, weight = drawn
    measured = measure_one(score, amount, weight, [])
    y = amount >= 1000
    assert measured["auc", None] == pytest.approx(roc_auc_score(y, score, sample_weight=weight))
    expected = average_precision_score(y, score, sample_weight=weight)
    assert measured["average_precision", None] == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(weighted_cases(), st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_the_top_is_what_a_loop_takes(drawn: Drawn, coverage: float) -> None:
    score, amount, weight = drawn
    left, taken = coverage * weight.sum(), np.zeros(len(score))
    for case in sorted(range(len(score)), key=lambda i: (-score[i], i)):
        taken[case] = min(weight[case], left)
        left -= taken[case]
    measured = measure_one(score, amount, weight, [coverage])
    total = taken.sum()
    assert measured["share_of_gap", coverage] == pytest.approx(
        (taken * amount).sum() / (weight * amount).sum()
    )
    assert measured["precision", coverage] == pytest.approx((taken * (amount >= 1000)).sum() / total)
    assert measured["strike_rate", coverage] == pytest.approx((taken * (amount > 0)).sum() / total)


def test_share_of_gap_by_hand() -> None:
    score, amount = np.arange(10.0)[::-1], np.array([100.0, 0, 50, 0, 0, 0, 0, 0, 0, 50])
    measured = measure_one(score, amount, np.ones(10), [0.1, 0.25, 1.0])
    assert measured["share_of_gap", 0.1] == pytest.approx(0.5)
    assert measured["share_of_gap", 0.25] == pytest.approx((100 + 0 + 25) / 200)
    assert measured["share_of_gap", 1.0] == pytest.approx(1.0)
    assert measured["strike_rate", 0.25] == pytest.approx((1 + 0.5) / 2.5)


def test_many_draws_at_once_are_the_draws_one_by_one() -> None:
    rng = np.random.default_rng(0)
    score, amount = rng.random(60).round(1), rng.choice([0.0, 200.0, 3000.0], 60)
    counts = draw_counts(60, 12, rng)
    together = Ranking(score, np.arange(60), amount, 1000.0).measure(counts, [0.05, 0.2])
    for draw, weight in enumerate(counts):
        alone = measure_one(score, amount, weight, [0.05, 0.2])
        assert {key: float(value[draw]) for key, value in together.items()} == pytest.approx(
            alone, nan_ok=True
        )


def test_a_weight_stands_for_copies_of_a_case() -> None:
    rng = np.random.default_rng(1)
    score, amount, copies = rng.random(40), rng.choice([0.0, 3000.0], 40), rng.integers(1, 4, 40)
    whole = measure_one(score, amount, copies.astype(float), [0.1])
    spread = measure_one(np.repeat(score, copies), np.repeat(amount, copies), np.ones(copies.sum()), [0.1])
    assert whole == pytest.approx(spread)


def test_one_class_has_no_area() -> None:
    measured = measure_one(np.arange(5.0), np.zeros(5), np.ones(5), [0.5])
    assert np.isnan(measured["auc", None])
    assert np.isnan(measured["average_precision", None])
    assert np.isnan(measured["share_of_gap", 0.5])
    assert measured["strike_rate", 0.5] == 0.0


def test_draws_are_as_large_as_the_cases() -> None:
    counts = draw_counts(50, 7, np.random.default_rng(0))
    assert counts.shape == (7, 50)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean() == pytest.approx(1.0)


def test_ties_are_broken_by_label_not_by_place() -> None:
    labels = pd.MultiIndex.from_product([["A", "B", "C"], ["2021-22", "2022-23"]])
    key = pd.Series(make_key(labels), labels)
    turned = pd.Series(make_key(labels[::-1]), labels[::-1])
    pd.testing.assert_series_equal(key, turned.reindex(labels))
    assert key.is_unique


def test_the_mean_is_weighted() -> None:
    assert average(np.array([1.0, 3.0]), np.array([[1.0, 1.0], [3.0, 1.0]])).tolist() == [2.0, 1.5]
