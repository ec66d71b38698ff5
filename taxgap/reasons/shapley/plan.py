"""The plan of a model: for every group of leaves, how a row finds its state, and what each state means.

The n-th part of an array ``xs`` is ``xs[x_start[n]:x_start[n + 1]]``, throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxgap.reasons.shapley.arrays import Bools, Floats, Integers, Table, Whole, Words
from taxgap.reasons.shapley.coding import Splits
from taxgap.reasons.shapley.grouping import follow_paths, group_leaves, list_cells
from taxgap.reasons.shapley.jit import kernel

MOST_STATES = 1024
"""Groups of leaves merge up to so many states: their tables stay in the nearest cache."""

MOST_STATES_DEEP = 4096
"""The same for models of deep trees, where leaves alone would have more than the above."""

MANY = 1 << 16
"""So many states a word of 16 bits tells apart."""

MOST_PLAYERS = 62
"""The most features on one path: patterns are bits of one word."""

TOO_MANY = 0
"""Said instead of the states of a group that are more than `MANY`."""


class Steps(NamedTuple):
    """How a row finds its state: a number in mixed radix, with a digit for each column that matters.

    Attributes
    ----------
    start, column, code : ndarray of int64
        By group, the steps: where a row's code of a column reaches this one,
    delta : ndarray of uint64
        so much is added, modulo the range of the word.
    lookup_start, lookup_column, lookup_at : ndarray of int64
        By group, the categorical columns, and where in `lookups` the values by code begin.
    lookups : ndarray of uint64
    """

    start: Integers
    column: Integers
    code: Integers
    delta: Words
    lookup_start: Integers
    lookup_column: Integers
    lookup_at: Integers
    lookups: Words


class Members(NamedTuple):
    """What a state means for the leaves of a group: by bits, which of a leaf's players it lacks.

    A pattern is the union of the leaf's `never` with a mask for every digit of the state.

    Attributes
    ----------
    start : ndarray of int64
        By group, its leaves.
    value : ndarray of float64
        Of each leaf.
    never : ndarray of uint64
        Of each leaf, the players that no value satisfies.
    digit_start, classes : ndarray of int64
        By group, how many classes each digit has, the lowest digit first.
    mask_start : ndarray of int64
    masks : ndarray of uint64
        By leaf: by digit and class, one after another.
    player_start, slots : ndarray of int64
        By leaf: where its players stand among the outputs of the group; the n-th is bit n.
    share : ndarray of float64
        By leaf: of each player, the share of training rows that passes its splits.
    """

    start: Integers
    value: Floats
    never: Words
    digit_start: Integers
    classes: Integers
    mask_start: Integers
    masks: Words
    player_start: Integers
    slots: Integers
    share: Floats


class Plan(NamedTuple):
    """Groups of leaves, one after another.

    Attributes
    ----------
    states : ndarray of int64
        How many each group has; or `TOO_MANY`.
    output_start, outputs : ndarray of int64
        By group, the players that its leaves ask about.
    steps : Steps
    members : Members
    """

    states: Integers
    output_start: Integers
    outputs: Integers
    steps: Steps
    members: Members


def plan_model(splits: Splits, player_of: Integers, *, most_states: int | None = None) -> Plan:
    """Group the leaves of all trees.

    Parameters
    ----------
    splits : Splits
    player_of : ndarray of int64
        The player of each column of the codes.
    most_states : int, optional
        Groups merge up to so many states; as the depth of the trees suggests when absent.

    Returns
    -------
    Plan
        Trees of one leaf are not in it: they add to the base value alone.
    """
    most = _choose_most(splits) if most_states is None else most_states
    plan, groups = _empty(), 0
    for tree in range(len(splits.node_start) - 1):
        if splits.node_start[tree + 1] == splits.node_start[tree]:
            continue
        columns, codes, start = list_cells(splits, tree)
        passes, asked, share = follow_paths(splits, tree, columns, codes, start)
        group = group_leaves(passes, asked, start, most)
        found = Paths(
            columns, codes, start, passes, asked, share, splits.leaf_value[splits.leaf_start[tree] :]
        )
        plan = _make_room(plan, groups, found, splits.cells)
        groups = _write(plan, groups, group, found, splits, player_of)
    leaves = plan.members.start[groups]
    members = plan.members._replace(
        player_start=plan.members.player_start[: leaves + 1],
        digit_start=plan.members.digit_start[: groups + 1],
    )
    return plan._replace(states=plan.states[:groups], members=members)


def _choose_most(splits: Splits) -> int:
    """Look at some trees, whether many of their leaves are too deep for tables of the usual size."""
    trees = np.flatnonzero(np.diff(splits.node_start))
    asked = [
        follow_paths(splits, tree, *list_cells(splits, tree))[1] for tree in trees[:: len(trees) // 8 + 1]
    ]
    players = np.concatenate([np.zeros(1), *(paths.sum(axis=1) for paths in asked)])
    return MOST_STATES_DEEP if np.mean(2.0**players > MOST_STATES) > 0.1 else MOST_STATES


class Paths(NamedTuple):
    """The leaves of a tree: by leaf, the cells that satisfy it, the columns asked, the share that passes."""

    columns: Integers
    codes: Integers
    start: Integers
    passes: Bools
    asked: Bools
    share: Floats
    value: Floats


def _empty() -> Plan:
    def integers() -> Integers:
        return np.zeros(1, dtype=np.int64)

    def words() -> Words:
        return np.zeros(1, dtype=np.uint64)

    steps = Steps(integers(), integers(), integers(), words(), integers(), integers(), integers(), words())
    members = Members(
        integers(), np.zeros(1), words(), integers(), integers(), integers(), words(), integers(), integers(),
        np.zeros(1),
    )  # fmt: skip
    return Plan(integers(), integers(), integers(), steps, members)


def _make_room(plan: Plan, groups: int, found: Paths, cells: Integers) -> Plan:
    """Lengthen what may become too short for one more tree."""
    leaves, places = found.asked.shape
    pairs, steps, members = leaves * places, plan.steps, plan.members
    leaf = members.start[groups]

    def more(values: Table, used: int, extra: int) -> Table:
        needed = int(used) + extra + 1
        return values if needed <= len(values) else np.resize(values, max(needed, 2 * len(values)))

    return Plan(
        states=more(plan.states, groups, leaves),
        output_start=more(plan.output_start, groups, leaves),
        outputs=more(plan.outputs, plan.output_start[groups], pairs),
        steps=Steps(
            start=more(steps.start, groups, leaves),
            **{
                name: more(getattr(steps, name), steps.start[groups], leaves * len(found.codes))
                for name in ("column", "code", "delta")
            },
            lookup_start=more(steps.lookup_start, groups, leaves),
            lookup_column=more(steps.lookup_column, steps.lookup_start[groups], pairs),
            lookup_at=more(steps.lookup_at, steps.lookup_start[groups] + 1, pairs),
            lookups=more(
                steps.lookups,
                steps.lookup_at[steps.lookup_start[groups]],
                leaves * int(cells[found.columns].sum()),
            ),
        ),
        members=Members(
            start=more(members.start, groups, leaves),
            value=more(members.value, leaf, leaves),
            never=more(members.never, leaf, leaves),
            digit_start=more(members.digit_start, groups, leaves),
            classes=more(members.classes, members.digit_start[groups], pairs),
            mask_start=more(members.mask_start, leaf, leaves),
            masks=more(members.masks, members.mask_start[leaf], leaves * len(found.codes)),
            player_start=more(members.player_start, leaf, leaves),
            slots=more(members.slots, members.player_start[leaf], pairs),
            share=more(members.share, members.player_start[leaf], pairs),
        ),
    )


@kernel
def _write(
    plan: Plan, groups: int, group: Integers, found: Paths, splits: Splits, player_of: Integers
) -> int:
    """Write the groups of one tree at the end of the plan; return how many groups there are then."""
    slot_of = np.empty(player_of.max() + 1, dtype=np.int64)
    class_of = np.empty(len(found.codes), dtype=np.int64)
    for own in range(len(group)):
        if group[own] != own:
            continue
        plan.states[groups] = _write_digits(plan, groups, group == own, found, splits, class_of)
        end = _write_outputs(plan.outputs, plan.output_start[groups], group == own, found, player_of, slot_of)
        plan.output_start[groups + 1] = end
        member = plan.members.start[groups]
        for leaf in range(len(group)):
            if group[leaf] == own:
                _write_member(plan.members, member, leaf, found, player_of, slot_of, class_of)
                member += 1
        groups += 1
        plan.members.start[groups] = member
    return groups


@kernel
def _write_digits(
    plan: Plan, group: int, own: Bools, found: Paths, splits: Splits, class_of: Integers
) -> Whole:
    """Write the digits of a group's states, and what makes them; return how many states there are."""
    steps, members = plan.steps, plan.members
    step, lookup, digit = steps.start[group], steps.lookup_start[group], members.digit_start[group]
    stride, states = np.uint64(1), 1.0
    for place in range(len(found.columns)):
        first, last = found.start[place], found.start[place + 1]
        count = _classify(found.passes, own, first, last, class_of)
        if count == 1:
            continue
        column = found.columns[place]
        members.classes[digit] = count
        digit += 1
        if splits.categorical[column]:
            steps.lookup_column[lookup] = column
            at = steps.lookup_at[lookup]
            for code in range(splits.cells[column]):
                steps.lookups[at + code] = np.uint64(class_of[first + code]) * stride
            steps.lookup_at[lookup + 1] = at + splits.cells[column]
            lookup += 1
        else:
            for cell in range(first + 1, last):
                if class_of[cell] != class_of[cell - 1]:
                    steps.column[step], steps.code[step] = column, found.codes[cell]
                    steps.delta[step] = np.uint64(class_of[cell] - class_of[cell - 1]) * stride
                    step += 1
        stride *= np.uint64(count)
        states *= count
    steps.start[group + 1], steps.lookup_start[group + 1], members.digit_start[group + 1] = (
        step,
        lookup,
        digit,
    )
    return np.int64(states) if states <= MANY else TOO_MANY


