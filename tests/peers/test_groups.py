"""Trade groups and size bands: every code has one, and the levels are frozen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.peers import SIZE_BANDS, size_band, trade_group_of, trade_groups

DIVISIONS = [
    *range(1, 4), *range(5, 10), *range(10, 34), 35, *range(36, 40), *range(41, 44), *range(45, 48),
    *range(49, 54), 55, 56, *range(58, 64), *range(64, 67), 68, *range(69, 76), *range(77, 83), 84, 85,
    *range(86, 89), *range(90, 94), *range(94, 97), 97, 98, 99,
]  # fmt: skip


def test_every_division_of_sic_2007_belongs_to_a_group() -> None:
    assert len(DIVISIONS) == 88
    found = trade_group_of(pd.Series([f"{division:02d}000" for division in DIVISIONS]))
    assert not found.isin(["none"]).any()
    assert set(found) | {
        "market_stalls",
        "online_sales",
        "passenger_transport",
        "hair_and_beauty",
        "none",
    } == set(trade_groups())


@pytest.mark.parametrize(
    ("sic2007", "expected"),
    [
        ("01500", "farming"),
        ("41202", "building_projects"),
        ("43390", "building_trades"),
        ("47190", "shops"),
        ("47820", "market_stalls"),
        ("47910", "online_sales"),
        ("49320", "passenger_transport"),
        ("49410", "goods_transport"),
        ("53201", "goods_transport"),
        ("74202", "design_and_photography"),
        ("96020", "hair_and_beauty"),
        ("96090", "other_services"),
        ("00000", "other_services"),
        (None, "none"),
    ],
)
def test_the_longest_match_decides(sic2007: str | None, expected: str) -> None:
    assert trade_group_of(pd.Series([sic2007, "01110"])).tolist() == [expected, "farming"]


def test_levels_are_frozen() -> None:
    groups = trade_group_of(pd.Series([], dtype="str"))
    assert tuple(groups.cat.categories) == trade_groups()
    assert len(trade_groups()) == 25
    assert size_band(pd.Series([], dtype="float64")).cat.categories.tolist() == list(SIZE_BANDS)


def test_a_size_band_includes_its_lower_end() -> None:
    edges = pd.Series([0.0, 9_999.99, 10_000, 20_000, 30_000, 50_000, 89_999.99, 90_000, 149_999, 150_000])
    codes = size_band(edges).cat.codes.tolist()
    assert codes == [0, 0, 1, 2, 3, 4, 4, 5, 5, 6]


def test_no_amount_counts_as_nothing_and_the_index_is_kept() -> None:
    found = size_band(pd.Series([np.nan, -5.0], index=["a", "b"]))
    assert found.tolist() == ["under_10k", "under_10k"]
    assert found.index.tolist() == ["a", "b"]
