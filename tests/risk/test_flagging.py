"""Ranks: a permutation of each period, by score, with ties drawn by lot and for good."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.risk.flagging import rank_within, within_share

RETURNS = st.lists(
    st.tuples(st.sampled_from(["2022-23", "2023-24"]), st.sampled_from([0.0, 1.0, 2.5, -3.0])), max_size=40
)


@settings(max_examples=40, deadline=None)
@given(returns=RETURNS, seed=st.integers(0, 99))
def test_ranks_are_a_permutation_by_score_that_the_order_of_rows_cannot_change(
    returns: list[tuple[str, float]], seed: int
) -> None:
    frame = pd.DataFrame(returns, columns=["period", "score"]).assign(
        taxpayer_id=[f"T{i}" for i in range(len(returns))]
    )
    frame["rank"] = rank_within(frame["period"], frame["score"], frame["taxpayer_id"])
    for _, year in frame.groupby("period"):
        assert sorted(year["rank"]) == list(range(1, len(year) + 1))
        assert year.sort_values("rank")["score"].is_monotonic_decreasing
    shuffled = frame.sample(frac=1.0, random_state=seed)
    again = rank_within(shuffled["period"], shuffled["score"], shuffled["taxpayer_id"])
    assert np.array_equal(again, shuffled["rank"])


def test_ties_are_not_settled_by_the_number_of_the_taxpayer() -> None:
    names = pd.Series([f"T{i:02}" for i in range(30)])
    ranks = rank_within(pd.Series("2023-24", names.index), pd.Series(0.0, names.index), names)
    assert ranks.tolist() != sorted(ranks)
    assert ranks.tolist() != sorted(ranks, reverse=True)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(0, 300), percent=st.integers(0, 100))
def test_a_share_is_rounded_down_to_whole_returns(rows: int, percent: int) -> None:
    periods = pd.Series(["2023-24"] * rows, dtype="str")
    inside = within_share(periods, np.arange(1, rows + 1), percent / 100)
    assert inside.sum() == rows * percent // 100
