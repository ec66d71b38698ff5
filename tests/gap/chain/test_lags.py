"""What is still to come, from what has come."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.gap.chain.lags import Tail, fill_open


def test_the_triangle_by_hand() -> None:
    """Two old rows of each lag, two young ones of which one has settled: the others are still to come."""
    amount = np.array([10.0, 30.0, 10.0, 30.0, 10.0, np.nan])
    lag = np.array([50.0, 150.0, 50.0, 150.0, 50.0, np.nan])
    age = np.array([400.0, 400.0, 400.0, 400.0, 100.0, 100.0])
    filled, is_open, later = fill_open(amount, lag, age, np.ones(6))
    assert is_open.tolist() == [False] * 5 + [True]
    assert filled[5] == pytest.approx(30.0)
    assert later.value == pytest.approx(30.0)


def test_projection_is_unbiased_and_its_variance_right() -> None:
    rng = np.random.default_rng(1)
    errors, spreads = [], []
    for _ in range(200):
        amount, lag = rng.exponential(100, 600), rng.exponential(200, 600)
        amount *= lag / 200  # large cases take longer
        age = rng.uniform(100, 1500, 600)
        still = lag > age
        later = Tail.fit(amount, np.where(still, np.nan, lag), age, np.ones(600)).project(
            age[still], np.ones(int(still.sum()))
        )
        errors.append(later.value - amount[still].sum())
        spreads.append(later.variance**0.5)
    assert abs(np.mean(errors)) < 0.4 * np.mean(spreads)
    assert 0.6 < np.std(errors) / np.mean(spreads) < 1.4
