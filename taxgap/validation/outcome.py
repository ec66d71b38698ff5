"""What became of one table in one partition, once its rows themselves are no longer held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from taxgap.errors import TaxGapError
from taxgap.validation.rule import Severity
from taxgap.validation.table_part import Failure, Positions, TablePart, positions
from taxgap.validation.units import Tally, tally

FINDING_COLUMNS = (
    "rule",
    "severity",
    "table",
    "partition",
    "column",
    "count",
    "share",
    "examples",
    "sentence",
    "remedy",
)

EXAMPLES = 5
"""Rows that a finding names; the quarantine has them all."""


@dataclass(frozen=True)
class Outcome:
    """What became of the rows of one table in one partition.

    Attributes
    ----------
    table : str
    partition : int or None
        None for a finding about the table as a whole.
    rows_in, kept, quarantined : int
        Numbers of rows; the last two add up to the first.
    readable : bool
        Whether the file could be read; its rows are not counted if not.
    as_it_was : bool
        Whether kept rows can be read as they stand.
    rejected : ndarray of int or range
        Positions of the quarantined rows.
    failures : tuple of Failure
    examples : tuple of tuple of str
        For each failure the names of its first rows.
    absent : frozenset of str
        Columns that the records declare not to have.
    tally : dict
        Its main amounts by tax year and size, to be added up over partitions.
    later : int
        Rows left out, because they were received after the date of the records.
    """

    table: str
    partition: int | None
    rows_in: int
    kept: int
    quarantined: int
    readable: bool
    as_it_was: bool
    rejected: Positions
    failures: tuple[Failure, ...]
    examples: tuple[tuple[str, ...], ...]
    absent: frozenset[str] = frozenset()
    tally: Tally = field(default_factory=dict)
    later: int = 0

    def __post_init__(self) -> None:
        if self.rows_in != self.kept + self.quarantined or self.quarantined != len(self.rejected):
            raise TaxGapError(
                f"Of {self.rows_in} rows {self.kept} were kept and {self.quarantined} quarantined.",
                where=f"{self.table}, partition {self.partition}",
                remedy="This is a fault of the library: please report it.",
            )

    def reasons(self, severity: Severity) -> pd.DataFrame:
        """Name for each failing row all rules that it fails.

        Returns
        -------
        DataFrame
            Columns `rule` and `reason`, the codes and sentences in the order found, on the rows' positions.
        """
        found = [failure for failure in self.failures if failure.wording.severity == severity]
        rules: dict[int, list[str]] = {}
        sentences: dict[int, list[str]] = {}
        for failure in found:
            reason = (
                f"{failure.column}: {failure.wording.sentence}"
                if failure.column
                else failure.wording.sentence
            )
            for row in map(int, failure.rows):
                rules.setdefault(row, []).append(failure.wording.code)
                sentences.setdefault(row, []).append(reason)
        rows = sorted(rules)
        content = {
            "rule": ["; ".join(dict.fromkeys(rules[row])) for row in rows],
            "reason": [" ".join(sentences[row]) for row in rows],
        }
        return pd.DataFrame(content, index=pd.Index(rows, dtype="int64"), dtype="str")

    def finding(self, place: int) -> dict[str, Any]:
        """Return the failure at a place as plain data, one value for each of `FINDING_COLUMNS`."""
        failure = self.failures[place]
        count = len(failure.rows)
        wording = failure.wording
        return {
            "rule": wording.code,
            "severity": wording.severity,
            "table": self.table,
            "partition": self.partition,
            "column": failure.column,
            "count": count,
            "share": count / self.rows_in if self.rows_in else 0.0,
            "examples": self.examples[place],
            "sentence": wording.sentence,
            "remedy": wording.remedy,
        }


def with_reasons(raw: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that have reasons, with `rule` and `reason` added.

    A column of the table that has one of these names gets underscores.
    """
    names = {name: _free_name(name, raw) for name in reasons.columns}
    return pd.concat([raw.loc[reasons.index].rename(columns=names), reasons], axis="columns")


def _free_name(name: str, table: pd.DataFrame) -> str:
    while name in table.columns:
        name += "_"
    return name


def outcome_of(part: TablePart) -> Outcome:
    """Close the books of a part."""
    rejected = positions(part.rejected)
    return Outcome(
        table=part.name,
        partition=part.partition,
        rows_in=len(part),
        kept=len(part.kept([])),
        quarantined=len(rejected),
        readable=part.readable,
        as_it_was=part.as_it_was,
        rejected=rejected,
        failures=tuple(part.failures),
        examples=tuple(part.name_rows(failure.rows[:EXAMPLES]) for failure in part.failures),
        absent=part.absent,
        tally=tally(part),
        later=part.later,
    )
