"""Sizes are those of the closed form, and grow and shrink as they must."""

from __future__ import annotations

import math

import numpy as np
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.people import least_difference, participants_needed, plan_variance
from taxgap.reasons.audit.people.intervals import Variance
from taxgap.reasons.audit.people.sample_size import tabulate_sizes


def test_participants_and_answers_agree_where_answers_are_independent() -> None:
    for difference in (0.05, 0.1, 0.2):
        needed = participants_needed(difference, 24, plan_variance(0.5, 12, 24))
        worth = (1.959964 + 0.841621) ** 2
        answers = worth * 0.5 / difference**2  # in each arm, of variance 1/4 each
        assert needed == 3 * math.ceil(answers / 24)


def test_the_least_difference_is_the_one_its_size_is_for() -> None:
    variance = Variance(0.002, 0.001, 0.0005, 12, 24)
    assert participants_needed(least_difference(variance) + 1e-9, 24, variance) == 12


def test_participants_do_not_make_up_for_few_cases() -> None:
    variance = Variance(0.001, 0.0, 0.01, 12, 24)
    assert np.isnan(participants_needed(0.1, 24, variance))
    assert participants_needed(0.1, 24 * 20, variance) >= 3


def test_the_table_names_every_measure_difference_and_size() -> None:
    table = tabulate_sizes({"accuracy": Variance(0.002, 0.002, 0.0, 12, 24)})
    assert len(table) == 12
    assert (table["design_effect"] == 2).all()
    falls = table[table["cases"] == 24].sort_values("difference")["participants"]
    assert falls.is_monotonic_decreasing


def test_impossible_power_is_refused() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        participants_needed(0.1, 24, plan_variance(0.5, 12, 24), power=1.0)
