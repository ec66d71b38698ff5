"""One look at some returns: measured and encoded once, then scored, explained and given reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.batch.settings import ScoreSettings
from taxgap.peers import PeerGroups
from taxgap.reasons import Contributions, PeerBaseline, give_reasons
from taxgap.reasons.contributions import split_scores
from taxgap.reasons.engines import compile_once
from taxgap.reasons.noise import noise_of
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind
from taxgap.risk.ranking import rank_value

LIKELIHOOD = "likelihood_code"
"""The column that says what the first reason would be for the likelihood; kept of flagged returns."""

COVERAGE = 0.8
"""The share of cases with tax found whose amount lies between `amount_low` and `amount_high`."""

_SLICE = (
    25_000  # returns compared with their peers at a time, so that what the model sees is never held whole
)


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

    def explain(self, batch: Batch, chosen: Bools, likely: Bools) -> tuple[pd.DataFrame, Contributions]:
        """Give reasons to the chosen returns of a batch.

        Parameters
        ----------
        batch : Batch
        chosen : ndarray of bool
            Which returns are explained.
        likely : ndarray of bool
            Which of them are told too what the first reason would be for the likelihood.

        Returns
        -------
        reasons : DataFrame
            By place in the batch: `population_mean`, `group_effect`, `taxgap.reasons.reason_columns` and
            `LIKELIHOOD`; empty for those that were not chosen.
        found : Contributions
            Of the chosen.
        """
        places = np.flatnonzero(chosen)
        found = self._split(batch, places, "expected_tax")
        table = self._name(batch, places, found, self.settings.reasons, self.noise)
        table["population_mean"] = found.population_mean
        table["group_effect"] = found.group_effect.to_numpy()
        table[LIKELIHOOD] = self._first_of_likelihood(batch, places[likely[places]]).reindex(places)
        return table.reindex(np.arange(len(chosen))), found

    def explain_nobody(self, rows: int) -> pd.DataFrame:
        """Return what `explain` gives for so many returns of which none is chosen."""
        observed = pd.DataFrame(columns=list(self.regime.columns), dtype="float64")
        nobody = np.zeros(0, dtype=np.bool_)
        nothing = Batch({}, observed, np.empty((0, 0)), pd.DataFrame(), np.empty(0))
        return self.explain(nothing, nobody, nobody)[0].reindex(np.arange(rows))

    def _first_of_likelihood(self, batch: Batch, places: NDArray[np.int64]) -> pd.Series:
        found = self._split(batch, places, "probability")
        # The noise is that of the ranking score, in other units.
        return self._name(batch, places, found, 1, None)["reason_1_code"]

    def _split(self, batch: Batch, places: NDArray[np.int64], kind: Kind) -> Contributions:
        observed = batch.observed.iloc[places]
        if not len(places) or self.baseline is None:
            nothing = pd.DataFrame(index=observed.index, columns=list(self.regime.feature), dtype="float64")
            return Contributions(nothing, np.nan, nothing.sum(axis=1), "none")
        return split_scores(
            self.model,
            batch.matrix if len(places) == len(batch.matrix) else batch.matrix[places],
            observed.index,
            numbers=self.baseline.place(observed),
            baseline=self.baseline,
            kind=kind,
            predicted=batch.raw[places] if kind == "expected_tax" else None,
            threads=self.settings.threads,
        )

    def _name(
        self,
        batch: Batch,
        places: NDArray[np.int64],
        found: Contributions,
        most: int,
        noise: Mapping[str, float] | None,
    ) -> pd.DataFrame:
        observed = batch.observed.iloc[places]
        table = give_reasons(self.regime, found, observed, self.peers, most=most, noise=noise)
        return table.set_axis(places)

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
        if self.settings.explains:
            return compile_once(booster).predict(matrix, threads=self.settings.threads)
        return score_raw(booster, matrix, self.model.n_threads)
