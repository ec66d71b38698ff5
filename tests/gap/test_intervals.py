"""Intervals cover what they should, and are closed forms."""

import numpy as np
import pytest
from scipy import stats

from taxgap.gap.intervals import mean_interval, ratio_interval, share_interval


def test_a_share_has_wilsons_interval():
    expected = stats.binomtest(36, 100).proportion_ci(method="wilson")
    assert share_interval(36, 100) == pytest.approx((0.36, expected.low, expected.high))


def test_a_share_of_nothing_is_unknown():
    assert all(np.isnan(value) for value in share_interval(0, 0))


def test_a_mean_has_the_normal_interval():
    values = [1.0, 2.0, 4.0]
    low, high = stats.norm.interval(0.95, np.mean(values), stats.sem(values))
    assert mean_interval(values) == pytest.approx((np.mean(values), low, high))


def test_one_value_has_a_mean_and_no_interval():
    mean, low, high = mean_interval([3.0])
    assert mean == 3.0
    assert np.isnan(low)
    assert np.isnan(high)


def test_a_constant_ratio_is_certain():
    assert ratio_interval([1.0, 2.0, 3.0], [2.0, 4.0, 6.0]) == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize("statistic", ["share", "mean", "ratio"])
def test_intervals_cover_the_truth_nineteen_times_in_twenty(statistic):
    draws = np.random.default_rng(5)
    covered = 0
    for _ in range(600):
        bottom = draws.gamma(2.0, 1.0, 200)
        top = 0.3 * bottom + draws.normal(0.0, 0.2, 200)
        if statistic == "share":
            _, low, high = share_interval(draws.binomial(200, 0.3), 200)
        elif statistic == "mean":
            _, low, high = mean_interval(draws.normal(0.3, 1.0, 200))
        else:
            _, low, high = ratio_interval(top, bottom)
        covered += low <= 0.3 <= high
    assert 0.925 <= covered / 600 <= 0.975
