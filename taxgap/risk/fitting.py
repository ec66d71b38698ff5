"""From checked cases to the parts of a model: two ensembles, their calibration, their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.boosting import Growth, Objective, grow, read_booster, score_raw
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


def find_centre(score: Floats, probability: Floats) -> Floats:
    """Return the log of the amount to expect once something is found (GBP).

    Parameters
    ----------
    score : ndarray
        Log expected tax.
    probability : ndarray
        Calibrated probability of a material under-declaration.

    Returns
    -------
    ndarray
        ``score - log(probability)``: expected tax is chance times amount. The errors around it are measured,
        so it need not be exact.
    """
    centre: Floats = score - np.log(probability)
    return centre


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
    strata = 2 * outcomes.random + outcomes.material
    fold = assign_folds(index, strata.astype(np.int64), folds, growth.random_state)
    plant = partial(grow, spec=spec, directions=directions, growth=growth)
    targets: dict[str, tuple[Objective, Floats]] = {
        "expected_tax": ("tweedie", _cap_amounts(outcomes, cap_quantile)),
        "probability": ("binary", outcomes.material.astype(np.float64)),
    }
    texts, held_out = {}, {}
    for kind, (objective, target) in targets.items():
        planted = partial(plant, objective=objective)
        texts[kind] = planted(matrix, target, outcomes.weight)

        def fit_and_score(m: Floats, t: Floats, w: Floats, other: Floats) -> Floats:
            return score_raw(read_booster(planted(m, t, w)), other, growth.n_threads)  # noqa: B023

        held_out[kind] = cross_fit(matrix, target, outcomes.weight, fold, fit_and_score)
    return _calibrate(texts, held_out, outcomes)
