"""Scoring: a first pass ranks every return, a second gives reasons to those that rank highest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from taxgap.batch.fit import check_records, peers_of, regime_of
from taxgap.batch.ranking import rank_within, within_share
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import UsageError
from taxgap.reasons import Contributions, contributions, give_reasons, reason_columns
from taxgap.records import Records
from taxgap.records.periods import tax_year_of
from taxgap.risk.model import RiskModel
from taxgap.risk.ranking import RankBy, rank_value
from taxgap.schemas.codes import REGIMES
from taxgap.validation import validate as validate_records

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

    Raises
    ------
    UsageError, InvalidDataError, IncompatibleError
        As `score`.
    """

    def __init__(self, records: Records, model: RiskModel, settings: ScoreSettings) -> None:
        self.settings = settings
        self.model = model
        self.model_id = model.model_id
        self.regime = regime_of(model)
        self.peers = peers_of(model)
        self.records = _prepare_records(records, settings)
        check_records(self.records, self.regime, model)
        self.periods = _check_periods(self.records, settings)
        self.cutoff = model.threshold if settings.cutoff is None else settings.cutoff
        self._last: tuple[int, pd.DataFrame] | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the scores."""
        return [*SCORE_COLUMNS, *reason_columns(self.settings.reasons)]

    def score_parts(self) -> Iterator[pd.DataFrame]:
        """Yield the scores of each partition, in the order of the partitions.

        All returns are ranked before the first is yielded; of each, only its score is held.
        """
        ranked = self._rank_all()
        for partition in self.records.partitions:
            own = ranked[ranked["partition"] == partition].set_index(["taxpayer_id", "period"])
            scores = own.join(self._explain(partition, own.index[own["explained"]]))
            yield scores.reset_index()[self.columns]

    def _rank_all(self) -> pd.DataFrame:
        parts = [self._score_partition(partition) for partition in self.records.partitions]
        scores = pd.concat(parts, ignore_index=True)
        periods = tax_year_of(scores["period"])
        ranks = rank_within(periods, scores["order"], scores["taxpayer_id"])
        capacity = within_share(periods, ranks, self.settings.capacity_share)
        rule = self.settings.flag_rule(self.cutoff)
        levels = REGIMES if self.regime.name in REGIMES else [*REGIMES, self.regime.name]
        return scores.assign(
            regime=_constant(self.regime.name, levels, len(scores)),
            model_id=pd.Series(self.model_id, index=scores.index, dtype="str"),
            expected_tax=np.exp(scores["score"]),
            rank=ranks,
            flagged=capacity & (scores["probability"] >= self.cutoff).to_numpy(),
            flag_rule=_constant(rule, [rule], len(scores)),
            explained=within_share(periods, ranks, self.settings.explain_share) & (self.settings.reasons > 0),
        )

    def _score_partition(self, partition: int) -> pd.DataFrame:
        observed = self._measure(partition)
        numbers = np.empty((len(observed), 5))
        if len(observed):
            X, settings = self._to_features(observed), self.settings
            numbers[:, 0] = self.model.predict_proba(X)[:, 1]
            numbers[:, 1] = self.model.ranking_score(X)
            numbers[:, 2:4] = self.model.amount_interval(X).to_numpy()
            by_score = settings.rank_by == "expected_tax"
            cost = settings.hourly_cost
            numbers[:, 4] = (
                numbers[:, 1] if by_score else rank_value(self.model, X, settings.rank_by, hourly_cost=cost)
            )
        columns = ["probability", "score", "amount_low", "amount_high", "order"]
        scores = pd.DataFrame(numbers, columns=columns)
        keys = {
            name: observed.index.get_level_values(name).astype("str") for name in ("taxpayer_id", "period")
        }
        return scores.assign(**keys, partition=partition)

    def _explain(self, partition: int, chosen: pd.Index) -> pd.DataFrame:
        if len(chosen):
            observed = self._measure(partition).loc[chosen]
            found = contributions(self.model, self._to_features(observed))
        else:
            observed = pd.DataFrame(np.nan, index=chosen, columns=list(self.regime.columns))
            found = Contributions(observed, np.nan, observed.sum(axis=1), "none")
        reasons = give_reasons(self.regime, found, observed, self.peers, most=self.settings.reasons)
        return reasons.assign(population_mean=found.population_mean, group_effect=found.group_effect)

    def _measure(self, partition: int) -> pd.DataFrame:
        # Both passes measure; the last partition is kept, so that records of one partition are measured once.
        if self._last is None or self._last[0] != partition:
            self._last = partition, self.regime.measure(self.records, self.periods, partition)
        return self._last[1]

    def _to_features(self, observed: pd.DataFrame) -> pd.DataFrame:
        return self.regime.compare(observed, self.peers)[list(self.model.feature_names_in_)]


def score(
    records: Records,
    model: RiskModel,
    *,
    reasons: int = 4,
    explain_share: float = 0.05,
    periods: Sequence[str] | None = None,
    as_of: str | pd.Timestamp | None = None,
    capacity_share: float = 0.05,
    cutoff: float | None = None,
    validate: bool = True,
    rank_by: RankBy = "expected_tax",
    hourly_cost: float | None = None,
) -> pd.DataFrame:
    """Score the returns that records hold.

    Parameters
    ----------
    records : Records
    model : RiskModel
        Trained for a regime, with its peers.
    reasons : int, default 4
        The most reasons a return.
    explain_share : float, default 0.05
        Share of the returns of each tax year, from the highest score down, that are given reasons.
    periods : sequence of str, optional
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

    Returns
    -------
    DataFrame
        One row a taxpayer and period, by partition, taxpayer and period: `SCORE_COLUMNS`, then
        `taxgap.reasons.reason_columns`. `score` is the log of `expected_tax` in pounds and, where reasons are
        given, `population_mean` plus `group_effect` plus the taxpayer's own contributions; `amount_low` and
        `amount_high` enclose the tax found, if any is, in about four of five cases; `rank` 1 comes first in
        the tax year. A flag is a reason to look, not a finding.

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
    )
    return pd.concat(Scorer(records, model, settings).score_parts(), ignore_index=True)


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
