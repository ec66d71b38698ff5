"""A heavy-tailed population with a score, of which samples are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Town:
    """Amounts and scores of everyone."""

    y: np.ndarray
    f: np.ndarray

    @property
    def total(self) -> float:
        return float(self.y.sum())


@pytest.fixture(scope="session")
def town() -> Town:
    rng = np.random.default_rng(3)
    known, rest = rng.normal(0, 1.3, 20_000), rng.normal(0, 0.8, 20_000)
    amounts = np.where(rng.random(20_000) < 0.36, np.exp(6.5 + known + rest), 0.0)
    return Town(amounts, 0.36 * np.exp(6.5 + known + 0.32))


@pytest.fixture(scope="session")
def sample(town: Town) -> np.ndarray:
    return np.random.default_rng(4).choice(len(town.y), 600, replace=False)
