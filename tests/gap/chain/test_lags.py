"""What is still to come, from what has come."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.gap.chain.lags import Lags, fill_open


def test_the_triangle_by_hand() -> None:
    """Old rows of two lags, young ones of which half have settled: the others are still to come."""
    many = 500
    amount = np.tile([10.0, 30.0, 10.0, 30.0, 10.0, np.nan], many)
    lag = np.tile([50.0, 150.0, 50.0, 150.0, 50.0, np.nan], many)
    age = np.tile([400.0, 400.0, 400.0, 400.0, 100.0, 100.0], many)
    filled, is_open, later = fill_open(amount, lag, age, np.ones(6 * many))
    assert is_open[:6].tolist() == [False] * 5 + [True]
    assert filled[5] == pytest.approx(30.0, rel=0.01)
    assert later.value == pytest.approx(30.0 * many, rel=0.01)


def test_projection_is_unbiased_and_its_variance_right() -> None:
    rng = np.random.default_rng(1)
    errors, spreads, known = [], [], []
    for _ in range(200):
        amount, lag = rng.exponential(100, 600), rng.exponential(200, 600)
        amount *= lag / 200  # large cases take longer
        age = rng.uniform(100, 1500, 600)
        still = lag > age
        later = Lags.fit(amount, np.where(still, np.nan, lag), age, np.ones(600)).project(
            age[still], np.ones(int(still.sum()))
        )
        known.append(amount[still].sum())
        errors.append(later.value - known[-1])
        spreads.append(later.spread.variance**0.5)
    off, wide = np.array(errors), np.array(spreads)
    assert abs(off.mean()) < 0.06 * np.mean(known)
    assert 0.8 < off.std() / wide.mean() < 1.25
    assert (abs(off) < 1.96 * wide).mean() > 0.91


def test_one_large_case_that_took_long_is_not_expected_again() -> None:
    rng = np.random.default_rng(2)
    amount, lag, age = rng.exponential(100, 600), rng.uniform(50, 500, 600), rng.uniform(100, 1_200, 600)
    still = lag > age
    lag[still] = np.nan
    oldest = int(np.nanargmax(np.where(age > 1_100, lag, np.nan)))
    amount[oldest], lag[oldest] = 1e6, 1_100.0
    lags = Lags.fit(amount, lag, age, np.ones(600))
    open_ages = age[np.isnan(lag)]
    place = np.searchsorted(lags.lags, open_ages, side="right")
    ladder = float((lags.amount[place] / np.maximum(lags.weight[place], 1e-9)).sum())
    assert lags.project(open_ages, np.ones(len(open_ages))).value < 0.7 * ladder
