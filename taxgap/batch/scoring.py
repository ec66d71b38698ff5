"""`score`: every return of the records scored, ranked, flagged and given reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from taxgap.batch.explaining import Piece
from taxgap.batch.scorer import Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.arrays import Bools
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
    scorer = Scorer(model, settings)
    prepared = _prepare_records(records, settings)
    check_records(prepared, scorer.regime, model)
    return score_in_memory(scorer, prepared, choose_periods(prepared, settings))


def score_in_memory(scorer: Scorer, records: Records, periods: list[str]) -> pd.DataFrame:
    """Score records as they are, and hold everything in memory; see `score`."""
    looks = list(scorer.look(_measure(scorer.regime, records, periods, records.partitions)))
    starts = np.cumsum([0, *(len(look.rows) for look in looks)]).tolist()
    rows = pd.concat([look.rows for look in looks], ignore_index=True)
    ranks = scorer.rank(rows)
    likely = [
        look.likely.set_axis(look.likely.index + start)
        for look, start in zip(looks, starts[:-1], strict=True)
    ]
    flagged = pick_flagged(pd.concat(likely), ranks)
    codes = pd.Series(scorer.explainer.name_likelihood(flagged), index=flagged.index)
    ranked = {
        look.piece: ranks.iloc[start:end]
        for look, start, end in zip(looks, starts[:-1], starts[1:], strict=True)
    }
    if again := _look_again(scorer, records, periods, ranked):
        rows = rows.join(pd.concat(again))
    return scorer.complete(rows, ranks, codes)


def _look_again(
    scorer: Scorer, records: Records, periods: list[str], ranked: dict[Piece, pd.DataFrame]
) -> list[pd.DataFrame]:
    """Explain returns whose rank is high enough, where not all were at the first look."""
    if scorer.settings.explains_all:
        return []
    wanted = {piece: ranks for piece, ranks in ranked.items() if ranks["explained"].any()}
    partitions = dict.fromkeys(piece.partition for piece in wanted)
    measured = _measure(scorer.regime, records, periods, partitions)
    return [added.set_axis(wanted[piece].index) for piece, added in scorer.look_again(measured, wanted)]


def _measure(
    regime: Regime, records: Records, periods: list[str], partitions: Iterable[int]
) -> Iterator[tuple[int, pd.DataFrame]]:
    for partition in partitions:
        yield partition, regime.measure(records, periods, partition)


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
    return likely[choose_told(ranks)[likely.index.to_numpy(dtype=np.int64)]]


def choose_told(ranks: pd.DataFrame) -> Bools:
    """Choose the returns that are told what the first reason would be for the likelihood."""
    return np.asarray(ranks["flagged"] & ranks["explained"], dtype=np.bool_)


def _prepare_records(records: Records, settings: ScoreSettings) -> Records:
    known = records.known_at(settings.as_of)
    if not settings.validate:
        return known
    report = validate_records(known, tables=known.tables)
    report.raise_if_failed()
    return report.trusted
