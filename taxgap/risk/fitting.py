"""From checked cases to the parts of a model: two ensembles, their calibration, their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth, Objective, grow
from taxgap.risk.calibration import ProbabilityCurve, fit_curve, fit_offset
from taxgap.risk.crossfit import assign_folds, cross_fit
from taxgap.risk.frames import FrameSpec
from taxgap.risk.intervals import AmountErrors, fit_errors
from taxgap.risk.outcomes import Outcomes


@dataclass(frozen=True)
class FittedParts:
    """All that a model has learned.

    Parameters
    ----------
    texts : mapping of str to str
        LightGBM's text of the boosters ``"expected_tax"`` and ``"probability"``.
    offset : float
        Added to the raw score of the first: the sum is log expected tax (GBP).
    curve : ProbabilityCurve
        Calibration of the second.
    errors : AmountErrors
        Quantiles behind the interval of the amount.
    counts : mapping of str to number
        Cases behind each part, for the card.
    """

    texts: Mapping[str, str]
    offset: float
    curve: ProbabilityCurve
    errors: AmountErrors
    counts: Mapping[str, float]


def fit_parts(
    spec: FrameSpec,
    matrix: Floats,
    index: pd.Index,
    outcomes: Outcomes,
    *,
    growth: Growth,
    directions: list[int],
    folds: int,
    cap_quantile: float,
) -> FittedParts:
    """Grow both ensembles on all cases and calibrate them on random ones, out of fold.

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
    growth : Growth
        How trees grow.
    directions : list of int
        One of 1, -1, 0 a feature.
    folds : int
        Folds of the out-of-fold scores.
    cap_quantile : float
        Quantile of the amounts found at which they are capped for growing.

    Returns
    -------
    FittedParts
    """
    strata = (2 * outcomes.random + outcomes.material).astype(np.int64)
    fold = assign_folds(index, strata, folds, growth.random_state)
    targets: dict[str, tuple[Objective, Floats]] = {
        "expected_tax": ("tweedie", cap_amounts(outcomes, cap_quantile)),
        "probability": ("binary", outcomes.material.astype(np.float64)),
    }
    texts, held_out = {}, {}
    for kind, (objective, target) in targets.items():
        plant = partial(grow, objective=objective, spec=spec, directions=directions, growth=growth)
        texts[kind] = plant(matrix, target, outcomes.weight)
        held_out[kind] = cross_fit(matrix, target, outcomes.weight, fold, plant)
    return _calibrate(texts, held_out, outcomes)


def cap_amounts(outcomes: Outcomes, quantile: float) -> Floats:
    """Return the amounts that the trees grow on.

    Parameters
    ----------
    outcomes : Outcomes
        What was found.
    quantile : float
        Amounts above this quantile of the amounts found (those above 0) are set to it.

    Returns
    -------
    ndarray
        In units of their weighted mean, so that no setting depends on the currency.
    """
    found = outcomes.amount
    capped = np.minimum(found, np.quantile(found[found > 0], quantile))
    scaled: Floats = capped / np.average(capped, weights=outcomes.weight)
    return scaled


def _calibrate(texts: Mapping[str, str], held_out: Mapping[str, Floats], outcomes: Outcomes) -> FittedParts:
    random, found = outcomes.random, outcomes.random & (outcomes.amount > 0)
    design = outcomes.design[random]
    curve = fit_curve(held_out["probability"][random], outcomes.material[random], design)
    offset = fit_offset(held_out["expected_tax"][random], outcomes.amount[random], design)
    # Log expected tax is the centre: in simulation dividing by the probability made the intervals wider.
    error = np.log(outcomes.amount[found]) - held_out["expected_tax"][found] - offset
    counts = {
        "cases": len(random),
        "random_cases": int(random.sum()),
        "material_cases": int(outcomes.material.sum()),
        "random_material_cases": int(outcomes.material[random].sum()),
        "random_material_share": float(np.average(outcomes.material[random], weights=design)),
        "random_mean_tax_found": float(np.average(outcomes.amount[random], weights=design)),
    }
    return FittedParts(texts, offset, curve, fit_errors(error, outcomes.design[found]), counts)
