"""Intervals of an audit: closed forms, coverage, and the one tidy form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import Bootstrap, Figure, tidy


def draws_of(rows: int, *, weight: np.ndarray | None = None, draws: int = 400, seed: int = 0) -> Bootstrap:
    index = pd.MultiIndex.from_arrays([range(rows), ["2023-24"] * rows], names=["taxpayer_id", "period"])
    return Bootstrap(index, np.ones(rows) if weight is None else weight, draws, seed)


def test_a_mean_is_weighted_and_passes_over_what_is_missing() -> None:
    found = draws_of(4, weight=np.array([1.0, 3.0, 1.0, 9.0])).mean(np.array([1.0, 0.0, 1.0, np.nan]))
    assert found.value == pytest.approx(0.4)
    assert found.n == 3
    assert found.low <= 0.4 <= found.high


def test_nothing_measured_is_not_known() -> None:
    found = draws_of(3).mean(np.full(3, np.nan))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.n == 0


def test_a_share_of_all_has_an_interval() -> None:
    found = draws_of(20).mean(np.ones(20))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.8 < found.low < 0.9


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(1)
    found = [draws_of(150, draws=200, seed=s).mean(rng.random(150) < 0.3) for s in range(200)]
    covered = np.mean([each.low <= 0.3 <= each.high for each in found])
    assert 0.91 < covered <= 1.0


def test_the_same_draws_make_differences_sharper_than_intervals_apart() -> None:
    rng = np.random.default_rng(2)
    hard = rng.random(400)
    one, other = (hard < 0.5).astype(float), (hard < 0.55).astype(float)
    draws = draws_of(400)
    paired = draws.difference(other, one)
    assert paired.value == pytest.approx(draws.mean(other).value - draws.mean(one).value)
    assert paired.low > 0
    assert draws.mean(one).high > draws.mean(other).low


def test_returns_of_one_taxpayer_are_drawn_together() -> None:
    values = np.repeat(np.random.default_rng(3).random(30) < 0.5, 10)
    index = pd.MultiIndex.from_product([range(30), range(10)], names=["taxpayer_id", "period"])
    together = Bootstrap(index, np.ones(300)).mean(values)
    apart = draws_of(300).mean(values)
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_a_ratio_is_that_of_totals() -> None:
    found = draws_of(3).ratio(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_figures_are_one_row_each_in_the_order_of_the_fields() -> None:
    table = tidy([Figure(part="recovery", measure="recall@3", value=0.5)])
    assert list(table.columns) == list(Figure.__dataclass_fields__)
    assert table.loc[0, "method"] == "reasons"
    assert tidy(()).columns.tolist() == table.columns.tolist()
