"""Amounts from published bands: every band gets its share, and nothing leaves its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.synthetic.bands import draw_from_bands
from taxgap.synthetic.streams import Floats

LOWER = [0, 10_000, 20_000, 50_000]
COUNTS = [40, 30, 20, 10]
RANKS = (np.arange(100_000) + 0.5) / 100_000
tables = st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 1_000)), min_size=2, max_size=8)


def draw(rank: Floats, *, tail: float = 2.0, cap: float = 1e7) -> Floats:
    return draw_from_bands(rank, LOWER, COUNTS, floor=1_000, tail=tail, cap=cap)


def test_every_band_gets_its_published_share() -> None:
    shares = np.histogram(draw(RANKS), [*LOWER, 1e8])[0] / len(RANKS)
    assert shares == pytest.approx(np.array(COUNTS) / 100, abs=2e-5)


@given(tables, st.floats(1.1, 4))
@settings(deadline=None)
def test_every_band_of_any_table_gets_its_share(bands: list[tuple[int, int]], tail: float) -> None:
    lower = np.cumsum([width for width, _ in bands])
    counts = np.array([count for _, count in bands])
    amounts = draw_from_bands(RANKS, lower, counts, floor=float(lower[0]), tail=tail, cap=np.inf)
    inside = np.searchsorted(lower * (1 - 1e-9), amounts, side="right") - 1
    assert np.bincount(inside, minlength=len(bands)) / len(RANKS) == pytest.approx(
        counts / counts.sum(), abs=1e-4
    )


@given(tables, st.floats(1.1, 4), st.floats(1, 100))
@settings(deadline=None)
def test_a_larger_rank_never_gives_a_smaller_amount(
    bands: list[tuple[int, int]], tail: float, floor: float
) -> None:
    lower = np.cumsum([0, *(width + 100 for width, _ in bands[1:])])
    counts = [count for _, count in bands]
    amounts = draw_from_bands(RANKS[::100], lower, counts, floor=floor, tail=tail, cap=1e6)
    assert (np.diff(amounts) >= 0).all()
    assert amounts.min() >= floor * (1 - 1e-9)
    assert amounts.max() <= 1e6


def test_amounts_are_log_uniform_within_a_band() -> None:
    amounts = draw(RANKS)
    inside = amounts[(amounts >= 10_000) & (amounts < 20_000)]
    assert np.median(inside) == pytest.approx(np.sqrt(10_000 * 20_000), rel=1e-3)


def test_the_tail_has_the_mean_of_its_pareto_index() -> None:
    amounts = draw(RANKS, tail=3.0, cap=np.inf)
    assert amounts[amounts >= 50_000].mean() == pytest.approx(50_000 * 3 / 2, rel=0.01)


def test_no_amount_exceeds_the_cap() -> None:
    assert draw(RANKS, tail=1.1, cap=200_000).max() == 200_000
