"""What is wrong with rows that were to be recorded: named by row, column, rule and remedy, never by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

RULES: dict[str, tuple[str, str]] = {
    "unreadable_value": (
        "The value is not of the column's kind, or not one of its codes.",
        "Write days as 2026-03-31, amounts as plain numbers, codes as `taxgap schema` lists them.",
    ),
    "empty_value": ("The value is missing.", "Give it: the row cannot be recorded without."),
    "repeated": ("The identifier stands in an earlier row already.", "Keep one row for each identifier."),
    "unknown_enquiry": (
        "There is no such enquiry in the records.",
        "Mend the identifier; to add an enquiry, give all its columns.",
    ),
    "unknown_taxpayer": ("There is no such taxpayer in the records.", "Mend the identifier."),
    "other_case": (
        "The value is not that of the enquiry in the records.",
        "Mend the enquiry's identifier, or leave the column out.",
    ),
    "closed_before_opened": ("The enquiry was closed before it was opened.", "Mend the days."),
    "after_as_of": (
        "The day is later than the date at which the records stand.",
        "Mend the day, or move the records on with `as_of`.",
    ),
    "negative": ("The value is below zero.", "Give 0 or more."),
    "outside_zero_to_one": (
        "The probability is not above 0 and at most 1, or above that of being opened.",
        "Work it out from the design that drew the case.",
    ),
    "closed_otherwise": (
        "The enquiry is closed already, with another result.",
        "Leave the row out, or say that it amends what was recorded (`amend`).",
    ),
    "answered_otherwise": (
        "The review was recorded already, with other answers.",
        "Leave the row out, or say that it amends what was recorded (`amend`).",
    ),
    "answer_without_reason": ("A reason was judged that is not named.", "Give the reason's code."),
}
"""What each rule says of a row that breaks it, and what to do."""


class Faults:
    """The faults of the rows of one table.

    Parameters
    ----------
    table : str
    rows : int
        How many rows there are.

    Examples
    --------
    >>> faults = Faults("enquiries", 2)
    >>> faults.add("negative", "hours", np.array([False, True]))
    >>> faults.any.tolist(), faults.to_frame()["row"].tolist()
    ([False, True], [2])
    """

    def __init__(self, table: str, rows: int) -> None:
        self.table = table
        self.any: Bools = np.zeros(rows, dtype=np.bool_)
        self._found: list[tuple[str, str, NDArray[np.intp]]] = []

    def add(self, rule: str, column: str, rows: Any) -> None:
        """Add the rows that break a rule in a column."""
        mask = np.asarray(rows, dtype=np.bool_)
        if mask.any():
            self.any |= mask
            self._found.append((rule, column, np.flatnonzero(mask)))

    def marks(self, rule: str, column: str) -> Bools:
        """Return the rows that break a rule in a column."""
        mask = np.zeros(len(self.any), dtype=np.bool_)
        for name, where, rows in self._found:
            if (name, where) == (rule, column):
                mask[rows] = True
        return mask

    def add_empty(self, column: str, rows: Any) -> None:
        """Add the rows in which a column is empty that must not be, where it is not unreadable already."""
        self.add(
            "empty_value", column, np.asarray(rows, dtype=np.bool_) & ~self.marks("unreadable_value", column)
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a fault: `table, row` (from 1), `column, rule, sentence, remedy`."""
        parts = [
            pd.DataFrame({"row": rows + 1}).assign(
                table=self.table, column=column, rule=rule, sentence=RULES[rule][0], remedy=RULES[rule][1]
            )
            for rule, column, rows in self._found
        ]
        columns = ["table", "row", "column", "rule", "sentence", "remedy"]
        if not parts:
            return pd.DataFrame(columns=columns)
        return pd.concat(parts)[columns].sort_values(["row", "column", "rule"], ignore_index=True)
