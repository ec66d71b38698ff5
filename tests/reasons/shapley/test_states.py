"""States of rows: sums of steps and look-ups, and the numbering of those that occur."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.reasons.shapley.plan import Steps
from taxgap.reasons.shapley.states import EMPTY, find_states, number_few, number_many

WORDS = st.lists(st.integers(0, 2**63 - 1) | st.sampled_from([0, 1, 2**40, 2**40 + 1]), max_size=60)


def steps() -> Steps:
    """One group: column 0 has steps at 2 and 5, the second back to the first class; column 1 is looked up."""
    whole = np.int64
    return Steps(
        start=np.array([0, 2], dtype=whole),
        column=np.array([0, 0], dtype=whole),
        code=np.array([2, 5], dtype=whole),
        delta=np.array([1, 2**64 - 1], dtype=np.uint64),
        lookup_start=np.array([0, 1], dtype=whole),
        lookup_column=np.array([1], dtype=whole),
        lookup_at=np.array([0], dtype=whole),
        lookups=np.array([0, 4, 2], dtype=np.uint64),
    )


@pytest.mark.parametrize("kind", [np.uint16, np.uint64])
def test_a_state_is_the_sum_of_steps_and_look_ups_and_wraps_around(kind: type) -> None:
    codes = np.array([[0, 1, 2, 4, 5, 9], [0, 1, 2, 0, 1, 2]], dtype=np.uint16)
    states = np.full(6, 77, dtype=kind)
    find_states(steps(), 0, codes, states)
    assert states.tolist() == [0, 4, 3, 1, 4, 2]


@settings(max_examples=40, deadline=None)
@given(WORDS)
def test_states_are_numbered_by_first_appearance_and_the_table_is_left_empty(values: list[int]) -> None:
    states = np.array(values, dtype=np.uint64)
    slots, visited = np.zeros(len(states), dtype=np.uint16), np.zeros(max(len(states), 1), dtype=np.uint64)
    places = np.full(128, EMPTY, dtype=np.int32)
    found = number_many(states, slots, visited, np.zeros(128, dtype=np.uint64), places)
    distinct = list(dict.fromkeys(values))
    assert visited[:found].tolist() == distinct
    assert slots.tolist() == [distinct.index(value) for value in values]
    assert (places == EMPTY).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2**16 - 1), max_size=60))
def test_few_states_are_numbered_in_place(values: list[int]) -> None:
    states, visited = np.array(values, dtype=np.uint16), np.zeros(max(len(values), 1), dtype=np.uint64)
    places = np.full(2**16, EMPTY, dtype=np.int32)
    found = number_few(states, states, visited, places)
    assert visited[states].tolist() == values
    assert found == len(set(values))
    assert (places == EMPTY).all()
