"""Refits: the model of expected tax grown again on cases drawn anew, to see what of a reason is chance."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, InvalidDataError, NotIdentifiedError, UsageError
from taxgap.reasons.spreading import HERE, Growing, Spread, grow_job
from taxgap.records import Records
from taxgap.risk.arrays import Integers
from taxgap.risk.boosting import read_booster
from taxgap.risk.cases import Part, gather_cases
from taxgap.risk.crossfit import number_taxpayers
from taxgap.risk.fitting import Plan
from taxgap.risk.model import RiskModel
from taxgap.risk.outcomes import Given, Outcomes, Rules, check_outcomes
from taxgap.risk.suitability import regime_of

REFITS = 20
"""So many refits where nothing else is asked: enough for a mark, few for the ends of an interval."""

_NEEDED = ("as_of", "periods", "evaluation_period", "evaluation_cases_asked")


@dataclass(frozen=True, eq=False)
class Refits:
    """A model's ensemble of expected tax, grown again several times.

    Attributes
    ----------
    boosters : tuple of Booster
        One a refit, over the columns of the model's `encode`.
    fingerprint : str
        SHA-256 of the model's own ensemble.
    seed : int
        Seed of the draws.
    """

    boosters: tuple[lgb.Booster, ...]
    fingerprint: str
    seed: int

    def __len__(self) -> int:
        """Return how many refits there are."""
        return len(self.boosters)

    def check(self, model: RiskModel) -> None:
        """Refuse a model of which these are no refits.

        Raises
        ------
        IncompatibleError
        """
        if self.fingerprint != _fingerprint(model):
            raise IncompatibleError(
                "The refits are of another model.", where="refits", remedy="Refit this one."
            )


def fit_refits(records: Records, model: RiskModel, *, refits: int = REFITS, seed: int = 0) -> Refits:
    """Fit a model again on bootstrap samples of the cases that it was trained on.

    Parameters
    ----------
    records : Records
        Those that the model was trained on; what came later is not seen.
    model : RiskModel
        From `taxgap.train`.
    refits : int, default 20
        How many, at least 2. The ends of a 95% interval need a hundred or more.
    seed : int, default 0
        Seed of the draws: the same gives the same refits.

    Returns
    -------
    Refits

    Raises
    ------
    UsageError
        Fewer than two refits are asked for.
    IncompatibleError
        The card does not say what the model was trained on, or the records do not give the same cases.

    Notes
    -----
    See `refit`. The cases are gathered as `taxgap.train` gathers them, and must agree with the counts and
    the mean tax found of the card.
    """
    part = gather_training(records, model)
    return refit(model, part.X, part.given, refits=refits, seed=seed)


def refit(
    model: RiskModel,
    X: pd.DataFrame,
    given: Given,
    *,
    refits: int = REFITS,
    seed: int = 0,
    spread: Spread = HERE,
) -> Refits:
    """Fit a model again on bootstrap samples of cases.

    Parameters
    ----------
    model : RiskModel
        A fitted model of expected tax; it gives the settings.
    X : DataFrame
        The features of the cases that it was fitted on.
    given : Given
        What stood beside them.
    refits, seed : int
        As for `fit_refits`.
    spread : Spread, optional
        What grows them; the refits do not depend on it.

    Returns
    -------
    Refits

    Raises
    ------
    UsageError
        Fewer than two refits are asked for.
    NotIdentifiedError
        The model was trained without amounts.

    Notes
    -----
    Each sample draws as many taxpayers as there are, with replacement, and all cases of one come along, with
    the weights that they had. The trees grow with the model's settings, and draw features and cases of their
    own. Neither the probability nor the level of the score is fitted again: no contribution depends on them.
    A sample in which no tax was found is drawn again.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.exponential(size=300)})
    >>> given = Given(amount=np.where(rng.random(300) < 0.4, 5_000 * X["mismatch"], 0.0))
    >>> model = RiskModel(n_estimators=5, folds=2).fit(X, amount=given.amount)
    >>> len(refit(model, X, given, refits=2))
    2
    """
    check_refits(refits)
    model.parts_.offset("expected_tax")  # without amounts this says what is lacking
    settings = model.get_params(deep=False)
    outcomes = check_outcomes(X.index, given, Rules.of(settings))
    plan = Plan.of(settings, model.frame_)
    matrix, taxpayers = model.encode(X), number_taxpayers(X.index)

    def draw() -> Iterator[Growing]:
        for each in range(refits):
            random = np.random.default_rng([seed, 7, each])
            growth = replace(plan.growth, random_state=int(random.integers(2**31 - 1)))
            rows = _draw(taxpayers, outcomes, random)
            own = Growing(model.frame_, matrix[rows], outcomes.take(rows), replace(plan, growth=growth))
            yield own.alone(spread.threads)

    boosters = tuple(map(read_booster, spread.run(grow_job, draw())))
    return Refits(boosters, _fingerprint(model), seed)


def check_refits(refits: int) -> None:
    """Refuse a number of refits from which nothing can be told."""
    if refits < 2:
        raise UsageError(f"There must be at least 2 refits, not {refits}.", where="refits")


def gather_training(records: Records, model: RiskModel) -> Part:
    """Gather the cases that a model was trained on.

    Parameters
    ----------
    records : Records
        Those that it was trained on, or the same with what came later.
    model : RiskModel

    Returns
    -------
    Part

    Raises
    ------
    IncompatibleError
        The card does not say what they were, or the records give others.
    """
    training = model.card_.get("training") or {}
    lacking = [name for name in _NEEDED if name not in training]
    if lacking:
        raise IncompatibleError(
            f"The model does not say what it was trained on: its card lacks {', '.join(lacking)}.",
            remedy="Train it with taxgap.train, which records it.",
        )
    part = _gather(records, model, training)
    unknown = [str(name) for name in model.feature_names_in_ if name not in part.X.columns]
    if unknown:
        raise _other_records(f"They lack what these features need: {', '.join(unknown)}.")
    found = check_outcomes(part.X.index, part.given, Rules.of(model.get_params(deep=False)))
    _check_counts(found, model.parts_.counts)
    return Part(part.X[list(model.feature_names_in_)], part.labels, part.weighted)


def _fingerprint(model: RiskModel) -> str:
    return hashlib.sha256(model.parts_.texts["expected_tax"].encode()).hexdigest()


def _gather(records: Records, model: RiskModel, training: Mapping[str, Any]) -> Part:
    as_of = pd.Timestamp(training["as_of"])
    if as_of > records.as_of:
        raise _other_records(f"They stand at {records.as_of.date()}, before the {as_of.date()} of training.")
    try:
        cases = gather_cases(
            records.known_at(as_of),
            regime_of(model),
            periods=[*training["periods"], training["evaluation_period"]],
            material=model.material,
            fewest=int(training["evaluation_cases_asked"]),
            weighted=model.calibrate_on == "weighted",
        )
    except (InvalidDataError, NotIdentifiedError) as error:
        raise _other_records(str(error)) from error
    if list(cases.window.train) != list(training["periods"]):
        raise _other_records(f"They train on {', '.join(cases.window.train)}.")
    return cases.training


def _check_counts(found: Outcomes, counts: Mapping[str, float]) -> None:
    carries, mean = found.carries, math.nan
    if found.amount is not None:
        mean = float(np.average(found.amount[carries], weights=found.design[carries]))
    own = {
        "cases": len(carries),
        "material_cases": int(found.material.sum()),
        "calibration_cases": int(carries.sum()),
        "calibration_mean_amount": mean,
    }
    for name, value in own.items():
        if not math.isclose(value, counts.get(name, math.nan), rel_tol=1e-9):
            told = name.replace("_", " ")
            raise _other_records(f"Their {told} are {value:,.12g}; the card says {counts.get(name):,.12g}.")


def _other_records(how: str) -> IncompatibleError:
    return IncompatibleError(
        f"These records do not give the cases that the model was trained on. {how}",
        where="records",
        remedy="Refit with the records of the training, or train the model again on these.",
    )


def _draw(taxpayers: Integers, outcomes: Outcomes, random: np.random.Generator) -> Integers:
    """Draw taxpayers with replacement, and return the rows of each as often as he was drawn."""
    each = int(taxpayers.max()) + 1
    while True:
        times = np.bincount(random.integers(0, each, each), minlength=each)
        rows = np.repeat(np.arange(len(taxpayers)), times[taxpayers])
        if outcomes.amount is not None and outcomes.amount[rows].any():
            return rows
