"""What is known of a model when it is trained: how good it is, beside its rivals, and what its labels are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, NotIdentifiedError
from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth
from taxgap.risk.cases import Cases, Part
from taxgap.risk.evaluation import Evaluation, Trained, evaluate, rank_baselines
from taxgap.risk.fairness import groups_of
from taxgap.risk.model import RiskModel
from taxgap.risk.portrait import build_reference, read_parts
from taxgap.risk.selection import check_labels, estimate_detection, predict_outcomes

# Enough to tell large cases from small ones, for a test of how cases were allotted.
_FEW_TREES = Growth(n_estimators=40, learning_rate=0.1, num_leaves=15)

REFERENCE_PARTITIONS = 4
"""Partitions whose returns stand for all in the reference of monitoring: 50,000 taxpayers drawn by lot."""


def judge(model: RiskModel, cases: Cases, records: Records, regime: Regime, *, seed: int) -> Evaluation:
    """Measure a model on the later cases that stand for all, beside its rivals and by group.

    Parameters
    ----------
    model : RiskModel
        Trained on ``cases.training``.
    cases : Cases
        What it was trained on and what it is judged by.
    records : Records
        As they stood on the day of training.
    regime : Regime
        The tax.
    seed : int
        Of the bootstrap and of the lot.

    Returns
    -------
    Evaluation
        Rivals: those of `rank_baselines`; for a scorecard the full model too, which tells its price.
    """
    training, later = cases.training, cases.evaluation
    trained = Trained(training.X, training.labels["material"], 1.0 / training.labels["opening_probability"])
    rivals = rank_baselines(records, regime, later.X, seed=seed, trained=trained)
    if model.style == "scorecard":
        rivals["full model"] = _rank_by_full_model(model, training, later.X)
    return measure_on(
        model,
        later,
        baselines=rivals,
        groups=find_groups(records, regime, later.X.index),
        seed=seed,
        label="weighted enquiries" if later.weighted else "random enquiries",
    )


def measure_on(model: RiskModel, part: Part, **how: Any) -> Evaluation:
    """Measure a model on some cases; `how` is as for `taxgap.risk.evaluate`."""
    return evaluate(
        pd.Series(model.ranking_score(part.X), index=part.X.index),
        amount=part.labels["tax_found"],
        probability=model.predict_proba(part.X)[:, 1],
        expected_tax=model.expected_tax(part.X),
        weight=1.0 / part.probability,
        hours=part.hours,
        material=model.material,
        **how,
    )


def find_groups(records: Records, regime: Regime, index: pd.MultiIndex) -> pd.DataFrame | None:
    """Return the groups by which a model is judged; None where the records do not tell them."""
    if "taxpayers" not in records.tables or regime.name not in records.tables:
        return None
    try:
        return groups_of(records, index, regime=regime.name)
    except InvalidDataError:
        return None


def describe_labels(cases: Part, *, material: float, seed: int) -> dict[str, Any]:
    """Return what is known of the labels: whether they copy past enforcement, and what officers miss.

    Parameters
    ----------
    cases : Part
        The cases that train.
    material : float
        Tax found from which an under-declaration is material (GBP).
    seed : int
        Of the folds and the bootstrap.

    Returns
    -------
    dict
        ``proxies`` and ``detection``; for each, why it could not be told where that is so.

    Raises
    ------
    InvalidDataError
        The labels copy past enforcement.
    """
    labels = cases.labels
    known = labels["officer_id"].notna().all()
    try:
        report = check_labels(
            cases.X,
            labels["material"],
            amount=labels["tax_found"],
            random=None if cases.weighted else labels["random"],
            inclusion_probability=labels["opening_probability"],
            circumstances=labels[["programme", "officer_id"] if known else ["programme"]].astype("category"),
            material=material,
            seed=seed,
        )
    except NotIdentifiedError as error:
        proxies: dict[str, Any] = {"why_not": error.message}
    else:
        report.raise_if_flagged()
        proxies = report.to_dict()
    return {"proxies": proxies, "detection": _describe_detection(cases, known=known, seed=seed)}


def fit_reference(model: RiskModel, cases: Cases, records: Records, regime: Regime) -> dict[str, Any] | None:
    """Return what the returns of the window looked like, for monitoring to compare with.

    Parameters
    ----------
    model : RiskModel
        Trained.
    cases : Cases
        Give the years and the peers.
    records : Records
        As they stood on the day of training.
    regime : Regime
        The tax.

    Returns
    -------
    dict or None
        None where the records hold no register of returns to describe.
    """
    if "taxpayers" not in records.tables or regime.name not in records.tables:
        return None
    names = [str(name) for name in model.feature_names_in_]

    parts = read_parts(
        records,
        regime,
        names=names,
        peers=cases.peers,
        periods=cases.window.all,
        partitions=records.partitions[:REFERENCE_PARTITIONS],
    )
    codes = {f.name: f.code for f in regime.features if f.name in names}
    share = min(1.0, REFERENCE_PARTITIONS / len(records.partitions))
    return build_reference(model, parts, codes, share=share).to_dict()


def hourly_cost(labels: pd.DataFrame) -> float | None:
    """Return what an hour of an officer cost in closed cases (GBP); None where that is not held."""
    both = labels[["hours", "cost"]].dropna()
    hours = float(both["hours"].sum())
    return float(np.round(both["cost"].sum() / hours, 2)) if hours > 0 else None


def _rank_by_full_model(scorecard: RiskModel, training: Part, later: pd.DataFrame) -> Floats:
    full = RiskModel(**{**scorecard.get_params(deep=False), "style": "ensemble"})
    return training.fit(full).ranking_score(later)


def _describe_detection(cases: Part, *, known: bool, seed: int) -> dict[str, Any]:
    if not known:
        return {"why_not": "The enquiries do not say which officer worked them."}
    drawn = cases.labels["random"].to_numpy(dtype=np.bool_)
    labels = cases.labels[drawn]
    try:
        # What the records led to expect, out of fold: whether officers were given like cases is tested by it.
        predicted = predict_outcomes(
            cases.X[drawn],
            np.ones(len(labels), np.bool_),
            labels["tax_found"],
            probability=labels["inclusion_probability"],
            seed=seed,
            growth=_FEW_TREES,
        )
        told = labels[["officer_id", "tax_found"]].assign(expected=predicted["tax"])
        return estimate_detection(told).to_dict()
    except (NotIdentifiedError, InvalidDataError) as error:
        return {"why_not": error.message}
