"""The counts of one table as blocks of numbers: by kind of row, year and region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas.codes import REGIONS
from taxgap.validation.quality.cells import UNKNOWN, year_order
from taxgap.validation.quality.counts import CELL, TableCounts
from taxgap.validation.quality.statistics import Numbers


@dataclass(frozen=True)
class Block:
    """The counts of one table, and its days of delay.

    Attributes
    ----------
    groups, years : list of str
        In their order; unknown ones last.
    names : list of str
        What is counted.
    counts : ndarray of float
        By group, year, region (unknown last) and name.
    days : ndarray of int
        Days of delay that occur.
    delays : ndarray of float
        Rows by group, year, region and day.
    """

    groups: list[str]
    years: list[str]
    names: list[str]
    counts: Numbers
    days: NDArray[np.int64]
    delays: Numbers

    @classmethod
    def of(cls, table: TableCounts) -> Block:
        """Arrange the counts of a table."""
        levels = [table.counts.index.unique(level) for level in range(2)]
        groups = sorted(levels[0], key=lambda group: (group == UNKNOWN, group))
        years = sorted(levels[1], key=year_order)
        delays = table.days.reset_index(name="rows").pivot_table(
            index=CELL, columns="day", values="rows", aggfunc="sum", fill_value=0
        )
        return cls(
            groups,
            years,
            list(table.counts.columns),
            _arranged(table.counts, groups, years),
            np.array(delays.columns, dtype=np.int64),
            _arranged(delays, groups, years),
        )

    def of_years(self, years: Sequence[str]) -> Block:
        """Return the block of some years only."""
        places = [self.years.index(year) for year in years]
        return Block(
            self.groups, list(years), self.names, self.counts[:, places], self.days, self.delays[:, places]
        )

    def named(self, names: Sequence[str]) -> Numbers:
        """Return the counts of some names, in their order."""
        return self.counts[..., [self.names.index(name) for name in names]]


def quantile(delays: Numbers, days: NDArray[np.int64], share: float) -> Numbers:
    """Return the least number of days by which at least a share of the rows had come.

    Parameters
    ----------
    delays : ndarray of float
        Rows; the last axis is that of the days.
    days : ndarray of int
        In ascending order.
    share : float

    Returns
    -------
    ndarray of float
        NaN where there are no rows.

    Examples
    --------
    >>> float(quantile(np.array([3.0, 6.0, 1.0]), np.array([5, 10, 90]), 0.9))
    10.0
    """
    if not len(days):
        return np.full(delays.shape[:-1], np.nan)
    total = delays.sum(axis=-1)
    reached = delays.cumsum(axis=-1) >= share * total[..., None]
    return np.where(total > 0, days[reached.argmax(axis=-1)], np.nan)


def _arranged(cells: pd.DataFrame, groups: list[str], years: list[str]) -> Numbers:
    regions = [*REGIONS, UNKNOWN]
    shape = (len(groups), len(years), len(regions))
    place = np.ravel_multi_index(
        [
            pd.Index(labels).get_indexer(cells.index.get_level_values(level))
            for level, labels in enumerate((groups, years, regions))
        ],
        shape,
    )
    block = np.zeros((np.prod(shape), cells.shape[1]))
    block[place] = cells.to_numpy(dtype=np.float64)
    return block.reshape(*shape, cells.shape[1])
