"""Scoring: every return scored, ranked, flagged and given reasons, in one pass where all are explained.

A pass reads the records partition by partition. The returns of several partitions are gathered, 200,000 at
most, and then encoded, scored and explained together, so that the tables of a peer group are built once for
all of them. A partition that alone holds more is measured whole, and goes on in pieces. What is kept of a
return is its scores and its top reasons; the contributions of its features go to a file where they are asked
for, and are dropped.

Ranks need the scores of a whole tax year, so they are a second step. Where all returns are explained, it
reads no records: the pieces lie on a shelf, in memory or in files, and are completed with rank and flag one
by one. Where only a share is, from the highest rank down, a second pass explains these alone: for a model
with very many trees, explaining costs more than measuring twice.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.batch.explaining import LIKELIHOOD, Batch, Explainer, Piece
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.shelf import Shelf
from taxgap.errors import UsageError
from taxgap.reasons import reason_columns
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.risk.arrays import Bools
from taxgap.risk.flagging import rank_within, within_share
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of
from taxgap.schemas.codes import REGIMES
from taxgap.validation import validate as validate_records

GATHERED = 200_000
"""The most returns that are explained together."""

KEYS = ["taxpayer_id", "period"]

Keep: TypeAlias = Callable[[int, pd.DataFrame], None]
Work: TypeAlias = Callable[[Batch], pd.DataFrame]

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


class Scorer:
    """A model ready to score some records, partition by partition.

    Parameters
    ----------
    records : Records
    model : RiskModel
    settings : ScoreSettings
    gathered : int, default 200,000
        The most returns that are gathered, and then explained together.

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `score`.
    """

    def __init__(
        self, records: Records, model: RiskModel, settings: ScoreSettings, *, gathered: int = GATHERED
    ) -> None:
        self.settings = settings
        self.gathered = gathered
        self.model_id = model.model_id
        self.regime = regime_of(model)
        self.records = _prepare_records(records, settings)
        check_records(self.records, self.regime, model)
        self.periods = _check_periods(self.records, settings)
        self.cutoff = model.threshold if settings.cutoff is None else settings.cutoff
        self.explainer = Explainer(model, self.regime, peers_of(model), settings)
        self._whole: Batch | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the scores."""
        reasons = self.settings.reasons
        return [*SCORE_COLUMNS, *reason_columns(reasons), *([LIKELIHOOD] if reasons else [])]

    @property
    def about(self) -> dict[str, Any]:
        """What contributions to these scores are, as plain data."""
        self.settings.check_explains()
        baseline = self.explainer.baseline
        assert baseline is not None  # noqa: S101 - for the type checker
        return {
            "baseline": "peers",
            "engine": "taxgap",
            "model_id": self.model_id,
            "regime": self.regime.name,
            "as_of": str(self.records.as_of.date()),
            "population_mean": baseline.population_mean,
        }

    def score_parts(
        self, *, lay_by_in: Path | None = None, keep: Keep | None = None
    ) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield each partition and its scores, in the order of the partitions.

        A partition of many returns comes piece by piece, in the order of its returns. All returns are ranked
        before the first is yielded.

        Parameters
        ----------
        lay_by_in : Path, optional
            A folder for what waits for its rank, removed in the end; else it waits in memory.
        keep : callable, optional
            Is given each partition and the contributions of its explained returns, with their keys; a
            partition of many returns comes piece by piece.
        """
        shelf = Shelf(lay_by_in)
        ranked = self._rank(self._first_pass(shelf, keep))
        rest = self._second_pass(ranked, keep)
        for piece, ranks in ranked.items():
            scores = shelf.take(piece.name)
            if not self._at_once:
                scores = scores.join(self._next_part(rest, ranks))
            yield piece.partition, self._complete(scores, ranks)

    @property
    def _at_once(self) -> bool:
        return self.settings.explains and self.settings.explain_share >= 1

    def _first_pass(self, shelf: Shelf, keep: Keep | None) -> dict[Piece, pd.DataFrame]:
        """Score all returns, lay the rows by, and return what ranks them."""
        ranking = {}
        for piece, scores in self._flatten(self._score_batch(keep), self.records.partitions):
            shelf.put(piece.name, scores)
            ranking[piece] = scores[[*KEYS, "order", "probability"]]
        return ranking

    def _score_batch(self, keep: Keep | None) -> Work:
        def work(batch: Batch) -> pd.DataFrame:
            scores = batch.observed.index.to_frame(index=False)[KEYS].astype("str").join(batch.scores)
            if not self._at_once:
                return scores
            possible = scores["probability"].to_numpy() >= self.cutoff
            return scores.join(self._explain(batch, np.ones(len(scores), np.bool_), possible, keep))

        return work

    def _rank(self, ranking: dict[Piece, pd.DataFrame]) -> dict[Piece, pd.DataFrame]:
        whole = pd.concat(list(ranking.values()), ignore_index=True)
        periods = tax_year_of(whole["period"])
        ranks = rank_within(periods, whole["order"], whole["taxpayer_id"])
        within = within_share(periods, ranks, self.settings.capacity_share)
        explained = within_share(periods, ranks, self.settings.explain_share) & self.settings.explains
        flagged = within & (whole["probability"] >= self.cutoff).to_numpy()
        table = pd.DataFrame({"rank": ranks, "flagged": flagged, "explained": explained})
        ends = np.cumsum([len(part) for part in ranking.values()])
        return {
            piece: table.iloc[end - len(part) : end].reset_index(drop=True)
            for (piece, part), end in zip(ranking.items(), ends, strict=True)
        }

    def _second_pass(self, ranked: dict[Piece, pd.DataFrame], keep: Keep | None) -> Iterator[pd.DataFrame]:
        """Yield what explaining adds to each piece that holds returns to explain."""

        def work(batch: Batch) -> pd.DataFrame:
            ranks = pd.concat([ranked[piece] for piece in batch.lengths])
            return self._explain(batch, ranks["explained"].to_numpy(), ranks["flagged"].to_numpy(), keep)

        wanted = [piece for piece, ranks in ranked.items() if ranks["explained"].any()]
        partitions = list(dict.fromkeys(piece.partition for piece in wanted))
        for piece, added in self._flatten(work, partitions, wanted):
            if piece in wanted:
                yield added

    def _next_part(self, rest: Iterator[pd.DataFrame], ranks: pd.DataFrame) -> pd.DataFrame:
        if ranks["explained"].any():
            return next(rest).reset_index(drop=True)
        return self.explainer.explain_nobody(len(ranks))

    def _explain(self, batch: Batch, chosen: Bools, likely: Bools, keep: Keep | None) -> pd.DataFrame:
        added, found = self.explainer.explain(batch, chosen, likely)
        if keep is not None:
            start = 0
            for piece, part in batch.split(pd.DataFrame({"chosen": chosen})):
                end = start + int(part["chosen"].sum())
                own = found.values.iloc[start:end]  # noqa: PD011 - a frame of contributions
                keep(piece.partition, own.reset_index())
                start = end
        return added

    def _complete(self, scores: pd.DataFrame, ranks: pd.DataFrame) -> pd.DataFrame:
        rule = self.settings.flag_rule(self.cutoff)
        levels = REGIMES if self.regime.name in REGIMES else [*REGIMES, self.regime.name]
        whole = scores.assign(
            regime=_constant(self.regime.name, levels, len(scores)),
            model_id=pd.Series(self.model_id, index=scores.index, dtype="str"),
            expected_tax=np.exp(scores["score"]),
            rank=ranks["rank"],
            flagged=ranks["flagged"],
            flag_rule=_constant(rule, [rule], len(scores)),
        )
        whole[LIKELIHOOD] = whole[LIKELIHOOD].where(ranks["flagged"])
        return whole[self.columns]

    def _flatten(
        self, work: Work, partitions: Sequence[int], wanted: Container[Piece] | None = None
    ) -> Iterator[tuple[Piece, pd.DataFrame]]:
        """Do the work batch by batch, and yield its rows by piece."""
        for batch in self._batches(partitions, wanted):
            yield from batch.split(work(batch))
            del batch  # before the next is measured

    def _batches(self, partitions: Sequence[int], wanted: Container[Piece] | None) -> Iterator[Batch]:
        """Encode and score what is gathered; if all is one batch, it is measured once for both passes."""
        if self._whole is not None:
            yield self._whole
            return
        for parts in self._gather(partitions, wanted):
            batch = self.explainer.take_in(parts)
            parts.clear()  # the batch holds them
            # A piece of a partition that goes on would fill the batch.
            every = len(batch.lengths) == len(self.records.partitions) and len(batch.raw) < self.gathered
            if every and not self._at_once:
                self._whole = batch
            yield batch
            del batch  # before the next is measured

    def _gather(
        self, partitions: Sequence[int], wanted: Container[Piece] | None
    ) -> Iterator[dict[Piece, pd.DataFrame]]:
        """Gather the wanted pieces, all when absent, into batches that are as large as they may be."""
        parts: dict[Piece, pd.DataFrame] = {}
        for piece, rows in chain.from_iterable(map(self._measure, partitions)):
            if wanted is not None and piece not in wanted:
                continue
            if parts and sum(map(len, parts.values())) + len(rows) > self.gathered:
                yield parts
                parts = {}
            parts[piece] = rows
        if parts:
            yield parts

    def _measure(self, partition: int) -> Iterator[tuple[Piece, pd.DataFrame]]:
        measured = self.regime.measure(self.records, self.periods, partition)
        # A partition without returns is a piece without rows.
        for number, start in enumerate(range(0, max(len(measured), 1), self.gathered)):
            yield Piece(partition, number), measured.iloc[start : start + self.gathered]


def _prepare_records(records: Records, settings: ScoreSettings) -> Records:
    known = records.known_at(settings.as_of)
    if not settings.validate:
        return known
    report = validate_records(known, tables=known.tables)
    report.raise_if_failed()
    return report.trusted


def _check_periods(records: Records, settings: ScoreSettings) -> list[str]:
    wanted = list(records.periods if settings.periods is None else settings.periods)
    unknown = [period for period in wanted if period not in records.periods]
    if unknown or not wanted:
        raise UsageError(
            f"The records hold no returns of {', '.join(unknown) or 'any tax year'}.",
            where="periods",
            available=records.periods,
        )
    return wanted


def _constant(value: str, levels: Sequence[str], length: int) -> pd.Categorical:
    return pd.Categorical.from_codes(np.full(length, list(levels).index(value)), list(levels))
