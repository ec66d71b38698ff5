"""Small areas: shares that add up, own samples where they tell, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.areas import Shrunk, shrink_areas


def shrink(own: np.ndarray, cases: np.ndarray, sizes: np.ndarray, **how: float) -> Shrunk:
    return shrink_areas(own, cases.astype(float), np.full(len(own), 100.0), sizes, variation=10.7, **how)


def draw(
    rng: np.random.Generator, cases: np.ndarray, sizes: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the true total of each area's returns, and the cases of each."""
    mean = 100 / (0.36 * np.exp(0.72)) * np.exp(0.25 * rng.normal(size=len(cases)))
    returns = [
        m * (rng.random(n) < 0.36) * rng.lognormal(0, 1.2, n) for m, n in zip(mean, sizes, strict=True)
    ]
    drawn = [amounts[:n] for amounts, n in zip(returns, cases, strict=True)]
    return np.array([amounts.sum() for amounts in returns]), drawn


def estimate(drawn: list[np.ndarray], cases: np.ndarray, sizes: np.ndarray) -> tuple[Shrunk, np.ndarray]:
    """Estimate areas as the chain does: variation and total come from the same cases."""
    own, pooled = np.array([amounts.mean() for amounts in drawn]), np.concatenate(drawn)
    expected = np.full(len(own), float(own @ sizes / sizes.sum()))
    middle = (cases * own + 20 * expected) / (cases + 20)
    variation = float(((pooled / np.repeat(middle, cases) - 1) ** 2).mean())
    return shrink_areas(own, cases, expected, sizes, variation=variation, total=float(own @ sizes)), own


@pytest.mark.parametrize("alike", [True, False])
def test_areas_cover_and_are_nearer_than_their_own_cases(alike: bool) -> None:
    """Drawn alike, or all areas of one size: then 15 cases weigh in the total as 400 do, and raking errs."""
    rng = np.random.default_rng([4, alike])
    cases = np.tile([15, 40, 120, 400], 5)
    sizes = 10 * cases if alike else np.full(20, 2_000)
    inside, better = np.zeros(20), []
    for _ in range(80):
        true, drawn = draw(rng, cases, sizes)
        found, own = estimate(drawn, cases, sizes)
        inside += (found.low <= true) & (true <= found.high)
        better.append((np.abs(found.value - true).mean(), np.abs(own * sizes - true).mean()))
        assert found.value.sum() == pytest.approx(own @ sizes)
    held = inside.reshape(5, 4).mean(axis=0) / 80
    assert (held >= 0.92).all(), held
    shrunk, direct = np.mean(better, axis=0)
    assert shrunk < (0.95 if alike else 0.8) * direct


def test_a_total_beside_what_areas_came_to_widens_all() -> None:
    """A total that moves the areas by a tenth, or that errs by a tenth more than they do together."""
    own, cases, sizes = np.full(8, 100.0), np.full(8, 4_000), np.full(8, 40_000.0)
    plain = shrink(own, cases, sizes, total=3.2e7)
    for wider in (
        shrink(own, cases, sizes, total=3.2e7 * np.exp(0.1)),
        shrink(own, cases, sizes, total=3.2e7, total_error=0.1),
    ):
        half = np.log(wider.high / wider.value)
        np.testing.assert_allclose(half, np.hypot(1.96 * 0.1, np.log(plain.high / plain.value)), rtol=0.08)


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
        np.full(3, 1_000.0),
        variation=9,
        total=250_000,
    )
    assert found.weight[2] == 0
    assert found.value[2] == pytest.approx(50_000, rel=0.05)
    assert found.high[2] / found.value[2] > found.high[0] / found.value[0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"mean": [1.0, -1.0]}, "mean of an area is negative"),
        ({"mean": [1.0, np.nan]}, "mean is missing or infinite in 1 of 2"),
        ({"mean": [1.0]}, "cases has 2 rows; 1 were expected"),
        ({"cases": [3.0, np.nan]}, "cases is missing"),
        ({"cases": [3.0, -1.0]}, "fewer than 0 cases"),
        ({"cases": [3.0, 11.0]}, "more cases than returns"),
        ({"expected": [1.0, 0.0]}, "above 0"),
        ({"expected": [1.0, np.nan]}, "expected is missing"),
        ({"sizes": [10.0, 10.0, 10.0]}, "sizes has 3 rows"),
        ({"cases": [0.0, 0.0], "sizes": [0.0, 0.0]}, "all 0"),
        ({"variation": 0.0}, "variation is 0.0"),
        ({"variation": np.nan}, "variation is nan"),
        ({"total": -1.0}, "total is -1.0"),
        ({"total": None}, "total is None"),
        ({"total_error": np.inf}, "total_error is inf"),
        ({"detection": -0.1}, "detection is -0.1"),
        ({"level": 95}, "level is 95"),
    ],
)
def test_what_is_refused(given: dict[str, object], says: str) -> None:
    columns = {"mean": [1.0, 2.0], "cases": [3.0, 3.0], "expected": [1.0, 1.0], "sizes": [10.0, 10.0]}
    usual = {**columns, "variation": 4.0, "total": 30.0}
    assert np.isfinite(shrink_areas(**usual).high).all()
    with pytest.raises((UsageError, InvalidDataError), match=says):
        shrink_areas(**{**usual, **given})


def test_means_of_areas_without_cases_are_not_read() -> None:
    rest = {"expected": [1.0, 1.0], "sizes": [10.0, 10.0], "variation": 4.0, "total": 20.0}
    none, any_ = (shrink_areas([1.0, mean], [5, 0], **rest) for mean in (np.nan, -7.0))
    np.testing.assert_array_equal(none.high, any_.high)
    assert none.value.sum() == pytest.approx(20.0)
