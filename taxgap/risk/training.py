"""From records to a model: labels as known on a date, earlier years to train, the latest to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeAlias

import pandas as pd

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.records import Records
from taxgap.records.engines import Engine, check_engine
from taxgap.regimes import Regime, get_regime
from taxgap.risk.cases import Cases, Part, gather_cases
from taxgap.risk.distributed import spread_cases
from taxgap.risk.evidence import describe_labels, fit_reference, hourly_cost, judge
from taxgap.risk.leaks import check_leaks
from taxgap.risk.model import RiskModel
from taxgap.risk.observing import years_of
from taxgap.risk.outcomes import Rules, check_outcomes
from taxgap.risk.settings import check_settings
from taxgap.risk.tuning import Tuning, tune

SMALL_BUDGET = 4
"""Trials of settings where nothing else is asked, the default among them."""

Gathered: TypeAlias = tuple[Cases, Callable[[RiskModel], RiskModel], dict[str, Any]]
"""Cases, what fits a model on them, and what the card says of how."""

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
    engine: Engine = "local",
    workers: int = 1,
    scheduler: str | None = None,
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
    engine : {"local", "dask"}, default "local"
        Where the trees grow: in this process, or over a Dask cluster, whose workers measure the cases of
        their partitions and keep them. For populations larger than memory: see Notes.
    workers : int, default 1
        Workers of a cluster that is started here.
    scheduler : str, optional
        The address of a Dask scheduler; without it a cluster is started here.
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
        If a setting, an engine or a regime is unknown, or is asked of a cluster that cannot do it.
    InvalidDataError, NotIdentifiedError
        If the enquiries cannot carry a model or an evaluation, or their labels copy past enforcement.
    LeakError
        If features give the label away.

    Notes
    -----
    Returns whose periods end in a month belong to the tax year that holds its last day. The latest tax year
    with enough closed random enquiries, and 60% of those opened, evaluates; all earlier ones train. Peers are
    drawn from all returns of the years that train. A case is measured by what was known when its enquiry was
    opened. Trees grow on random and chosen cases, weighted by the probability of being opened by either
    programme; calibration and evaluation rest on random ones alone, or, with ``calibrate_on="weighted"``, on
    all by their recorded weights, which is refused where these cannot stand for all returns. Features with
    one value in all cases are left out. The card also holds what is known of the labels, and what the returns
    of these years looked like, for `taxgap.monitor`.

    With ``engine="dask"`` the model is an ordinary one, but not the same: rows are binned and added up
    worker by worker, and directions are held in LightGBM's method "basic", the only one it has for spread
    rows. Nor does the same cluster give the same model again to the bit. Cross-fitting is spread too; folds,
    calibration and peers are made as on one machine. Labels come to this process, of features at most
    `taxgap.risk.distributed.spreading.CHECKED` cases that train and as many that evaluate, for the checks and
    the evaluation. Tuning, scorecards and weighted calibration are not spread, and refused: give
    ``trials=1``.
    """
    check_engine(engine, scheduler)
    model = _make_model(model_options, seed, n_threads)
    tax = get_regime(regime)
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    asked = tax.evaluation_cases if evaluation_cases is None else evaluation_cases
    weighted = model.calibrate_on == "weighted"
    how = {"periods": periods, "material": model.material, "fewest": asked, "weighted": weighted}
    if engine == "dask":
        _check_spreads(model, trials)
        how |= {"workers": workers, "scheduler": scheduler}
    with _gather(engine, view, tax, **how) as gathered:
        cases = gathered[0]
        notes = _fit(model, tax, gathered, waive=waive, seed=seed, trials=trials)
    notes |= {"as_of": str(pd.Timestamp(view.as_of).date()), "evaluation_cases_asked": asked, "seed": seed}
    evaluation = judge(model, cases, view, tax, seed=seed)
    return model.annotate(
        **_describe_regime(tax, cases.training),
        training={**_describe_cases(cases), **notes},
        evaluation={name: told for name, told in evaluation.to_dict().items() if name != "gain"},
        reference=fit_reference(model, cases, view, tax),
    )


