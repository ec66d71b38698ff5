"""From checked cases to the parts of a model: its ensembles, their calibration, their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import NotIdentifiedError
from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.boosting import Growth, Objective, grow
from taxgap.risk.calibration import ProbabilityCurve, fit_curve, fit_offset
from taxgap.risk.crossfit import assign_folds, cross_fit
from taxgap.risk.frames import FrameSpec
from taxgap.risk.intervals import AmountErrors, fit_errors
from taxgap.risk.outcomes import Outcomes
from taxgap.risk.scorecard import Style, choose_features, keep_only, simplify
from taxgap.risk.settings import check_settings

Plant: TypeAlias = Callable[[Floats, Floats, Floats], str]

_NEEDS = {"expected_tax": "amount", "hours": "hours"}


@dataclass(frozen=True)
class FittedParts:
    """All that a model has learned.

    Parameters
    ----------
    texts : mapping of str to str
        LightGBM's text of the boosters: ``"probability"``, ``"expected_tax"`` where amounts were given, and
        ``"hours"`` where hours were.
    offsets : mapping of str to float
        Added to the raw score of a booster other than the first: the sum is log expected tax (GBP), or log
        expected hours.
    curve : ProbabilityCurve
        Calibration of the probability.
    errors : AmountErrors or None
        Quantiles behind the interval of the amount.
    counts : mapping of str to number
        Cases behind each part, for the card.
    """

    texts: Mapping[str, str]
    offsets: Mapping[str, float]
    curve: ProbabilityCurve
    errors: AmountErrors | None
    counts: Mapping[str, float]

    def offset(self, kind: str) -> float:
        """Return what is added to the raw score of a booster.

        Raises
        ------
        NotIdentifiedError
            The model was trained without what this would need.
        """
        if kind not in self.offsets:
            raise NotIdentifiedError(
                f"The model was trained without {_NEEDS[kind]}, and cannot say {kind.replace('_', ' ')}.",
                where=kind,
                remedy=f"Fit it again with {_NEEDS[kind]}=.",
            )
        return self.offsets[kind]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the parts are fitted.

    Parameters
    ----------
    growth : Growth
        How trees grow.
    directions : list of int
        One of 1, -1, 0 a feature.
    folds : int
        Folds of the out-of-fold scores.
    cap_quantile : float
        Quantile of the amounts found at which they are capped for growing.
    style : {"ensemble", "scorecard"}
        Full trees, or a few rules of one feature each.
    rules : int
        The most features of a scorecard.
    """

    growth: Growth
    directions: list[int]
    folds: int
    cap_quantile: float
    style: Style = "ensemble"
    rules: int = 8

    @classmethod
    def of(cls, settings: Mapping[str, Any], spec: FrameSpec) -> Plan:
        """Read it from the constructor parameters of a `RiskModel`, for the features of a frame."""
        return cls(
            growth=check_settings(settings),
            directions=spec.check_directions(settings["monotone"]),
            folds=settings["folds"],
            cap_quantile=settings["amount_cap_quantile"],
            style=settings["style"],
            rules=settings["rules"],
        )


def fit_parts(
    spec: FrameSpec, matrix: Floats, index: pd.Index, outcomes: Outcomes, plan: Plan
) -> FittedParts:
    """Grow the ensembles on all cases and calibrate them on those that carry it, out of fold.

    Parameters
    ----------
    spec : FrameSpec
        Names and levels.
    matrix : ndarray, shape (cases, features)
        Encoded features.
    index : pandas.Index
        Tells whose rows must share a fold.
    outcomes : Outcomes
        What was found.
    plan : Plan
        How to fit.

    Returns
    -------
    FittedParts
    """
    fold = deal_folds(index, outcomes, plan)
    texts, held_out = {}, {}
    for kind, (objective, target) in make_targets(outcomes, plan).items():
        plant = _planter(spec, plan, kind, objective)
        texts[kind] = plant(matrix, target, outcomes.weight)
        held_out[kind] = cross_fit(matrix, target, outcomes.weight, fold, plant)
    return calibrate_parts(texts, held_out, outcomes)


def deal_folds(index: pd.Index, outcomes: Outcomes, plan: Plan) -> Integers:
    """Deal the taxpayers of cases into folds; it does not depend on the order of the cases."""
    strata = (2 * outcomes.carries + outcomes.material).astype(np.int64)
    return assign_folds(index, strata, plan.folds, plan.growth.random_state)


