"""Draws: how often each is drawn, and what the sums come to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.cases.balanced import balance
from taxgap.cases.drawing import draw
from taxgap.cases.probabilities import cut, solve_scale

DRAWS = 3_000


def test_everyone_is_drawn_as_often_as_its_probability_says():
    rng = np.random.default_rng(0)
    chance = np.concatenate([rng.random(28), [1.0, 0.0]])
    kept = np.column_stack([rng.integers(1, 9, 30), np.ones(30), rng.random(30) < 0.4]).astype(float)
    drawn = np.array([draw(chance, np.random.default_rng(seed), kept) for seed in range(DRAWS)])
    noise = np.sqrt(chance * (1 - chance) / DRAWS)
    assert (np.abs(drawn.mean(axis=0) - chance) <= 4 * noise).all()
    off = drawn @ kept - chance @ kept
    assert np.abs(off[:, 0]).max() < 8  # one case
    assert off[:, 1].std() < np.sqrt((chance * (1 - chance)).sum()) / 2


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 99))
def test_the_number_drawn_is_the_sum_of_probabilities(values, seed):
    chance = np.array(values)
    assert abs(draw(chance, np.random.default_rng(seed)).sum() - chance.sum()) < 1 + 1e-6


def test_balanced_probabilities_are_the_best_of_their_budget():
    rng = np.random.default_rng(1)
    value, hours = rng.lognormal(6, 1, 500), rng.integers(1, 9, 500).astype(float)
    spread = value**0.8
    chance, aim = balance(value, spread, hours, 200.0, random_share=0.5)
    assert chance @ hours == pytest.approx(200)
    assert (chance[chance < 1] @ hours[chance < 1]) / 200 == pytest.approx(0.5, abs=0.05)
    for size in (value, spread, np.ones(500)):
        other = solve_scale(lambda scale, size=size: np.minimum(1, scale * size), hours, 200.0)
        other = np.clip(other, aim.least, 1)
        mixed = solve_scale(
            lambda scale, other=other: np.clip(scale * (chance + other), aim.least, 1), hours, 200.0
        )
        assert aim.judge(chance) >= aim.judge(mixed)


def test_bins_have_equal_sums():
    size = np.random.default_rng(2).lognormal(0, 1, 5_000)
    sums = np.bincount(cut(size, 10), size)
    assert sums == pytest.approx(np.full(10, size.sum() / 10), rel=0.05)
