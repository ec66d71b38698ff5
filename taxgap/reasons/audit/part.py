"""What a part of an audit gives: figures, tables, and what its checks are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from taxgap.reasons.audit.figures import Estimate


@dataclass(frozen=True, eq=False)
class Part:
    """A part of an audit.

    Attributes
    ----------
    name : str
        Such as ``recovery``.
    figures : DataFrame
        From `taxgap.reasons.audit.figures.tidy`.
    tables : mapping of str to DataFrame
        Whatever else is to be seen, such as a curve or a confusion of mechanisms and codes; no rows of
        taxpayers.
    findings : mapping of str to Estimate
        What the checks of `taxgap.reasons.audit.rules` ask for, by the name of the check.
    left_out : str
        Why the part could not be done, in words; empty if it was.
    unasked : mapping of str to str
        Checks that cannot be judged though the part was done, and why; by the name of the check.
    notes : tuple of str
        What must be said beside the verdicts, in a sentence each.
    """

    name: str
    figures: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    findings: Mapping[str, Estimate] = field(default_factory=dict)
    left_out: str = ""
    unasked: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
