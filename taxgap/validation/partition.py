"""One partition, all its tables: read, held against the schemas, then against the rules."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from taxgap.records import Records
from taxgap.validation.across import Noted
from taxgap.validation.column_checks import check_cells, check_rows
from taxgap.validation.context import AbsentColumn, Context, Place
from taxgap.validation.duplicates import DUPLICATE_KEY, check_duplicates
from taxgap.validation.quality.cells import Scope
from taxgap.validation.quality.counts import QualityCounts
from taxgap.validation.quality.tally import tally_parts
from taxgap.validation.registry import rules
from taxgap.validation.rule import Mask, Rule, Severity
from taxgap.validation.structure import read_part
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts


class CheckedParts(NamedTuple):
    """The tables of a partition once they are checked, and the counts of their quality, if asked."""

    parts: dict[str, TablePart]
    quality: QualityCounts | None


class PartitionCheck(NamedTuple):
    """Checks the tables of one partition.

    Attributes
    ----------
    records : Records
    expected : collection of str
        The tables that must be there.
    partition : int
    noted : Noted
        What the other partitions say of the rows of this one.
    scope : Scope or None
        By what the quality of the rows is counted, if that is asked.
    """

    records: Records
    expected: Collection[str]
    partition: int
    noted: Noted
    scope: Scope | None = None

    def check(self) -> CheckedParts:
        """Check all tables of the partition.

        Returns
        -------
        CheckedParts
            Every table that is present, in schema order, and what was counted of their quality.

        Notes
        -----
        Tables are judged in schema order, in which whatever a row refers to comes before it: a reference is
        good only if its target is kept. So the kept rows agree with each other, and pass when they are
        checked again. Warnings come last and see kept rows only.
        """
        parts = {name: read_part(self.records, name, self.partition) for name in self.records.tables}
        complete = {name: part for name, part in parts.items() if part.complete}
        texts = Texts(complete)
        for part in complete.values():
            check_cells(part, texts)
        place = Place(self.partition, len(self.records.partitions))
        context = Context(parts, texts, self.expected, place, self.noted)
        for name, part in complete.items():
            check_rows(part)
            check_duplicates(part, texts, context.noted(DUPLICATE_KEY.code, name))
            _apply(part, context, "reject")
        for part in complete.values():
            _apply(part, context, "warn")
        return CheckedParts(parts, None if self.scope is None else tally_parts(parts, texts, self.scope))


def _apply(part: TablePart, context: Context, severity: Severity) -> None:
    for rule in rules:
        if rule.table == part.name and rule.severity == severity:
            failing = _failing(rule, part, context)
            if failing is not None:
                keep = failing & ~part.rejected if severity == "warn" else failing
                part.fail(rule.wording(), rule.columns[0], keep)


def _failing(rule: Rule, part: TablePart, context: Context) -> Mask | None:
    if not all(map(context.is_complete, rule.needs)) or not part.absent.isdisjoint(rule.columns):
        return None
    try:
        failing = np.asarray(rule.check(part.content, context), dtype=np.bool_)
    except AbsentColumn:
        return None
    return failing & part.judged(rule.columns)
