"""From records to a model: labels as known on a date, earlier years to train, the latest to evaluate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.arrays import Floats
from taxgap.risk.evaluation import Evaluation, evaluate
from taxgap.risk.evaluation.baselines import rank_naively
from taxgap.risk.labels import build_labels
from taxgap.risk.leaks import check_leaks
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import observe, years_of
from taxgap.risk.outcomes import Given, Rules, check_outcomes
from taxgap.risk.settings import check_settings
from taxgap.risk.tuning import Tuning, tune
from taxgap.risk.windows import closed_share, split_periods

SMALL_BUDGET = 4
"""Trials of settings where nothing else is asked, the default among them."""

# These are set from the regime and the other arguments.
_TAKEN = ("monotone", "random_state", "n_threads")


def train(
    records: Records,
    regime: str = "self_assessment",
    *,
    as_of: date | str | None = None,
    periods: Sequence[str] | None = None,
    seed: int = 0,
    waive: Sequence[str] = (),
    n_threads: int | None = None,
    evaluation_cases: int | None = None,
    trials: int | None = None,
    **model_options: Any,
) -> RiskModel:
    """Train a risk model on closed enquiries and evaluate it on later random ones.

    Parameters
    ----------
    records : Records
        Records with a table ``enquiries`` and what the regime measures.
    regime : str, default "self_assessment"
        The tax.
    as_of : date, optional
        The day on which the model could have been trained; nothing that came later is seen. The date of the
        records where not given.
    periods : sequence of str, optional
        Tax years whose enquiries may be used; all where not given.
    seed : int, default 0
        Seed of everything drawn.
    waive : sequence of str
        Features that the leak check lets pass; the card records them.
    n_threads : int, optional
        LightGBM's threads; one where not given.
    evaluation_cases : int, optional
        The fewest closed random enquiries that evaluate; what the regime asks for where not given: 500,
        or 150 where programmes are small. The card records it.
    trials : int, optional
        How many settings of the trees are tried on the years that train, see `taxgap.risk.tuning.tune`; 1 is
        the default setting alone. Where not given: 4 if two years train, else 1. Scorecards are not tuned.
    **model_options : object
        Settings of `RiskModel`, such as ``material`` or ``style``.

    Returns
    -------
    RiskModel
        Its card holds regime, window, counts, waived features, and the evaluation beside naive rankings; its
        peers are attached.

    Raises
    ------
    UsageError
        If a setting or regime is unknown.
    InvalidDataError, NotIdentifiedError, LeakError
        If the enquiries cannot carry a model, an evaluation, or give the label away.

    Notes
    -----
    Returns whose periods end in a month belong to the tax year that holds its last day. The latest tax year
    with enough closed random enquiries, and 60% of those opened, evaluates; all earlier ones train. Peers are
    drawn from all returns of the years that train. A case is measured by what was known when its enquiry was
    opened. Trees grow on random and chosen cases, weighted by the probability of being opened by either
    programme; calibration and evaluation rest on random ones alone. Features with one value in all cases are
    left out.
    """
    model = _make_model(model_options, seed, n_threads)
    tax = get_regime(regime)
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    enquiries = view.read("enquiries")
    labels = build_labels(
        enquiries, regime=tax.name, as_of=view.as_of, periods=periods, material=model.material
    )
    asked = tax.evaluation_cases if evaluation_cases is None else evaluation_cases
    opened = enquiries[enquiries["regime"] == tax.name]
    window = split_periods(labels, closed=closed_share(opened), cases=asked)
    observed, peers = observe(view, tax, labels["opened_on"], train=window.train, years=window.all)
    missing = tax.missing_features(view)
    X = tax.compare(observed, peers).drop(columns=missing, errors="ignore")
    known = labels.loc[X.index]
    trains = years_of(X.index).isin(window.train).to_numpy()
    constant = _find_constant(X[trains])
    X = X.drop(columns=constant)
    waived = check_leaks(X[trains], known["material"][trains], known["tax_found"][trains], waive=waive)
    directions = {name: sign for name, sign in tax.directions.items() if name in X.columns}
    model.set_params(monotone=directions)
    tuning = _tune(model, X[trains], known[trains], trials)
    _fit(model, X[trains], known[trains])
    later = ~trains & known["random"].to_numpy()
    rivals = rank_naively(view, tax, X[later], seed=seed)
    if model.style == "scorecard":
        rivals["full model"] = _rank_by_full_model(model, X[trains], known[trains], X[later])
    facts = _evaluate(model, X[later], known[later], rivals).to_dict()
    facts.pop("gain")
    notes = {
        "as_of": str(pd.Timestamp(view.as_of).date()),
        "periods": list(window.train),
        "evaluation_period": window.evaluate,
        "evaluation_cases_asked": asked,
        "seed": seed,
        "enquiries_without_return": int(years_of(labels.index).isin(window.all).sum()) - len(X),
        "missing_features": missing,
        "constant_features": constant,
        "waived_leaks": waived.to_dict("records"),
        "tuning": None if tuning is None else tuning.to_dict(),
    }
    codes = {f.name: f.code for f in tax.features if f.name in X.columns}
    model.attach_peers(peers)
    return model.annotate(
        regime=tax.name,
        reason_codes=codes,
        reason_titles={code: tax.code[code].title for code in dict.fromkeys(codes.values())},
        hourly_cost=_hourly_cost(known[trains]),
        training=notes,
        evaluation=facts,
    )


def _make_model(options: dict[str, Any], seed: int, n_threads: int | None) -> RiskModel:
    known = [name for name in RiskModel().get_params() if name not in _TAKEN]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UsageError(f"No such settings: {', '.join(unknown)}.", where="model_options", available=known)
    return RiskModel(**options, random_state=seed, n_threads=1 if n_threads is None else n_threads)


def _find_constant(X: pd.DataFrame) -> list[str]:
    same = X.eq(X.iloc[0]) | (X.isna() & X.iloc[0].isna())
    return [str(name) for name in X.columns[same.all()]]


def _given(labels: pd.DataFrame) -> Given:
    hours = labels["hours"]
    return Given(
        y=labels["material"],
        amount=labels["tax_found"],
        hours=hours if hours.notna().all() else None,
        inclusion_probability=labels["opening_probability"],
        random=labels["random"],
        random_probability=labels["inclusion_probability"],
    )


def _tune(model: RiskModel, X: pd.DataFrame, labels: pd.DataFrame, trials: int | None) -> Tuning | None:
    if model.style == "scorecard" or trials == 1:
        return None
    settings = model.get_params(deep=False)
    rules = Rules(**{name: settings[name] for name in Rules.__dataclass_fields__})
    try:
        tuning = tune(
            X,
            check_outcomes(X.index, _given(labels), rules),
            years_of(X.index),
            growth=check_settings(settings),
            monotone=model.monotone or {},
            budget=SMALL_BUDGET if trials is None else trials,
            cap_quantile=model.amount_cap_quantile,
        )
    except NotIdentifiedError:
        if trials is not None:
            raise
        return None
    model.set_params(**tuning.settings)
    return tuning


def _fit(model: RiskModel, X: pd.DataFrame, labels: pd.DataFrame) -> None:
    given = _given(labels)
    model.fit(
        X,
        given.y,
        amount=given.amount,
        hours=given.hours,
        inclusion_probability=given.inclusion_probability,
        random=given.random,
        random_probability=given.random_probability,
    )


def _rank_by_full_model(
    scorecard: RiskModel, X: pd.DataFrame, labels: pd.DataFrame, later: pd.DataFrame
) -> Floats:
    """Rank by the model that was not chosen, to tell the price of choosing the simple one."""
    full = RiskModel(**{**scorecard.get_params(deep=False), "style": "ensemble"})
    _fit(full, X, labels)
    return full.ranking_score(later)


def _hourly_cost(labels: pd.DataFrame) -> float | None:
    both = labels[["hours", "cost"]].dropna()
    hours = float(both["hours"].sum())
    return float(np.round(both["cost"].sum() / hours, 2)) if hours > 0 else None


def _evaluate(
    model: RiskModel, X: pd.DataFrame, labels: pd.DataFrame, rivals: dict[str, Floats]
) -> Evaluation:
    return evaluate(
        pd.Series(model.ranking_score(X), index=X.index),
        amount=labels["tax_found"],
        probability=model.predict_proba(X)[:, 1],
        expected_tax=model.expected_tax(X),
        weight=1.0 / labels["inclusion_probability"],
        baselines=rivals,
        material=model.material,
        seed=model.random_state,
    )
