from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import split_bins, to_flags, to_floats, to_probabilities

VALUES = npst.arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.5]))


def test_floats_keep_their_values() -> None:
    assert to_floats(pd.Series([1, 2], dtype="Int64"), "amount").tolist() == [1.0, 2.0]
    assert to_floats([True, False], "flag").dtype == np.float64


@pytest.mark.parametrize("bad", [[1.0, None], [1.0, float("inf")], [1.0, float("nan")]])
def test_missing_and_infinite_values_are_counted(bad: list[float]) -> None:
    with pytest.raises(InvalidDataError, match="missing or infinite in 1 of 2 rows"):
        to_floats(bad, "amount")


def test_text_is_no_number() -> None:
    with pytest.raises(InvalidDataError, match="numbers only"):
        to_floats(["a", "b"], "amount")


def test_words_and_dates_are_no_numbers() -> None:
    for values in (["1", "2"], pd.Series(["1.5"], dtype="string"), pd.to_datetime(["2024-01-31"])):
        with pytest.raises(InvalidDataError, match="numbers only"):
            to_floats(values, "amount")


def test_the_number_of_rows_must_fit() -> None:
    with pytest.raises(UsageError, match="has 2 rows; 3 were expected"):
        to_floats([1, 2], "amount", rows=3)


def test_a_series_must_be_aligned() -> None:
    values = pd.Series([1.0, 2.0], index=["b", "a"])
    with pytest.raises(UsageError, match="not those of the feature frame"):
        to_floats(values, "amount", index=pd.Index(["a", "b"]))


def test_flags_are_ones_and_zeros() -> None:
    assert to_flags(pd.Series([True, False]), "y").tolist() == [True, False]
    with pytest.raises(InvalidDataError, match="true or false"):
        to_flags([0, 2], "y")


@pytest.mark.parametrize("bad", [0.0, -0.1, 1.1])
def test_probabilities_lie_above_0_up_to_1(bad: float) -> None:
    with pytest.raises(InvalidDataError, match="not in 1 of 2 rows"):
        to_probabilities([0.5, bad], "inclusion_probability")


@settings(deadline=None)
@given(VALUES, st.integers(1, 12))
def test_bins_rise_with_the_value_and_equal_values_share_one(values: np.ndarray, bins: int) -> None:
    label = split_bins(values, np.ones(len(values)), bins)
    order = np.argsort(values, kind="stable")
    assert (np.diff(label[order]) >= 0).all()
    assert label.min() >= 0
    assert label.max() < bins
    assert all(len(set(label[values == value])) == 1 for value in set(values.tolist()))


def test_bins_hold_equal_weight() -> None:
    rng = np.random.default_rng(0)
    value, weight = rng.random(5000), rng.random(5000) + 0.5
    share = np.bincount(split_bins(value, weight, 10), weights=weight) / weight.sum()
    assert np.allclose(share, 0.1, atol=0.001)
