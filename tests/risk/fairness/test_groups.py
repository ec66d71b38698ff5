"""Groups are looked up in the records, and are never features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.fairness import declared_income, groups_of
from taxgap.schemas.codes import REGIMES

PEOPLE = 40
YEAR = "2022-23"


def index_of(numbers: list[int], period: str = YEAR) -> pd.MultiIndex:
    return pd.MultiIndex.from_tuples(
        [(f"T{i:02d}", period) for i in numbers], names=["taxpayer_id", "period"]
    )


def make_records(**firm: Any) -> Records:
    """Forty people, of whom the n-th declares 10,000 times n; the first amends his return from a million."""
    number = np.arange(PEOPLE)
    people = [f"T{i:02d}" for i in number]
    register = pd.DataFrame(
        {
            "taxpayer_id": people,
            "sic2007": np.where(number % 2, "47190", None),
            "nation": "Wales",
            "region": "Wales",
            "legal_form": "individual",
            "birth_year": np.where(number % 4, 1958.0 + number, np.nan),
            "received_on": pd.Timestamp("2015-01-01"),
        }
    )
    returns = pd.DataFrame(
        {
            "taxpayer_id": people,
            "period": YEAR,
            "version": 0,
            "period_start": pd.Timestamp("2022-04-06"),
            "period_end": pd.Timestamp("2023-04-05"),
            "received_on": pd.Timestamp("2024-01-20"),
            "total_income": 10_000.0 * number,
            "turnover": np.where(number % 2, 100.0, 0.0),
            "partnership_profit": 0.0,
            "rents": 0.0,
        }
    )
    first = returns.head(1).assign(total_income=1e6)
    amended = returns.head(1).assign(version=1, received_on=pd.Timestamp("2024-06-01"))
    returns = pd.concat([first, returns.tail(-1), amended], ignore_index=True)
    return Records.from_frames(
        {"taxpayers": register, "self_assessment": returns, **firm}, as_of=pd.Timestamp("2024-12-31")
    )


def test_people_are_put_into_their_groups() -> None:
    found = groups_of(make_records(), index_of([39, 0, 5, 22]))
    assert found["income decile"].astype(str).tolist() == ["10", "1", "2", "6"]
    assert found["customer group"].astype(str).tolist() == [
        *("wealthy", "individual", "small business", "wealthy"),
    ]
    assert found["age band"].astype(object).where(found["age band"].notna(), None).tolist() == [
        *("25-34", None, "55-64", "35-44"),
    ]
    assert found["trade group"].astype(str).tolist() == ["shops", "none", "shops", "none"]
    assert set(found["nation"]) == {"Wales"}
    assert found.index.equals(index_of([39, 0, 5, 22]))


def test_a_return_counts_as_known_on_the_day() -> None:
    index = index_of([0, 39])
    assert declared_income(make_records(), index).tolist() == [0.0, 390_000.0]
    assert declared_income(make_records(), index, as_of="2024-03-01").tolist() == [1e6, 390_000.0]
    early = groups_of(make_records(), index, as_of="2024-03-01")
    assert early["income decile"].astype(str).tolist() == ["10", "10"]
    assert early["customer group"].astype(str).tolist() == ["wealthy", "wealthy"]


def test_a_return_that_is_not_there_has_no_decile() -> None:
    found = groups_of(make_records(), index_of([1, 99]))
    assert found["income decile"].isna().tolist() == [False, True]
    assert found["region"].isna().tolist() == [False, True]


def test_firms_have_a_size_a_year_and_no_age() -> None:
    quarter = pd.DataFrame(
        {
            "taxpayer_id": ["T00", "T04", "T08"],
            "period": "2022-06",
            "version": 0,
            "period_start": pd.Timestamp("2022-04-01"),
            "period_end": pd.Timestamp("2022-06-30"),
            "received_on": pd.Timestamp("2022-08-01"),
            "sales": [1_000.0, 4_000_000.0, 60_000_000.0],
        }
    )
    index = index_of([0, 4, 8], "2022-06")
    found = groups_of(make_records(vat=quarter), index, regime="vat")
    assert "age band" not in found
    assert "income decile" not in found
    assert found["customer group"].astype(str).tolist() == ["small", "mid-sized", "large"]
    assert found["size decile"].notna().all()
    yearly = declared_income(make_records(vat=quarter), index, regime="vat")
    assert yearly.iloc[0] == pytest.approx(1000 * 365 / 91)


def test_what_cannot_be_looked_up_is_refused() -> None:
    with pytest.raises(InvalidDataError, match="none of these"):
        groups_of(make_records(), index_of([90]))
    with pytest.raises(UsageError, match="taxpayer_id"):
        groups_of(make_records(), pd.MultiIndex.from_tuples([("T00", YEAR)]))


@pytest.mark.parametrize("regime", REGIMES)
def test_no_protected_or_regional_group_is_a_feature(regime: str) -> None:
    tax = get_regime(regime)
    needs = {need for feature in tax.features for need in feature.needs}
    needs |= {need for columns in tax.groups.values() for need in columns}
    barred = ("birth_year", "region", "nation", "combined_authority", "legal_form", "nino", "utr")
    assert not needs & {f"taxpayers.{name}" for name in barred}
    names = {"income decile", "size decile", "nation", "region", "age band", "legal form", "customer group"}
    assert not set(tax.columns) & {name.replace(" ", "_") for name in names} | set(tax.columns) & names
    words = {"age", "birth", "region", "nation", "gender", "sex", "ethnicity", "religion", "disability"}
    assert not [name for name in tax.columns if words & set(name.split("_"))]
