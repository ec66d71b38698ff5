"""Peers: a bounded sample without identifiers, benchmarks by rung, and positions that stay finite."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import FURTHEST, GROUPS, STANDS_FOR, PeerGroups

TRADES = ["shops", "wholesale", "none"]
SIZES = ["small", "large"]


def draw(rows: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = random.lognormal(size=rows)
    values[random.random(rows) < 0.2] = np.nan
    return pd.DataFrame(
        {
            "trade_group": pd.Categorical.from_codes(random.integers(0, 3, rows), TRADES),
            "size_band": pd.Categorical.from_codes(random.integers(0, 2, rows), SIZES),
            "share": values,
        },
        index=pd.MultiIndex.from_product(
            [[f"T{i}" for i in range(rows)], ["2023-24"]], names=["taxpayer_id", "period"]
        ),
    )


def group(trade: object, size: object, **measures: float) -> pd.DataFrame:
    return pd.DataFrame({"trade_group": [trade], "size_band": [size], **measures})


def test_the_sample_is_bounded_and_names_nobody() -> None:
    rows = PeerGroups.fit(draw(5_000), per_group=100).rows
    assert rows.groupby(list(GROUPS), observed=True).size().tolist() == [100] * 6
    assert rows.index.equals(pd.RangeIndex(600))
    assert list(rows.columns) == ["trade_group", "size_band", "share", "stands_for"]


def test_each_row_of_the_sample_says_how_many_returns_it_stands_for() -> None:
    observed = draw(3_000)
    observed.loc[observed.index[:40], list(GROUPS)] = None  # an unknown group is a group too
    parts = [observed.iloc[start : start + 700] for start in range(0, 3_000, 700)]
    peers = PeerGroups.fit([*parts, observed.iloc[:0]], per_group=30)
    keys = list(GROUPS)
    expected = observed.groupby(keys, observed=True, dropna=False).size()
    found = peers.rows.groupby(keys, observed=True, dropna=False)["stands_for"].agg(["sum", "nunique"])
    assert found["sum"].tolist() == pytest.approx(expected.tolist())
    assert (found["nunique"] == 1).all()
    assert PeerGroups.fit(observed, per_group=3_000).stands_for.tolist() == [1.0] * 3_000


def test_a_sample_saved_before_rows_stood_for_others_counts_each_once() -> None:
    rows = PeerGroups.fit(draw(500), per_group=20).rows
    assert PeerGroups(rows.drop(columns=STANDS_FOR)).stands_for.tolist() == [1.0] * len(rows)


def test_what_a_row_stands_for_is_no_measure() -> None:
    peers = PeerGroups.fit(draw(500))
    assert peers.measures == ["share"]
    with pytest.raises(UsageError, match="'stands_for'"):
        peers.benchmarks(peers.rows, "stands_for")


def test_the_sample_depends_neither_on_order_nor_on_partitions() -> None:
    observed = draw(4_000)
    rows = PeerGroups.fit(observed, per_group=50).rows
    shuffled = observed.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(rows, PeerGroups.fit(shuffled, per_group=50).rows)
    parts = (shuffled.iloc[start : start + 700] for start in range(0, 4_000, 700))
    pd.testing.assert_frame_equal(rows, PeerGroups.fit(parts, per_group=50).rows)


def test_peers_are_rebuilt_from_their_rows() -> None:
    observed = draw(2_000)
    fitted = PeerGroups.fit(observed)
    rebuilt = PeerGroups(fitted.rows, minimum=50)
    pd.testing.assert_frame_equal(fitted.benchmarks(observed, "share"), rebuilt.benchmarks(observed, "share"))


def test_benchmarks_are_the_quartiles_of_the_group() -> None:
    observed = draw(3_000)
    found = PeerGroups.fit(observed, per_group=10_000).benchmarks(observed, "share")
    expected = observed.groupby(list(GROUPS), observed=True)["share"]
    for column, share in (("low", 0.25), ("median", 0.5), ("high", 0.75)):
        pd.testing.assert_series_equal(
            found[column], expected.transform("quantile", share), check_names=False, rtol=1e-12
        )
    assert (found["n"] == expected.transform("count")).all()


@settings(max_examples=30, deadline=None)
@given(
    cells=st.lists(st.tuples(st.sampled_from(TRADES), st.sampled_from(SIZES)), min_size=1, max_size=60),
    minimum=st.integers(1, 20),
)
def test_the_ladder_stops_at_the_first_rung_with_enough_peers(
    cells: list[tuple[str, str]], minimum: int
) -> None:
    rows = pd.DataFrame(cells, columns=list(GROUPS)).assign(share=np.arange(len(cells), dtype=float))
    asked = pd.DataFrame(product(TRADES, SIZES), columns=list(GROUPS))
    found = PeerGroups(rows, minimum=minimum).benchmarks(asked, "share").to_numpy()
    for (trade, size), benchmark in zip(product(TRADES, SIZES), found, strict=True):
        same_trade, same_size = rows["trade_group"] == trade, rows["size_band"] == size
        rungs = (same_trade & same_size, same_trade, same_size)
        used = next((rung for rung in rungs if rung.sum() >= minimum), rows["share"] >= 0)
        values = rows.loc[used, "share"].to_numpy()
        assert benchmark.tolist() == pytest.approx([*np.quantile(values, [0.25, 0.5, 0.75]), len(values)])


@pytest.mark.parametrize(
    ("trade", "size", "n"), [("brewing", "small", 2), (None, None, 3), ("shops", "huge", 2)]
)
def test_an_unknown_group_is_compared_more_widely(trade: object, size: object, n: int) -> None:
    rows = pd.DataFrame(
        {"trade_group": ["shops", "shops", "none"], "size_band": ["small", "large", "small"], "share": 1.0}
    )
    assert PeerGroups(rows, minimum=2).benchmarks(group(trade, size), "share")["n"].item() == n


def test_rows_without_a_group_count_for_everyone_only() -> None:
    rows = pd.DataFrame({"trade_group": [None] * 3, "size_band": [None] * 3, "share": [1.0, 2.0, 3.0]})
    assert PeerGroups(rows, minimum=1).benchmarks(group(None, None), "share")["n"].item() == 3


def test_a_measure_that_nobody_has_gives_no_benchmark() -> None:
    peers = PeerGroups(group("shops", "small", share=np.nan))
    found = peers.benchmarks(group("shops", "small"), "share").iloc[0]
    assert found[["low", "median", "high"]].isna().all()
    assert found["n"] == 0
    assert peers.position(group("shops", "small", share=1.0), "share").isna().all()


def test_positions_of_the_quartiles_are_one_from_the_median() -> None:
    rows = group("shops", "small").loc[[0] * 5].assign(share=[0.0, 1.0, 2.0, 3.0, 4.0])
    peers = PeerGroups(rows, minimum=1)
    observed = group("shops", "small").loc[[0] * 5].assign(share=[1.0, 2.0, 3.0, 1e9, np.nan])
    assert peers.position(observed, "share").tolist()[:4] == [-1.0, 0.0, 1.0, FURTHEST]
    assert peers.position(observed, "share").isna().tolist() == [False] * 4 + [True]


def test_a_group_that_mostly_reports_nothing_has_a_scale_from_everyone() -> None:
    quiet = group("shops", "small").loc[[0] * 90].assign(share=0.0)
    others = group("wholesale", "small").loc[[0] * 10].assign(share=0.5)
    peers = PeerGroups(pd.concat([quiet, others]), minimum=5)
    observed = group("shops", "small").loc[[0] * 3].assign(share=[0.0, 0.001, 0.5])
    # Everyone's mean distance from the median 0 is 0.05, a quarter of it the scale.
    assert peers.position(observed, "share").tolist() == pytest.approx([0.0, 0.08, FURTHEST])


def test_where_all_are_alike_any_difference_is_furthest() -> None:
    peers = PeerGroups(group("shops", "small").loc[[0] * 5].assign(share=0.3), minimum=1)
    observed = group("shops", "small").loc[[0] * 3].assign(share=[0.2, 0.3, 0.4])
    assert peers.position(observed, "share").tolist() == [-FURTHEST, 0.0, FURTHEST]


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=2, max_size=40),
    seed=st.integers(0, 9),
)
def test_positions_keep_the_order_within_a_group_and_miss_only_what_is_missing(
    values: list[float], seed: int
) -> None:
    observed = group("shops", "small").loc[[0] * len(values)].assign(share=values)
    peers = PeerGroups(observed.sample(frac=1.0, random_state=seed), minimum=1)
    position = peers.position(observed, "share").to_numpy()
    missing = np.isnan(values)
    assert np.array_equal(np.isnan(position), missing)
    ranked = position[~missing][np.argsort(np.array(values)[~missing], kind="stable")]
    assert (np.diff(ranked) >= 0).all()
    assert (np.abs(ranked) <= FURTHEST).all()


def test_an_unknown_measure_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'margin'.*Available: share"):
        PeerGroups(group("shops", "small", share=1.0)).benchmarks(group("shops", "small"), "margin")


def test_frames_without_groups_are_refused() -> None:
    with pytest.raises(InvalidDataError, match="size_band"):
        PeerGroups(pd.DataFrame({"trade_group": ["shops"], "share": [1.0]}))
    with pytest.raises(InvalidDataError, match="no returns"):
        PeerGroups.fit(iter(()))
