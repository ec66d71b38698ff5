"""Checks: what passes, what fails, and what cannot be asked."""

from __future__ import annotations

import math

import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.auditing import RULES
from taxgap.reasons.audit.figures import Estimate
from taxgap.reasons.audit.result import NOTHING, why_not_asked
from taxgap.reasons.audit.rules import Check, Rule, change_rules, judge

FOUND = Estimate(0.8, 0.7, 0.9, 100)


@pytest.mark.parametrize(
    ("sense", "bound", "of", "passed"),
    [
        ("at least", 0.8, "value", True),
        ("at least", 0.81, "value", False),
        ("at most", 0.8, "value", True),
        ("above", 0.7, "low", False),
        ("above", 0.69, "low", True),
        ("below", 0.9, "high", False),
        ("at most", 0.9, "high", True),
    ],
)
def test_a_figure_or_an_end_is_held_against_the_bound(
    sense: str, bound: float, of: str, passed: bool
) -> None:
    rule = Rule("one", "part", "Is it?", sense, bound, of)  # type: ignore[arg-type]  # drawn as text
    assert Check(rule, FOUND).passed is passed


def test_what_was_not_measured_is_neither_passed_nor_failed() -> None:
    rule = Rule("one", "part", "Is it?", "at least", 0.0)
    assert Check(rule, None).passed is None
    assert Check(rule, Estimate(math.nan, math.nan, math.nan, 0)).passed is None


def test_what_is_unasked_is_not_judged_whatever_was_measured() -> None:
    rule = Rule("one", "part", "Is it?", "at least", 0.0)
    (check,) = judge([rule], {"one": FOUND}, {"one": "Too few."})
    assert (check.passed, check.found, check.why) == (None, FOUND, "Too few.")
    assert why_not_asked(check) == "Too few."
    assert why_not_asked(Check(rule, None), "Left out.") == "Left out."
    assert why_not_asked(Check(rule, None)) == NOTHING
    assert why_not_asked(Check(rule, FOUND), "Partly left out.") == ""


def test_a_bound_of_a_part_that_is_not_asked_is_refused() -> None:
    rules = (Rule("one", "part", "Is it?", "at least", 0.5),)
    assert change_rules(rules, {"one": 0.9}, ["part"])[0].bound == 0.9
    with pytest.raises(UsageError, match="its part, 'part', is not asked"):
        change_rules(rules, {"one": 0.9}, ["other"])


def test_bounds_are_changed_by_name() -> None:
    rules = (Rule("one", "part", "Is it?", "at least", 0.5), Rule("two", "part", "Is it?", "at least", 0.5))
    changed = change_rules(rules, {"two": 0.9})
    assert [rule.bound for rule in changed] == [0.5, 0.9]
    assert [check.passed for check in judge(changed, {"one": FOUND, "two": FOUND})] == [True, False]
    with pytest.raises(UsageError, match="no check named 'three'"):
        change_rules(rules, {"three": 1.0})
    with pytest.raises(UsageError, match="no number"):
        change_rules(rules, {"one": math.nan})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_asks_a_question_and_says_what_a_failure_means(rule: Rule) -> None:
    assert rule.question.endswith("?")
    assert rule.fails.endswith(".")
    assert rule.says.startswith("passes if ")
