"""Scores of a small made-up population, for all tests of case selection."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.cases import Economy
from taxgap.schemas.codes import REGIONS

ROWS = 3_000


@pytest.fixture(scope="session")
def scores():
    rng = np.random.default_rng(5)
    columns = {
        "taxpayer_id": [f"T{i:06}" for i in range(ROWS)],
        "period": "2023-24",
        "regime": "self_assessment",
        "probability": rng.random(ROWS),
        "expected_tax": rng.lognormal(6, 1.3, ROWS),
        "expected_hours": rng.integers(4, 40, ROWS).astype(float),
        "region": rng.choice(REGIONS, ROWS, p=[0.02, *[0.98 / 11] * 11]),
        "decile": rng.integers(1, 11, ROWS),
        "skill": rng.choice(["accounts", "property"], ROWS, p=[0.7, 0.3]),
        "behaviour": rng.choice(["error", "failure_to_take_reasonable_care", "evasion"], ROWS),
    }
    return pd.DataFrame(columns)


@pytest.fixture(scope="session")
def earlier():
    rng = np.random.default_rng(6)
    expected = rng.lognormal(6, 1.3, 1_000)
    return {"earlier_scores": expected, "earlier_y": expected * rng.lognormal(-0.5, 1, 1_000)}


@pytest.fixture(scope="session")
def economy():
    return Economy.invent(4_000, seed=2)
