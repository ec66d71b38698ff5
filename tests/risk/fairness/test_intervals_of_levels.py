"""Intervals of many levels at once, against those of one."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.risk.evaluation.intervals import find_percentiles, widen_proportion
from taxgap.risk.fairness.intervals import find_intervals, widen, widen_differences, widen_upwards


def test_percentiles_leave_out_the_draws_in_which_nothing_is_defined() -> None:
    drawn = np.random.default_rng(0).normal(size=(200, 4))
    drawn[:50, 1] = np.nan
    drawn[:, 2] = np.nan
    low, high = find_intervals(drawn, 0.9)
    for column in range(4):
        assert (low[column], high[column]) == pytest.approx(
            find_percentiles(drawn[:, column], 0.9), nan_ok=True
        )


def test_wilson_is_that_of_one_level() -> None:
    share, cases = np.array([0.0, 0.2, 1.0, np.nan]), np.array([12.0, 300.0, 7.0, 0.0])
    low, high = widen(share, share, share, cases, 0.95)
    for column in range(3):
        one = widen_proportion((share[column], share[column]), share[column], cases[column], 0.95)
        assert (low[column], high[column]) == pytest.approx(one)
    assert np.isnan(low[3])


def test_a_difference_is_no_surer_than_its_parts_where_draws_do_not_vary() -> None:
    zero, upper = np.zeros(2), np.array([0.3, 0.1])
    low, high = widen_differences((zero, np.array([0.0, 0.5])), (zero, zero, upper), (zero, zero, zero))
    np.testing.assert_allclose(low, 0.0)
    np.testing.assert_allclose(high, [0.3, 0.5])  # never narrower than the draws


def test_means_of_a_heavy_tail_are_covered_better() -> None:
    rng, held = np.random.default_rng(1), {"plain": 0, "wider": 0}
    true = float(np.exp(1.5**2 / 2))
    for _ in range(300):
        own = rng.lognormal(0, 1.5, 30)
        drawn = np.vstack([own, own[rng.integers(0, 30, (200, 30))]])
        mean, error = drawn.mean(axis=1)[:, None], drawn.std(axis=1)[:, None] / np.sqrt(30)
        low, high = find_intervals(mean[1:], 0.95)
        held["plain"] += low[0] <= true <= high[0]
        held["wider"] += low[0] <= true <= widen_upwards(high, mean, error, 0.95)[0]
    assert held["plain"] < 255
    assert held["wider"] > 263


def test_a_mean_of_nothing_keeps_its_interval() -> None:
    mean = np.zeros((5, 1))
    assert widen_upwards(np.array([0.0]), mean, mean, 0.95).tolist() == [0.0]
