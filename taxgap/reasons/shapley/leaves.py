"""What one leaf gives to each of its players, for every pattern: both games.

A leaf of value v and d players pays v to rows that satisfy all of them. A pattern is the set N of those that
a row lacks, as bits of a word. The integrals below are over polynomials of degree d - 1 at most, so that
ceil(d / 2) Gauss-Legendre nodes give them exactly, without factorials or loss of precision.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from taxgap.reasons.shapley.arrays import Floats, Whole, Words
from taxgap.reasons.shapley.jit import kernel

MOST_TABULATED = 18
"""The most players of a leaf whose patterns are ever worked out all at once."""


class Room(NamedTuple):
    """Room to work in, and constants.

    Attributes
    ----------
    nodes, weights : ndarray of float64
        By number of players: on (0, 1).
    gains : ndarray of float64
        By a, b: ``(a - 1)! b! / (a + b)!``.
    counts, work, a, b : ndarray of float64
        By pattern.
    before, alone : ndarray of float64
        By player and node; by player: the result for one pattern.
    patterns, visited, behind : ndarray of uint64
        Of all states, where they are few; of those visited; of the distinct ones of the background.
    """

    nodes: Floats
    weights: Floats
    gains: Floats
    counts: Floats
    work: Floats
    a: Floats
    b: Floats
    before: Floats
    alone: Floats
    patterns: Words
    visited: Words
    behind: Words


def make_room(states: int, rows: int, background: int, players: int) -> Room:
    """Take room for so many states of a group, rows, background rows, and players of a leaf."""
    nodes, weights = _find_nodes(players)
    size = 1 << min(players, MOST_TABULATED)
    return Room(
        nodes=nodes,
        weights=weights,
        gains=_find_gains(players),
        counts=np.empty(size),
        work=np.empty(size),
        a=np.empty(size),
        b=np.empty(size),
        before=np.empty((players + 1, nodes.shape[1])),
        alone=np.empty(players),
        patterns=np.empty(states, dtype=np.uint64),
        visited=np.empty(rows, dtype=np.uint64),
        behind=np.empty(background, dtype=np.uint64),
    )


def _find_nodes(most: int) -> tuple[Floats, Floats]:
    nodes, weights = np.zeros((2, most + 1, (most + 1) // 2))
    for players in range(1, most + 1):
        count = (players + 1) // 2
        x, w = np.polynomial.legendre.leggauss(count)
        nodes[players, :count], weights[players, :count] = (x + 1) / 2, w / 2
    return nodes, weights


def _find_gains(most: int) -> Floats:
    logs = np.cumsum(np.log(np.maximum(np.arange(2 * most + 1), 1)))
    a, b = np.ogrid[: most + 1, : most + 1]
    gains: Floats = np.exp(logs[np.maximum(a - 1, 0)] + logs[b] - logs[a + b])
    return gains


@kernel
def integrate_paths(share: Floats, room: Room) -> None:
    r"""Set `room.a` to C(N), in the path-dependent game.

    With z the share of training rows that passes a player's splits, a player counts for
    :math:`g_i(t) = z_i (1 - t) + t` where it is satisfied and for :math:`z_i (1 - t)` where it is not. One
    that is satisfied gains :math:`v (1 - z_j) I_j`, one that is not :math:`-v z_j I_j`, where
    :math:`I_j = \int \prod_{i \ne j} g_i(t) \, dt = C(N \setminus j) - C(N \cup j)` for
    :math:`C(N) = \int \frac1t \prod_i g_i(t) \, dt`, because the two products differ by t in one factor.
    """
    players, work, total = len(share), room.work, room.a
    total[: 1 << players] = 0.0
    for r in range((players + 1) // 2):
        t = room.nodes[players, r]
        work[0] = room.weights[players, r] / t
        size = 1
        for i in range(players):
            off = share[i] * (1.0 - t)
            on = off + t
            below, above = work[:size], work[size : 2 * size]
            for n in range(size):
                above[n] = below[n] * off
            for n in range(size):
                below[n] *= on
            size *= 2
        for n in range(size):
            total[n] += work[n]


@kernel
def integrate_background(
    value: float, times: Floats, rows: float, players: int, room: Room
) -> tuple[Whole, Whole]:
    r"""Set `room.a` and `room.b` to A(N) and B(N), where ``times`` background rows have each pattern.

    With W the background rows by what they lack, M, and
    :math:`h_t(N) = \sum_{M \cap N = \emptyset} W_M \, t^{|M|} (1 - t)^{|N|}`, a player gains
    :math:`A(N) - B(N \cup j)`, whether it is satisfied or not, where
    :math:`A = \frac vm \int h_t / t` and :math:`B = \frac vm \int h_t / (t (1 - t))`.

    Patterns are those of `room.behind`. Returns the players that some background row lacks, and those that
    all do.
    """
    size, a, b, counts = 1 << players, room.a, room.b, room.counts
    a[:size], b[:size], counts[:size] = 0.0, 0.0, 0.0
    some_lack, all_lack = np.int64(0), np.int64(size - 1)
    for k in range(len(times)):
        lacking = np.int64(room.behind[k])
        counts[lacking] += times[k]
        some_lack |= lacking
        all_lack &= lacking
    scale = value / rows
    for r in range((players + 1) // 2):
        t = room.nodes[players, r]
        _sweep(counts, t, players, room.work)
        to_a = scale * room.weights[players, r] / t
        to_b = to_a / (1.0 - t)
        for n in range(size):
            a[n] += to_a * room.work[n]
            b[n] += to_b * room.work[n]
    return some_lack, all_lack


@kernel
def _sweep(counts: Floats, t: float, players: int, work: Floats) -> None:
    """Work out h, one player at a time: sums over those disjoint in what they lack."""
    size, u = 1 << players, 1.0 - t
    for n in range(0, size, 2):
        has, lacks = counts[n], counts[n + 1]
        work[n] = has + t * lacks
        work[n + 1] = u * has
    low = 2
    while low < size:
        for block in range(0, size, 2 * low):
            below, above = work[block : block + low], work[block + low : block + 2 * low]
            for n in range(low):
                has = below[n]
                below[n] = has + t * above[n]
                above[n] = u * has
        low *= 2


@kernel
def explain_path(value: float, share: Floats, pattern: int, room: Room) -> None:
    """Set `room.alone` to what each player gains in the path-dependent game, for one pattern."""
    players, nodes, before = len(share), room.nodes, room.before
    count = (players + 1) // 2
    for r in range(count):
        before[0, r] = room.weights[players, r]
    for i in range(players):
        on = 0.0 if (pattern >> np.uint64(i)) & np.uint64(1) else 1.0
        for r in range(count):
            t = nodes[players, r]
            before[i + 1, r] = before[i, r] * (share[i] * (1.0 - t) + on * t)
    after = before[players]
    for r in range(count):
        after[r] = 1.0
    for j in range(players - 1, -1, -1):
        on, total = 0.0 if (pattern >> np.uint64(j)) & np.uint64(1) else 1.0, 0.0
        for r in range(count):
            t = nodes[players, r]
            total += before[j, r] * after[r]
            after[r] *= share[j] * (1.0 - t) + on * t
        room.alone[j] = total * value * (on - share[j])


@kernel
def explain_background(
    value: float, times: Floats, rows: float, players: int, pattern: int, room: Room
) -> None:
    """Set `room.alone` to what each player gains against `room.behind`, for one pattern.

    Where a row satisfies a of its players alone, and a background row b alone, the leaf gives each of the
    first ``(a - 1)! b! / (a + b)!`` and takes ``a! (b - 1)! / (a + b)!`` from each of the others.
    """
    result = room.alone
    for j in range(players):
        result[j] = 0.0
    for k in range(len(times)):
        theirs = room.behind[k]
        if pattern & theirs:
            continue  # what both lack, no coalition satisfies
        own_alone, theirs_alone = _count_bits(theirs), _count_bits(pattern)
        gain = times[k] * room.gains[own_alone, theirs_alone]
        loss = times[k] * room.gains[theirs_alone, own_alone]
        for j in range(players):
            bit = np.uint64(1) << np.uint64(j)
            if theirs & bit:
                result[j] += gain
            elif pattern & bit:
                result[j] -= loss
    for j in range(players):
        result[j] *= value / rows


@kernel
def _count_bits(word: Any) -> int:
    found = 0
    while word:
        word &= word - np.uint64(1)
        found += 1
    return found
