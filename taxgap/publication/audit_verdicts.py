"""The verdicts of an audit: the sentence that opens its page, and each check with what decided it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from taxgap.publication.audit_evidence import Evidence, say_interval, say_value
from taxgap.publication.audit_words import name_check
from taxgap.publication.headline import KeyFigure
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, listing, number_of
from taxgap.reasons.audit.result import why_not_asked
from taxgap.reasons.audit.rules import Check, Rule

VERDICTS = {False: "Failed", True: "Passed", None: "Not asked"}
"""What is said of a check."""

_SIDES = {
    "value": "the figure is",
    "low": "the lower end of the interval is",
    "high": "the upper end of the interval is",
}
_ORDER = (False, True, None)
_KEYS = {
    "recall": "of what was planted in flagged returns is named by their first reasons",
    "stable_share": "of flagged returns keep their first reason in at least nine in ten of {refits} refits",
    "settled_lift": "lead over random reasons in naming what random enquiries changed",
    "planting": "of planted manipulations are named, where they are flagged",
    "completeness": "of the differences between scores are shown by the contributions",
    "honest_no_reason": "of honest people who are flagged are given no reason",
}


@dataclass(frozen=True)
class FailedCheck:
    """A check that failed, and what that means."""

    question: str
    found: str
    meaning: str


@dataclass(frozen=True)
class Verdicts:
    """What comes first.

    Attributes
    ----------
    sentence : str
    figures : tuple of KeyFigure
    failed : tuple of FailedCheck
    table : Table or None
        Every check; None where there are none.
    meanings : Table or None
        What a failure of the others would mean.
    """

    sentence: str
    figures: tuple[KeyFigure, ...]
    failed: tuple[FailedCheck, ...]
    table: Table | None
    meanings: Table | None


def describe_verdicts(evidence: Evidence) -> Verdicts:
    """Turn the checks of an audit into words and tables.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Verdicts
    """
    checks = [check for passed in _ORDER for check in evidence.audit.checks if check.passed is passed]
    left_out = evidence.audit.left_out
    failed = tuple(
        FailedCheck(check.rule.question, f"{_say_found(check)}. {say_rule(check.rule)}.", check.rule.fails)
        for check in checks
        if check.passed is False
    )
    return Verdicts(
        say_verdicts(evidence), _choose_figures(evidence), failed, _tabulate(checks, left_out), _mean(checks)
    )


def say_verdicts(evidence: Evidence) -> str:
    """Say in a sentence how many checks passed, and name those that did not."""
    asked = [check for check in evidence.audit.checks if check.passed is not None]
    if not asked:
        return "No check could be asked, so nothing can be said for these explanations or against them."
    failed = evidence.audit.failed
    whole = f"{count(len(asked) - len(failed))} of {number_of(len(asked), 'check')} passed"
    if not failed:
        return f"{whole}; none failed."
    return f"{whole}; failed: {listing([name_check(name) for name in failed])}."


def say_rule(rule: Rule) -> str:
    """Say when a check passes.

    Examples
    --------
    >>> say_rule(Rule("recall", "recovery", "Is it right?", "at least", 0.8))
    'Passes if the figure is at least 80%'
    >>> say_rule(Rule("lift", "recovery", "Is it more?", "above", 0.0, "low"))
    'Passes if the lower end of the interval is above 0%'
    """
    return f"Passes if {_SIDES[rule.of]} {rule.sense} {say_value(rule.bound, rule.unit)}"


def _say_found(check: Check) -> str:
    found, rule = check.found, check.rule
    if found is None or check.passed is None:
        return "nothing could be measured"
    between = say_interval(found.low, found.high, rule.unit, bound=rule.bound)
    said = say_value(found.value, rule.unit, bound=rule.bound) + (f" ({between})" if between else "")
    return f"{said}, n {count(found.n)}"


def _tabulate(checks: list[Check], left_out: Mapping[str, str]) -> Table | None:
    if not checks:
        return None
    heads = ["Question", "Found", "n", "Rule", "Verdict"]
    rows = [
        (
            check.rule.question,
            _found_cell(check),
            "" if check.found is None else count(check.found.n),
            Cell(say_rule(check.rule), note=why_not_asked(check, left_out.get(check.rule.part, ""))),
            _verdict_cell(check),
        )
        for check in checks
    ]
    return make_table("checks", "Every check, those that failed first", heads, rows, text=heads[1:])


def _verdict_cell(check: Check) -> Cell:
    """Mark what failed; the others are quiet."""
    verdict = VERDICTS[check.passed]
    return Cell("", tag=verdict) if check.passed is False else Cell(verdict)


def _found_cell(check: Check) -> Cell:
    found, rule = check.found, check.rule
    if found is None or math.isnan(found.value):
        return Cell("nothing")
    between = say_interval(found.low, found.high, rule.unit, bound=rule.bound)
    return Cell(say_value(found.value, rule.unit, bound=rule.bound), note=between)


def _mean(checks: list[Check]) -> Table | None:
    rows = [(each.rule.question, each.rule.fails) for each in checks if each.passed is not False]
    rows = [row for row in rows if row[1]]
    heads = ["Question", "What a failure would mean"]
    return make_table("meanings", heads[1], heads, rows, text=heads[1:]) if rows else None


def _choose_figures(evidence: Evidence) -> tuple[KeyFigure, ...]:
    checks = {check.rule.name: check for check in evidence.audit.checks if check.passed is not None}
    asked, failed = len(checks), len(evidence.audit.failed)
    chosen = [KeyFigure(f"{asked - failed} of {asked}", "checks passed", "")] if asked else []
    for name, what in _KEYS.items():
        if name in checks and len(chosen) < 3:
            check = checks[name]
            found, rule = check.found, check.rule
            if found is None:
                continue
            between = say_interval(found.low, found.high, rule.unit)
            note = f"{evidence.confidence} interval: {between}" if between else ""
            said = what.format(refits=count(float(evidence.refits)))
            chosen.append(KeyFigure(say_value(found.value, rule.unit, bound=rule.bound), said, note))
    return tuple(chosen)