def _fit(
    model: RiskModel, tax: Regime, gathered: Gathered, *, waive: Sequence[str], seed: int, trials: int | None
) -> dict[str, Any]:
    """Check the cases, fit the model on them, and return what the card says of it."""
    cases, fit, about = gathered
    training = cases.training
    noted = _check_leaks(training, waive)
    about_labels = describe_labels(training, material=model.material, seed=seed)
    model.set_params(monotone={n: sign for n, sign in tax.directions.items() if n in training.X.columns})
    tuning = _tune(model, training, trials)
    fit(model).attach_peers(cases.peers)
    return about | {
        "waived_leaks": [row for row in noted if row["standing"] == "waived"],
        "noted_leaks": [row for row in noted if row["standing"] != "waived"],
        "tuning": None if tuning is None else tuning.to_dict(),
        "labels": about_labels,
    }


@contextmanager
def _gather(engine: Engine, records: Records, regime: Regime, **how: Any) -> Iterator[Gathered]:
    if engine == "local":
        cases = gather_cases(records, regime, **how)
        yield cases, cases.training.fit, {}
        return
    with spread_cases(records, regime, **how) as spread:
        yield spread.cases, spread.fit, {"distributed": spread.about}


def _check_spreads(model: RiskModel, trials: int | None) -> None:
    """Refuse what would be done otherwise, or not at all, over a cluster."""
    if model.style != "ensemble":
        raise UsageError(
            "Scorecards are not trained over a cluster.",
            where="style",
            remedy="They are small: use engine='local'.",
        )
    if trials != 1:
        raise UsageError(
            "Settings are not tuned over a cluster.",
            where="trials",
            remedy="Give trials=1 (--tune 1) for the settings as they are; tune on a part of the records.",
        )


def _check_leaks(training: Part, waive: Sequence[str]) -> list[dict[str, Any]]:
    """Return what was waived or noted; stop where the label is given away."""
    labels = training.labels
    found = check_leaks(
        training.X,
        labels["material"],
        labels["tax_found"],
        inclusion_probability=labels["opening_probability"],
        waive=waive,
    )
    return list(found.to_dict("records"))


def _describe_regime(regime: Regime, training: Part) -> dict[str, Any]:
    codes = {f.name: f.code for f in regime.features if f.name in training.X.columns}
    return {
        "regime": regime.name,
        "reason_codes": codes,
        "reason_titles": {code: regime.code[code].title for code in dict.fromkeys(codes.values())},
        "hourly_cost": hourly_cost(training.labels),
    }


def _describe_cases(cases: Cases) -> dict[str, Any]:
    return {
        "periods": list(cases.window.train),
        "evaluation_period": cases.window.evaluate,
        "enquiries_without_return": cases.without_return,
        "cases_without_hours": int(cases.training.labels["hours"].isna().sum()),
        "cases_without_officer": int(cases.training.labels["officer_id"].isna().sum()),
        "missing_features": cases.missing,
        "constant_features": cases.constant,
    }


def _make_model(options: dict[str, Any], seed: int, n_threads: int | None) -> RiskModel:
    known = [name for name in RiskModel().get_params() if name not in _TAKEN]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise UsageError(f"No such settings: {', '.join(unknown)}.", where="model_options", available=known)
    return RiskModel(**options, random_state=seed, n_threads=1 if n_threads is None else n_threads)


def _tune(model: RiskModel, training: Part, trials: int | None) -> Tuning | None:
    if model.style == "scorecard" or trials == 1:
        return None
    settings = model.get_params(deep=False)
    try:
        tuning = tune(
            training.X,
            check_outcomes(training.X.index, training.given, Rules.of(settings)),
            years_of(training.X.index),
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
