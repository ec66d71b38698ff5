"""What workers do with the cases of their partitions: measure them, compare them, encode them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.peers import PeerGroups, PeerSketch
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.frames import FrameSpec
from taxgap.risk.observing import observe_partition, years_of


class Task(NamedTuple):
    """A partition whose cases are to be measured."""

    records: Records
    regime: str
    partition: int
    opened_on: pd.Series
    train: Sequence[str]
    years: Sequence[str]


class Observed(NamedTuple):
    """The measures of a partition's cases, and the sketch of its returns."""

    cases: pd.DataFrame
    sketch: PeerSketch


@dataclass(frozen=True)
class Span:
    """What one partition says of whether features have one value in all cases that train.

    Attributes
    ----------
    index : MultiIndex
        The cases, in their order on the worker.
    low, high : ndarray of float64
        The least and the greatest value of each feature, levels by their codes; missing where it has none.
    missing : ndarray of bool
        Whether any value of the feature is missing.
    """

    index: pd.MultiIndex
    low: Floats
    high: Floats
    missing: Bools


def measure(task: Task) -> Observed:
    """Measure the cases of a partition as known when opened, and sketch all returns for the peers."""
    cases, returns = observe_partition(
        task.records,
        get_regime(task.regime),
        task.opened_on,
        task.partition,
        train=task.train,
        years=task.years,
    )
    return Observed(cases.sort_index(), PeerSketch.of(returns))


def take_sketch(observed: Observed) -> PeerSketch:
    """Return the sketch alone."""
    return observed.sketch


def compare(observed: Observed, peers: PeerGroups, regime: str, missing: Sequence[str]) -> pd.DataFrame:
    """Return what the model sees of the cases."""
    return get_regime(regime).compare(observed.cases, peers).drop(columns=list(missing), errors="ignore")


def span(X: pd.DataFrame, train: Sequence[str]) -> Span:
    """Say which cases there are, and between what their features lie in the years that train."""
    trains = X[years_of(X.index).isin(list(train)).to_numpy()]
    if trains.empty:
        nothing = np.full(X.shape[1], np.nan)
        return Span(X.index, nothing, nothing, np.zeros(X.shape[1], np.bool_))
    matrix = FrameSpec.learn(trains).encode(trains)
    missing: Bools = np.logical_or.reduce(np.isnan(matrix))
    return Span(X.index, np.fmin.reduce(matrix), np.fmax.reduce(matrix), missing)


def find_constant(names: Sequence[str], spans: Sequence[Span]) -> list[str]:
    """Name the features that have one value, or none, in all cases that train.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("A", "x")])
    >>> def one(*values): return Span(index, np.array(values), np.array(values), np.isnan(values))
    >>> find_constant(["same", "none", "other", "some"], [one(1, np.nan, 2, 3), one(1, np.nan, 4, np.nan)])
    ['same', 'none']
    """
    low = np.fmin.reduce([each.low for each in spans])
    high = np.fmax.reduce([each.high for each in spans])
    missing = np.logical_or.reduce([each.missing for each in spans])
    constant = np.isnan(low) | ((low == high) & ~missing)
    return [name for name, same in zip(names, constant, strict=True) if same]


def take_frame(X: pd.DataFrame, rows: Bools, names: Sequence[str]) -> pd.DataFrame:
    """Return some cases and features."""
    return X.loc[rows, list(names)]


def encode(X: pd.DataFrame, rows: Bools, spec: FrameSpec) -> Floats:
    """Return some cases as the matrix that boosters read."""
    chosen = X.loc[rows, list(spec.names)]
    return spec.encode(chosen) if len(chosen) else np.empty((0, len(spec.names)))


def take_rows(matrix: Floats, rows: Bools) -> Floats:
    """Return some rows."""
    return matrix[rows]
