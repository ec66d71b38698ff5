"""A hand-made tax of which every link of the chain is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.records import Records

RETURNS, CASES, PROBABILITY = 4_000, 400, 0.1
CLOSED = 200.0


@pytest.fixture
def make_records() -> Callable[..., Records]:
    """Records of one tax and year; what is found is given, one amount a random case."""

    def make(
        found: np.ndarray, *, programme: str = "random", officers: int = 40, open_cases: int = 0
    ) -> Records:
        people = [f"T{number:05d}" for number in range(RETURNS)]
        returns = pd.DataFrame(
            {
                "taxpayer_id": people,
                "period": "2021-22",
                "version": 1.0,
                "received_on": pd.Timestamp("2022-12-01"),
            }
        )
        count = len(found)
        closed = pd.Series(pd.Timestamp("2023-02-01") + pd.Timedelta(CLOSED, "D"), index=range(count))
        closed[count - open_cases :] = pd.NaT
        enquiries = pd.DataFrame(
            {
                "enquiry_id": [f"E{number}" for number in range(count)],
                "taxpayer_id": people[:count],
                "regime": "self_assessment",
                "period": "2021-22",
                "programme": programme,
                "inclusion_probability": PROBABILITY,
                "opening_probability": PROBABILITY,
                "officer_id": [f"O{number % officers:02d}" for number in range(count)],
                "opened_on": pd.Timestamp("2023-02-01"),
                "appealed_on": pd.NaT,
                "closed_on": closed,
                "hours": 10.0,
                "cost": 1_500.0,
                "tax_found": np.where(closed.isna(), np.nan, found),
                "behaviour": np.where(found > 0, "error", None),
                "received_on": pd.Timestamp("2023-02-01"),
            }
        )
        payments = pd.DataFrame(
            {
                "taxpayer_id": people,
                "regime": "self_assessment",
                "period": "2021-22",
                "liability": 5_000.0,
                "due_on": pd.Timestamp("2023-01-31"),
                "paid_on": pd.Timestamp("2023-01-31"),
                "paid": 4_750.0,
                "written_off_on": [pd.Timestamp("2024-01-31")] * 40 + [pd.NaT] * (RETURNS - 40),
                "written_off": [2_000.0] * 40 + [np.nan] * (RETURNS - 40),
                "received_on": pd.Timestamp("2023-01-31"),
            }
        )
        frames = {"self_assessment": returns, "enquiries": enquiries, "payments": payments}
        return Records.from_frames(frames, as_of="2025-01-31")

    return make


@pytest.fixture
def amounts() -> np.ndarray:
    """What 400 random cases found: a third of them something, heavy-tailed."""
    rng = np.random.default_rng(5)
    return np.where(rng.random(CASES) < 0.36, rng.lognormal(6.5, 1.2, CASES), 0.0).round(2)
