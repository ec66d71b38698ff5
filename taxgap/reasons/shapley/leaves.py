"""What one leaf gives to each of its players, for every pattern: both games.

A leaf of value v and d players pays v to rows that satisfy all of them. A pattern is the set N of those that
a row lacks, as bits of a word. The integrals below are over polynomials of degree d - 1 at most, so that
ceil(d / 2) Gauss-Legendre nodes give them exactly, without factorials or loss of precision; four nodes are
worked on at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from taxgap.reasons.shapley.arrays import Floats, Words
from taxgap.reasons.shapley.jit import kernel

MOST_TABULATED = 12
"""The most players of a leaf whose patterns are all worked out at once."""

_LANES = 4


class Room(NamedTuple):
    """Room to work in, and constants.

    Attributes
    ----------
    nodes, weights : ndarray of float64
        By number of players: on (0, 1), filled up to a multiple of four with nodes of no weight.
    gains : ndarray of float64
        By a, b: ``(a - 1)! b! / (a + b)!``.
    counts, work, a, b : ndarray of float64
        By pattern.
    table : ndarray of float64
        By player and pattern: the result.
    before, alone : ndarray of float64
        By player and node; by player: the result for one pattern.
    patterns, behind : ndarray of uint64
        By state; by distinct state of the background.
    """

    nodes: Floats
    weights: Floats
    gains: Floats
    counts: Floats
    work: Floats
    a: Floats
    b: Floats
    table: Floats
    before: Floats
    alone: Floats
    patterns: Words
    behind: Words


def make_room(states: int, background: int, players: int) -> Room:
    """Take room for so many states, background rows, and players of a leaf."""
    nodes, weights = _find_nodes(players)
    size = 1 << min(players, MOST_TABULATED)
    return Room(
        nodes=nodes,
        weights=weights,
        gains=_find_gains(players),
        counts=np.empty(size),
        work=np.empty(size * _LANES),
        a=np.empty(size),
        b=np.empty(size),
        table=np.empty((min(players, MOST_TABULATED), size)),
        before=np.empty((players + 1, nodes.shape[1])),
        alone=np.empty(players),
        patterns=np.empty(states, dtype=np.uint64),
        behind=np.empty(background, dtype=np.uint64),
    )


def _find_nodes(most: int) -> tuple[Floats, Floats]:
    width = -(-((most + 1) // 2) // _LANES) * _LANES
    nodes, weights = np.full((most + 1, width), 0.5), np.zeros((most + 1, width))
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
def tabulate_paths(value: float, share: Floats, room: Room) -> None:
    r"""Fill `room.table` in the path-dependent game.

    With z the share of training rows that passes a player's splits, a player counts for
    :math:`g_i(t) = z_i (1 - t) + t` where it is satisfied and for :math:`z_i (1 - t)` where it is not. One
    that is satisfied gains :math:`v (1 - z_j) I_j`, one that is not :math:`-v z_j I_j`, where
    :math:`I_j = \int \prod_{i \ne j} g_i(t) \, dt = C(N \setminus j) - C(N \cup j)` for
    :math:`C(N) = \int \frac1t \prod_i g_i(t) \, dt`, because the two products differ by t in one factor.
    """
    players, a = len(share), room.a
    size = 1 << players
    a[:size] = 0.0
    for first in range(0, (players + 1) // 2, _LANES):
        _multiply(share, room.nodes[players, first:], room.weights[players, first:], room.work, a)
    for j in range(players):
        low, row = 1 << j, room.table[j]
        on, off = value * (1.0 - share[j]), -value * share[j]
        for block in range(0, size, 2 * low):
            for n in range(block, block + low):
                part = a[n] - a[n + low]
                row[n] = on * part
                row[n + low] = off * part


@kernel
def _multiply(share: Floats, nodes: Floats, weights: Floats, work: Floats, a: Floats) -> None:
    """Add the products of four nodes, times weight over node, for every pattern."""
    t0, t1, t2, t3 = nodes[0], nodes[1], nodes[2], nodes[3]
    work[0], work[1], work[2], work[3] = weights[0] / t0, weights[1] / t1, weights[2] / t2, weights[3] / t3
    size = 1
    for i in range(len(share)):
        off0, off1 = share[i] * (1.0 - t0), share[i] * (1.0 - t1)
        off2, off3 = share[i] * (1.0 - t2), share[i] * (1.0 - t3)
        on0, on1, on2, on3 = off0 + t0, off1 + t1, off2 + t2, off3 + t3
        for n in range(0, _LANES * size, _LANES):
            m = n + _LANES * size
            work[m], work[m + 1] = work[n] * off0, work[n + 1] * off1
            work[m + 2], work[m + 3] = work[n + 2] * off2, work[n + 3] * off3
            work[n], work[n + 1] = work[n] * on0, work[n + 1] * on1
            work[n + 2], work[n + 3] = work[n + 2] * on2, work[n + 3] * on3
        size *= 2
    for n in range(size):
        a[n] += (work[4 * n] + work[4 * n + 1]) + (work[4 * n + 2] + work[4 * n + 3])


@kernel
def tabulate_background(value: float, rows: float, players: int, room: Room) -> None:
    r"""Fill `room.table` in the game against background rows, of which `room.counts` has each pattern's.

    With W the background rows by what they lack, M, and
    :math:`h_t(N) = \sum_{M \cap N = \emptyset} W_M \, t^{|M|} (1 - t)^{|N|}`, a player that is satisfied
    gains :math:`A(N) - B(N \cup j)`, and one that is not :math:`A(N) - B(N)`, where
    :math:`A = \frac vm \int h_t / t` and :math:`B = \frac vm \int h_t / (t (1 - t))`.
    """
    size, a, b, counts = 1 << players, room.a, room.b, room.counts
    a[:size] = 0.0
    b[:size] = 0.0
    for first in range(0, (players + 1) // 2, _LANES):
        _sweep(counts, players, room.nodes[players, first:], room.weights[players, first:], room)
    scale = value / rows
    for j in range(players):
        low, row = 1 << j, room.table[j]
        lacking = 0.0
        for block in range(0, size, 2 * low):
            for n in range(block, block + low):
                lacking += counts[n + low]
                row[n] = scale * (a[n] - b[n + low])
                row[n + low] = scale * (a[n + low] - b[n + low])
        # Where a row and all of the background agree, nothing is gained: not even a rounding error.
        if lacking in {0.0, rows}:
            agree = 0 if lacking == 0.0 else low
            for block in range(agree, size, 2 * low):
                for n in range(block, block + low):
                    row[n] = 0.0


@kernel
def _sweep(counts: Floats, players: int, nodes: Floats, weights: Floats, room: Room) -> None:
    """Add the part of four nodes to A and B: sums over disjoint patterns, one player at a time."""
    work, size = room.work, 1 << players
    t0, t1, t2, t3 = nodes[0], nodes[1], nodes[2], nodes[3]
    u0, u1, u2, u3 = 1.0 - t0, 1.0 - t1, 1.0 - t2, 1.0 - t3
    for n in range(size):
        work[4 * n] = work[4 * n + 1] = work[4 * n + 2] = work[4 * n + 3] = counts[n]
    low = 1
    while low < size:
        for block in range(0, size, 2 * low):
            for n in range(4 * block, 4 * (block + low), 4):
                m = n + 4 * low
                has0, has1, has2, has3 = work[n], work[n + 1], work[n + 2], work[n + 3]
                work[n], work[n + 1] = has0 + t0 * work[m], has1 + t1 * work[m + 1]
                work[n + 2], work[n + 3] = has2 + t2 * work[m + 2], has3 + t3 * work[m + 3]
                work[m], work[m + 1], work[m + 2], work[m + 3] = u0 * has0, u1 * has1, u2 * has2, u3 * has3
        low *= 2
    a0, a1, a2, a3 = weights[0] / t0, weights[1] / t1, weights[2] / t2, weights[3] / t3
    b0, b1, b2, b3 = a0 / u0, a1 / u1, a2 / u2, a3 / u3
    for n in range(size):
        w0, w1, w2, w3 = work[4 * n], work[4 * n + 1], work[4 * n + 2], work[4 * n + 3]
        room.a[n] += (a0 * w0 + a1 * w1) + (a2 * w2 + a3 * w3)
        room.b[n] += (b0 * w0 + b1 * w1) + (b2 * w2 + b3 * w3)


@kernel
def explain_path(value: float, share: Floats, pattern: int, room: Room) -> None:
    """Fill `room.alone` as `tabulate_paths` would, for one pattern of many players."""
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
    """Fill `room.alone` as `tabulate_background` would, for one pattern, from `room.behind`.

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
