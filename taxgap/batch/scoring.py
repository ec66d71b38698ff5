"""`score`: every return of the records scored, ranked, flagged and given reasons."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from taxgap.batch.scorer import Scorer
from taxgap.batch.settings import ScoreSettings
from taxgap.records import Records
from taxgap.risk.model import RiskModel
from taxgap.risk.ranking import RankBy


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
    parts = Scorer(records, model, settings).score_parts()
    return pd.concat((scores for _, scores in parts), ignore_index=True)
