"""Other ways of ranking, measured against expected tax: none of them is what the library scores with."""

from __future__ import annotations

from functools import partial

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth, grow, read_booster, score_raw
from taxgap.risk.fitting import cap_amounts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import Outcomes

QUANTILE = 0.9
"""The quantile of the tax found that one of the alternatives ranks by."""


def rank_otherwise(
    X: pd.DataFrame,
    outcomes: Outcomes,
    new: pd.DataFrame,
    *,
    growth: Growth | None = None,
    directions: list[int] | None = None,
) -> dict[str, Floats]:
    """Rank new returns in other ways, with trees of the same settings grown on the same cases.

    Parameters
    ----------
    X : DataFrame
        Features of the closed cases.
    outcomes : Outcomes
        What was found in them; with amounts.
    new : DataFrame
        Features of the returns to rank.
    growth : Growth, optional
        How trees grow; the default of a model where not given.
    directions : list of int, optional
        One of 1, -1, 0 a feature; none known where not given.

    Returns
    -------
    dict of str to ndarray
        ``probability of material`` and ``probability of any``: classifiers; ``two parts``: the probability
        of any, times the amount expected where there is any; ``quantile``: the 90th percentile of the tax
        found. Larger comes first.
    """
    if outcomes.amount is None:
        raise UsageError("The alternatives need the tax found.", where="amount")
    growth = growth or Growth()
    spec = FrameSpec.learn(X)
    matrix, later = spec.encode(X), spec.encode(new)
    known = directions if directions is not None else [0] * len(spec.names)
    found = outcomes.amount > 0
    plant = partial(grow, spec=spec, directions=known, growth=growth)
    score = partial(score_raw, matrix=later, n_threads=growth.n_threads)
    material = plant(matrix, outcomes.material.astype(np.float64), outcomes.weight, objective="binary")
    any_found = plant(matrix, found.astype(np.float64), outcomes.weight, objective="binary")
    capped = cap_amounts(outcomes.amount, outcomes.weight, 1.0)
    size = plant(matrix[found], capped[found], outcomes.weight[found], objective="gamma")
    chance = score(read_booster(any_found))
    return {
        "probability of material": score(read_booster(material)),
        "probability of any": chance,
        "two parts": np.log(expit(chance)) + score(read_booster(size)),
        "quantile": _rank_by_quantile(matrix, capped, outcomes.weight, later, growth),
    }


def _rank_by_quantile(
    matrix: Floats, amount: Floats, weight: Floats, later: Floats, growth: Growth
) -> Floats:
    # LightGBM renews the leaves of a quantile loss, which knows neither directions nor smoothing.
    parameters = growth.to_parameters("binary", [])
    parameters |= {"objective": "quantile", "alpha": QUANTILE, "path_smooth": 0.0, "min_data_in_leaf": 20}
    data = lgb.Dataset(matrix, label=np.log1p(amount), weight=weight, params=parameters)
    booster = lgb.train(parameters, data, num_boost_round=growth.n_estimators)
    return np.asarray(booster.predict(later, num_threads=growth.n_threads), dtype=np.float64)
