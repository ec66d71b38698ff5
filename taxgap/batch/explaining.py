"""One look at some returns: measured and encoded once, then scored, explained and given reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from taxgap.batch.settings import ScoreSettings
from taxgap.peers import PeerGroups
from taxgap.reasons import Contributions, PeerBaseline, ReasonTable
from taxgap.reasons.contributions import contributions, split_scores
from taxgap.reasons.engines import compile_once
from taxgap.reasons.noise import noise_of
from taxgap.records.clock import time_section
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind
from taxgap.risk.ranking import rank_value

COVERAGE = 0.8
"""The share of cases with tax found whose amount lies between `amount_low` and `amount_high`."""

Keep: TypeAlias = Callable[[int, pd.DataFrame], None]
"""Is given a partition and the contributions of its explained returns, or of a piece of them."""

_SLICE = 25_000  # returns at a time for which something is held of every feature, beside what was measured


class Piece(NamedTuple):
    """A part of a partition: all of it, unless it holds more returns than are explained together.

    Examples
    --------
    >>> Piece(3, 0).name
    '3-0'
    """

    partition: int
    number: int

    @property
    def name(self) -> str:
        """What a file of it may be named by."""
        return f"{self.partition}-{self.number}"

    @classmethod
    def named(cls, name: str) -> Piece:
        """Return the piece of a name."""
        partition, number = map(int, name.split("-"))
        return cls(partition, number)


@dataclass(frozen=True)
class Batch:
    """The returns of some partitions, or of a piece of one, measured and encoded.

    Attributes
    ----------
    lengths : dict of Piece to int
        How many returns each piece has, in their order.
    observed : DataFrame
        The measures, from `Regime.measure`.
    matrix : ndarray of float64
        What the model's boosters read.
    scores : DataFrame
        `probability`, `score`, `amount_low`, `amount_high`, and `order`, by which returns are ranked.
    raw : ndarray of float64
        The raw scores of the booster that ranks.
    """

    lengths: dict[Piece, int]
    observed: pd.DataFrame
    matrix: Floats
    scores: pd.DataFrame
    raw: Floats

    def split(self, frame: pd.DataFrame) -> Iterator[tuple[Piece, pd.DataFrame]]:
        """Yield each piece's rows of a frame that has a row a return."""
        start = 0
        for piece, length in self.lengths.items():
            yield piece, frame.iloc[start : start + length]
            start += length


