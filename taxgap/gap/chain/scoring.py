"""Scores that make a random sample sharper: of everyone, and never from a model that saw the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.gap.chain.reading import RegimeData
from taxgap.gap.folds import combine_folds
from taxgap.records import Records
from taxgap.risk import RiskModel
from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import read_booster, score_raw
from taxgap.risk.crossfit import assign_folds
from taxgap.risk.fitting import Plan, grow_amounts
from taxgap.risk.labels import build_labels
from taxgap.risk.outcomes import Given, Rules, check_outcomes
from taxgap.risk.suitability import check_records, peers_of, regime_of

FOLDS = 4
_CAP = 0.999


@dataclass(frozen=True)
class Scores:
    """Scores of the cases, and of everyone.

    Parameters
    ----------
    cases : ndarray
        One a random case, each by a model that did not see it.
    everyone : ndarray
        One a return: with those of the cases they make the difference estimator (`combine_folds`).
    held_out : ndarray
        One a return, each by a model that did not see its taxpayer: what a covariate of cases must be.
    crossfitted : bool
        Whether the model had been trained on some of these cases, so that it was fitted again without them.
    """

    cases: Floats
    everyone: Floats
    held_out: Floats
    crossfitted: bool


def models_by_regime(model: RiskModel | Mapping[str, RiskModel] | None) -> dict[str, RiskModel]:
    """Return the models by the tax that each was trained for.

    Parameters
    ----------
    model : RiskModel, mapping of str to RiskModel, or None

    Raises
    ------
    UsageError
        If a model stands under the name of another tax.
    """
    if model is None:
        return {}
    if isinstance(model, Mapping):
        for name, each in model.items():
            if regime_of(each).name != name:
                raise UsageError(
                    f"The model given for {name} was trained for {regime_of(each).name}.", where="model"
                )
        return dict(model)
    return {regime_of(model).name: model}


def score_regime(records: Records, data: RegimeData, model: RiskModel, *, seed: int = 0) -> Scores:
    """Score all returns, with models fitted again where the model has seen some of the cases.

    Parameters
    ----------
    records : Records
    data : RegimeData
        Returns and random cases.
    model : RiskModel
        Trained for this tax.
    seed : int, default 0
        Seed of the folds.

    Returns
    -------
    Scores
        Expected tax (GBP), cut off at the quantile 0.999 of everyone's: a few scores far above all others
        would make the estimate less sharp, not more, and any function of the score may be used.

    Notes
    -----
    All are measured by what is known on the day of the estimate, cases like others: a score that depended on
    having been drawn would bias the estimate. Of the years that trained, folds of taxpayers are scored by
    trees grown on the others (`combine_folds`).
    """
    regime = regime_of(model)
    check_records(records, regime, model)
    peers = peers_of(model)
    parts = [
        regime.compare(regime.measure(records, data.years, partition), peers)
        for partition in records.partitions
    ]
    X = pd.concat(parts)
    place = X.index.get_indexer(data.index)
    if (place < 0).any():
        X = X.reindex(data.index)
        place = np.arange(len(data.index))
    X = X.iloc[place][list(model.feature_names_in_)]
    row = data.cases["row"].to_numpy()
    trained = set(model.card_.get("training", {}).get("periods", data.years))
    if not data.cases["year"].isin(trained).any():
        everyone = _cut(model.expected_tax(X))
        return Scores(everyone[row], everyone, everyone, False)
    return _cross_fit(records, data, model, X, seed)


def _cross_fit(records: Records, data: RegimeData, model: RiskModel, X: pd.DataFrame, seed: int) -> Scores:
    labels = build_labels(
        records.read("enquiries"), regime=data.regime, as_of=records.as_of, periods=data.years
    )
    labels = labels[labels.index.isin(data.index)]
    at = data.index.get_indexer(labels.index)
    matrix = model.encode(X)
    given = Given(
        y=labels["material"],
        amount=labels["tax_found"],
        inclusion_probability=labels["opening_probability"],
        random=labels["random"],
        random_probability=labels["inclusion_probability"],
    )
    settings = model.get_params(deep=False)
    strata = np.zeros(len(data.index), dtype=np.int64)
    strata[at] = 1 + (labels["tax_found"] > 0).to_numpy()
    fold = assign_folds(data.index, strata, FOLDS, seed)
    everyone = np.empty((len(data.index), FOLDS))
    plan = Plan.of(settings, model.frame_)
    for held_out in range(FOLDS):
        learn = fold[at] != held_out
        kept = Given(**{name: value[learn] for name, value in vars(given).items() if value is not None})
        outcomes = check_outcomes(labels.index[learn], kept, Rules.of(settings))
        booster = read_booster(grow_amounts(model.frame_, matrix[at[learn]], outcomes, plan))
        everyone[:, held_out] = _cut(np.exp(score_raw(booster, matrix)))
    row = data.cases["row"].to_numpy()
    own, mean = combine_folds(everyone[row], fold[row], everyone)
    return Scores(own, mean, everyone[np.arange(len(fold)), fold], True)


def _cut(score: Floats) -> Floats:
    return np.asarray(np.minimum(score, np.quantile(score, _CAP)), dtype=np.float64)
