"""Random draws: uniform, independent, and a matter of who draws and why alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from taxgap.synthetic.streams import Streams

N = 20_000
SELDOM = 1e-5  # the chance that a right generator fails one of these tests
seeds = st.integers(0, 2**63)
purposes = st.text("ab /?#é", max_size=8)
entities = st.lists(st.integers(0, 2**63), min_size=1, max_size=20)
years = st.integers(0, 3)


def crowd(seed: int = 3) -> Streams:
    return Streams(seed, np.arange(N))


def are_independent(left: np.ndarray, right: np.ndarray) -> bool:
    counts = np.histogram2d(left, right, bins=8, range=[[0, 1], [0, 1]])[0]
    return bool(stats.chisquare(counts.ravel()).pvalue > SELDOM)


@given(seeds, purposes, entities, years)
@settings(deadline=None)
def test_draws_lie_strictly_between_zero_and_one(
    seed: int, purpose: str, entity: list[int], year: int
) -> None:
    drawn = Streams(seed, entity).uniform(purpose, year)
    assert drawn.shape == (len(entity),)
    assert (drawn > 0).all()
    assert (drawn < 1).all()
    assert np.isfinite(Streams(seed, entity).normal(purpose, year)).all()


def test_the_extreme_hashes_stay_inside_the_open_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    for extreme in (0, 2**64 - 1):
        monkeypatch.setattr(
            "taxgap.synthetic.streams._mix", lambda state, value=extreme: np.full_like(state, value)
        )
        drawn = Streams(1, [1]).uniform("extreme")
        assert 0 < drawn[0] < 1


@given(seeds, purposes, entities)
@settings(deadline=None)
def test_a_draw_depends_on_nobody_else(seed: int, purpose: str, entity: list[int]) -> None:
    together = Streams(seed, entity).uniform(purpose)
    order = np.random.default_rng(len(entity)).permutation(len(entity))
    assert (Streams(seed, entity)[order].uniform(purpose) == together[order]).all()
    alone = [Streams(seed, [one]).uniform(purpose)[0] for one in entity]
    assert (together == alone).all()


@given(entities, st.data())
@settings(deadline=None)
def test_a_counter_for_each_row_is_the_same_as_one_for_all(entity: list[int], data: st.DataObject) -> None:
    counters = data.draw(st.lists(years, min_size=len(entity), max_size=len(entity)))
    each = Streams(1, entity).uniform("x", counters)
    one_by_one = [
        Streams(1, [number]).uniform("x", counter)[0]
        for number, counter in zip(entity, counters, strict=True)
    ]
    assert (each == one_by_one).all()


def test_draws_are_the_same_on_every_machine_and_in_every_version() -> None:
    drawn = Streams(7, [0, 1, 2**40]).uniform("gross", [-1, 0, 3])
    assert drawn.round(12).tolist() == [0.277628079957, 0.74936752874, 0.668124596973]


@pytest.mark.parametrize("purpose", ["gross", "kind#", "detects honest_error", ""])
@pytest.mark.parametrize("year", [-1, 0, 3])
def test_draws_are_uniform(purpose: str, year: int) -> None:
    assert stats.kstest(crowd().uniform(purpose, year), "uniform").pvalue > SELDOM


def test_draws_of_one_entity_are_uniform_over_counters() -> None:
    drawn = Streams(3, np.zeros(N)).uniform("x", np.arange(N))
    assert stats.kstest(drawn, "uniform").pvalue > SELDOM


@pytest.mark.parametrize(
    "other",
    [
        crowd().uniform("b"),
        crowd().uniform("a "),
        crowd().uniform("a", 0),
        crowd(4).uniform("a"),
        Streams(3, np.arange(1, N + 1)).uniform("a"),
        Streams(3, np.arange(N) + 2**32).uniform("a"),
    ],
    ids=["purpose", "similar purpose", "counter", "seed", "neighbour", "far entity"],
)
def test_draws_are_independent(other: np.ndarray) -> None:
    assert are_independent(crowd().uniform("a"), other)


def test_draws_of_consecutive_years_are_independent() -> None:
    assert are_independent(crowd().uniform("a", 1), crowd().uniform("a", 2))


def test_an_entity_and_its_year_cannot_be_exchanged() -> None:
    drawn = [Streams(3, [entity]).uniform("a", year)[0] for entity in range(4) for year in range(4)]
    assert len(set(drawn)) == 16


def test_normal_draws_stand_at_the_rank_of_the_uniform_ones() -> None:
    np.testing.assert_allclose(crowd().normal("a", 2), stats.norm.ppf(crowd().uniform("a", 2)), atol=1e-12)


@given(st.floats(1e-3, 1 - 1e-3), st.integers(0, 100))
@settings(deadline=None, max_examples=30)
def test_events_happen_as_often_as_they_should(probability: float, seed: int) -> None:
    share = Streams(seed, np.arange(4_000)).happens(probability, "event").mean()
    assert abs(share - probability) <= 5 * np.sqrt(probability * (1 - probability) / 4_000)


def test_whether_and_how_much_are_independent() -> None:
    happens = crowd().happens(0.5, "slip")
    assert abs(crowd().uniform("slip")[happens].mean() - 0.5) < 5 * np.sqrt(1 / 12 / (N / 2))


def test_a_likelier_event_includes_a_less_likely_one() -> None:
    assert not (crowd().happens(0.3, "event") & ~crowd().happens(0.4, "event")).any()


def test_choices_follow_their_weights() -> None:
    weights = np.array([3.0, 0.0, 1.0, 6.0, 0.0])
    counts = np.bincount(crowd().choice(weights, "kind"), minlength=5)
    assert counts[[1, 4]].sum() == 0
    assert stats.chisquare(counts[[0, 2, 3]], N * weights[[0, 2, 3]] / 10).pvalue > SELDOM
