"""Scoring, step by step: a first look at all returns, their ranks, a second look at those to be explained.

A look takes measured returns, partition by partition. The returns of several partitions are gathered, 200,000
at most, and then encoded, scored and explained together, so that the tables of a peer group are built once
for all of them. A partition that alone holds more goes on in pieces. What is kept of a return is its scores
and its top reasons; the contributions of its features go to a file where they are asked for, and are dropped.

Ranks need the scores of a whole tax year, and only who is flagged is told what the first reason for the
likelihood would be: so the measures of likely returns are kept until all are ranked. Where all returns are
explained, the first look does it. Where only a share is, from the highest rank down, a second look explains
these alone: for a model with very many trees, explaining costs more than measuring twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, starmap
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.batch.explaining import Batch, Explainer, Keep, Piece
from taxgap.batch.settings import ScoreSettings
from taxgap.reasons import reason_columns
from taxgap.records.periods import tax_year_of
from taxgap.risk.flagging import rank_within, within_share
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import peers_of, regime_of
from taxgap.schemas.codes import REGIMES

GATHERED = 200_000
"""The most returns that are explained together."""

KEYS = ["taxpayer_id", "period"]

RANKED_BY = (*KEYS, "order", "probability")
"""The columns of a look that ranks are made from."""

LIKELIHOOD = "likelihood_code"
"""The column that says what the first reason would be for the likelihood; kept of flagged returns."""

SCORE_COLUMNS = (
    "taxpayer_id",
    "period",
    "regime",
    "model_id",
    "probability",
    "expected_tax",
    "amount_low",
    "amount_high",
    "score",
    "population_mean",
    "group_effect",
    "rank",
    "flagged",
    "flag_rule",
)
"""The columns of the scores before those of the reasons."""

Marks: TypeAlias = NDArray[np.uint64]

Measured: TypeAlias = Iterable[tuple[int, pd.DataFrame]]
"""Partitions and their returns, from `Regime.measure`."""


class Look(NamedTuple):
    """What a first look makes of a piece.

    Attributes
    ----------
    piece : Piece
    rows : DataFrame
        One row a return: keys, numbers, `order` by which they are ranked, `mark` of its measures; reasons,
        where all are explained.
    likely : DataFrame
        The measures of the returns whose probability reaches the cut-off, by their places in `rows`; none
        where no reasons are given.
    """

    piece: Piece
    rows: pd.DataFrame
    likely: pd.DataFrame


class Scorer:
    """A model ready to score returns.

    Parameters
    ----------
    model : RiskModel
    settings : ScoreSettings
    gathered : int, default 200,000
        The most returns that are gathered, and then explained together.

    Raises
    ------
    UsageError, IncompatibleError
        The model is of no known regime, or has no peers.
    """

    def __init__(self, model: RiskModel, settings: ScoreSettings, *, gathered: int = GATHERED) -> None:
        self.settings, self.gathered = settings, gathered
        self.model_id, self.regime = model.model_id, regime_of(model)
        self.cutoff = float(model.threshold if settings.cutoff is None else settings.cutoff)
        self.explainer = Explainer(model, self.regime, peers_of(model), settings)

    @property
    def columns(self) -> list[str]:
        """The columns of the scores."""
        reasons = self.settings.reasons
        return [*SCORE_COLUMNS, *reason_columns(reasons), *([LIKELIHOOD] if reasons else [])]

    @property
    def about(self) -> dict[str, Any]:
        """What contributions to these scores are, as plain data."""
        self.settings.check_explains()
        return {
            "baseline": "peers",
            "engine": "taxgap",
            "model_id": self.model_id,
            "regime": self.regime.name,
            "population_mean": self.explainer.population_mean,
        }

    def look(self, measured: Measured, keep: Keep | None = None) -> Iterator[Look]:
        """Score returns, and explain them if all are; yield each piece in the order given."""
        for batch in self._batches(measured):
            rows = batch.observed.index.to_frame(index=False)[KEYS].astype("str").join(batch.scores)
            if self.settings.explains_all:
                rows = rows.join(self.explainer.explain(batch, np.ones(len(rows), np.bool_), keep))
            rows["mark"] = mark_returns(batch.observed)
            start = 0
            for piece, own in batch.split(rows):
                yield self.to_look(piece, own, batch.observed.iloc[start : start + len(own)])
                start += len(own)
            del batch  # before the next is measured

    def to_look(self, piece: Piece, rows: pd.DataFrame, observed: pd.DataFrame) -> Look:
        """Give the rows of a piece, with the measures of its likely returns."""
        likely = (rows["probability"].to_numpy() >= self.cutoff) & self.settings.explains
        places = np.flatnonzero(likely)
        return Look(piece, rows.reset_index(drop=True), observed.iloc[places].set_axis(places))

    def rank(self, keys: pd.DataFrame) -> pd.DataFrame:
        """Rank returns within their tax year.

        Parameters
        ----------
        keys : DataFrame
            `RANKED_BY` of all returns.

        Returns
        -------
        DataFrame
            `rank`, `flagged` and `explained`, on the index given.
        """
        years = tax_year_of(keys["period"])
        ranks = rank_within(years, keys["order"], keys["taxpayer_id"])
        within = within_share(years, ranks, self.settings.capacity_share)
        explained = within_share(years, ranks, self.settings.explain_share) & self.settings.explains
        flagged = within & (keys["probability"] >= self.cutoff).to_numpy()
        return pd.DataFrame({"rank": ranks, "flagged": flagged, "explained": explained}, index=keys.index)

    def look_again(
        self, measured: Measured, ranked: Mapping[Piece, pd.DataFrame], keep: Keep | None = None
    ) -> Iterator[tuple[Piece, pd.DataFrame]]:
        """Explain returns whose rank is high enough; yield what each piece of `ranked` is given."""
        for batch in self._batches(measured, ranked):
            chosen = np.concatenate([ranked[piece]["explained"].to_numpy() for piece in batch.lengths])
            yield from batch.split(self.explainer.explain(batch, chosen, keep))
            del batch  # before the next is measured

    def complete(self, rows: pd.DataFrame, ranks: pd.DataFrame, likelihood: pd.Series) -> pd.DataFrame:
        """Complete the rows of a look.

        Parameters
        ----------
        rows : DataFrame
            With their reasons, where they have any; other columns are left out.
        ranks : DataFrame
            From `rank`, row by row.
        likelihood : Series
            Codes from `Explainer.name_likelihood`, by place; of flagged and explained returns.

        Returns
        -------
        DataFrame
            `columns`.
        """
        if "group_effect" not in rows:
            rows = rows.join(self.explainer.explain_nobody(len(rows)))
        rule = self.settings.flag_rule(self.cutoff)
        levels = REGIMES if self.regime.name in REGIMES else [*REGIMES, self.regime.name]
        codes = pd.Categorical(likelihood.reindex(range(len(rows))), list(self.regime.code))
        whole = rows.assign(
            **{
                "regime": _constant(self.regime.name, levels, len(rows)),
                "model_id": pd.Series(self.model_id, index=rows.index, dtype="str"),
                "expected_tax": np.exp(rows["score"]),
                "rank": ranks["rank"].to_numpy(),
                "flagged": ranks["flagged"].to_numpy(),
                "flag_rule": _constant(rule, [rule], len(rows)),
                LIKELIHOOD: codes,
            }
        )
        return whole[self.columns]

    def score_nobody(self) -> pd.DataFrame:
        """Return scores without rows."""
        nobody = pd.MultiIndex.from_arrays([[], []], names=KEYS)
        observed = pd.DataFrame(index=nobody, columns=list(self.regime.columns), dtype="float64")
        rows = next(self.look([(0, observed)])).rows
        return self.complete(rows, self.rank(rows), pd.Series(dtype="str"))

    def _batches(
        self, measured: Measured, wanted: Mapping[Piece, pd.DataFrame] | None = None
    ) -> Iterator[Batch]:
        """Encode and score the wanted pieces, all when absent, in batches as large as they may be."""
        parts: dict[Piece, pd.DataFrame] = {}
        for piece, rows in chain.from_iterable(starmap(self.pieces, measured)):
            if wanted is not None and piece not in wanted:
                continue
            if parts and sum(map(len, parts.values())) + len(rows) > self.gathered:
                yield self.explainer.take_in(parts)
                parts = {}
            parts[piece] = rows
        if parts:
            yield self.explainer.take_in(parts)

    def pieces(self, partition: int, returns: pd.DataFrame) -> Iterator[tuple[Piece, pd.DataFrame]]:
        """Cut the returns of a partition into the pieces that are explained together."""
        # A partition without returns is a piece without rows.
        for number, start in enumerate(range(0, max(len(returns), 1), self.gathered)):
            yield Piece(partition, number), returns.iloc[start : start + self.gathered]


def mark_returns(observed: pd.DataFrame) -> Marks:
    """Return 64 bits of a hash of the measures of each return: the same for the same, bit by bit.

    Examples
    --------
    >>> same, other = mark_returns(pd.DataFrame({"margin": [0.1, 0.1]}))
    >>> bool(same == other)
    True
    """
    marks: Marks = pd.util.hash_pandas_object(observed, index=False).to_numpy()
    return marks


def _constant(value: str, levels: Sequence[str], length: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.full(length, list(levels).index(value)), list(levels))
