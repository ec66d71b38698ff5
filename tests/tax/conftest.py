"""What the tests of tax law share: one person's tax, and frames of random people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.tax import personal_tax

AMOUNTS = (
    "employment",
    "self_employment",
    "property",
    "interest",
    "dividends",
    "pension",
    "foreign_income",
    "other_income",
    "finance_costs",
    "pension_contributions",
    "gift_aid",
    "losses",
)
NATIONS = ("England", "Wales", "Scotland", "Northern Ireland")


@pytest.fixture
def person() -> Callable[..., pd.DataFrame]:
    """Build a frame of one person from the incomes that are not zero."""

    def build(
        nation: str = "England", *, over_state_pension_age: bool = False, **amounts: float
    ) -> pd.DataFrame:
        row = dict.fromkeys(AMOUNTS, 0.0) | amounts
        return pd.DataFrame([row | {"nation": nation, "over_state_pension_age": over_state_pension_age}])

    return build


@pytest.fixture
def owed(person: Callable[..., pd.DataFrame]) -> Callable[..., pd.Series]:
    """Return what one person owes, by kind of tax."""

    def tax(tax_year: str, nation: str = "England", **amounts: float) -> pd.Series:
        return personal_tax(person(nation, **amounts), tax_year).iloc[0]

    return tax


@pytest.fixture
def crowd() -> Callable[[int, int], pd.DataFrame]:
    """Build a frame of random people of every kind, many of them near a threshold."""

    def build(seed: int, rows: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        highest = {"employment": 150_000, "self_employment": 70_000, "gift_aid": 9_000, "losses": 9_000}
        frame = pd.DataFrame(
            {
                name: np.round(
                    random.uniform(0, highest.get(name, 30_000), rows) * (random.random(rows) < 0.4), 2
                )
                for name in AMOUNTS
            }
        )
        frame["nation"] = random.choice(NATIONS, rows)
        frame["over_state_pension_age"] = random.random(rows) < 0.2
        return frame

    return build