class Explainer:
    """A model with its peers, ready to score and explain batches.

    Parameters
    ----------
    model : RiskModel
    regime : Regime
    peers : PeerGroups
    settings : ScoreSettings

    Notes
    -----
    Where reasons are given, one compiled model both scores and explains, for the ranking score and for the
    likelihood; where none are, nothing is compiled and LightGBM scores. They differ by rounding alone.
    """

    def __init__(self, model: RiskModel, regime: Regime, peers: PeerGroups, settings: ScoreSettings) -> None:
        self.model, self.regime, self.peers, self.settings = model, regime, peers, settings
        self.baseline = PeerBaseline(model, regime, peers) if settings.explains else None
        self.noise = noise_of(model)

    def take_in(self, parts: dict[Piece, pd.DataFrame]) -> Batch:
        """Encode and score the measured returns of some pieces."""
        lengths = {piece: len(part) for piece, part in parts.items()}
        observed = pd.concat(list(parts.values()))
        matrix = np.empty((len(observed), self.model.n_features_in_))
        order = np.empty(len(observed))
        for start in range(0, len(observed), _SLICE):
            rows = slice(start, start + _SLICE)
            seen = self.regime.compare(observed.iloc[rows], self.peers)
            X = seen[list(self.model.feature_names_in_)]
            matrix[rows] = self.model.encode(X)
            if self.settings.rank_by == "net_yield":
                order[rows] = rank_value(self.model, X, "net_yield", hourly_cost=self.settings.hourly_cost)
        raw = self._predict("expected_tax", matrix)
        return Batch(lengths, observed, matrix, self._score(matrix, raw, order), raw)

    def explain(self, batch: Batch, chosen: Bools, keep: Keep | None = None) -> pd.DataFrame:
        """Give reasons to the chosen returns of a batch.

        Parameters
        ----------
        batch : Batch
        chosen : ndarray of bool
            Which returns are explained.
        keep : callable, optional
            Is given the contributions of the chosen, with the keys of their returns, piece by piece.

        Returns
        -------
        DataFrame
            By place in the batch: `population_mean`, `group_effect` and `taxgap.reasons.reason_columns`;
            empty for those that were not chosen.
        """
        places = np.flatnonzero(chosen)
        observed = batch.observed.iloc[places]
        table = ReasonTable(
            self.regime, self.peers, len(places), most=self.settings.reasons, noise=self.noise
        )
        group_effect, kept = np.full(len(places), np.nan), []
        for own, numbers in self._whole_groups(observed):
            found = self._split(batch, places[own], numbers)
            table.add(own, found, observed.iloc[own])
            group_effect[own] = found.group_effect
            if keep is not None:
                kept.append(found.values)
        if keep is not None:
            self._hand_over(batch, chosen, kept, keep)
        reasons = table.to_frame(pd.Index(places))
        reasons.insert(0, "population_mean", self.population_mean if len(places) else np.nan)
        reasons.insert(1, "group_effect", group_effect)
        return reasons.reindex(np.arange(len(chosen)))

    def explain_nobody(self, rows: int) -> pd.DataFrame:
        """Return what `explain` gives for so many returns of which none is chosen."""
        observed = pd.DataFrame(columns=list(self.regime.columns), dtype="float64")
        nothing = Batch({}, observed, np.empty((0, 0)), pd.DataFrame(), np.empty(0))
        return self.explain(nothing, np.zeros(0, dtype=np.bool_)).reindex(np.arange(rows))

    def name_likelihood(self, observed: pd.DataFrame) -> pd.Categorical:
        """Say what the first reason of returns would be for the likelihood instead of the ranking score.

        Parameters
        ----------
        observed : DataFrame
            Their measures, from `Regime.measure`: of as many returns as there are, since the tables of a peer
            group are built once for all of them.

        Returns
        -------
        Categorical
            Codes; missing where no single reason stands out.
        """
        # The noise is that of the ranking score, in other units.
        table = ReasonTable(self.regime, self.peers, len(observed), most=1)
        for own, _ in self._whole_groups(observed):
            some = observed.iloc[own]
            seen = self.regime.compare(some, self.peers)
            how: dict[str, Any] = {"kind": "probability", "threads": self.settings.threads, "alike": True}
            table.add(own, contributions(self.model, seen, baseline=self.baseline, **how), some)
        return table.to_frame(observed.index)["reason_1_code"].array

    def place(self, observed: pd.DataFrame) -> Integers:
        """Return the number of each return's peer group; 0 where nothing is explained."""
        return np.zeros(len(observed), np.int64) if self.baseline is None else self.baseline.place(observed)

    @property
    def population_mean(self) -> float:
        """The mean score of the population, in log pounds; missing where nothing is explained."""
        return np.nan if self.baseline is None else self.baseline.population_mean

    def _whole_groups(self, observed: pd.DataFrame) -> Iterator[tuple[Integers, Integers]]:
        """Yield places of returns, and the peer group of each: whole groups until there are enough returns.

        What is worked out for every feature is held for these alone.
        """
        if self.baseline is None or not len(observed):
            return
        numbers = self.baseline.place(observed)
        order = np.argsort(numbers, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(numbers[order])) + 1, len(order))
        start = 0
        for end in ends.tolist():
            if end - start >= _SLICE or end == len(order):
                yield order[start:end], numbers[order[start:end]]
                start = end

    def _split(self, batch: Batch, places: Integers, numbers: Integers) -> Contributions:
        assert self.baseline is not None  # noqa: S101 - for the type checker: else there are no groups
        return split_scores(
            self.model,
            batch.matrix[places],
            batch.observed.index[places],
            numbers=numbers,
            baseline=self.baseline,
            predicted=batch.raw[places],
            threads=self.settings.threads,
            alike=True,
        )

    def _hand_over(self, batch: Batch, chosen: Bools, kept: list[pd.DataFrame], keep: Keep) -> None:
        """Give the contributions away by piece, in the order of the returns."""
        names = list(self.regime.feature)
        index = batch.observed.index[chosen]
        values = (
            pd.concat(kept).loc[index] if kept else pd.DataFrame(columns=names, index=index, dtype="float64")
        )
        start = 0
        for piece, part in batch.split(pd.DataFrame({"chosen": chosen})):
            end = start + int(part["chosen"].sum())
            keep(piece.partition, values.iloc[start:end].reset_index())
            start = end

    def _score(self, matrix: Floats, raw: Floats, order: Floats) -> pd.DataFrame:
        parts = self.model.parts_
        score = raw + self.model.offset_
        probability = parts.curve.to_probability(self._predict("probability", matrix))
        low, high = parts.errors.to_interval(score, COVERAGE)  # type: ignore[union-attr]  # it has amounts
        orders = {"expected_tax": score, "probability": probability, "net_yield": order}
        return pd.DataFrame(
            {
                "probability": probability,
                "score": score,
                "amount_low": low,
                "amount_high": high,
                "order": orders[self.settings.rank_by],
            }
        )

    def _predict(self, kind: Kind, matrix: Floats) -> Floats:
        booster = self.model.booster(kind)
        if not len(matrix):
            return np.empty(0)
        with time_section("kernel"):
            if self.settings.explains:
                return compile_once(booster).predict(matrix, threads=self.settings.threads)
            return score_raw(booster, matrix, self.model.n_threads)
