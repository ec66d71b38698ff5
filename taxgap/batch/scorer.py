"""Scoring: every return scored, ranked, flagged and given reasons, in one pass where all are explained.

A pass reads the records partition by partition. The returns of several partitions are gathered, about
200,000 at most, and then encoded, scored and explained together, so that the tables of a peer group are built
once for all of them. What is kept of a return is its scores and its top reasons; the contributions of its
features go to a file where they are asked for, and are dropped.

Ranks need the scores of a whole tax year, so they are a second step. Where all returns are explained, it
reads no records: the parts lie on a shelf, in memory or in files, and are completed with rank and flag one by
one. Where only a share is, from the highest rank down, a second pass explains these alone: for a model with
very many trees, explaining costs more than measuring twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.batch.explaining import LIKELIHOOD, Batch, Explainer
from taxgap.batch.ranking import rank_within, within_share
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.shelf import Shelf
from taxgap.errors import UsageError
from taxgap.reasons import reason_columns
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.risk.model import RiskModel
from taxgap.risk.suitability import check_records, peers_of, regime_of
from taxgap.schemas.codes import REGIMES
from taxgap.validation import validate as validate_records

GATHERED = 200_000
"""Partitions are gathered until their returns are so many, and then explained together."""

KEYS = ["taxpayer_id", "period"]

Bools: TypeAlias = NDArray[np.bool_]
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
        Partitions are gathered until their returns are so many.

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
        baseline = self.explainer.baseline
        if baseline is None:
            raise UsageError(
                "Nothing is explained, so there are no contributions.",
                where="contributions",
                remedy="Ask for reasons, and for a share of the returns above 0.",
            )
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
    ) -> Iterator[pd.DataFrame]:
        """Yield the scores of each partition, in the order of the partitions.

        All returns are ranked before the first is yielded.

        Parameters
        ----------
        lay_by_in : Path, optional
            A folder for what waits for its rank, removed in the end; else it waits in memory.
        keep : callable, optional
            Is given each partition and the contributions of its explained returns, with their keys.
        """
        shelf = Shelf(lay_by_in)
        ranked = self._rank(self._first_pass(shelf, keep))
        rest = self._second_pass(ranked, keep)
        for partition, ranks in ranked.items():
            scores = shelf.take(partition)
            if not self._at_once:
                scores = scores.join(self._next_part(rest, ranks))
            yield self._complete(scores, ranks)

    @property
    def _at_once(self) -> bool:
        return self.settings.explains and self.settings.explain_share >= 1

    def _first_pass(self, shelf: Shelf, keep: Keep | None) -> dict[int, pd.DataFrame]:
        """Score all returns, lay the rows by, and return what ranks them."""
        ranking = {}
        for partition, scores in self._flatten(self._score_batch(keep), self.records.partitions):
            shelf.put(partition, scores)
            ranking[partition] = scores[[*KEYS, "order", "probability"]]
        return ranking

    def _score_batch(self, keep: Keep | None) -> Work:
        def work(batch: Batch) -> pd.DataFrame:
            scores = batch.observed.index.to_frame(index=False)[KEYS].astype("str").join(batch.scores)
            if not self._at_once:
                return scores
            possible = scores["probability"].to_numpy() >= self.cutoff
            return scores.join(self._explain(batch, np.ones(len(scores), np.bool_), possible, keep))

        return work

    def _rank(self, ranking: dict[int, pd.DataFrame]) -> dict[int, pd.DataFrame]:
        whole = pd.concat(list(ranking.values()), ignore_index=True)
        periods = tax_year_of(whole["period"])
        ranks = rank_within(periods, whole["order"], whole["taxpayer_id"])
        within = within_share(periods, ranks, self.settings.capacity_share)
        explained = within_share(periods, ranks, self.settings.explain_share) & self.settings.explains
        flagged = within & (whole["probability"] >= self.cutoff).to_numpy()
        table = pd.DataFrame({"rank": ranks, "flagged": flagged, "explained": explained})
        ends = np.cumsum([len(part) for part in ranking.values()])
        return {
            partition: table.iloc[end - len(part) : end].reset_index(drop=True)
            for (partition, part), end in zip(ranking.items(), ends, strict=True)
        }

    def _second_pass(self, ranked: dict[int, pd.DataFrame], keep: Keep | None) -> Iterator[pd.DataFrame]:
        """Yield what explaining adds to each partition that holds returns to explain."""

        def work(batch: Batch) -> pd.DataFrame:
            ranks = pd.concat([ranked[partition] for partition in batch.lengths])
            return self._explain(batch, ranks["explained"].to_numpy(), ranks["flagged"].to_numpy(), keep)

        wanted = [partition for partition, ranks in ranked.items() if ranks["explained"].any()]
        for partition, added in self._flatten(work, wanted):
            if partition in wanted:
                yield added

    def _next_part(self, rest: Iterator[pd.DataFrame], ranks: pd.DataFrame) -> pd.DataFrame:
        if ranks["explained"].any():
            return next(rest).reset_index(drop=True)
        return self.explainer.explain_nobody(len(ranks))

    def _explain(self, batch: Batch, chosen: Bools, likely: Bools, keep: Keep | None) -> pd.DataFrame:
        added, found = self.explainer.explain(batch, chosen, likely)
        if keep is not None:
            start = 0
            for partition, part in batch.split(pd.DataFrame({"chosen": chosen})):
                end = start + int(part["chosen"].sum())
                own = found.values.iloc[start:end]  # noqa: PD011 - a frame of contributions
                keep(partition, own.reset_index())
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

    def _flatten(self, work: Work, partitions: Sequence[int]) -> Iterator[tuple[int, pd.DataFrame]]:
        """Do the work batch by batch, and yield its rows by partition."""
        for batch in self._batches(partitions):
            yield from batch.split(work(batch))
            del batch  # before the next is measured

    def _batches(self, partitions: Sequence[int]) -> Iterator[Batch]:
        """Gather partitions; if all are one batch, it is measured once for both passes."""
        if self._whole is not None:
            yield self._whole
            return
        parts: dict[int, pd.DataFrame] = {}
        for partition in partitions:
            parts[partition] = self.regime.measure(self.records, self.periods, partition)
            if sum(map(len, parts.values())) >= self.gathered or partition == partitions[-1]:
                batch, parts = self.explainer.take_in(parts), {}
                if not self._at_once and len(batch.lengths) == len(self.records.partitions):
                    self._whole = batch
                yield batch
                del batch  # before the next is measured


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
