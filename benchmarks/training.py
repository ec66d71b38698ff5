"""What fitting a risk model costs over bare LightGBM on the same matrix: the same ensembles, nothing else.

A model grows each of its ensembles once on all cases and once a fold; bare LightGBM does just that. What the
model adds is checking, weighting, calibration and intervals. Both run in turn, and the ratio is of medians.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time

import lightgbm as lgb
import numpy as np
import pandas as pd

from taxgap.risk import RiskModel
from taxgap.risk.settings import check_settings

FEATURES, LEVELS = 40, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    for cases in options.cases:
        X, amount = draw(cases)
        times = [(bare(X, amount), ours(X, amount)) for _ in range(options.runs)]
        plain, whole = (median(each) for each in zip(*times, strict=True))
        print(f"{cases:,} cases: bare LightGBM {plain:.2f} s,", end=" ")
        print(f"RiskModel.fit {whole:.2f} s, {whole / plain:.3f} times")


def draw(cases: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(cases, FEATURES)), columns=[f"f{i}" for i in range(FEATURES)])
    X = X.mask(rng.random(X.shape) < 0.3)
    X["trade"] = pd.Categorical.from_codes(rng.integers(0, LEVELS, cases), [f"t{i}" for i in range(LEVELS)])
    risk = X["f0"].fillna(0) + X["f1"].fillna(0)
    amount = np.where(rng.random(cases) < 1 / (1 + np.exp(2 - risk)), np.exp(7 + rng.normal(size=cases)), 0.0)
    return X, amount.round(2)


def ours(X: pd.DataFrame, amount: np.ndarray) -> float:
    start = process_time()
    RiskModel().fit(X, amount=amount)
    return process_time() - start


def bare(X: pd.DataFrame, amount: np.ndarray) -> float:
    model = RiskModel()
    growth = check_settings(model.get_params(deep=False))
    matrix = np.column_stack([X.drop(columns="trade").to_numpy(), X["trade"].cat.codes.to_numpy()])
    fold = np.arange(len(X)) % model.folds
    targets = {"tweedie": amount / amount.mean(), "binary": (amount >= model.material).astype(float)}
    start = process_time()
    for objective, target in targets.items():
        parameters = growth.to_parameters(objective, [0] * matrix.shape[1])
        for held_out in (None, *range(model.folds)):
            rows = fold != held_out if held_out is not None else np.ones(len(X), bool)
            data = lgb.Dataset(
                matrix[rows], label=target[rows], categorical_feature=[FEATURES], params=parameters
            )
            lgb.train(parameters, data, num_boost_round=growth.n_estimators)
    return process_time() - start


if __name__ == "__main__":
    main()
