"""Intervals cover what they should, and are closed forms."""

import numpy as np
import pytest
from scipy import stats

from taxgap.calibration.intervals import (
    mean_interval,
    mean_of_sums,
    ratio_interval,
    ratio_of_sums,
    share_interval,
    share_of_amount,
    weighted_share,
)
from taxgap.calibration.sums import cross_moments, moments, sum_up


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


def test_sums_give_what_the_values_give():
    draws = np.random.default_rng(2)
    top, bottom = draws.gamma(1.0, 3.0, 50), draws.gamma(2.0, 5.0, 50)
    moments_of = {name: each.sum() for name, each in moments(top).items()}
    assert mean_of_sums(moments_of) == pytest.approx(mean_interval(top))
    crossed = {name: each.sum() for name, each in cross_moments(top, bottom).items()}
    assert ratio_of_sums(crossed) == pytest.approx(ratio_interval(top, bottom))


def test_unequal_weights_tell_less():
    even = weighted_share({"w": 30.0, "ww": 30.0}, {"w": 100.0, "ww": 100.0})
    uneven = weighted_share({"w": 30.0, "ww": 120.0}, {"w": 100.0, "ww": 400.0})
    assert even[0] == pytest.approx(uneven[0])
    assert uneven[2] - uneven[1] > even[2] - even[1]
    assert np.isnan(weighted_share({"w": 0.0, "ww": 0.0}, {"w": 0.0, "ww": 0.0})[0])


def test_a_share_of_an_amount_varies_with_both_parts():
    amounts = np.array([5.0, -1.0, 3.0, 2.0])
    part = amounts[:2]
    share, low, high = share_of_amount(part.sum(), (part**2).sum(), amounts.sum(), (amounts**2).sum())
    assert share == pytest.approx(4 / 9)
    variance = ((1 - share) ** 2 * 26 + share**2 * 13) / 81
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


def test_sums_of_cells_leave_out_rows_without_a_name():
    table = sum_up({"kind": ["a", None, "a"], "year": ["x", "x", "y"]}, {"n": [1.0, 2.0, np.nan]})
    assert table["n"].to_dict() == {("a", "x"): 1.0, ("a", "y"): 0.0}
    assert sum_up({"kind": []}, {"n": []}).empty