@kernel
def _classify(passes: Bools, own: Bools, first: int, last: int, class_of: Integers) -> int:
    """Give a number to each class of cells that a group's leaves tell apart; return how many there are."""
    classes = 0
    for cell in range(first, last):
        class_of[cell] = classes
        for other in range(first, cell):
            same = True
            for leaf in range(len(own)):
                if own[leaf] and passes[leaf, cell] != passes[leaf, other]:
                    same = False
                    break
            if same:
                class_of[cell] = class_of[other]
                break
        classes += class_of[cell] == classes
    return classes


@kernel
def _write_outputs(
    outputs: Integers, at: int, own: Bools, found: Paths, player_of: Integers, slot_of: Integers
) -> int:
    """Write the players of a group, and keep the place of each among them; return where they end."""
    slot_of[:] = -1
    end = at
    for leaf in range(len(own)):
        for place in range(len(found.columns)):
            player = player_of[found.columns[place]]
            if own[leaf] and found.asked[leaf, place] and slot_of[player] < 0:
                slot_of[player] = end - at
                outputs[end] = player
                end += 1
    return end


@kernel
def _write_member(
    members: Members,
    member: int,
    leaf: int,
    found: Paths,
    player_of: Integers,
    slot_of: Integers,
    class_of: Integers,
) -> None:
    """Write a leaf: its players, and the masks of its patterns."""
    bit_of = np.full(len(slot_of), -1)
    start = members.player_start[member]
    players = 0
    mask = members.mask_start[member]
    never = np.uint64(0)
    for place in range(len(found.columns)):
        player = player_of[found.columns[place]]
        if found.asked[leaf, place]:
            if bit_of[player] < 0:
                bit_of[player] = players
                members.slots[start + players] = slot_of[player]
                members.share[start + players] = 1.0
                players += 1
            members.share[start + bit_of[player]] *= found.share[leaf, place]
        out = np.uint64(1) << np.uint64(max(bit_of[player], 0))
        classes, satisfied = 0, False
        for cell in range(found.start[place], found.start[place + 1]):
            satisfied |= found.passes[leaf, cell]
            if class_of[cell] == classes:
                members.masks[mask + classes] = np.uint64(0) if found.passes[leaf, cell] else out
                classes += 1
        mask += classes if classes > 1 else 0
        if not satisfied:
            never |= out
    members.value[member] = found.value[leaf]
    members.never[member] = never
    members.player_start[member + 1] = start + players
    members.mask_start[member + 1] = mask
