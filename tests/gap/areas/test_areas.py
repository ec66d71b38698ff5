"""Small areas: shares that add up, own samples where they tell, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.errors import InvalidDataError
from taxgap.gap.areas import shrink_areas


def test_areas_cover_and_are_nearer_than_their_own_cases() -> None:
    rng = np.random.default_rng(4)
    sizes, cases = np.full(20, 2_000.0), np.tile([15, 40, 120, 400], 5)
    inside, better, count = 0, [], 0
    for _ in range(60):
        true = 100 * np.exp(0.25 * rng.normal(size=20))
        own = np.array([np.where(rng.random(n) < 0.36, rng.lognormal(0, 1.2, n), 0).mean() for n in cases])
        own *= true / (0.36 * np.exp(0.72))
        found = shrink_areas(
            own, cases.astype(float), np.full(20, 100.0), sizes, variation=10.7, total=float(true @ sizes)
        )
        reach = np.exp(1.96 * np.sqrt(np.log1p(found.relative_error**2)))
        inside += int(((found.value / reach <= true * sizes) & (true * sizes <= found.value * reach)).sum())
        better.append((np.abs(found.value / sizes - true).mean(), np.abs(own - true).mean()))
        count += 20
        assert found.value.sum() == pytest.approx(true @ sizes)
    assert inside / count >= 0.93
    shrunk, direct = np.mean(better, axis=0)
    assert shrunk < 0.75 * direct


def test_an_area_without_cases_is_what_is_expected_of_it() -> None:
    found = shrink_areas(
        np.array([100.0, 0.0]),
        np.array([500.0, 0.0]),
        np.array([100.0, 50.0]),
        np.ones(2),
        variation=9,
        total=150,
    )
    assert found.weight[1] == 0
    assert found.value[1] == pytest.approx(50.0, rel=0.05)
    with pytest.raises(InvalidDataError, match="above 0"):
        shrink_areas(np.ones(2), np.ones(2), np.zeros(2), np.ones(2), variation=1, total=1)
