"""Partitions: a stable hash, the same on every machine and in every version."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.records.partitions import TAXPAYERS_PER_PARTITION, count_partitions, part_name, partition_of


def test_the_partition_of_a_taxpayer_never_changes() -> None:
    # Written down once: a change here would orphan every folder of records that exists.
    names = ["T00000000", "T00000001", "T00000002", "1955839661", "é", ""]
    assert partition_of(names, 80).tolist() == [60, 27, 77, 35, 43, 36]


@given(st.lists(st.text(max_size=12), max_size=20), st.integers(1, 500))
def test_a_partition_hangs_on_the_name_alone(names: list[str], partitions: int) -> None:
    found = partition_of(names, partitions)
    assert found.dtype == np.int64
    assert ((found >= 0) & (found < partitions)).all()
    assert found.tolist() == [int(partition_of([name], partitions)[0]) for name in names]


def test_partitions_are_of_about_one_size() -> None:
    sizes = np.bincount(partition_of((f"T{number:08d}" for number in range(20_000)), 8), minlength=8)
    assert sizes.min() > 2_300
    assert sizes.max() < 2_700


@pytest.mark.parametrize(
    ("taxpayers", "partitions"),
    [(1, 1), (TAXPAYERS_PER_PARTITION, 1), (TAXPAYERS_PER_PARTITION + 1, 2), (1_000_000, 80), (0, 1)],
)
def test_the_number_of_partitions_follows_from_the_population(taxpayers: int, partitions: int) -> None:
    assert count_partitions(taxpayers) == partitions


def test_file_names_sort_in_the_order_of_partitions() -> None:
    names = [part_name(number) for number in (0, 9, 10, 9_999)]
    assert names == sorted(names)
    assert names[0] == "part-0000.parquet"
