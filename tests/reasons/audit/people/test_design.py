"""The design is balanced, whatever the seed."""

from __future__ import annotations

import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.people import ARMS, KINDS, count_kinds, lay_out


def _kinds(cases: int) -> pd.Series:
    kinds = [kind for kind, number in count_kinds(cases).items() for _ in range(number)]
    return pd.Series(kinds, index=[f"C{number}" for number in range(cases)])


@pytest.mark.parametrize(("cases", "participants", "seed"), [(24, 12, 0), (12, 3, 1), (27, 9, 5)])
def test_cases_arms_and_kinds_are_balanced(cases: int, participants: int, seed: int) -> None:
    kinds = _kinds(cases)
    plan = lay_out(kinds, participants=participants, seed=seed)
    assert len(plan) == cases * participants
    assert (plan.groupby("form")["case"].nunique() == cases).all()
    by_case = pd.crosstab(plan["case"], plan["arm"])
    assert (by_case == participants // 3).all(axis=None)
    of_form = pd.crosstab([plan["form"], plan["case"].map(kinds)], plan["arm"])
    assert (of_form.max(axis=1) == of_form.min(axis=1)).all()
    for first in range(1, participants + 1, 3):
        square = plan[plan["form"].isin(range(first, first + 3))]
        assert (square.groupby("case")["arm"].nunique() == 3).all()


def test_every_three_cases_of_a_form_hold_each_arm() -> None:
    plan = lay_out(_kinds(24), participants=6, seed=2)
    block = (plan["position"] - 1) // 3
    assert (plan.groupby(["form", block])["arm"].nunique() == len(ARMS)).all()
    assert plan.groupby("form")["position"].apply(sorted).map(list(range(1, 25)).__eq__).all()


def test_the_seed_decides_the_layout() -> None:
    first, again, other = (lay_out(_kinds(24), participants=6, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_half_of_the_returns_are_wrong_and_the_model_errs_in_some() -> None:
    assert count_kinds(24) == {"flagged_wrong": 9, "flagged_right": 6, "passed_wrong": 3, "passed_right": 6}
    for cases in range(12, 60, 3):
        counts = count_kinds(cases)
        assert sum(counts.values()) == cases
        assert set(counts) == set(KINDS)
        assert all(number % 3 == 0 and number for number in counts.values())


@pytest.mark.parametrize("cases", [0, 9, 25])
def test_numbers_of_cases_that_cannot_be_shared_out_are_refused(cases: int) -> None:
    with pytest.raises(UsageError, match="multiple of 3 from 12"):
        count_kinds(cases)


@pytest.mark.parametrize("participants", [0, 2, 10])
def test_numbers_of_participants_that_cannot_be_balanced_are_refused(participants: int) -> None:
    with pytest.raises(UsageError, match="multiple of 3"):
        lay_out(_kinds(12), participants=participants, seed=0)


def test_kinds_that_do_not_divide_are_refused() -> None:
    with pytest.raises(UsageError, match="each kind"):
        lay_out(pd.Series(["flagged_wrong"] * 4, index=list("abcd")), participants=3, seed=0)
