"""People: whether reasons help those who read them, measured on cases whose truth is known."""

from __future__ import annotations

from taxgap.reasons.audit.people.answers import COLUMNS, read_answers
from taxgap.reasons.audit.people.cases import TaskCases, check_synthetic, choose_cases
from taxgap.reasons.audit.people.design import ARMS, KINDS, count_kinds, lay_out
from taxgap.reasons.audit.people.key import KEY_NAME, Key
from taxgap.reasons.audit.people.lines import lines_of, lines_of_features, list_lines
from taxgap.reasons.audit.people.measures import MEASURES
from taxgap.reasons.audit.people.result import PeopleResult
from taxgap.reasons.audit.people.sample_size import (
    least_difference,
    participants_needed,
    plan_variance,
)
from taxgap.reasons.audit.people.scoring import score_answers

__all__ = [
    "ARMS",
    "COLUMNS",
    "KEY_NAME",
    "KINDS",
    "MEASURES",
    "Key",
    "PeopleResult",
    "TaskCases",
    "check_synthetic",
    "choose_cases",
    "count_kinds",
    "lay_out",
    "least_difference",
    "lines_of",
    "lines_of_features",
    "list_lines",
    "participants_needed",
    "plan_variance",
    "read_answers",
    "score_answers",
]
