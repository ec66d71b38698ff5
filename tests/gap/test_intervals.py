"""Intervals cover heavy-tailed totals, cost little where tails are light, and keep to their sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from taxgap.gap import estimate_total
from taxgap.gap.intervals import describe_tail, find_limits, predict_correction


def _limits(drawn: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = (drawn - drawn.mean(axis=1, keepdims=True)) / np.sqrt(drawn.shape[1] * (drawn.shape[1] - 1))
    return drawn.mean(axis=1), *find_limits(parts, level)


@pytest.mark.parametrize("n", [330, 1000])
def test_they_cover_where_the_normal_interval_does_not(n):
    rng = np.random.default_rng(n)
    drawn = np.where(rng.random((1500, n)) < 0.36, rng.lognormal(6.52, 1.54, (1500, n)), 0.0)
    total = 0.36 * np.exp(6.52 + 1.54**2 / 2)
    mean, below, above = _limits(drawn)
    covered = np.mean((mean - below <= total) & (total <= mean + above))
    normal = np.mean(np.abs(mean - total) <= 1.96 * drawn.std(axis=1, ddof=1) / np.sqrt(n))
    # Three Monte Carlo errors of 1,500 samples at 94% are 1.8 points.
    assert covered >= 0.94 - 0.018
    assert normal < 0.93


def test_light_tails_cost_next_to_nothing():
    drawn = np.random.default_rng(0).normal(5.0, 1.0, (800, 500))
    mean, below, above = _limits(drawn)
    normal = stats.norm.ppf(0.975) * drawn.std(axis=1, ddof=1) / np.sqrt(500)
    assert np.mean(below + above) < 1.02 * np.mean(2 * normal)
    assert np.mean((mean - below <= 5) & (mean + above >= 5)) > 0.925


def test_a_higher_level_is_wider_and_both_sides_turn_with_the_sign():
    y = np.random.default_rng(1).lognormal(0, 1.5, 400)
    parts = (y - y.mean()) / 400
    reaches = [find_limits(parts, level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)]
    assert np.all(np.diff(np.array(reaches), axis=0) > 0)
    below, above = find_limits(parts, 0.95)
    assert above > 1.5 * below
    assert find_limits(-parts, 0.95) == (above, below)


def test_many_at_once_are_each_by_itself():
    parts = np.random.default_rng(2).lognormal(0, 1, (5, 80)) - 1.5
    below, above = find_limits(parts, 0.9)
    for row, own in enumerate(parts):
        assert find_limits(own, 0.9) == pytest.approx((below[row], above[row]))


@pytest.mark.parametrize("shape", [0.1, 0.3, 0.5])
def test_the_tail_index_is_that_of_a_pareto_tail(shape):
    y = stats.genpareto(shape).ppf((np.arange(50_000) + 0.5) / 50_000)
    tail = describe_tail(y - y.mean())
    assert 2 - 1 / tail.unevenness == pytest.approx(shape, abs=0.03)


@pytest.mark.parametrize("parts", [[1.0, -1.0, 0.5], [1.0, -1.0], np.r_[np.zeros(50), 1.0]])
def test_odd_samples_have_finite_limits(parts):
    below, above = find_limits(np.array(parts), 0.95)
    assert 0 <= below < 1e3
    assert 0 < above < 1e3
    skewness, widening = predict_correction(describe_tail(np.array(parts)))
    assert 0 < skewness <= 1
    assert 0 < widening <= np.exp(-0.5)


def test_the_rivals_can_be_asked_for():
    y = np.random.default_rng(5).lognormal(0, 1, 300)
    tail, normal, again = (
        estimate_total(y, 0.1, interval=kind, seed=3) for kind in ("tail", "normal", "bootstrap_t")
    )
    assert tail.value == normal.value == again.value
    assert normal.high - normal.value == pytest.approx(normal.value - normal.low)
    assert normal.high < again.high < 1.2 * tail.high
    assert again == estimate_total(y, 0.1, interval="bootstrap_t", seed=3)
    assert again.high != estimate_total(y, 0.1, interval="bootstrap_t", seed=4).high
