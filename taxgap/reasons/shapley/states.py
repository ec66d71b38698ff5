"""States: where each row stands in each group, and which of many states rows visit at all."""

from __future__ import annotations

import numpy as np

from taxgap.reasons.shapley.arrays import Codes, Integers, Table, Whole, Words
from taxgap.reasons.shapley.jit import kernel
from taxgap.reasons.shapley.plan import Steps

_GOLDEN = np.uint64(11400714819323198485)  # 2 ** 64 over the golden ratio: spreads neighbouring numbers
EMPTY = -1
"""A place that is not taken."""


@kernel
def find_states(steps: Steps, group: Whole, codes: Codes, states: Table) -> None:
    """Set the state of every row; differences wrap around in the range of the word, and end up right."""
    states[:] = 0
    step, last = steps.start[group], steps.start[group + 1]
    while step + 4 <= last:
        _take_four(codes, steps.column, steps.code, steps.delta, step, states)
        step += 4
    while step < last:
        _take_step(codes[steps.column[step]], steps.code[step], steps.delta[step], states)
        step += 1
    for place in range(steps.lookup_start[group], steps.lookup_start[group + 1]):
        _look_up(codes[steps.lookup_column[place]], steps.lookups, steps.lookup_at[place], states)


@kernel
def _take_step(codes: Codes, code: int, delta: int, states: Table) -> None:
    least, more, none = codes.dtype.type(code), states.dtype.type(delta), states.dtype.type(0)
    for row in range(len(states)):
        states[row] += more if codes[row] >= least else none


@kernel
def _take_four(
    codes: Codes, column: Integers, code: Integers, delta: Words, step: Whole, states: Table
) -> None:
    """Take four steps while the states are at hand."""
    a, b, c, d = (
        codes[column[step]], codes[column[step + 1]], codes[column[step + 2]], codes[column[step + 3]]
    )  # fmt: skip
    least, more, none = codes.dtype.type, states.dtype.type, states.dtype.type(0)
    least_a, least_b, least_c, least_d = (
        least(code[step]), least(code[step + 1]), least(code[step + 2]), least(code[step + 3])
    )  # fmt: skip
    more_a, more_b, more_c, more_d = (
        more(delta[step]), more(delta[step + 1]), more(delta[step + 2]), more(delta[step + 3])
    )  # fmt: skip
    for row in range(len(states)):
        states[row] += (
            (more_a if a[row] >= least_a else none)
            + (more_b if b[row] >= least_b else none)
            + (more_c if c[row] >= least_c else none)
            + (more_d if d[row] >= least_d else none)
        )


@kernel
def _look_up(codes: Codes, lookups: Words, at: int, states: Table) -> None:
    own = lookups[at:]
    for row in range(len(states)):
        states[row] += states.dtype.type(own[codes[row]])


@kernel
def number_few(states: Table, slots: Table, visited: Words, places: Table) -> int:
    """Give each distinct state a number, in the order of first rows; return how many there are.

    Parameters
    ----------
    states : ndarray of uint16
    slots : ndarray of uint16
        Filled with the number of each row's state; may be `states` itself.
    visited : ndarray of uint64
        Filled with the distinct states.
    places : ndarray of int32
        One place for every state there can be, all empty (-1), as they are again afterwards.
    """
    found = 0
    for row in range(len(states)):
        state = states[row]
        if places[state] == EMPTY:
            places[state] = found
            visited[found] = state
            found += 1
        slots[row] = places[state]
    for k in range(found):
        places[visited[k]] = EMPTY
    return found


@kernel
def number_many(states: Words, slots: Table, visited: Words, keys: Words, places: Table) -> int:
    """As `number_few`, for states of any size, by a table of 2 ** k keys."""
    last = np.uint64(len(keys) - 1)
    shift = np.uint64(64)
    size = len(keys)
    while size > 1:
        shift -= np.uint64(1)
        size >>= 1
    found = 0
    for row in range(len(states)):
        state = states[row]
        at = (state * _GOLDEN) >> shift
        while places[at] != EMPTY and keys[at] != state:
            at = (at + np.uint64(1)) & last
        if places[at] == EMPTY:
            places[at] = found
            keys[at] = state
            visited[found] = state
            found += 1
        slots[row] = places[at]
    for k in range(found):  # whole runs are emptied, whatever stands in them
        at = (visited[k] * _GOLDEN) >> shift
        while places[at] != EMPTY:
            places[at] = EMPTY
            at = (at + np.uint64(1)) & last
    return found
