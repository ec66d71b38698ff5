"""Checks: a question, a figure, and the stated bound that decides it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from taxgap.errors import UsageError
from taxgap.reasons.audit.figures import Estimate
from taxgap.reasons.audit.wording import say_bound

Sense = Literal["at least", "at most", "above", "below"]
Side = Literal["value", "low", "high"]

_HOLDS = {
    "at least": lambda figure, bound: figure >= bound,
    "at most": lambda figure, bound: figure <= bound,
    "above": lambda figure, bound: figure > bound,
    "below": lambda figure, bound: figure < bound,
}


@dataclass(frozen=True)
class Rule:
    """When a check passes.

    Attributes
    ----------
    name : str
        Such as ``recall``; the key by which an evaluator changes the bound.
    part : str
        The part of the audit that measures it.
    question : str
        What it asks, in words for a meeting.
    sense : {"at least", "at most", "above", "below"}
    bound : float
    of : {"value", "low", "high"}, default "value"
        What is held against the bound: the figure, or an end of its interval.
    unit : str, default "share"
        As of `Figure`.
    fails : str
        What it means, and what to do, where it fails.

    Examples
    --------
    >>> Rule("recall", "recovery", "Is the right reason given?", "at least", 0.8).says
    'passes if the figure is at least 80%'
    """

    name: str
    part: str
    question: str
    sense: Sense
    bound: float
    of: Side = "value"
    unit: str = "share"
    fails: str = ""

    @property
    def says(self) -> str:
        """The rule in words."""
        what = {"value": "the figure", "low": "the lower end of its interval", "high": "the upper end"}
        return f"passes if {what[self.of]} is {self.sense} {say_bound(self.bound, self.unit)}"


@dataclass(frozen=True)
class Check:
    """A rule and what was found.

    Attributes
    ----------
    rule : Rule
    found : Estimate or None
        None where nothing was measured.
    why : str
        Why it is not asked, whatever was measured; empty where it is judged.
    """

    rule: Rule
    found: Estimate | None
    why: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether it passed; None where it is not asked, or nothing could be measured."""
        if self.why or self.found is None or math.isnan(held := float(getattr(self.found, self.rule.of))):
            return None
        return bool(_HOLDS[self.rule.sense](held, self.rule.bound))


def change_rules(
    rules: Iterable[Rule], bounds: Mapping[str, float], parts: Collection[str] | None = None
) -> tuple[Rule, ...]:
    """Return the rules with other bounds.

    Parameters
    ----------
    rules : iterable of Rule
    bounds : mapping of str to float
        Name to bound.
    parts : collection of str, optional
        The parts that are asked; all when absent.

    Raises
    ------
    UsageError
        There is no such rule, its part is not asked, or the bound is no number.
    """
    every = tuple(rules)
    known = {rule.name: rule.part for rule in every}
    for name, bound in bounds.items():
        if name not in known:
            raise UsageError(f"There is no check named '{name}'.", where="rules", available=sorted(known))
        if math.isnan(bound):
            raise UsageError(f"The bound of '{name}' is no number.", where="rules")
        if parts is not None and known[name] not in parts:
            raise UsageError(
                f"The bound of '{name}' would have no effect: its part, '{known[name]}', is not asked.",
                where="rules",
                remedy=f"Ask for the part '{known[name]}' too, or leave the bound out.",
            )
    return tuple(replace(rule, bound=bounds.get(rule.name, rule.bound)) for rule in every)


def judge(
    rules: Iterable[Rule], findings: Mapping[str, Estimate], unasked: Mapping[str, str] | None = None
) -> tuple[Check, ...]:
    """Hold what was found against the rules; what is unasked says why, by the name of the check."""
    why = unasked or {}
    return tuple(Check(rule, findings.get(rule.name), why.get(rule.name, "")) for rule in rules)
