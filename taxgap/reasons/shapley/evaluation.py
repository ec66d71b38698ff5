"""Evaluation: batches of groups, each tabulated, looked up by all rows of a block, and dropped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxgap.reasons.shapley.arrays import Codes, Floats, Integers, Table, Whole, Words
from taxgap.reasons.shapley.filling import fill_scores, fill_table
from taxgap.reasons.shapley.jit import kernel
from taxgap.reasons.shapley.leaves import Room, make_room
from taxgap.reasons.shapley.plan import MANY, Plan
from taxgap.reasons.shapley.states import EMPTY, find_states, number_few, number_many

MOST_ROWS = 65_536
"""Rows of a block: few enough for a word of 16 bits to number the states that they visit."""

MOST_WHOLE = 4_096
"""The most states of a table that is filled whole. Of others, and where rows are fewer, those visited are."""

_TABLE_ENTRIES = 1 << 20
_SLOT_ENTRIES = 1 << 23
_MOST_GROUPS = 4_096
_CHUNK = 64


class Bench(NamedTuple):
    """What a thread works with.

    Attributes
    ----------
    table : ndarray of float64 or float32
        The tables of a batch of groups, one after another; of each, one row an output, one column a state.
    at, size : ndarray of int64
        Of each group of the batch, where its table begins, and how many states it has.
    slots : ndarray of uint16, shape (groups, rows)
        Of each row, the column of its state in each group's table.
    words, visited : ndarray of uint64
        States that are too many for 16 bits, by row; the distinct ones.
    keys, places, numbers : ndarray
        See `number_many` and `number_few`.
    theirs, behind, times : ndarray
        The states of the background, the distinct ones, and how many rows have each.
    room : Room
    """

    table: Table
    at: Integers
    size: Integers
    slots: Table
    words: Words
    visited: Words
    keys: Words
    places: Table
    numbers: Table
    theirs: Words
    behind: Words
    times: Floats
    room: Room


def make_bench(plan: Plan, rows: int, background: int, dtype: str) -> Bench:
    """Take the room that blocks of so many rows, against so many background rows, need."""
    groups = len(plan.states)
    outputs = int(np.diff(plan.output_start[: groups + 1]).max(initial=1))
    players = int(np.diff(plan.members.player_start).max(initial=1))
    batch = max(1, min(groups, _SLOT_ENTRIES // max(rows, 1), _MOST_GROUPS))
    keys = 1 << (2 * max(rows, background, 1) - 1).bit_length()
    return Bench(
        table=np.empty(max(_TABLE_ENTRIES, outputs * max(rows, MOST_WHOLE)), dtype=dtype),
        at=np.empty(batch, dtype=np.int64),
        size=np.empty(batch, dtype=np.int64),
        slots=np.empty((batch, rows), dtype=np.uint16),
        words=np.empty(rows, dtype=np.uint64),
        visited=np.empty(rows, dtype=np.uint64),
        keys=np.empty(keys, dtype=np.uint64),
        places=np.full(max(keys, MANY), EMPTY, dtype=np.int32),
        numbers=np.empty(background, dtype=np.uint32),
        theirs=np.empty(background, dtype=np.uint64),
        behind=np.empty(background, dtype=np.uint64),
        times=np.empty(background),
        room=make_room(MOST_WHOLE, rows, background, players),
    )


@kernel
def add_contributions(
    plan: Plan, codes: Codes, background: Codes, bench: Bench, totals: Floats, alike: bool
) -> None:
    """Add what each output gets of each row to ``totals``, shape (outputs, rows).

    If ``alike``, a row gets the same bits whatever other rows there are, which may take longer for few.
    """
    group = np.int64(0)
    while group < len(plan.states):
        first, used = group, np.int64(0)
        while group < len(plan.states) and group - first < len(bench.at):
            outputs = plan.output_start[group + 1] - plan.output_start[group]
            if used + outputs * _most_found(plan, group, codes.shape[1]) > len(bench.table):
                break
            found, states = _place_rows(plan, group, codes, bench, group - first)
            distinct = _place_background(plan, group, background, bench)
            table = bench.table[used : used + outputs * found].reshape((outputs, found))
            fill_table(
                plan.members,
                group,
                states,
                bench.behind[:distinct],
                bench.times[:distinct],
                bench.room,
                table,
                alike,
            )
            bench.at[group - first], bench.size[group - first] = used, found
            used += outputs * found
            group += 1
        _add_batch(plan, first, group, bench, totals)


@kernel
def lay_out(totals: Floats, base: float, out: Floats) -> None:
    """Write totals by output, and the base value last, as rows."""
    outputs, rows = totals.shape
    for first in range(0, rows, _CHUNK):
        last = min(first + _CHUNK, rows)
        for output in range(outputs):
            for row in range(first, last):
                out[row, output] = totals[output, row]
        for row in range(first, last):
            out[row, outputs] = base


@kernel
def add_scores(plan: Plan, codes: Codes, bench: Bench, totals: Floats) -> None:
    """Add the value of the leaf that each row reaches in each tree to ``totals``, one a row."""
    for group in range(len(plan.states)):
        found, states = _place_rows(plan, group, codes, bench, 0)
        table, slots = bench.table[:found], bench.slots[0]
        fill_scores(plan.members, group, states, bench.room, table.reshape((1, found)))
        for row in range(len(totals)):
            totals[row] += table[slots[row]]


@kernel
def _most_found(plan: Plan, group: Whole, rows: int) -> Whole:
    """Return how many states a group's table has at most."""
    states = plan.states[group]
    return min(states, rows) if 0 < states <= MOST_WHOLE else rows


