"""Tables of groups: the contributions of all of a group's leaves, summed, for the states that matter."""

from __future__ import annotations

import numpy as np

from taxgap.reasons.shapley.arrays import Floats, Table, Whole, Words
from taxgap.reasons.shapley.jit import kernel
from taxgap.reasons.shapley.leaves import (
    MOST_TABULATED,
    Room,
    explain_background,
    explain_path,
    integrate_background,
    integrate_paths,
)
from taxgap.reasons.shapley.plan import Members

WORTH = 5
"""What one pattern costs by itself, for each of its players, in patterns that are worked out all at once."""

ALIKE = 10
"""Where it may not hang on the rows, the most players of a leaf whose patterns are worked out all at once."""


@kernel
def fill_table(
    members: Members,
    group: Whole,
    states: Words,
    behind: Words,
    times: Floats,
    room: Room,
    table: Table,
    alike: bool,
) -> None:
    """Fill a group's table with contributions.

    Parameters
    ----------
    members : Members
    group : int
    states : ndarray of uint64
        The states that matter; empty where all do, in their order.
    behind, times : ndarray of uint64, float64
        The distinct states of the background, and how many rows have each; empty in the path-dependent game.
    room : Room
    table : ndarray, shape (outputs, states)
    alike : bool
        Whether the same state is given the same bits whatever other states there are.
    """
    table[:] = 0
    rows = 0.0
    for k in range(len(times)):
        rows += times[k]
    for member in range(members.start[group], members.start[group + 1]):
        patterns = _find_patterns(members, group, member, states, behind, room)
        players = members.player_start[member + 1] - members.player_start[member]
        if players <= ALIKE if alike else _is_worth_it(players, len(patterns)):
            if len(times):
                _add_against(members, member, patterns, times, rows, room, table)
            else:
                _add_paths(members, member, patterns, room, table)
        else:
            _add_each(members, member, patterns, times, rows, room, table)


@kernel
def _is_worth_it(players: Whole, patterns: Whole) -> bool:
    """Tell whether to work out all patterns at once: unless those asked for are few beside them."""
    return bool(players <= MOST_TABULATED and patterns * players * WORTH >= 1 << players)


@kernel
def fill_scores(members: Members, group: Whole, states: Words, room: Room, table: Table) -> None:
    """Fill ``table[0]`` with the value of the leaf, if any, that each state reaches; as `fill_table`."""
    table[:] = 0
    for member in range(members.start[group], members.start[group + 1]):
        patterns = _find_patterns(members, group, member, states, states[:0], room)
        for k in range(len(patterns)):
            if patterns[k] == 0:
                table[0, k] += members.value[member]


@kernel
def _find_patterns(
    members: Members, group: Whole, member: Whole, states: Words, behind: Words, room: Room
) -> Words:
    """Return the pattern of each state, or of all states in their order, and set those of the background."""
    count = _count_states(members, group)
    if count > len(room.patterns):
        _read_patterns(members, group, member, behind, room.behind)
        _read_patterns(members, group, member, states, room.visited)
        return room.visited[: len(states)]
    patterns = room.patterns[: np.int64(count)]
    _list_patterns(members, group, member, patterns)
    for k in range(len(behind)):
        room.behind[k] = patterns[behind[k]]
    if len(states) == 0:
        return patterns
    for k in range(len(states)):
        room.visited[k] = patterns[states[k]]
    return room.visited[: len(states)]


@kernel
def _count_states(members: Members, group: Whole) -> float:
    count = 1.0
    for digit in range(members.digit_start[group], members.digit_start[group + 1]):
        count *= members.classes[digit]
    return count


@kernel
def _list_patterns(members: Members, group: Whole, member: Whole, patterns: Words) -> None:
    """Set the pattern of every state, digit by digit from the lowest."""
    patterns[0] = members.never[member]
    size, mask = 1, members.mask_start[member]
    for digit in range(members.digit_start[group], members.digit_start[group + 1]):
        classes = members.classes[digit]
        for own in range(classes - 1, -1, -1):
            lacking, part = members.masks[mask + own], patterns[own * size : (own + 1) * size]
            for state in range(size):
                part[state] = patterns[state] | lacking
        size *= classes
        mask += classes


@kernel
def _read_patterns(members: Members, group: Whole, member: Whole, states: Words, patterns: Words) -> None:
    """Set the pattern of each of some states, from its digits."""
    one = np.uint64(1)
    for k in range(len(states)):
        rest, pattern = states[k], members.never[member]
        mask = members.mask_start[member]
        for digit in range(members.digit_start[group], members.digit_start[group + 1]):
            classes = np.uint64(members.classes[digit])
            if classes == 2:
                own, rest = rest & one, rest >> one
            else:
                own, rest = rest % classes, rest // classes
            pattern |= members.masks[np.uint64(mask) + own]
            mask += members.classes[digit]
        patterns[k] = pattern


@kernel
def _add_paths(members: Members, member: Whole, patterns: Words, room: Room, table: Table) -> None:
    """Add what a leaf gives in the path-dependent game, from the integrals of all patterns."""
    first, last = members.player_start[member], members.player_start[member + 1]
    value, share = members.value[member], members.share[first:last]
    integrate_paths(share, room)
    a, gains, size = room.a, room.counts, np.int64(1) << (last - first)
    for j in range(last - first):
        own, bit = table[members.slots[first + j]], np.int64(1) << j
        on, off = value * (1.0 - share[j]), -value * share[j]
        if size <= len(patterns):
            for n in range(size):
                gains[n] = (a[n & ~bit] - a[n | bit]) * (off if n & bit else on)
            for k in range(len(patterns)):
                own[k] += gains[patterns[k]]
        else:
            for k in range(len(patterns)):
                lacked = np.int64(patterns[k])
                own[k] += (a[lacked & ~bit] - a[lacked | bit]) * (off if lacked & bit else on)


@kernel
def _add_against(
    members: Members, member: Whole, patterns: Words, times: Floats, rows: float, room: Room, table: Table
) -> None:
    """Add what a leaf gives against the background, from the integrals of all patterns."""
    first, last = members.player_start[member], members.player_start[member + 1]
    some_lack, all_lack = integrate_background(members.value[member], times, rows, last - first, room)
    a, b, gains, size = room.a, room.b, room.counts, np.int64(1) << (last - first)
    for j in range(last - first):
        own, bit = table[members.slots[first + j]], np.int64(1) << j
        # Where a row and all of the background agree, nothing is gained: not even a rounding error.
        agree = np.int64(0) if not some_lack & bit else (bit if all_lack & bit else np.int64(-1))
        if size <= len(patterns):
            for n in range(size):
                gains[n] = 0.0 if n & bit == agree else a[n] - b[n | bit]
            for k in range(len(patterns)):
                own[k] += gains[patterns[k]]
        else:
            for k in range(len(patterns)):
                lacked = np.int64(patterns[k])
                own[k] += 0.0 if lacked & bit == agree else a[lacked] - b[lacked | bit]


@kernel
def _add_each(
    members: Members, member: Whole, patterns: Words, times: Floats, rows: float, room: Room, table: Table
) -> None:
    first, last = members.player_start[member], members.player_start[member + 1]
    for k in range(len(patterns)):
        if len(times):
            explain_background(members.value[member], times, rows, last - first, patterns[k], room)
        else:
            explain_path(members.value[member], members.share[first:last], patterns[k], room)
        for j in range(last - first):
            table[members.slots[first + j], k] += room.alone[j]
