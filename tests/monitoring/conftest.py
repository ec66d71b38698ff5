"""A small population, and outcomes that could come in for it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.synthetic import generate

LATER = "2026-12-31"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Four hundred taxpayers over two years, with many enquiries."""
    return generate(
        tmp_path_factory.mktemp("monitoring") / "p", taxpayers=400, years=2, random_share=0.3, risk_share=0.2
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recorded"


@pytest.fixture
def closing(small: Records) -> pd.DataFrame:
    """Results of the first six enquiries that are open."""
    cases = small.table("enquiries")
    open_ones = cases[cases["closed_on"].isna()].sort_values("enquiry_id").head(6)
    return pd.DataFrame(
        {
            "enquiry_id": open_ones["enquiry_id"].to_numpy(),
            "closed_on": pd.Timestamp("2026-12-01"),
            "hours": 8.0,
            "cost": 640.0,
            "tax_found": [0.0, 1_200.0, 0.0, 350.5, 0.0, 90.0],
            "behaviour": [None, "error", None, "evasion", None, "error"],
        }
    )


@pytest.fixture
def answers(small: Records) -> pd.DataFrame:
    """Reviews of five flags, one of which was set aside."""
    returns = small.table("self_assessment").head(5)
    return pd.DataFrame(
        {
            "review_id": [f"W{i}" for i in range(5)],
            "taxpayer_id": returns["taxpayer_id"].to_numpy(),
            "regime": "self_assessment",
            "period": returns["period"].to_numpy(),
            "model_id": "0123456789abcdef",
            "officer_id": "O1",
            "overridden": [False, False, True, False, False],
            "minutes": [20.0, 35.0, 5.0, 60.0, 15.0],
            "reason_1_code": "third_party.platform",
            "reason_1_useful": ["yes", "no", None, "yes", "yes"],
            "received_on": pd.Timestamp("2026-12-02"),
        }
    )
