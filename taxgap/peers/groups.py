"""Peers: whom a return is compared with, and what the middle half of them report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers.places import GROUPS
from taxgap.peers.sketch import PER_GROUP, STANDS_FOR, PeerSketch, check_groups

FURTHEST = 10.0
"""Positions end here: further out is all the same."""

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int16]  # short integers sort in linear time
_LOW, _MEDIAN, _HIGH, _COUNT = range(4)


class _Benchmarks(NamedTuple):
    # Quartiles and count by trade and size code; the last row and column stand for an unknown trade and size.
    cells: Floats
    narrowest: float  # the least scale of a position


class PeerGroups:
    """A bounded sample of returns by trade group and size band, and the benchmarks read off it.

    Parameters
    ----------
    rows : DataFrame
        Raw measures of the sampled returns with `trade_group` and `size_band`, without identifiers; and
        `stands_for`, where `fit` drew them.
    minimum : int, default 50
        The fewest peers whose quartiles are trusted.

    Notes
    -----
    Peers share trade group and size band. Where fewer than `minimum` of them have the measure, the comparison
    widens to the trade group, then to the size band, then to everyone. The sample holds at most a fixed
    number of rows of each group, so that on a wider rung a crowded group does not drown the others. Each row
    of a group stands for as many returns as the group has a row: for means over the population.

    Examples
    --------
    >>> rows = pd.DataFrame({"trade_group": "shops", "size_band": "20k_30k", "margin": [0.2, 0.3, 0.4]})
    >>> PeerGroups(rows, minimum=1).benchmarks(rows.head(1), "margin").round(2).to_dict("records")
    [{'low': 0.25, 'median': 0.3, 'high': 0.35, 'n': 3}]
    """

    def __init__(self, rows: pd.DataFrame, *, minimum: int = 50) -> None:
        check_groups(rows)
        self.rows = rows
        self.minimum = minimum
        self.levels = tuple(_levels(rows[name]) for name in GROUPS)
        self._known: dict[str, _Benchmarks] = {}

    @classmethod
    def fit(
        cls, observed: pd.DataFrame | Iterable[pd.DataFrame], *, per_group: int = PER_GROUP, minimum: int = 50
    ) -> PeerGroups:
        """Draw the sample: in each group the rows whose index has the smallest hash.

        The draw depends neither on the order of the rows nor on how they are divided into frames.

        Parameters
        ----------
        observed : DataFrame or iterable of DataFrame
            Raw measures with `trade_group` and `size_band`, indexed by (taxpayer_id, period); several frames
            are taken in one after another, and no more than the sample is held.
        per_group : int, default 500
            The most rows kept of a group.
        minimum : int, default 50
            The fewest peers whose quartiles are trusted.

        Returns
        -------
        PeerGroups

        Raises
        ------
        InvalidDataError
            There is no frame, or one lacks a group column.
        """
        frames = [observed] if isinstance(observed, pd.DataFrame) else observed
        return cls.merge((PeerSketch.of(frame, per_group=per_group) for frame in frames), minimum=minimum)

    @classmethod
    def merge(cls, sketches: Iterable[PeerSketch], *, minimum: int = 50) -> PeerGroups:
        """Draw the sample from the sketches of parts: the same as from all of their returns at once.

        Parameters
        ----------
        sketches : iterable of PeerSketch
            One after another; no more than the sample is held.
        minimum : int, default 50
            The fewest peers whose quartiles are trusted.

        Returns
        -------
        PeerGroups

        Raises
        ------
        InvalidDataError
            There is no sketch.

        Notes
        -----
        Of a group with more than k = `PeerSketch.per_group` returns, k are drawn at random without
        replacement, so that the share of the group below any sampled quantile is wrong by at most
        sqrt(log(2 / a) / 2k) with probability 1 - a: 6.1 points of a hundred at k = 500 and a = 5%
        (Dvoretzky, Kiefer and Wolfowitz, with Massart's constant), and the standard error of a quartile's
        rank is below sqrt(3 / 16k), 1.9 points. Smaller groups are held whole.
        """
        whole: PeerSketch | None = None
        for sketch in sketches:
            whole = sketch if whole is None else whole.join(sketch)
        if whole is None:
            raise InvalidDataError("There are no returns to draw peers from.")
        order = whole.weigh().reset_index(drop=True).sort_values(list(GROUPS), kind="stable")
        return cls(order.reset_index(drop=True), minimum=minimum)

    @property
    def stands_for(self) -> Floats:
        """How many returns each row of the sample stands for; 1 each in samples saved without it."""
        if STANDS_FOR not in self.rows.columns:
            return np.ones(len(self.rows))
        each: Floats = self.rows[STANDS_FOR].to_numpy(dtype=np.float64)
        return each

    @property
    def measures(self) -> list[str]:
        """The measures that the sample holds."""
        return [str(name) for name in self.rows.columns if name not in (*GROUPS, STANDS_FOR)]

    def benchmarks(self, groups: pd.DataFrame, column: str) -> pd.DataFrame:
        """Look up what the middle half of each row's peers report.

        Parameters
        ----------
        groups : DataFrame
            With `trade_group` and `size_band`.
        column : str
            The measure.

        Returns
        -------
        DataFrame
            Lower quartile `low`, `median`, upper quartile `high` in the unit of the measure, and `n`, the
            number of peers they rest on; the index of `groups`. Empty where nobody has the measure.

        Raises
        ------
        UsageError
            The sample does not hold the measure.
        """
        found = self._look_up(groups, [column])[:, 0]
        table = pd.DataFrame(found[:, :_COUNT], index=groups.index, columns=["low", "median", "high"])
        return table.assign(n=found[:, _COUNT].astype(np.int64))

    def quartiles(self, groups: pd.DataFrame, columns: Sequence[str]) -> Floats:
        """Look up the same for many measures at once.

        Returns
        -------
        ndarray, shape (rows, columns, 3)
            Lower quartile, median, upper quartile.
        """
        return self._look_up(groups, columns)[:, :, :_COUNT]

    def position(self, observed: pd.DataFrame, column: str) -> pd.Series:
        r"""Express a measure as its distance from the peers' median.

        Parameters
        ----------
        observed : DataFrame
            The measure with `trade_group` and `size_band`.
        column : str
            The measure.

        Returns
        -------
        Series of float64
            -1 and 1 are about the quartiles; cut off at -10 and 10; missing where the measure is.

        Notes
        -----
        .. math:: z = (x - \text{median}) / \max(\tfrac12 (\text{high} - \text{low}), \tfrac14 d)

        where d is the mean distance of all sampled returns from their common median. The floor keeps the
        scale off zero where more than half of the peers report the same, as the many who claim nothing do.
        Where the whole sample reports the same (d = 0), any other value lies at -10 or 10.
        """
        return self.positions(observed, [column])[column]

    def positions(self, observed: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Express many measures as their positions; see `position`."""
        low, median, high = np.moveaxis(self.quartiles(observed, columns), -1, 0)
        away = observed[list(columns)].to_numpy(dtype=np.float64) - median
        scale = np.maximum((high - low) / 2, [self._benchmarks(column).narrowest for column in columns])
        with np.errstate(divide="ignore", invalid="ignore"):
            place = np.where(away == 0, 0.0, away / scale)
        return pd.DataFrame(np.clip(place, -FURTHEST, FURTHEST), index=observed.index, columns=list(columns))

    def _look_up(self, groups: pd.DataFrame, columns: Sequence[str]) -> Floats:
        trade, size = self._codes(groups)
        found = np.empty((len(groups), len(columns), 4))
        for place, column in enumerate(columns):
            found[:, place] = self._benchmarks(column).cells[trade, size]
        return found

    def _codes(self, groups: pd.DataFrame) -> list[Codes]:
        return [level_codes(groups[name], levels) for name, levels in zip(GROUPS, self.levels, strict=True)]

    def _benchmarks(self, column: str) -> _Benchmarks:
        if column not in self._known:
            if column not in self.measures:
                raise UsageError(f"The peers hold no measure named '{column}'.", available=self.measures)
            self._known[column] = self._summarise(self.rows[column].to_numpy(dtype=np.float64))
        return self._known[column]

    def _summarise(self, values: Floats) -> _Benchmarks:
        trade, size = self._codes(self.rows)
        trades, sizes = (len(levels) + 1 for levels in self.levels)
        order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
        values, trade, size = values[order], trade[order] % trades, size[order] % sizes
        rungs = (  # from the narrowest to the widest
            _quartiles(values, trade * sizes + size, trades * sizes).reshape(trades, sizes, 4),
            _quartiles(values, trade, trades)[:, np.newaxis],
            _quartiles(values, size, sizes)[np.newaxis],
        )
        everyone = _quartiles(values, np.zeros(len(values), dtype=np.int16), 1)[0]
        enough = [rung[..., _COUNT:] >= self.minimum for rung in rungs]
        enough[1][-1] = enough[2][:, -1] = False  # an unknown trade or size is no common one
        enough[0][-1] = enough[0][:, -1] = False
        cells = np.full((trades, sizes, 4), everyone)
        for rung, wide_enough in zip(rungs[::-1], enough[::-1], strict=True):
            cells = np.where(wide_enough, rung, cells)
        spread = np.mean(np.abs(values - everyone[_MEDIAN])) if len(values) else 0.0
        return _Benchmarks(cells, float(spread) / 4)


def level_codes(values: pd.Series, levels: Sequence[str]) -> Codes:
    """Return the place of each value among the levels; -1 for one that is not among them, and for none.

    Examples
    --------
    >>> level_codes(pd.Series(["shops", None, "brewing"]), ["farming", "shops"]).tolist()
    [1, -1, -1]
    """
    values = values.astype("category")
    known = pd.Index(levels).get_indexer(values.cat.categories)
    codes: Codes = np.append(known, -1).astype(np.int16)[values.cat.codes]
    return codes


def _levels(values: pd.Series) -> Sequence[str]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return list(values.cat.categories)
    return sorted(values.dropna().unique())


def _quartiles(values: Floats, codes: Codes, groups: int) -> Floats:
    """Return quartiles and count by group of values in ascending order: `groups` rows, four columns."""
    values = values[np.argsort(codes, kind="stable")]
    counts = np.bincount(codes, minlength=groups)
    starts = np.cumsum(counts) - counts
    table = np.full((groups, 4), np.nan)
    table[:, _COUNT] = counts
    some = counts > 0
    for column, share in ((_LOW, 0.25), (_MEDIAN, 0.5), (_HIGH, 0.75)):
        place = starts[some] + share * (counts[some] - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, (starts + counts - 1)[some])
        table[some, column] = values[below] + (place - below) * (values[above] - values[below])
    return table
