"""Intervals, exact tests and false discovery rates, held against scipy and published figures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from taxgap.validation.quality.block import quantile
from taxgap.validation.quality.statistics import adjust, difference_interval, p_lower, spread, wilson


def test_interval_of_a_share_is_that_of_scipy() -> None:
    expected = stats.binomtest(36, 100).proportion_ci(method="wilson")
    assert np.allclose(wilson(36, 100), [expected.low, expected.high])


@pytest.mark.parametrize(
    ("numbers", "limits"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_interval_of_a_difference_is_newcombes(
    numbers: tuple[float, ...], limits: tuple[float, float]
) -> None:
    # Newcombe (1998), table II, method 10.
    assert np.allclose(difference_interval(*numbers), limits, atol=5e-5)


def test_drift_widens_the_interval() -> None:
    narrow, wide = (difference_interval(50, 100, 50, 100, drift) for drift in (0.0, 0.1))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(
    ("good", "n", "good_before", "n_before"), [(27, 30, 100_000, 100_000), (1, 40, 9, 60), (199, 200, 50, 50)]
)
def test_few_cases_are_tested_exactly(good: float, n: float, good_before: float, n_before: float) -> None:
    table = [[good, n - good], [good_before, n_before - good_before]]
    given = (np.array([float(number)]) for number in (good, n, good_before, n_before))
    nothing = np.zeros(1)
    found = p_lower(*given, drift=nothing, freedom=nothing + 4)
    assert np.isclose(found[0], stats.fisher_exact(table, alternative="less").pvalue)


def test_many_cases_of_equal_shares_seldom_differ() -> None:
    random = np.random.default_rng(3)
    n = np.full(4000, 500.0)
    good, before = (random.binomial(500, 0.8, 4000).astype(float) for _ in range(2))
    found = p_lower(good, n, before, n, drift=np.zeros(4000), freedom=np.full(4000, 4.0))
    assert 0.035 < (found <= 0.05).mean() < 0.065


def test_drift_takes_away_certainty() -> None:
    numbers = [np.array([number]) for number in (700.0, 1000.0, 800.0, 1000.0)]
    four = np.array([4.0])
    sure, unsure = (p_lower(*numbers, drift=np.array([drift]), freedom=four)[0] for drift in (0.0, 0.01))
    assert sure < 1e-6
    assert unsure > 0.1


def test_spread_is_nothing_where_chance_explains_it_and_found_where_it_does_not() -> None:
    random = np.random.default_rng(5)
    n = random.integers(50, 3000, (4000, 11)).astype(float)
    chance = random.binomial(n.astype(int), 0.7).astype(float)
    years = np.clip(random.normal(0.7, np.sqrt(0.004 * 0.21), n.shape), 0, 1)
    assert abs(spread(chance, n).mean()) < 1e-4
    drifting = random.binomial(n.astype(int), years).astype(float)
    assert spread(drifting, n).mean() == pytest.approx(0.004, rel=0.05)


def test_spread_is_unknown_of_one_year_or_of_whole_shares() -> None:
    good, n = np.array([[5.0, 0.0], [9.0, 8.0]]), np.array([[9.0, 0.0], [9.0, 8.0]])
    assert np.isnan(spread(good, n)).all()


def test_false_discovery_rate_is_that_of_scipy() -> None:
    p = np.random.default_rng(1).uniform(size=50) ** 3
    assert np.allclose(adjust(p), stats.false_discovery_control(p))
    assert len(adjust(p[:0])) == 0


def test_quantile_is_the_day_by_which_the_share_had_come() -> None:
    random = np.random.default_rng(2)
    sample = random.integers(-40, 300, 501)
    days, rows = np.unique(sample, return_counts=True)
    for share in (0.5, 0.9):
        expected = np.quantile(sample, share, method="inverted_cdf")
        assert quantile(rows.astype(float), days, share) == expected
    assert np.isnan(quantile(np.zeros(len(days)), days, 0.5))
