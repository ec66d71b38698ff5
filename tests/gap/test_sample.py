"""Samples as they come in: rows that belong together, and numbers of any make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap import estimate_total
from taxgap.gap.sample import read_sample

N = 500
NAMES = [f"id-{number:02d}" for number in range(50)]


@pytest.fixture
def columns():
    y = pd.Series(np.arange(50.0), index=NAMES)
    stratum = pd.Series(["a"] * 20 + ["b"] * 30, index=NAMES)
    chance = stratum.map({"a": 0.05, "b": 0.3})
    return {"y": y, "inclusion_probability": chance, "scores": y % 7 + 1, "strata": stratum}


@pytest.fixture
def everyone():
    scores = pd.Series(np.linspace(1, 90, N), index=np.arange(N))
    return {
        "population_scores": scores,
        "population_strata": pd.Series(["a"] * 400 + ["b"] * 100, index=scores.index),
    }


@pytest.mark.parametrize("name", ["inclusion_probability", "scores", "strata"])
def test_series_in_another_order_are_refused(columns, everyone, name):
    turned = columns | {name: columns[name][::-1]}
    with pytest.raises(UsageError, match=f"rows of {name} are not those of y") as refused:
        read_sample(**turned, **everyone)
    assert f"{name}.reindex(y.index)" in str(refused.value)
    assert f"{name}.to_numpy()" in str(refused.value)


def test_so_are_those_of_everyone(columns, everyone):
    turned = everyone | {"population_strata": everyone["population_strata"][::-1]}
    with pytest.raises(UsageError, match="rows of population_strata are not those of population_scores"):
        read_sample(**columns, **turned)


def test_series_without_y_are_held_against_each_other(columns):
    bare = {"y": columns["y"].to_numpy(), "inclusion_probability": columns["inclusion_probability"]}
    with pytest.raises(UsageError, match="rows of strata are not those of inclusion_probability"):
        read_sample(**bare, strata=columns["strata"][::-1])


def test_arrays_are_matched_by_position_and_equal_indexes_too(columns, everyone):
    plain = {name: column.to_numpy() for name, column in columns.items()}
    known = {name: column.to_numpy() for name, column in everyone.items()}
    expected = estimate_total(**plain, **known)
    assert estimate_total(**columns, **everyone) == expected
    assert estimate_total(**columns | {"scores": plain["scores"]}, **everyone) == expected
    again = columns["y"].sample(frac=1, random_state=3).index
    other = estimate_total(**{name: column.reindex(again) for name, column in columns.items()}, **everyone)
    assert (other.value, other.high) == pytest.approx((expected.value, expected.high))


@pytest.mark.parametrize("chance", [np.float32(0.125), np.float64(0.125), np.array(0.125), 0.125])
def test_one_probability_may_be_any_number(chance):
    assert read_sample(np.arange(50.0), chance).population == pytest.approx(400)
    assert read_sample(np.arange(50.0), np.int64(1)).population == 50


@pytest.mark.parametrize("chance", [np.float64("nan"), None, "much", 0])
def test_one_probability_must_be_one(chance):
    with pytest.raises(InvalidDataError, match="inclusion_probability"):
        read_sample(np.arange(50.0), chance)


def test_the_size_may_come_from_numpy():
    assert read_sample(np.arange(50.0), 0.1, population_size=np.int64(500)).population == 500
    sizes = {"a": np.float32(400), "b": np.int64(100)}
    found = read_sample(
        np.arange(50.0),
        np.repeat([0.05, 0.3], [20, 30]),
        strata=["a"] * 20 + ["b"] * 30,
        population_strata=sizes,
        population_size=500,
    )
    assert found.sizes.tolist() == [400, 100]
