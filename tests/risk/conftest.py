"""What the tests of the risk room share: enquiries whose chances are known, and one small model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from taxgap.risk import RiskModel

TRADES = ["building", "driving", "none", "shops"]
SIZES = ["small", "medium", "large"]
DIRECTIONS = {"mismatch": 1, "expenses": 1, "margin": -1}
SMALL: dict[str, Any] = {
    "n_estimators": 25,
    "num_leaves": 15,
    "learning_rate": 0.1,
    "folds": 3,
    "path_smooth": 20.0,
}


@dataclass
class Cases:
    """Simulated enquiries with the chance that each finds something material."""

    X: pd.DataFrame
    amount: pd.Series
    chance: np.ndarray

    @property
    def material(self) -> pd.Series:
        return self.amount >= 1000


def simulate_cases(cases: int, seed: int, *, noise_features: int = 3) -> Cases:
    """Draw cases: a mismatch known for half of them, expenses, margin, trade and size drive the chance."""
    rng = np.random.default_rng(seed)
    mismatch = rng.exponential(size=cases)
    trade, size = rng.integers(0, len(TRADES), cases), rng.integers(0, len(SIZES), cases)
    X = pd.DataFrame(
        {
            "mismatch": np.where(rng.random(cases) < 0.5, mismatch, np.nan),
            "expenses": rng.normal(size=cases),
            "margin": rng.normal(size=cases),
            **{f"noise_{i}": rng.normal(size=cases) for i in range(noise_features)},
            "trade_group": pd.Categorical.from_codes(trade, TRADES),
            "size_band": pd.Categorical.from_codes(size, SIZES),
        },
        index=make_index(cases),
    )
    logit = 1.2 * X["mismatch"].fillna(0) + 0.9 * X["expenses"] - 0.6 * X["margin"] + 0.5 * (trade == 1) - 2.6
    chance = expit(logit.to_numpy())
    large = 1000 + np.exp(7 + 0.4 * size + rng.normal(size=cases))
    small = np.where(rng.random(cases) < 0.2, 500 * rng.random(cases), 0.0)
    amount = np.where(rng.random(cases) < chance, large, small).round(2)
    return Cases(X, pd.Series(amount, X.index), chance)


def make_index(cases: int) -> pd.MultiIndex:
    """Label cases: two periods a taxpayer."""
    taxpayers = [f"T{i // 2:05d}" for i in range(cases)]
    periods = ["2021-22", "2022-23"] * ((cases + 1) // 2)
    return pd.MultiIndex.from_arrays([taxpayers, periods[:cases]], names=["taxpayer_id", "period"])


@pytest.fixture(scope="session")
def cases() -> Cases:
    return simulate_cases(1500, seed=1)


@pytest.fixture(scope="session")
def later() -> Cases:
    return simulate_cases(4000, seed=2)


@pytest.fixture(scope="session")
def model(cases: Cases) -> RiskModel:
    """A small model of all features; do not change it."""
    return RiskModel(**SMALL, monotone=DIRECTIONS).fit(cases.X, amount=cases.amount)


@pytest.fixture
def small() -> dict[str, Any]:
    """Settings of a model that fits at once."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Cases]:
    return simulate_cases
