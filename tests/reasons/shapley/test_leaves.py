"""One leaf: integrals for all patterns at once agree with one pattern at a time, and with the definition."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from taxgap.reasons.shapley.leaves import (
    explain_background,
    explain_path,
    integrate_background,
    integrate_paths,
    make_room,
)

VALUE = 1.7


def define(worth: dict[int, float], players: int) -> list[float]:
    """Return Shapley's values of a game given by what each coalition, a set of bits, is worth."""
    found = []
    for j in range(players):
        others = [i for i in range(players) if i != j]
        total = 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for chosen in combinations(others, size):
                coalition = sum(1 << i for i in chosen)
                total += weight * (worth[coalition | 1 << j] - worth[coalition])
        found.append(total)
    return found


@pytest.mark.parametrize("players", [1, 2, 3, 6])
def test_the_path_dependent_game_of_a_leaf_is_the_definition(players: int) -> None:
    share = np.linspace(0.1, 0.9, players)
    room = make_room(1, 1, 1, players)
    integrate_paths(share, room)
    for pattern in range(1 << players):
        worth = {}
        for coalition in range(1 << players):
            told = [0.0 if pattern >> i & 1 else 1.0 for i in range(players)]
            parts = [told[i] if coalition >> i & 1 else share[i] for i in range(players)]
            worth[coalition] = VALUE * float(np.prod(parts))
        wanted = define(worth, players)
        explain_path(VALUE, share, np.uint64(pattern), room)
        np.testing.assert_allclose(room.alone[:players], wanted, atol=1e-12)
        for j in range(players):
            factor = -share[j] if pattern >> j & 1 else 1 - share[j]
            part = room.a[pattern & ~(1 << j)] - room.a[pattern | 1 << j]
            assert VALUE * factor * part == pytest.approx(wanted[j], abs=1e-12)


@pytest.mark.parametrize("players", [1, 2, 3, 6])
def test_the_game_against_a_background_is_the_definition(players: int) -> None:
    random = np.random.default_rng(players)
    behind = np.unique(random.integers(0, 1 << players, 5))
    times = random.integers(1, 4, len(behind)).astype(np.float64)
    room = make_room(1, 1, len(behind), players)
    room.behind[:] = behind
    integrate_background(VALUE, times, times.sum(), players, room)
    a, b = room.a.copy(), room.b.copy()
    for pattern in range(1 << players):
        worth = {}
        for coalition in range(1 << players):
            met = [not (int(theirs) & ~coalition | pattern & coalition) for theirs in behind]
            worth[coalition] = VALUE * float(times[met].sum() / times.sum())
        wanted = define(worth, players)
        explain_background(VALUE, times, times.sum(), players, np.uint64(pattern), room)
        np.testing.assert_allclose(room.alone[:players], wanted, atol=1e-12)
        np.testing.assert_allclose(
            [a[pattern] - b[pattern | 1 << j] for j in range(players)], wanted, atol=1e-12
        )


def test_players_that_all_of_the_background_lack_or_none_are_told() -> None:
    room = make_room(1, 1, 2, 3)
    room.behind[:] = [0b101, 0b001]
    assert integrate_background(VALUE, np.ones(2), 2.0, 3, room) == (0b101, 0b001)
