"""`compare_models`: two models on the same cases, draw by draw, and how far they agree on all returns."""

from __future__ import annotations

import pandas as pd

from taxgap.errors import UsageError
from taxgap.monitoring.models.agreement import measure_agreement
from taxgap.monitoring.models.trials import Trial, check_pair, gather_trial
from taxgap.monitoring.models.verdict import CONFIDENCE, ModelComparison, judge
from taxgap.records import Records
from taxgap.risk.evaluation import Evaluation
from taxgap.risk.evidence import measure_on
from taxgap.risk.model import RiskModel

DRAWS = 1000
"""Bootstrap draws: the ends of the intervals are rarer than those of 95%."""

_OTHER = "other"
_VALUES = ["value", "low", "high"]


def compare_models(
    challenger: RiskModel,
    other: RiskModel,
    records: Records,
    *,
    capacity_share: float = 0.05,
    evaluation_cases: int | None = None,
    seed: int = 0,
) -> ModelComparison:
    """Hold a challenger against another model, on random enquiries that neither was trained on.

    Parameters
    ----------
    challenger, other : RiskModel
        Trained by `taxgap.train` for one regime.
    records : Records
        With closed random enquiries of tax years after those that trained either model.
    capacity_share : float, default 0.05
        Share of returns that can be worked, above 0 and up to 1.
    evaluation_cases : int, optional
        The fewest cases; what the regime asks for where not given: 500, or 150 where programmes are small.
    seed : int, default 0
        Seed of the bootstrap.

    Returns
    -------
    ModelComparison

    Raises
    ------
    UsageError
        Both are the same model, or a share is out of range.
    IncompatibleError
        Regimes or material amounts differ, or the records lack what a model relies on.
    NotIdentifiedError
        Too few closed random enquiries are new to both models.

    Notes
    -----
    Measures, intervals and draws are those of `taxgap.risk.evaluate`: a bootstrap by taxpayer in which both
    models are measured on the same draws, so that differences are paired. Brier scores stand beside each
    other without a difference. The challenger is better if the interval of the difference in tax found within
    capacity, or in AUC, is all above zero and neither is all below; worse the other way round; else it cannot
    be told. Each interval is of 97.5%, so that the two together mislead in about one of twenty comparisons of
    equals: of 400 simulated pairs of equally good scores on 1,000 cases, 4.5% were called better or worse.
    `evaluate` says where its intervals hold less than they say. Who compares many challengers on the same
    enquiries will find one that looks better than it is.
    """
    if challenger.model_id == other.model_id:
        raise UsageError(f"{challenger.model_id} cannot be compared with itself.", where="challenger")
    regime = check_pair(challenger, other)
    trial = gather_trial(records, regime, (challenger, other), evaluation_cases=evaluation_cases)
    own = _evaluate(trial, challenger, other, capacity_share=capacity_share, seed=seed)
    beside = _evaluate(trial, other, None, capacity_share=capacity_share, seed=seed)
    measures = _join_measures(own, beside)
    verdict, reasons = judge(measures)
    return ModelComparison(
        challenger=challenger.model_id,
        other=other.model_id,
        regime=regime.name,
        as_of=str(trial.records.as_of.date()),
        periods=trial.judged,
        left_out=tuple(year for year in trial.later if year not in trial.judged),
        cases=len(trial.labels),
        capacity_share=capacity_share,
        verdict=verdict,
        reasons=reasons,
        measures=measures,
        agreement=measure_agreement(
            trial.records, challenger, other, periods=trial.later, capacity_share=capacity_share
        ),
    )


def _evaluate(
    trial: Trial, model: RiskModel, other: RiskModel | None, *, capacity_share: float, seed: int
) -> Evaluation:
    return measure_on(
        model,
        trial.part_for(model),
        baselines={} if other is None else {_OTHER: other.ranking_score(trial.part_for(other).X)},
        coverages=(capacity_share,),
        confidence=CONFIDENCE,
        draws=DRAWS,
        seed=seed,
    )


def _join_measures(own: Evaluation, beside: Evaluation) -> pd.DataFrame:
    """Return one row a measure: the challenger's, the other's, and the difference of the two."""
    frames = {
        "challenger": _take(own.frame, "model", "probability"),
        "other": _take(beside.frame, "model", "probability"),
        "difference": own.differences.set_index("metric")[_VALUES],
    }
    joined = frames["challenger"].add_prefix("challenger_")
    joined = joined.join(frames["other"].add_prefix("other_")).join(
        frames["difference"].add_prefix("difference_")
    )
    return joined.rename(columns=lambda name: name.removesuffix("_value")).reset_index()


def _take(frame: pd.DataFrame, model: str, probability: str) -> pd.DataFrame:
    brier = (frame["ranking"] == probability) & (frame["metric"] == "brier")
    return frame[(frame["ranking"] == model) | brier].set_index("metric")[_VALUES]
