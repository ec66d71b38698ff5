from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import UsageError
from taxgap.risk import crossfit
from taxgap.risk.crossfit import assign_folds, cross_fit


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 15), min_size=8, max_size=60), st.integers(2, 4), st.integers(0, 5))
def test_a_taxpayer_stays_in_one_fold_and_folds_are_even(owners: list[int], folds: int, seed: int) -> None:
    index = pd.Index([f"T{i}" for i in owners], name="taxpayer_id")
    taxpayers = len(set(owners))
    if taxpayers < folds:
        with pytest.raises(UsageError, match="at most"):
            assign_folds(index, np.zeros(len(index), int), folds, seed)
        return
    fold = assign_folds(index, np.zeros(len(index), int), folds, seed)
    held = pd.Series(fold).groupby(np.array(index)).unique()
    assert (held.str.len() == 1).all()
    sizes = held.explode().value_counts()
    assert sizes.max() - sizes.min() <= 1
    assert len(sizes) == folds


def test_strata_are_dealt_evenly() -> None:
    strata = (np.arange(300) < 30).astype(int)
    fold = assign_folds(pd.RangeIndex(300), strata, 3, 0)
    assert np.bincount(fold[strata == 1]).tolist() == [10, 10, 10]


def test_folds_do_not_depend_on_the_order_of_the_rows() -> None:
    index = pd.Index([f"T{i:03d}" for i in range(50)], name="taxpayer_id")
    turned = index[::-1]
    strata = np.zeros(50, int)
    one = pd.Series(assign_folds(index, strata, 3, 1), index)
    other = pd.Series(assign_folds(turned, strata, 3, 1), turned)
    pd.testing.assert_series_equal(one, other.sort_index())


def test_no_row_is_scored_by_a_booster_that_has_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossfit, "read_booster", lambda seen: seen)
    monkeypatch.setattr(crossfit, "score_raw", lambda seen, matrix: np.isin(matrix[:, 0], seen).astype(float))
    matrix = np.arange(12.0)[:, None]
    fold = np.arange(12) % 3
    seen = cross_fit(matrix, np.ones(12), np.ones(12), fold, lambda m, _t, _w: m[:, 0])
    assert not seen.any()