def grow_amounts(spec: FrameSpec, matrix: Floats, outcomes: Outcomes, plan: Plan) -> str:
    """Grow the ensemble of expected tax alone, as `fit_parts` grows it, without a calibration.

    Parameters
    ----------
    spec, matrix, outcomes, plan
        As for `fit_parts`; tax must have been found in a case.

    Returns
    -------
    str
        LightGBM's text model.
    """
    objective, target = make_targets(outcomes, plan)["expected_tax"]
    return _planter(spec, plan, "expected_tax", objective)(matrix, target, outcomes.weight)


def cap_amounts(amount: Floats, weight: Floats, quantile: float) -> Floats:
    """Return the amounts that the trees grow on.

    Parameters
    ----------
    amount : ndarray
        What was found, 0 or more, at least once more.
    weight : ndarray
        Weights in growing the trees.
    quantile : float
        Amounts above this quantile of the amounts found (those above 0) are set to it.

    Returns
    -------
    ndarray
        In units of their weighted mean, so that no setting depends on the currency.

    Examples
    --------
    >>> cap_amounts(np.array([0.0, 100.0, 900.0]), np.ones(3), 0.0).tolist()
    [0.0, 1.5, 1.5]
    """
    capped = np.minimum(amount, np.quantile(amount[amount > 0], quantile))
    scaled: Floats = capped / np.average(capped, weights=weight)
    return scaled


def _planter(spec: FrameSpec, plan: Plan, kind: str, objective: Objective) -> Plant:
    """Return what grows an ensemble; a scorecard chooses its features from the same cases alone."""
    directions = plan.directions if kind != "hours" else [0] * len(plan.directions)
    if plan.style == "ensemble":
        return partial(grow, objective=objective, spec=spec, directions=directions, growth=plan.growth)
    growth = simplify(plan.growth)

    def plant(matrix: Floats, target: Floats, weight: Floats) -> str:
        chosen, known = choose_features(
            matrix,
            target,
            weight,
            spec=spec,
            objective=objective,
            directions=directions,
            growth=growth,
            most=plan.rules,
        )
        kept = keep_only(matrix, chosen)
        return grow(kept, target, weight, objective=objective, spec=spec, directions=known, growth=growth)

    return plant


def make_targets(outcomes: Outcomes, plan: Plan) -> dict[str, tuple[Objective, Floats]]:
    """Return what each ensemble is grown on: its objective, and a number a case."""
    targets: dict[str, tuple[Objective, Floats]] = {}
    if outcomes.amount is not None:
        capped = cap_amounts(outcomes.amount, outcomes.weight, plan.cap_quantile)
        targets["expected_tax"] = "tweedie", capped
    targets["probability"] = "binary", outcomes.material.astype(np.float64)
    if outcomes.hours is not None:
        # No enquiry takes no time; the least is far below what is recorded.
        hours = np.maximum(outcomes.hours, 0.1)
        targets["hours"] = "gamma", hours / np.average(hours, weights=outcomes.weight)
    return targets


def calibrate_parts(
    texts: Mapping[str, str], held_out: Mapping[str, Floats], outcomes: Outcomes
) -> FittedParts:
    """Make the parts of a model of its ensembles and of what they say of cases that they have not seen."""
    carries, design = outcomes.carries, outcomes.design[outcomes.carries]
    curve = fit_curve(held_out["probability"][carries], outcomes.material[carries], design)
    counts = {
        "cases": len(carries),
        "calibration_cases": int(carries.sum()),
        "material_cases": int(outcomes.material.sum()),
        "calibration_material_cases": int(outcomes.material[carries].sum()),
        "calibration_material_share": float(np.average(outcomes.material[carries], weights=design)),
    }
    offsets, errors = {}, None
    for kind, known in (("expected_tax", outcomes.amount), ("hours", outcomes.hours)):
        if known is not None:
            offsets[kind] = fit_offset(held_out[kind][carries], known[carries], design)
            counts[f"calibration_mean_{_NEEDS[kind]}"] = float(np.average(known[carries], weights=design))
    if outcomes.amount is not None:
        errors = _find_errors(held_out["expected_tax"] + offsets["expected_tax"], outcomes.amount, outcomes)
    return FittedParts(texts, offsets, curve, errors, counts)


def _find_errors(score: Floats, amount: Floats, outcomes: Outcomes) -> AmountErrors:
    found = outcomes.carries & (amount > 0)
    # Log expected tax is the centre: in simulation dividing by the probability made the intervals wider.
    return fit_errors(np.log(amount[found]) - score[found], outcomes.design[found])
