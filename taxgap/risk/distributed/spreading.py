"""The cases that a model is trained on, measured partition by partition over a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.engines import connect_dask
from taxgap.records.light import check_folder, lighten
from taxgap.records.partitions import partition_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools
from taxgap.risk.card import read_versions
from taxgap.risk.cases import Cases, Part, read_labels
from taxgap.risk.distributed import measuring
from taxgap.risk.distributed.fitting import fit_spread
from taxgap.risk.distributed.growing import MONOTONE_METHOD, Rows
from taxgap.risk.fitting import Plan
from taxgap.risk.frames import FrameSpec
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import no_cases, years_of
from taxgap.risk.outcomes import Rules, check_outcomes
from taxgap.risk.windows import Window, split_periods

CHECKED = 100_000
"""So many cases that train, and so many that evaluate, come to one machine at most: for leak checks, the
description of labels and the evaluation. They are drawn by a hash of their names."""


@dataclass(frozen=True, eq=False)
class SpreadCases:
    """Cases whose features lie on the workers of a cluster.

    Attributes
    ----------
    client : distributed.Client
    cases : Cases
        At most `CHECKED` of those that train and of those that evaluate, and what is known of all.
    frames : tuple of (str, Future)
        For each partition that has cases, the worker and what the model sees of them.
    index : tuple of MultiIndex
        The cases of each.
    labels : DataFrame
        Of all cases.
    """

    client: Any
    cases: Cases
    frames: tuple[tuple[str, Any], ...]
    index: tuple[pd.MultiIndex, ...]
    labels: pd.DataFrame

    @property
    def about(self) -> dict[str, Any]:
        """What the card says of how the model was grown."""
        return {
            "engine": "dask",
            "workers": len({worker for worker, _ in self.frames}),
            "cases_checked": len(self.cases.training.X),
            "monotone_method": MONOTONE_METHOD,
        }

    def fit(self, model: RiskModel) -> RiskModel:
        """Fit a model on all cases that train."""
        settings = model.get_params(deep=False)
        spec = FrameSpec.learn(self.cases.training.X)
        trains = [_trains(index, self.cases.window) for index in self.index]
        index = _join([own[rows] for own, rows in zip(self.index, trains, strict=True)])
        given = Part(pd.DataFrame(index=index), self.labels.loc[index], weighted=False).given
        outcomes = check_outcomes(index, given, Rules.of(settings))
        parts = self._encode(spec, trains)
        plan = Plan.of(settings, spec)
        fitted = fit_spread(self.client, parts, spec=spec, index=index, outcomes=outcomes, plan=plan)
        return model.restore(spec, fitted, {"versions": read_versions()}, classes=outcomes.classes)

    def _encode(self, spec: FrameSpec, trains: Sequence[Bools]) -> list[Rows]:
        parts, start = [], 0
        for (worker, frame), rows in zip(self.frames, trains, strict=True):
            stop = start + int(rows.sum())
            if stop > start:
                matrix = self.client.submit(measuring.encode, frame, rows, spec, workers=[worker], pure=False)
                parts.append(Rows(matrix, worker, start, stop))
            start = stop
        return parts


@contextmanager
def spread_cases(
    records: Records,
    regime: Regime,
    *,
    periods: Sequence[str] | None,
    material: float,
    fewest: int,
    weighted: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
) -> Iterator[SpreadCases]:
    """Measure the cases of records over a Dask cluster, and keep them there.

    Parameters
    ----------
    records : Records
        As they stand on the day of training, in a folder that all workers see.
    regime, periods, material, fewest, weighted
        As for `taxgap.risk.cases.gather_cases`; weighted cases are refused.
    workers, scheduler
        As for `taxgap.records.engines.start_engine`.

    Yields
    ------
    SpreadCases

    Raises
    ------
    UsageError
        Cases are weighted, or records are in memory.
    InvalidDataError, NotIdentifiedError
        As `taxgap.risk.cases.gather_cases`.
    TaxGapError
        The cluster cannot be reached, or was lost.
    """
    if weighted:
        raise UsageError(
            "Weighted cases cannot be trained on over a cluster.",
            where="calibrate_on",
            remedy="Train on one machine (engine='local'), or calibrate on random enquiries.",
        )
    check_folder(records, "trained on")
    labels, closed = read_labels(records, regime, periods=periods, material=material, weighted=False)
    window = split_periods(labels, closed=closed, cases=fewest)
    with connect_dask(workers, scheduler) as client:
        yield _spread(client, records, regime, labels, window)


def _spread(
    client: Any, records: Records, regime: Regime, labels: pd.DataFrame, window: Window
) -> SpreadCases:
    observed = _measure(client, records, regime, labels["opened_on"], window)
    sketches = [
        client.submit(measuring.take_sketch, future, workers=[worker], pure=False)
        for worker, future in observed
    ]
    peers = PeerGroups.merge(future.result() for future in sketches)
    missing = regime.missing_features(records)
    everywhere = client.scatter(peers, broadcast=True, hash=False)
    frames = [
        (
            worker,
            client.submit(
                measuring.compare, future, everywhere, regime.name, missing, workers=[worker], pure=False
            ),
        )
        for worker, future in observed
    ]
    spans = client.gather(
        [
            client.submit(measuring.span, frame, window.train, workers=[worker], pure=False)
            for worker, frame in frames
        ]
    )
    if not any(len(each.index) for each in spans):
        raise no_cases(len(labels))
    names = [name for name in regime.columns if name not in missing]
    constant = measuring.find_constant(names, spans)
    kept = [(frame, each.index) for frame, each in zip(frames, spans, strict=True) if len(each.index)]
    index, places = tuple(own for _, own in kept), tuple(frame for frame, _ in kept)
    chosen = [name for name in names if name not in constant]
    training = [_trains(own, window) for own in index]
    random = [labels.loc[own, "random"].to_numpy(dtype=np.bool_) for own in index]
    judged = [~rows & drawn for rows, drawn in zip(training, random, strict=True)]
    found = int(sum(map(len, index)))
    cases = Cases(
        training=_fetch(client, places, index, rows=training, names=chosen, labels=labels),
        evaluation=_fetch(client, places, index, rows=judged, names=chosen, labels=labels),
        peers=peers,
        window=window,
        missing=missing,
        constant=constant,
        without_return=int(years_of(labels.index).isin(window.all).sum()) - found,
    )
    return SpreadCases(client, cases, places, index, labels)


def _measure(
    client: Any, records: Records, regime: Regime, opened_on: pd.Series, window: Window
) -> list[tuple[str, Any]]:
    """Have each partition measured by the worker on which its cases will stay."""
    home = partition_of(opened_on.index.get_level_values("taxpayer_id"), len(records.partitions))
    light = lighten(records)
    there = sorted(client.scheduler_info(n_workers=-1)["workers"])
    found = []
    for partition in records.partitions:
        worker = there[partition % len(there)]
        own = opened_on[home == partition]
        task = measuring.Task(light, regime.name, partition, own, window.train, window.all)
        future = client.submit(measuring.measure, task, workers=[worker], pure=False)
        found.append((worker, future))
    return found


def _fetch(
    client: Any,
    frames: Sequence[tuple[str, Any]],
    index: Sequence[pd.MultiIndex],
    *,
    rows: Sequence[Bools],
    names: list[str],
    labels: pd.DataFrame,
) -> Part:
    """Bring at most `CHECKED` cases here, those with the smallest hashes."""
    wanted = np.concatenate(list(rows))
    hashes = pd.util.hash_pandas_object(_join(list(index))).to_numpy()
    places = np.flatnonzero(wanted)
    first = places[np.argsort(hashes[places], kind="stable")[:CHECKED]]
    chosen: npt.NDArray[np.bool_] = np.zeros(len(wanted), np.bool_)
    chosen[first] = True
    ends = np.cumsum([len(own) for own in index])
    futures = [
        client.submit(measuring.take_frame, frame, mine, names, workers=[worker], pure=False)
        for (worker, frame), mine in zip(frames, np.split(chosen, ends[:-1]), strict=True)
    ]
    X = pd.concat(client.gather(futures)).sort_index()
    return Part(X, labels.loc[X.index], weighted=False)


def _trains(index: pd.MultiIndex, window: Window) -> Bools:
    trains: Bools = years_of(index).isin(window.train).to_numpy()
    return trains


def _join(parts: Sequence[pd.MultiIndex]) -> pd.MultiIndex:
    return parts[0].append(list(parts[1:]))
