"""What the quality profile counts, a table: numbers that add up over partitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

CELL = ["group", "year", "region"]
"""What a table is split by."""

MEASURES = {
    "completeness": ("filled", "expected"),
    "validity": ("valid", "judged"),
    "uniqueness": ("unique", "keyed"),
    "timeliness": ("on_time", "due"),
    "consistency": ("consistent", "ruled"),
}
"""Each measure as a share: what is counted, of what. The first two are a column's, the others a table's."""


def tag(what: str, column: str = "") -> str:
    """Name a count: ``rows``, or one of those in `MEASURES`, of a column or of the table.

    Examples
    --------
    >>> tag("filled", "sic2007"), tag("rows")
    ('filled sic2007', 'rows')
    """
    return f"{what} {column}" if column else what


@dataclass(frozen=True)
class TableCounts:
    """The counts of one table.

    Attributes
    ----------
    counts : DataFrame
        One row a cell (`CELL`), one column for everything that is counted (`tag`).
    days : Series
        Rows by cell and whole days of delay.
    """

    counts: pd.DataFrame
    days: pd.Series


@dataclass
class QualityCounts:
    """The counts of all tables of one partition, or of all partitions so far.

    Attributes
    ----------
    tables : dict of str to TableCounts
    """

    tables: dict[str, TableCounts] = field(default_factory=dict)


def add_up(partitions: Iterable[QualityCounts]) -> QualityCounts:
    """Add up the counts of partitions.

    Parameters
    ----------
    partitions : iterable of QualityCounts
        Read one at a time.

    Returns
    -------
    QualityCounts
    """
    total = QualityCounts()
    for partition in partitions:
        for name, part in partition.tables.items():
            before = total.tables.get(name)
            total.tables[name] = part if before is None else _sum(before, part)
    return total


def _sum(one: TableCounts, other: TableCounts) -> TableCounts:
    counts = pd.concat([one.counts, other.counts]).groupby(level=CELL, sort=False).sum()
    days = pd.concat([one.days, other.days]).groupby(level=[*CELL, "day"], sort=False).sum()
    return TableCounts(counts, days)
