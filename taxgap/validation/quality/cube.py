"""The counts of one table as numbers to compare: by kind of row, year, region and measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import TABLES
from taxgap.schemas.codes import REGIONS
from taxgap.schemas.table import column_names, known_later
from taxgap.validation.quality.block import Block, quantile
from taxgap.validation.quality.cells import ALL, GROUPED_BY, UNKNOWN, groups_of
from taxgap.validation.quality.counts import MEASURES, TableCounts, tag
from taxgap.validation.quality.measures import MOST, required_columns
from taxgap.validation.quality.statistics import Numbers

FEWEST = 30
"""Groups of fewer cases are not compared."""

GRACE = 7
"""Days after the usual day of arrival on which a row is not yet late; a leap year moves dates by one."""


@dataclass(frozen=True)
class Cube:
    """The counts of one table, without rows of unknown year.

    Attributes
    ----------
    table : str
    groups : list of str
        The kinds of rows; where there are several, ``all`` is last.
    years : list of str
        Up to the latest with at least `FEWEST` rows.
    stats : DataFrame
        What is compared: `column, measure, required`.
    n, good : ndarray of float
        Cases, and those that count, by group, year, region (unknown last) and row of `stats`.
    compared : ndarray of bool
        By group and row of `stats`: kinds of rows are compared apart, but what says of which kind a row is
        can only be compared over all of them.
    rows : ndarray of float
        By group and year.
    days : ndarray of int
        Days of delay that occur.
    delays : ndarray of float
        Rows by group, year, region and day.
    """

    table: str
    groups: list[str]
    years: list[str]
    stats: pd.DataFrame
    n: Numbers
    good: Numbers
    compared: NDArray[np.bool_]
    rows: Numbers
    days: NDArray[np.int64]
    delays: Numbers

    def in_time(self, limits: Numbers) -> tuple[Numbers, Numbers]:
        """Return rows, and those that came within a limit of their group, by group, year and region."""
        timely = self.days[None, :] <= limits[:, None] + GRACE
        return self.delays.sum(axis=-1), (self.delays * timely[:, None, None, :]).sum(axis=-1)

    def usual_days_before(self) -> Numbers:
        """Return for each group the days within which nine of ten rows of the years before the last came."""
        return quantile(self.delays[:, :-1].sum(axis=(1, 2)), self.days, MOST)

    def usual_days_of_regions(self) -> Numbers:
        """Return for each group the middle one of the regions' days within which nine of ten rows came."""
        limits = quantile(self.delays[:, :, : len(REGIONS)].sum(axis=1), self.days, MOST)
        known = ~np.isnan(limits).all(axis=1)
        middle = np.full(len(limits), np.nan)
        middle[known] = np.nanmedian(limits[known], axis=1)
        return middle


def cube_of(name: str, table: TableCounts) -> Cube | None:
    """Arrange the counts of a table; None where no year has enough rows.

    Parameters
    ----------
    name : str
    table : TableCounts

    Returns
    -------
    Cube or None
    """
    block = Block.of(table)
    rows = block.named(["rows"]).sum(axis=(0, 2, 3))
    enough = [place for place, year in enumerate(block.years) if year != UNKNOWN and rows[place] >= FEWEST]
    if not enough:
        return None
    block = block.of_years([year for year in block.years[: enough[-1] + 1] if year != UNKNOWN])
    stats = _stats(name)
    pairs = list(zip(stats["column"], stats["measure"], strict=True))
    good, n = (block.named([tag(MEASURES[measure][i], column) for column, measure in pairs]) for i in (0, 1))
    rows = block.named(["rows"]).sum(axis=(2, 3))
    groups, delays = block.groups, block.delays
    if groups_of(name):
        groups = [*groups, ALL]
        n, good, rows, delays = (_with_all(part) for part in (n, good, rows, delays))
    compared = _compared(name, groups, stats)
    return Cube(name, groups, block.years, stats, n, good, compared, rows, block.days, delays)


def _with_all(block: Numbers) -> Numbers:
    return np.concatenate([block, block.sum(axis=0, keepdims=True)])


def _stats(name: str) -> pd.DataFrame:
    # Whether the date of a later event is there says nothing of quality: it may not have happened yet.
    dates = known_later(TABLES[name])
    columns = column_names(TABLES[name])
    rows = [(column, "completeness") for column in columns if column not in dates]
    rows += [(column, "validity") for column in columns]
    rows += [("", "uniqueness"), ("", "timeliness"), ("", "consistency")]
    stats = pd.DataFrame(rows, columns=["column", "measure"])
    return stats.assign(required=stats["column"].isin(["", *required_columns(name)]))


def _compared(name: str, groups: list[str], stats: pd.DataFrame) -> NDArray[np.bool_]:
    over_all = np.array([group == ALL for group in groups])
    if len(groups) == 1:
        return np.ones((1, len(stats)), dtype=np.bool_)
    says_kind = (stats["column"] == GROUPED_BY.get(name, "-")).to_numpy()
    return np.where(says_kind[None, :], over_all[:, None], ~over_all[:, None])
