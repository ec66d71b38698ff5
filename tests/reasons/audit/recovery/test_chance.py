"""Closed forms held against every draw there is."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.recovery.chance import (
    chance_precision,
    chance_recall,
    chance_reciprocal_rank,
)

SIZE = 6


@pytest.mark.parametrize(("few", "k"), list(product(range(SIZE + 1), range(SIZE + 1))))
def test_recall_is_that_of_all_draws(few: int, k: int) -> None:
    draws = list(combinations(range(SIZE), k))
    hit = np.mean([any(place < few for place in draw) for draw in draws])
    share = np.mean([sum(place < few for place in draw) / k for draw in draws]) if k else few / SIZE
    assert chance_recall(SIZE, np.array([few]), k)[0] == pytest.approx(hit)
    assert chance_precision(SIZE, np.array([few]))[0] == pytest.approx(share)


@pytest.mark.parametrize(("few", "most"), [(0, 3), (1, 6), (2, 4), (3, 2), (6, 6), (2, 0)])
def test_reciprocal_rank_is_that_of_all_orders(few: int, most: int) -> None:
    ranks = [min(order.index(place) for place in range(few)) + 1 if few else 99 for order in _orders()]
    mean = np.mean([1 / rank if rank <= most else 0.0 for rank in ranks])
    assert chance_reciprocal_rank(SIZE, np.array([few]), most)[0] == pytest.approx(mean)


def test_more_than_there_are_is_all_of_them() -> None:
    assert chance_recall(3, np.array([0, 1]), 9).tolist() == [0.0, 1.0]


def test_three_of_thirty_codes_keep_below_the_bound() -> None:
    assert chance_recall(30, np.array([3]), 3)[0] == pytest.approx(0.2796, abs=1e-4)


@pytest.mark.parametrize(("size", "relevant", "k"), [(0, [0], 1), (4, [5], 1), (4, [-1], 1), (4, [1], -1)])
def test_what_cannot_be_drawn_is_refused(size: int, relevant: list[int], k: int) -> None:
    with pytest.raises(UsageError):
        chance_recall(size, np.array(relevant), k)
    with pytest.raises(UsageError):
        chance_reciprocal_rank(size, np.array(relevant), k)


def _orders() -> list[tuple[int, ...]]:
    return list(permutations(range(SIZE)))