@kernel
def _place_rows(plan: Plan, group: Whole, codes: Codes, bench: Bench, place: Whole) -> tuple[Whole, Words]:
    """Find the column of every row in a group's table; return how many columns there are, and their states.

    No state is named where the columns are all states in their order.
    """
    rows, states = codes.shape[1], plan.states[group]
    slots = bench.slots[place, :rows]
    if states > 0:
        find_states(plan.steps, group, codes, slots)
        if states <= min(MOST_WHOLE, rows):
            return states, bench.visited[:0]
        found = number_few(slots, slots, bench.visited, bench.places)
    else:
        words = bench.words[:rows]
        find_states(plan.steps, group, codes, words)
        found = number_many(words, slots, bench.visited, bench.keys, bench.places)
    return found, bench.visited[:found]


@kernel
def _place_background(plan: Plan, group: Whole, codes: Codes, bench: Bench) -> Whole:
    """List the distinct states of the background, and how many rows have each; return how many there are."""
    theirs, numbers = bench.theirs[: codes.shape[1]], bench.numbers[: codes.shape[1]]
    if len(theirs) == 0:
        return 0
    find_states(plan.steps, group, codes, theirs)
    found = number_many(theirs, numbers, bench.behind, bench.keys, bench.places)
    bench.times[:found] = 0.0
    for row in range(len(numbers)):
        bench.times[numbers[row]] += 1.0
    return found


@kernel
def _add_batch(plan: Plan, first: Whole, last: Whole, bench: Bench, totals: Floats) -> None:
    """Add the looked-up entries of a batch, output by output, four groups at a time.

    The four rows of tables in use stay in the nearest cache while all rows of the block pass by. They are
    added one after another, so that where a batch ends is not seen in the sum.
    """
    start, places, entries = _sort_entries(plan, first, last, bench, len(totals))
    for output in range(len(totals)):
        total, k, end = totals[output], start[output], start[output + 1]
        while k + 4 <= end:
            _add_four(
                total,
                bench.table[entries[k] :],
                bench.slots[places[k]],
                bench.table[entries[k + 1] :],
                bench.slots[places[k + 1]],
                bench.table[entries[k + 2] :],
                bench.slots[places[k + 2]],
                bench.table[entries[k + 3] :],
                bench.slots[places[k + 3]],
            )
            k += 4
        while k < end:
            own, slots = bench.table[entries[k] :], bench.slots[places[k]]
            for row in range(len(total)):
                total[row] += own[slots[row]]
            k += 1


@kernel
def _sort_entries(
    plan: Plan, first: Whole, last: Whole, bench: Bench, outputs: int
) -> tuple[Integers, Integers, Integers]:
    """List, by output, the groups of a batch that have it, and where their row of it begins."""
    start = np.zeros(outputs + 1, dtype=np.int64)
    for at in range(plan.output_start[first], plan.output_start[last]):
        start[plan.outputs[at] + 1] += 1
    for output in range(outputs):
        start[output + 1] += start[output]
    places, entries = np.empty(start[-1], dtype=np.int64), np.empty(start[-1], dtype=np.int64)
    done = start.copy()
    for group in range(first, last):
        for at in range(plan.output_start[group], plan.output_start[group + 1]):
            output, slot = plan.outputs[at], at - plan.output_start[group]
            places[done[output]] = group - first
            entries[done[output]] = bench.at[group - first] + slot * bench.size[group - first]
            done[output] += 1
    return start, places, entries


@kernel
def _add_four(
    total: Floats, a: Table, in_a: Table, b: Table, in_b: Table, c: Table, in_c: Table, d: Table, in_d: Table
) -> None:
    for row in range(len(total)):
        total[row] = (((total[row] + a[in_a[row]]) + b[in_b[row]]) + c[in_c[row]]) + d[in_d[row]]
