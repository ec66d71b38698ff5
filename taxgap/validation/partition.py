"""One partition, all its tables: read, held against the schemas, then against the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from taxgap.records import Records
from taxgap.validation.column_checks import check_cells, check_rows
from taxgap.validation.context import Context, Place
from taxgap.validation.duplicates import SeenKeys, check_duplicates
from taxgap.validation.registry import rules
from taxgap.validation.rule import Severity
from taxgap.validation.structure import read_part
from taxgap.validation.table_part import TablePart
from taxgap.validation.texts import Texts


class PartitionCheck:
    """Checks the partitions of records one after the other, and remembers the keys that it has seen.

    Parameters
    ----------
    records : Records
    expected : collection of str
        The tables that must be there.
    """

    def __init__(self, records: Records, expected: Collection[str]) -> None:
        self._records = records
        self._expected = expected
        self._seen: Mapping[str, SeenKeys] = defaultdict(SeenKeys)

    def check(self, partition: int) -> dict[str, TablePart]:
        """Check all tables of a partition.

        Parameters
        ----------
        partition : int
            In ascending order: of two rows with one key the one seen first is kept.

        Returns
        -------
        dict of str to TablePart
            Every table that is present, in schema order.

        Notes
        -----
        Tables are judged in schema order, in which whatever a row refers to comes before it: a reference is
        good only if its target is kept. So the kept rows agree with each other, and pass when they are
        checked again. Warnings come last and see kept rows only.
        """
        parts = {name: read_part(self._records, name, partition) for name in self._records.tables}
        complete = {name: part for name, part in parts.items() if part.complete}
        texts = Texts(complete)
        for part in complete.values():
            check_cells(part, texts)
        place = Place(partition, len(self._records.partitions))
        context = Context(parts, texts, self._expected, place)
        for name, part in complete.items():
            check_rows(part)
            check_duplicates(part, texts, self._seen[name])
            _apply(part, context, "reject")
        for part in complete.values():
            _apply(part, context, "warn")
        return parts


def _apply(part: TablePart, context: Context, severity: Severity) -> None:
    for rule in rules:
        if (
            rule.table == part.name
            and rule.severity == severity
            and all(map(context.is_complete, rule.needs))
        ):
            failing = np.asarray(rule.check(part.content, context), dtype=np.bool_) & part.judged(
                rule.columns
            )
            part.fail(
                rule.wording(), rule.columns[0], failing & ~part.rejected if severity == "warn" else failing
            )
