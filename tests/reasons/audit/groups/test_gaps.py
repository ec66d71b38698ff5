"""Gaps between groups: found where they are, and not where chance makes them."""

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.figures import Bootstrap
from taxgap.reasons.audit.groups.gaps import find_gap, level_groups, residual


def _draw(shares, size=150, seed=0, repeats=1):
    random = np.random.default_rng(seed)
    groups = pd.Series(np.repeat([f"g{i}" for i in range(len(shares))], size * repeats))
    people = np.repeat(np.arange(len(shares) * size), repeats)
    each = (random.random(len(shares) * size) < np.repeat(shares, size)).astype(float)
    index = pd.MultiIndex.from_arrays(
        [people.astype(str), np.arange(len(people))], names=["taxpayer_id", "period"]
    )
    draws = Bootstrap(index, np.ones(len(people)), draws=200, seed=seed)
    return draws, np.repeat(each, repeats), level_groups(groups, np.repeat(each, repeats))


def test_a_worse_group_is_found():
    gap = find_gap(*_draw([0.8, 0.8, 0.8, 0.4]))
    assert gap.lowest == "g3"
    assert gap.p < 0.01
    assert 0.15 < gap.found.low < gap.found.value < gap.found.high


def test_under_the_null_gaps_are_rarely_significant_and_intervals_hold_zero():
    gaps = [find_gap(*_draw([0.7] * 5, seed=seed), permutations=100) for seed in range(20)]
    assert np.mean([gap.p < 0.05 for gap in gaps]) <= 0.2
    assert np.mean([gap.found.low > 0 for gap in gaps]) <= 0.2
    assert np.mean([gap.found.value for gap in gaps]) == pytest.approx(
        np.mean([gap.chance for gap in gaps]), rel=0.3
    )


def test_returns_of_one_taxpayer_do_not_count_as_many():
    alone, fourfold = (find_gap(*_draw([0.7] * 4, seed=3, repeats=k)) for k in (1, 4))
    assert fourfold.found.value == pytest.approx(alone.found.value)
    assert fourfold.chance == pytest.approx(alone.chance, rel=0.2)
    assert fourfold.found.high == pytest.approx(alone.found.high, rel=0.05)


def test_one_group_has_no_gap():
    assert find_gap(*_draw([0.5])) is None


def test_small_groups_are_pooled_or_left_out_and_named():
    groups = pd.Series(["large"] * 40 + ["b"] * 20 + ["c"] * 15 + [None])
    levels = level_groups(groups, np.ones(76))
    assert levels.names == ["large", "all smaller groups"]
    assert levels.left_out == {"b": 20, "c": 15}
    assert levels.codes[-1] == -1
    alone = level_groups(groups, np.where(groups == "c", np.nan, 1.0))
    assert alone.names == ["large"]
    assert alone.left_out == {"b": 20}


def test_like_for_like_takes_away_what_the_kind_explains():
    kinds = pd.Series(["easy"] * 60 + ["hard"] * 60)
    groups = pd.Series((["a"] * 50 + ["b"] * 10) + (["a"] * 10 + ["b"] * 50))
    values = np.where(kinds == "easy", 0.9, 0.3)
    left = residual(values, kinds, np.ones(120, dtype=bool))
    by_group = pd.Series(left).groupby(groups).mean()
    assert by_group["a"] == pytest.approx(by_group["b"])
    assert left.mean() == pytest.approx(values.mean())
