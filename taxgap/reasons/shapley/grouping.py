"""Groups of leaves: which leaves of a tree share one table, so that a row costs few look-ups.

A group's table has one entry for every joint state of its features: which of the classes of cells, that its
leaves tell apart, each feature lies in. Groups merge while that saves work and the table stays small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxgap.reasons.shapley.arrays import Bools, Floats, Integers, Words
from taxgap.reasons.shapley.coding import Splits
from taxgap.reasons.shapley.jit import kernel

# What the work of a row is made of, in additions: a group, and a step of its index. From so many steps on
# they cost no more, as a look-up by code may take their place.
GROUP_COST, STEP_COST, MOST_STEPS = 1.0, 0.25, 6
_NEVER = -1.0


@kernel
def goes_left(splits: Splits, node: int, code: int) -> bool:
    """Tell where a split sends a code."""
    column = splits.column[node]
    if splits.categorical[column]:
        return bool(splits.goes_left[splits.row[node] + code])
    if code == splits.cells[column] - 1:
        return bool(splits.missing_left[node])
    if splits.zero_is_missing[node] and splits.zero_from[column] <= code < splits.zero_to[column]:
        return bool(splits.zero_left[node])
    return bool(code <= splits.cut[node])


@kernel
def list_cells(splits: Splits, tree: int) -> tuple[Integers, Integers, Integers]:
    """List the cells that one tree tells apart.

    Returns the columns that it splits on, the codes at which their cells begin, and where each column's do.
    """
    first, last = splits.node_start[tree], splits.node_start[tree + 1]
    begins = np.zeros((len(splits.cells), splits.cells.max()), dtype=np.bool_)
    used = np.zeros(len(splits.cells), dtype=np.bool_)
    for node in range(first, last):
        column = splits.column[node]
        used[column] = True
        begins[column, 0] = True
        if splits.categorical[column]:
            begins[column, : splits.cells[column]] = True
            continue
        begins[column, splits.cut[node] + 1] = True
        begins[column, splits.cells[column] - 1] = True
        if splits.zero_is_missing[node]:
            begins[column, splits.zero_from[column]] = True
            begins[column, splits.zero_to[column]] = True
    columns = np.empty(used.sum(), dtype=np.int64)
    codes = np.empty(begins.sum(), dtype=np.int64)
    start = np.zeros(len(columns) + 1, dtype=np.int64)
    place, cell = 0, 0
    for column in range(len(used)):
        if used[column]:
            for code in range(splits.cells[column]):
                if begins[column, code]:
                    codes[cell] = code
                    cell += 1
            columns[place] = column
            place += 1
            start[place] = cell
    return columns, codes, start


@kernel
def follow_paths(
    splits: Splits, tree: int, columns: Integers, codes: Integers, start: Integers
) -> tuple[Bools, Bools, Floats]:
    """Follow every path of a tree from its root.

    Returns, by leaf: the cells that satisfy it, the columns that its path asks about, and the share of the
    training rows that passes the splits on each column.
    """
    first, leaf_first = splits.node_start[tree], splits.leaf_start[tree]
    leaves = splits.leaf_start[tree + 1] - leaf_first
    passes = np.ones((2 * leaves - 1, len(codes)), dtype=np.bool_)
    asked = np.zeros((2 * leaves - 1, len(columns)), dtype=np.bool_)
    share = np.ones((2 * leaves - 1, len(columns)))
    stack = np.zeros(leaves, dtype=np.int64)
    waiting = 1
    while waiting > 0:
        waiting -= 1
        own = stack[waiting]
        node = first + own
        place = 0
        while columns[place] != splits.column[node]:
            place += 1
        for side in range(2):
            child = splits.left[node] if side == 0 else splits.right[node]
            if child >= 0:
                at, count = child, splits.rows[first + child]
                stack[waiting] = child
                waiting += 1
            else:
                at, count = leaves - 2 - child, splits.leaf_rows[leaf_first - 1 - child]
            passes[at], asked[at], share[at] = passes[own], asked[own], share[own]
            asked[at, place] = True
            share[at, place] *= count / splits.rows[node] if splits.rows[node] > 0 else 0.0
            for cell in range(start[place], start[place + 1]):
                if goes_left(splits, node, codes[cell]) != (side == 0):
                    passes[at, cell] = False
    return passes[leaves - 1 :], asked[leaves - 1 :], share[leaves - 1 :]


class Groups(NamedTuple):
    """Groups of the leaves of a tree, by the number of one of their leaves; merged ones hold nothing of use.

    Attributes
    ----------
    marks : ndarray of uint64, shape (groups, cells)
        The exclusive or of a random number of each leaf of the group that the cell satisfies: cells that no
        leaf tells apart have equal marks, and the marks of a union are the exclusive or of both.
    asked : ndarray of bool, shape (groups, columns)
        Whether a path of the group asks about the column.
    classes, changes : ndarray of int64, shape (groups, columns)
        The classes of cells told apart, and the steps that an index takes.
    states, cost : ndarray of float64
        Joint states, and the work of a row.
    """

    marks: Words
    asked: Bools
    classes: Integers
    changes: Integers
    states: Floats
    cost: Floats


@kernel
def group_leaves(passes: Bools, asked: Bools, start: Integers, most_states: int) -> Integers:
    """Merge leaves into groups, the pair that saves most first.

    Parameters
    ----------
    passes, asked : ndarray of bool
        From `follow_paths`.
    start : ndarray of int64
        From `list_cells`.
    most_states : int
        What no merged group may exceed.

    Returns
    -------
    ndarray of int64
        The group of each leaf: the number of one of its leaves.
    """
    leaves = len(asked)
    groups = _begin(passes, asked, start)
    group = np.arange(leaves)
    saving = np.full((leaves, leaves), _NEVER)
    best = np.zeros(leaves, dtype=np.int64)  # of each group, the partner further on that saves most
    for a in range(leaves):
        for b in range(a + 1, leaves):
            saving[a, b] = _save(a, b, groups, start, most_states)
        best[a] = np.argmax(saving[a])
    while True:
        a = 0
        for other in range(leaves):
            if saving[other, best[other]] > saving[a, best[a]]:
                a = other
        b = best[a]
        if saving[a, b] <= 0.0:
            return group
        _merge(a, b, groups, start)
        group[group == b] = a
        _update(a, b, group, groups, start, most_states, saving, best)


@kernel
def _update(
    a: int,
    b: int,
    group: Integers,
    groups: Groups,
    start: Integers,
    most_states: int,
    saving: Floats,
    best: Integers,
) -> None:
    """Work out anew what merging with a saves, now that b is part of it."""
    saving[b, :] = _NEVER
    saving[:, b] = _NEVER
    for other in range(len(best)):
        if other != a and group[other] == other:
            low, high = min(a, other), max(a, other)
            saving[low, high] = _save(low, high, groups, start, most_states)
    for other in range(len(best)):
        if other == a or best[other] in (a, b):
            best[other] = np.argmax(saving[other])
        elif other < a and saving[other, a] > saving[other, best[other]]:
            best[other] = a


@kernel
def _begin(passes: Bools, asked: Bools, start: Integers) -> Groups:
    """Make a group of each leaf."""
    leaves, cells = passes.shape
    groups = Groups(
        np.zeros((leaves, cells), dtype=np.uint64),
        asked.copy(),
        np.ones(asked.shape, dtype=np.int64),
        np.zeros(asked.shape, dtype=np.int64),
        np.ones(leaves),
        np.ones(leaves),
    )
    word = np.uint64(88172645463325252)  # Marsaglia's xorshift: any odd-looking numbers do
    for leaf in range(leaves):
        word ^= word << np.uint64(13)
        word ^= word >> np.uint64(7)
        word ^= word << np.uint64(17)
        for cell in range(cells):
            if passes[leaf, cell]:
                groups.marks[leaf, cell] = word
        _measure(leaf, groups, start)
    return groups


@kernel
def _merge(a: int, b: int, groups: Groups, start: Integers) -> None:
    """Let a group take another in."""
    for cell in range(groups.marks.shape[1]):
        groups.marks[a, cell] ^= groups.marks[b, cell]
        groups.marks[b, cell] = np.uint64(0)
    for place in range(groups.asked.shape[1]):
        groups.asked[a, place] |= groups.asked[b, place]
    _measure(a, groups, start)


@kernel
def _measure(own: int, groups: Groups, start: Integers) -> None:
    """Count the classes of each column of a group, its states and its cost."""
    groups.states[own], groups.cost[own] = 1.0, GROUP_COST
    for place in range(groups.asked.shape[1]):
        if groups.asked[own, place]:
            classes, changes = _count(
                groups.marks[own], groups.marks[own], False, start[place], start[place + 1]
            )
            groups.classes[own, place], groups.changes[own, place] = classes, changes
            groups.states[own] *= classes
            groups.cost[own] += 1.0 + STEP_COST * changes


@kernel
def _save(a: int, b: int, groups: Groups, start: Integers, most_states: int) -> float:
    """Return what merging two groups saves a row, or `_NEVER` where there would be too many states."""
    if groups.states[a] > most_states or groups.states[b] > most_states:
        return _NEVER
    least, joint, work = 1.0, 1.0, GROUP_COST
    for place in range(groups.asked.shape[1]):  # first what needs no counting
        least *= max(groups.classes[a, place], groups.classes[b, place])
    if least > most_states:
        return _NEVER
    for place in range(groups.asked.shape[1]):
        if groups.asked[a, place] and groups.asked[b, place]:
            classes, changes = _count(groups.marks[a], groups.marks[b], True, start[place], start[place + 1])
        elif groups.asked[a, place] or groups.asked[b, place]:
            own = a if groups.asked[a, place] else b
            classes, changes = groups.classes[own, place], groups.changes[own, place]
        else:
            continue
        joint *= classes
        work += 1.0 + STEP_COST * changes
        if joint > most_states:
            return _NEVER
    return float(groups.cost[a] + groups.cost[b] - work)


@kernel
def _count(marks: Words, others: Words, both: bool, first: int, last: int) -> tuple[int, int]:
    """Return the classes that a group, or two, tell apart in a column, and the steps of an index."""
    classes, changes = 0, 0
    before = np.uint64(0)
    for i in range(first, last):
        mark = marks[i] ^ others[i] if both else marks[i]
        new = True
        for j in range(first, i):
            if (marks[j] ^ others[j] if both else marks[j]) == mark:
                new = False
                break
        classes += new
        changes += i > first and mark != before
        before = mark
    return classes, min(changes, MOST_STEPS)
