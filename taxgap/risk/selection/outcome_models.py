"""What an enquiry into any return may be expected to find, from models that have not seen its taxpayer."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Bools, Column, Floats, Integers, to_flags, to_probabilities
from taxgap.risk.boosting import Growth, Objective, grow, read_booster, score_raw
from taxgap.risk.calibration import fit_curve, fit_offset
from taxgap.risk.crossfit import assign_folds
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import stabilise_weights
from taxgap.risk.selection.columns import read_known

_CAP = 0.99
_FEWEST_CASES, _FEWEST_OF_A_KIND = 100, 10


def predict_outcomes(
    X_all: pd.DataFrame,
    opened: Column,
    amount: Column,
    *,
    probability: Column | None = None,
    material: float = 1000.0,
    folds: int = 5,
    seed: int = 0,
    growth: Growth | None = None,
) -> pd.DataFrame:
    """Predict for every return what an enquiry would find, out of fold.

    Parameters
    ----------
    X_all : DataFrame
        Features of all returns.
    opened : array-like of bool
        Which have a label.
    amount : array-like
        Tax found (GBP); read where ``opened`` only.
    probability : array-like, optional
        Probability that each return was opened; read where opened only. Equal where not given.
    material : float, default 1000
        Tax found from which an under-declaration is material (GBP).
    folds : int, default 5
        Folds; a taxpayer's returns share one.
    seed : int, default 0
        Seed.
    growth : Growth, optional
        How trees grow.

    Returns
    -------
    DataFrame
        ``material`` (probability) and ``tax`` (GBP), one row a return.

    Notes
    -----
    The outcome half of a doubly-robust estimate. Trees grow with weights 1 / probability to the power of one
    half; level and curve are calibrated on the labelled cases by 1 / probability.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.random(2000)})
    >>> amount = np.where(rng.random(2000) < X["mismatch"] / 2, 3000.0, 0.0)
    >>> predicted = predict_outcomes(X, rng.random(2000) < 0.3, amount, folds=3)
    >>> bool(predicted["material"].corr(X["mismatch"]) > 0.8)
    True
    """
    flags = to_flags(opened, "opened", index=X_all.index)
    found = read_known(amount, "amount", flags, index=X_all.index, fill=0.0)
    _check_enough(found[flags], material)
    given = np.ones(len(flags)) if probability is None else probability
    chance = read_known(given, "probability", flags, index=X_all.index, fill=1.0)
    weight = 1.0 / to_probabilities(chance, "probability")
    spec = FrameSpec.learn(X_all)
    matrix = spec.encode(X_all)
    fold = assign_folds(X_all.index, 2 * flags + (found >= material), folds, seed)
    settings = Growth(**{**vars(growth or Growth()), "random_state": seed})
    capped = np.minimum(found, np.quantile(found[found > 0], _CAP))
    targets: dict[str, tuple[Objective, Floats]] = {
        "material": ("binary", (found >= material).astype(np.float64)),
        "tax": ("tweedie", capped / capped[flags].mean()),
    }
    raw = {}
    for name, (objective, target) in targets.items():
        plant = partial(
            grow, objective=objective, spec=spec, directions=[0] * len(spec.names), growth=settings
        )
        raw[name] = _cross_predict(matrix, target, weight, flags, fold=fold, plant=plant)
    design = weight[flags]
    curve = fit_curve(raw["material"][flags], found[flags] >= material, design)
    offset = fit_offset(raw["tax"][flags], found[flags], design)
    predicted = {"material": curve.to_probability(raw["material"]), "tax": np.exp(raw["tax"] + offset)}
    return pd.DataFrame(predicted, index=X_all.index)


def _check_enough(found: Floats, material: float) -> None:
    counts = (len(found), int((found > 0).sum()), int((found >= material).sum()))
    if (
        counts[0] < _FEWEST_CASES
        or min(counts[1:]) < _FEWEST_OF_A_KIND
        or counts[2] > counts[0] - _FEWEST_OF_A_KIND
    ):
        raise InvalidDataError(
            f"{counts[0]} labelled cases, {counts[1]} in which tax was found, {counts[2]} of them material: "
            "too few, or one class only, for a model of outcomes.",
            where="amount",
            remedy=f"Give at least {_FEWEST_CASES} cases, {_FEWEST_OF_A_KIND} of each kind.",
        )


def _cross_predict(
    matrix: Floats, target: Floats, weight: Floats, flags: Bools, *, fold: Integers, plant: partial[str]
) -> Floats:
    scores = np.empty(len(target))
    for held_out in np.unique(fold):
        inside = fold == held_out
        learn = flags & ~inside
        balanced = stabilise_weights(1.0 / weight[learn], power=0.5, cap_quantile=0.99)
        scores[inside] = score_raw(
            read_booster(plant(matrix[learn], target[learn], balanced)), matrix[inside]
        )
    return scores
