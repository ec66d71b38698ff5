"""Figures with their intervals, in one tidy form, from bootstrap draws by taxpayer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.bootstrap import find_clusters
from taxgap.risk.evaluation.intervals import find_percentiles, widen_proportion
from taxgap.risk.evaluation.metrics import draw_counts

_DIGITS = 10  # sums of a matrix product differ in their last digits with the number of threads


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes
    ----------
    value, low, high : float
        Missing where nothing was there to measure.
    n : int
        Returns it rests on.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of an audit's figures.

    Attributes
    ----------
    part : str
        The part of the audit, such as ``recovery``.
    measure : str
        Such as ``recall@3``.
    level : str
        What it compares: ``code``, ``field`` or ``family``; empty where that means nothing.
    group_by, group : str
        Such as ``mechanism`` and its name; empty for all together.
    method : str
        What explains: ``reasons`` as given, ``peers`` for the contributions behind them, or another.
    value, low, high : float
    chance : float
        What the same measure is by chance alone, in closed form; missing where there is none.
    n : int
        Returns it rests on.
    unit : str
        ``share``, ``log``, ``pounds`` or ``number``.
    """

    part: str
    measure: str
    value: float
    low: float = np.nan
    high: float = np.nan
    n: int = 0
    level: str = ""
    group_by: str = ""
    group: str = ""
    method: str = "reasons"
    chance: float = np.nan
    unit: str = "share"


def draw_figure(part: str, measure: str, found: Estimate, **where: Any) -> Figure:
    """Make a line of figures of an estimate; `where` are other fields of `Figure`."""
    return Figure(
        part=part, measure=measure, value=found.value, low=found.low, high=found.high, n=found.n, **where
    )


def spread(values: Floats | Bools, rows: Integers | Bools, length: int) -> Floats:
    """Put values of some returns in their place among all; missing elsewhere."""
    every = np.full(length, np.nan)
    every[rows] = values
    return every


def tidy(figures: Iterable[Figure]) -> pd.DataFrame:
    """Lay figures out as a frame, one row each, in the order of the fields of `Figure`."""
    return pd.DataFrame([asdict(figure) for figure in figures], columns=list(Figure.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Draws of taxpayers with replacement, the same for every figure, so that figures can be compared.

    Attributes
    ----------
    index : Index
        Of the returns, with a level ``taxpayer_id``.
    weight : ndarray of float64
        How many returns of the population each stands for.
    draws : int
    seed : int
    confidence : float
    """

    index: pd.Index
    weight: Floats
    draws: int = 400
    seed: int = 0
    confidence: float = 0.95

    @cached_property
    def clusters(self) -> Integers:
        """Whose return each is: codes from 0."""
        return find_clusters(self.index)

    @cached_property
    def counts(self) -> Floats:
        """How often each taxpayer is drawn; one row a draw."""
        each = int(self.clusters.max(initial=-1)) + 1
        return draw_counts(each, self.draws, np.random.default_rng([self.seed, 11]))

    def mean(self, values: Floats | Bools, *, weight: Floats | None = None, share: bool = True) -> Estimate:
        """Return the weighted mean of what is measured of each return.

        Parameters
        ----------
        values : ndarray, shape (returns,)
            Missing where it is not defined.
        weight : ndarray, optional
            Counts beside the design weights: the tax at stake, say.
        share : bool, default True
            Whether it is a proportion, whose interval does not shrink to a point at 0 and 1.

        Returns
        -------
        Estimate
        """
        number = np.asarray(values, dtype=np.float64)
        there = ~np.isnan(number)
        by = np.where(there, self.weight * (1.0 if weight is None else weight), 0.0)
        value, drawn = self._ratio(np.where(there, number, 0.0) * by, by)
        low, high = find_percentiles(drawn, self.confidence)
        cases = float(by.sum() ** 2 / (by**2).sum()) if by.any() else 0.0
        if share:
            low, high = widen_proportion((low, high), value, cases, self.confidence)
        return Estimate(value, low, high, int(there.sum()))

    def ratio(self, above: Floats, below: Floats) -> Estimate:
        """Return the ratio of two totals, of which each return holds a part."""
        value, drawn = self._ratio(above * self.weight, below * self.weight)
        low, high = find_percentiles(drawn, self.confidence)
        return Estimate(value, low, high, int(np.count_nonzero(below)))

    def difference(self, first: Floats, second: Floats, *, weight: Floats | None = None) -> Estimate:
        """Return how much more the mean of the first is than that of the second, on the same returns."""
        return self.mean(
            np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64),
            weight=weight,
            share=False,
        )

    def _ratio(self, above: Floats, below: Floats) -> tuple[float, Floats]:
        size = self.counts.shape[1]
        sums = np.stack([np.bincount(self.clusters, part, size) for part in (above, below)], axis=1)
        total = sums.sum(axis=0)
        drawn = np.round(self.counts @ sums, _DIGITS)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(total[0] / total[1]) if total[1] else np.nan
            every: Floats = np.where(drawn[:, 1] != 0, drawn[:, 0] / drawn[:, 1], np.nan)
        return value, every
