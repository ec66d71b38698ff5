"""`score`: every return of the records scored, ranked, flagged and given reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxgap.batch.explaining import Keep, Piece
from taxgap.batch.scorer import RANKED_BY, Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.batch.shelf import Shelf
from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.risk.model import RiskModel
from taxgap.risk.ranking import RankBy
from taxgap.risk.suitability import check_records
from taxgap.validation import validate as validate_records


def score(
    records: Records,
    model: RiskModel,
    *,
    reasons: int = 4,
    explain_share: float = 1.0,
    periods: Sequence[str] | str | None = None,
    as_of: str | pd.Timestamp | None = None,
    capacity_share: float = 0.05,
    cutoff: float | None = None,
    validate: bool = True,
    rank_by: RankBy = "expected_tax",
    hourly_cost: float | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Score the returns that records hold.

    Parameters
    ----------
    records : Records
    model : RiskModel
        Trained for a regime, with its peers.
    reasons : int, default 4
        The most reasons a return.
    explain_share : float, default 1
        Share of the returns of each tax year, from the highest rank down, that are given reasons.
    periods : sequence of str or str, optional
        The tax years to score; all when absent.
    as_of : str or Timestamp, optional
        Score what was known at this date; the date of the records when absent.
    capacity_share : float, default 0.05
        Share of the returns of a tax year that can be worked.
    cutoff : float, optional
        Probability from which a return within capacity is flagged; the model's threshold when absent.
    validate : bool, default True
        Check the records first, and stop if they break a rule.
    rank_by : {"expected_tax", "probability", "net_yield"}, default "expected_tax"
        What ranks follow; the net yield is expected tax less the cost of the expected hours.
    hourly_cost : float, optional
        What an officer's hour costs (GBP), for the net yield; that of the model's enquiries when absent.
    threads : int, optional
        Threads that explain; all cores when absent. The scores do not depend on it.

    Returns
    -------
    DataFrame
        One row a taxpayer and period, by partition, taxpayer and period: the columns of
        `taxgap.batch.scorer.SCORE_COLUMNS`, then `taxgap.reasons.reason_columns` and `likelihood_code`.
        `score` is the log of `expected_tax` in pounds and, where reasons are given, `population_mean` plus
        `group_effect`, which is the mean of the taxpayer's peers less that of the population, plus the
        taxpayer's own contributions against these peers; `amount_low` and `amount_high` enclose the tax
        found, if any is, in about four of five cases; `rank` 1 comes first in the tax year;
        `likelihood_code` is what the first reason of a flagged return would be for its probability. A flag is
        a reason to look, not a finding.

    Raises
    ------
    UsageError
        A setting is out of range, or a period is not in the records.
    InvalidDataError
        The records break a rule.
    IncompatibleError
        The model does not fit its regime or the records.
    """
    settings = ScoreSettings.of(
        reasons=reasons,
        explain_share=explain_share,
        periods=periods,
        as_of=as_of,
        capacity_share=capacity_share,
        cutoff=cutoff,
        validate=validate,
        rank_by=rank_by,
        hourly_cost=hourly_cost,
        threads=threads,
    )
    run = Scoring.of(records, model, settings)
    return pd.concat((scores for _, scores in run.score_parts()), ignore_index=True)


