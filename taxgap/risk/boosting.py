"""One gradient-boosted ensemble: how it is grown, written as text and read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np

from taxgap.risk.arrays import Floats
from taxgap.risk.frames import FrameSpec

Objective = Literal["binary", "tweedie", "gamma"]

# Between Poisson (1) and gamma (2): many zeros and a heavy tail. 1.3 to 1.7 found as much tax in simulation.
TWEEDIE_POWER = 1.5
_NETWORK = re.compile(r"^\[(?:machines|local_listen_port|time_out): .*\]\n", flags=re.MULTILINE)
_THREADS = re.compile(r"^\[num_threads: -?\d+\]$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Growth:
    """How an ensemble is grown; see `RiskModel` for what each setting means."""

    n_estimators: int = 200
    num_leaves: int = 31
    learning_rate: float = 0.03
    min_child_samples: int = 5
    path_smooth: float = 100.0
    feature_fraction: float = 0.7
    bagging_fraction: float = 0.7
    max_bin: int = 63
    random_state: int = 0
    n_threads: int = 1

    def to_parameters(self, objective: Objective, directions: list[int]) -> dict[str, Any]:
        """Return LightGBM's parameters.

        Parameters
        ----------
        objective : {"binary", "tweedie", "gamma"}
            Log-odds of an event, or log of an amount that is often 0, or never.
        directions : list of int
            One of 1, -1, 0 a feature.

        Returns
        -------
        dict
        """
        parameters: dict[str, Any] = {
            "objective": objective,
            "num_leaves": self.num_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_child_samples,
            # Leaves are held back by smoothing towards their parent, which keeps trees full: neither a
            # penalty nor a least sum of Hessians stops a split.
            "path_smooth": self.path_smooth,
            "lambda_l2": 0.0,
            "min_sum_hessian_in_leaf": 1e-6,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "max_bin": self.max_bin,
            "feature_pre_filter": False,
            "seed": self.random_state,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.n_threads,
            "verbosity": -1,
        }
        if objective == "tweedie":
            parameters["tweedie_variance_power"] = TWEEDIE_POWER
        if any(directions):
            # "basic" stops many splits early, and trees stay small; "intermediate" holds as strictly.
            parameters |= {"monotone_constraints": directions, "monotone_constraints_method": "intermediate"}
        return parameters


def grow(
    matrix: Floats,
    target: Floats,
    weight: Floats,
    *,
    objective: Objective,
    spec: FrameSpec,
    directions: list[int],
    growth: Growth,
) -> str:
    """Grow one ensemble and return it as LightGBM's text.

    Same data, same settings: same text, whatever the number of threads.

    Parameters
    ----------
    matrix : ndarray, shape (rows, features)
        As `FrameSpec.encode` gives it.
    target : ndarray
        1 or 0, or an amount in units of its mean.
    weight : ndarray
        Weight of each row.
    objective : {"binary", "tweedie", "gamma"}
        What is modelled.
    spec : FrameSpec
        Names and categorical features.
    directions : list of int
        One of 1, -1, 0 a feature.
    growth : Growth
        Settings.

    Returns
    -------
    str
        LightGBM's text model.
    """
    parameters = growth.to_parameters(objective, directions)
    data = lgb.Dataset(
        matrix,
        label=target,
        weight=weight,
        feature_name=list(spec.names),
        categorical_feature=spec.categorical,
        params=parameters,
    )
    return to_text(lgb.train(parameters, data, num_boost_round=growth.n_estimators))


def to_text(booster: lgb.Booster) -> str:
    """Return LightGBM's text of an ensemble, without what it does not depend on.

    Neither the number of threads nor the addresses of workers change a tree: their trace would only blur the
    model's identity.
    """
    text = _THREADS.sub("[num_threads: 1]", str(booster.model_to_string(num_iteration=-1)))
    return _NETWORK.sub("", text)


def read_booster(text: str) -> lgb.Booster:
    """Return the booster that a text describes."""
    return lgb.Booster(model_str=text)


def score_raw(booster: lgb.Booster, matrix: Floats, n_threads: int = 1) -> Floats:
    """Return raw scores: log-odds, or log amounts before any calibration.

    Parameters
    ----------
    booster : lightgbm.Booster
        The ensemble.
    matrix : ndarray, shape (rows, features)
        As `FrameSpec.encode` gives it.
    n_threads : int, default 1
        LightGBM's threads.

    Returns
    -------
    ndarray of float64
    """
    raw = booster.predict(matrix, raw_score=True, num_threads=n_threads)
    return np.asarray(raw, dtype=np.float64)
