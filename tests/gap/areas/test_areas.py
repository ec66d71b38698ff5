"""Small areas: shares that add up, own samples where they tell, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.errors import InvalidDataError
from taxgap.gap.areas import Shrunk, shrink_areas


def shrink(own: np.ndarray, cases: np.ndarray, sizes: np.ndarray, **how: float) -> Shrunk:
    return shrink_areas(own, cases.astype(float), np.full(len(own), 100.0), sizes, variation=10.7, **how)


def test_areas_cover_and_are_nearer_than_their_own_cases() -> None:
    rng = np.random.default_rng(4)
    sizes, cases = np.full(20, 2_000.0), np.tile([15, 40, 120, 400], 5)
    inside, better, count = 0, [], 0
    for _ in range(40):
        true = 100 * np.exp(0.25 * rng.normal(size=20))
        own = np.array([np.where(rng.random(n) < 0.36, rng.lognormal(0, 1.2, n), 0).mean() for n in cases])
        own *= true / (0.36 * np.exp(0.72))
        found = shrink(own, cases, sizes, total=float(true @ sizes))
        inside += int(((found.low <= true * sizes) & (true * sizes <= found.high)).sum())
        better.append((np.abs(found.value / sizes - true).mean(), np.abs(own - true).mean()))
        count += 20
        assert found.value.sum() == pytest.approx(true @ sizes)
    assert inside / count >= 0.93
    shrunk, direct = np.mean(better, axis=0)
    assert shrunk < 0.75 * direct


def test_errors_grow_with_the_amount() -> None:
    """Two areas of as many cases, one of five times the amounts: its interval is as wide beside its value."""
    own = np.concatenate([np.full(9, 100.0), [500.0]])
    found = shrink(own, np.full(10, 60), np.full(10, 1_000.0), total=1.4e6)
    width = (found.high - found.low) / found.value
    assert width[9] == pytest.approx(width[0], rel=0.25)
    assert 150 < found.value[9] / 1_000 < 500


def test_an_area_with_most_cases_stands_by_itself() -> None:
    own, cases = np.array([20.0, 100.0, 120.0, 90.0]), np.array([4_000, 90, 80, 70])
    found = shrink(own, cases, 20.0 * cases, total=float(20 * own @ cases))
    assert found.weight[0] == pytest.approx(1.0)
    assert found.value[0] == pytest.approx(20.0 * 80_000, rel=0.01)
    assert found.weight[1:].max() < 0.9


def test_an_area_without_cases_is_what_is_expected_of_it() -> None:
    expected = np.array([100.0, 100.0, 50.0])
    found = shrink_areas(
        np.array([100.0, 100.0, 0.0]),
        np.array([500.0, 500.0, 0.0]),
        expected,
        np.ones(3),
        variation=9,
        total=250,
    )
    assert found.weight[2] == 0
    assert found.value[2] == pytest.approx(50.0, rel=0.05)
    assert found.high[2] / found.value[2] > found.high[0] / found.value[0]
    with pytest.raises(InvalidDataError, match="above 0"):
        shrink_areas(np.ones(2), np.ones(2), np.zeros(2), np.ones(2), variation=1, total=1)