@dataclass(frozen=True, eq=False)
class Scoring:
    """Records and a scorer for them.

    Attributes
    ----------
    records : Records
        As they stood, and checked if that was asked.
    periods : list of str
        The tax years to score.
    scorer : Scorer
    """

    records: Records
    periods: list[str]
    scorer: Scorer

    @classmethod
    def of(cls, records: Records, model: RiskModel, settings: ScoreSettings) -> Scoring:
        """Prepare records and model; raises as `score`."""
        scorer = Scorer(model, settings)
        prepared = _prepare_records(records, settings)
        check_records(prepared, scorer.regime, model)
        return cls(prepared, choose_periods(prepared, settings), scorer)

    @property
    def about(self) -> dict[str, Any]:
        """What contributions to these scores are, as plain data."""
        return {**self.scorer.about, "as_of": str(self.records.as_of.date())}

    def score_parts(
        self, *, lay_by_in: Path | None = None, keep: Keep | None = None
    ) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield each partition and its scores; all returns are ranked before the first is yielded.

        A partition of many returns comes piece by piece, in the order of its returns.

        Parameters
        ----------
        lay_by_in : Path, optional
            A folder for what waits for its rank, removed in the end; else it waits in memory.
        keep : callable, optional
            Is given each partition and the contributions of its explained returns.
        """
        shelf, keys, likely = Shelf(lay_by_in), {}, {}
        at_once = keep if self.scorer.settings.explains_all else None
        for look in self.scorer.look(self._measure(self.records.partitions), at_once):
            shelf.put(look.piece.name, look.rows)
            keys[look.piece], likely[look.piece] = look.rows[list(RANKED_BY)], look.likely
        ranked = self._rank(keys)
        codes = self._name_likelihood(likely, ranked)
        rest = self._look_again(ranked, keep)
        for piece, ranks in ranked.items():
            rows = shelf.take(piece.name)
            if not self.scorer.settings.explains_all and ranks["explained"].any():
                rows = rows.join(next(rest))
            yield piece.partition, self.scorer.complete(rows, ranks, codes[piece])

    def _measure(self, partitions: Iterable[int]) -> Iterator[tuple[int, pd.DataFrame]]:
        for partition in partitions:
            yield partition, self.scorer.regime.measure(self.records, self.periods, partition)

    def _rank(self, keys: dict[Piece, pd.DataFrame]) -> dict[Piece, pd.DataFrame]:
        ranks = self.scorer.rank(pd.concat(keys.values(), ignore_index=True))
        ends = np.cumsum([len(own) for own in keys.values()]).tolist()
        return {
            piece: ranks.iloc[end - len(own) : end].reset_index(drop=True)
            for (piece, own), end in zip(keys.items(), ends, strict=True)
        }

    def _name_likelihood(
        self, likely: dict[Piece, pd.DataFrame], ranked: dict[Piece, pd.DataFrame]
    ) -> dict[Piece, pd.Series]:
        """Name the first reason for the likelihood of all who are flagged and explained, together."""
        flagged = {piece: pick_flagged(own, ranked[piece]) for piece, own in likely.items()}
        codes = self.scorer.explainer.name_likelihood(pd.concat(flagged.values(), ignore_index=True))
        found, start = {}, 0
        for piece, own in flagged.items():
            found[piece] = pd.Series(codes[start : start + len(own)], index=own.index)
            start += len(own)
        return found

    def _look_again(self, ranked: dict[Piece, pd.DataFrame], keep: Keep | None) -> Iterator[pd.DataFrame]:
        wanted = {piece: ranks for piece, ranks in ranked.items() if ranks["explained"].any()}
        partitions = dict.fromkeys(piece.partition for piece in wanted)
        for _, added in self.scorer.look_again(self._measure(partitions), wanted, keep):
            yield added.reset_index(drop=True)


def choose_periods(records: Records, settings: ScoreSettings) -> list[str]:
    """Return the tax years to score.

    Raises
    ------
    UsageError
        The records hold none of these.
    """
    wanted = list(records.periods if settings.periods is None else settings.periods)
    unknown = [period for period in wanted if period not in records.periods]
    if unknown or not wanted:
        raise UsageError(
            f"The records hold no returns of {', '.join(unknown) or 'any tax year'}.",
            where="periods",
            available=records.periods,
        )
    return wanted


def pick_flagged(likely: pd.DataFrame, ranks: pd.DataFrame) -> pd.DataFrame:
    """Keep the measures of the returns that are flagged and explained."""
    chosen = (ranks["flagged"] & ranks["explained"]).to_numpy()
    return likely[chosen[likely.index.to_numpy(dtype=np.int64)]]


def _prepare_records(records: Records, settings: ScoreSettings) -> Records:
    known = records.known_at(settings.as_of)
    if not settings.validate:
        return known
    report = validate_records(known, tables=known.tables)
    report.raise_if_failed()
    return report.trusted
