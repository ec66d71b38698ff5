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
    tabulate_background,
    tabulate_paths,
)
from taxgap.reasons.shapley.plan import Members


@kernel
def fill_table(
    members: Members, group: Whole, states: Words, behind: Words, times: Floats, room: Room, table: Table
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
    """
    table[:] = 0
    patterns, rows = room.patterns[: table.shape[1]], 0.0
    for k in range(len(times)):
        rows += times[k]
    for member in range(members.start[group], members.start[group + 1]):
        _find_patterns(members, group, member, states, patterns)
        _read_patterns(members, group, member, behind, room.behind)
        if members.player_start[member + 1] - members.player_start[member] <= MOST_TABULATED:
            _add_tabulated(members, member, patterns, times, rows, room, table)
        else:
            _add_each(members, member, patterns, times, rows, room, table)


@kernel
def fill_scores(members: Members, group: Whole, states: Words, room: Room, table: Table) -> None:
    """Fill ``table[0]`` with the value of the leaf, if any, that each state reaches; as `fill_table`."""
    table[:] = 0
    patterns = room.patterns[: table.shape[1]]
    for member in range(members.start[group], members.start[group + 1]):
        _find_patterns(members, group, member, states, patterns)
        for k in range(len(patterns)):
            if patterns[k] == 0:
                table[0, k] += members.value[member]


@kernel
def _find_patterns(members: Members, group: Whole, member: Whole, states: Words, patterns: Words) -> None:
    """Set the pattern of each state, or of all states in their order: digit by digit from the lowest."""
    if len(states):
        _read_patterns(members, group, member, states, patterns)
        return
    patterns[0] = members.never[member]
    size, mask = 1, members.mask_start[member]
    for digit in range(members.digit_start[group], members.digit_start[group + 1]):
        classes = members.classes[digit]
        for own in range(classes - 1, -1, -1):
            lacking = members.masks[mask + own]
            for state in range(size):
                patterns[own * size + state] = patterns[state] | lacking
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
def _add_tabulated(
    members: Members, member: Whole, patterns: Words, times: Floats, rows: float, room: Room, table: Table
) -> None:
    first, last = members.player_start[member], members.player_start[member + 1]
    if len(times):
        room.counts[: 1 << (last - first)] = 0.0
        for k in range(len(times)):
            room.counts[room.behind[k]] += times[k]
        tabulate_background(members.value[member], rows, last - first, room)
    else:
        tabulate_paths(members.value[member], members.share[first:last], room)
    for j in range(last - first):
        own, gains = table[members.slots[first + j]], room.table[j]
        for k in range(len(patterns)):
            own[k] += gains[patterns[k]]


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
