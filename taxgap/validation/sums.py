"""A rule that a box of a return must be what other boxes make it."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from taxgap.validation.context import Context
from taxgap.validation.rule import Rule

TOLERANCE = 1.0
"""Pounds by which a box may differ from what it should be: every box may be rounded."""

SLACK = 1e-6
"""Pounds by which sums of binary fractions may miss."""


def sum_rule(
    table: str,
    code: str,
    *,
    box: str,
    parts: tuple[str, ...],
    should_be: Callable[[pd.DataFrame], pd.Series],
    words: str,
) -> Rule:
    """Make the rule that a box of a return agrees with others within a pound.

    Parameters
    ----------
    table, code : str
        The return, and the name of the rule.
    box : str
        The box judged.
    parts : tuple of str
        The boxes that `should_be` reads.
    should_be : callable
        Takes the returns, gives what the box should hold, in pounds.
    words : str
        What is wrong, as the beginning of a sentence.

    Returns
    -------
    Rule
    """

    def is_off(boxes: pd.DataFrame, _context: Context) -> pd.Series:
        return (boxes[box] - should_be(boxes)).abs() > TOLERANCE + SLACK

    return Rule(
        code=code,
        table=table,
        columns=(box, *parts),
        sentence=f"{words} by more than a pound.",
        remedy="Compare the boxes with the return as filed.",
        check=is_off,
    )


def exceeds(amounts: pd.Series, limits: pd.Series) -> pd.Series:
    """Tell which amounts are above their limit by more than a pound."""
    return amounts > limits + TOLERANCE + SLACK
