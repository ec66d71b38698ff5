"""The stability index: unbiased when nothing moves, its intervals cover, and its tests keep their rate."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.risk.stability import exceeds, holm, index_of, measure_stability


def draw(
    spreads: tuple[np.ndarray, np.ndarray], sizes: tuple[int, int], times: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    (p, q), (n, m) = spreads, sizes
    rng = np.random.default_rng(seed)
    first, second = rng.multinomial(n, p, times), rng.multinomial(m, q, times)
    return list(zip(first.astype(float), second.astype(float), strict=True))


def moved(bins: int, index: float) -> tuple[np.ndarray, np.ndarray]:
    """Give two spreads whose stability index is nearly as asked."""
    p = np.full(bins, 1 / bins)
    slope = np.linspace(-1, 1, bins)
    step = 0.0
    while True:
        q = p * np.exp(step * slope)
        q /= q.sum()
        if ((p - q) * np.log(p / q)).sum() >= index:
            return p, q
        step += 0.001


def test_equal_spreads_have_no_index_and_empty_bins_do_no_harm() -> None:
    assert index_of(np.array([5.0, 5.0, 0.0]), np.array([5.0, 5.0, 0.0])) == (0.0, 0.0, 1, 5.0)
    assert np.isfinite(index_of(np.array([50.0, 0.0]), np.array([0.0, 50.0]))[0])
    assert index_of(np.array([50.0, 0.0]), np.array([9.0, 0.0]))[2] == 0
    assert index_of(np.zeros(3), np.ones(3)) == (0.0, 0.0, 0, 0.0)


def test_what_sampling_adds_is_taken_off() -> None:
    p = np.array([0.1, 0.2, 0.3, 0.4])
    table = measure_stability(draw((p, p), (800, 400), 400, seed=1))
    assert (table["raw"] * table["size"]).mean() == pytest.approx(3, abs=0.4)
    assert (table["raw"] - 3 / table["size"]).mean() == pytest.approx(0, abs=0.001)


@pytest.mark.parametrize("index", [0.02, 0.15])
def test_the_interval_covers(index: float) -> None:
    p, q = moved(8, index)
    true = ((p - q) * np.log(p / q)).sum()
    table = measure_stability(draw((p, q), (2_000, 1_500), 300, seed=2))
    covers = table["low"].le(true) & table["high"].ge(true)
    assert covers.mean() == pytest.approx(0.95, abs=0.04)


def test_a_move_as_large_as_the_tolerance_is_rejected_at_the_level_and_less_is_not() -> None:
    p, q = moved(8, 0.05)
    tolerance = ((p - q) * np.log(p / q)).sum()
    for true, least, most in (((p, q), 0.02, 0.09), ((p, p), 0.0, 0.005)):
        table = measure_stability(draw(true, (2_000, 2_000), 400, seed=3))
        tail = exceeds(
            *(table[name].to_numpy() for name in ("distance", "freedom", "size")), np.full(400, tolerance)
        )
        assert least <= (tail < 0.05).mean() <= most


@pytest.mark.long
def test_the_rates_hold_over_thousands_of_draws() -> None:
    for bins in (2, 5, 11):
        for index in (0.005, 0.05, 0.1):
            p, q = moved(bins, index)
            true = ((p - q) * np.log(p / q)).sum()
            table = measure_stability(draw((p, q), (6_000, 5_000), 4_000, seed=bins))
            tail = exceeds(
                *(table[n].to_numpy() for n in ("distance", "freedom", "size")), np.full(4_000, true)
            )
            assert (tail < 0.05).mean() < 0.06
            covers = table["low"].le(true) & table["high"].ge(true)
            assert covers.mean() == pytest.approx(0.95, abs=0.015)


def test_holm_holds_the_rate_of_any_false_alarm() -> None:
    p = np.random.default_rng(4).random((3_000, 40))
    false = np.mean([holm(row, 0.05).any() for row in p])
    assert false == pytest.approx(0.05, abs=0.015)
    assert not len(holm(np.zeros(0), 0.05))


def test_rare_bins_raise_no_alarm_of_their_own() -> None:
    # Nine in ten returns have no such cost: in a small slice hardly any is expected in the other bins.
    p = np.r_[0.9, np.full(10, 0.01)]
    table = measure_stability(draw((p, p), (120, 130), 4_000, seed=5))
    tail = exceeds(*(table[n].to_numpy() for n in ("distance", "freedom", "size")), np.zeros(4_000))
    assert (tail < 0.001).mean() < 0.003
