"""What the tests of chosen labels share: returns of which officers opened some, with known chances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit


@dataclass
class Chosen:
    """All returns: features, who was opened with which probability, and what was or would be found."""

    X: pd.DataFrame
    opened: pd.Series
    probability: np.ndarray
    amount: np.ndarray
    risk: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Amounts as the administration sees them: missing where no enquiry was opened."""
        return np.where(self.opened, self.amount, np.nan)

    @property
    def expected(self) -> pd.DataFrame:
        """The true chance and mean of each return: a perfect outcome model."""
        return pd.DataFrame({"material": self.risk, "tax": 4000.0 * self.risk}, index=self.X.index)


def choose_returns(returns: int, seed: int, *, sharpness: float = 1.0) -> Chosen:
    """Draw returns whose risk and whose chance of being opened rise with the same mismatch."""
    rng = np.random.default_rng(seed)
    mismatch, size = rng.normal(size=returns), rng.normal(size=returns)
    risk = expit(-2.0 + mismatch + 0.5 * size)
    amount = np.where(rng.random(returns) < risk, rng.exponential(3000.0, returns) + 1000.0, 0.0)
    probability = 0.02 + 0.3 * expit(sharpness * (1.5 * mismatch + size) - 2.5)
    names = [f"T{i // 2:06d}" for i in range(returns)]
    index = pd.MultiIndex.from_arrays([names, np.arange(returns) % 2], names=["taxpayer_id", "period"])
    X = pd.DataFrame({"mismatch": mismatch, "size": size}, index=index)
    opened = pd.Series(rng.random(returns) < probability, index=index)
    return Chosen(X, opened, probability, amount, risk)


@pytest.fixture(scope="session")
def chosen() -> Chosen:
    return choose_returns(12_000, seed=3)


@pytest.fixture(scope="session")
def choose() -> Callable[..., Chosen]:
    return choose_returns
