"""What the tests of regimes share: consistent returns from the few boxes that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.schemas import TABLES
from taxgap.schemas.self_assessment import EXPENSE_BOXES
from taxgap.schemas.table import column_names

Row = dict[str, Any]
Build = Callable[..., Row]
Assemble = Callable[..., Records]
Measure = Callable[..., pd.DataFrame]


def year_of(period: str) -> dict[str, pd.Timestamp]:
    start = int(period[:4])
    return {"period_start": pd.Timestamp(start, 4, 6), "period_end": pd.Timestamp(start + 1, 4, 5)}


def build_return(taxpayer_id: str = "A", period: str = "2024-25", version: int = 0, **boxes: Any) -> Row:
    """Build a return whose sums add up, from the boxes that are not zero."""
    row: Row = dict.fromkeys(column_names(TABLES["self_assessment"]), 0.0)
    row |= {"taxpayer_id": taxpayer_id, "period": period, "version": version, **year_of(period)}
    row |= {
        "received_on": pd.Timestamp(int(period[:4]) + 2, 1, 20),
        "by_agent": False,
        "accounts_months": 12.0,
    }
    row |= boxes
    row["total_expenses"] = sum(row[box] for box in EXPENSE_BOXES)
    profit = row["turnover"] + row["other_business_income"] - row["total_expenses"]
    row["net_profit"] = profit - row["capital_allowances"] - row["trading_allowance"]
    row["trading_profit"] = (
        max(row["net_profit"] + row["basis_adjustment"], 0.0) - row["losses_brought_forward"]
    )
    kept = row["property_repairs"] + row["property_costs"] + row["property_allowance"]
    row["property_profit"] = max(row["rents"] - kept, 0.0)
    incomes = ("employment_pay", "trading_profit", "property_profit", "interest", "dividends", "pension")
    row["total_income"] = sum(row[name] for name in (*incomes, "foreign_income", "other_income"))
    return row


def build_report(
    source: str, amount: float, tax: float = 0.0, *, taxpayer_id: str = "A", period: str = "2024-25"
) -> Row:
    return {
        "taxpayer_id": taxpayer_id,
        "source": source,
        "period": period,
        **year_of(period),
        "amount": amount,
        "tax_deducted": tax,
        "transactions": 1.0,
        "received_on": year_of(period)["period_end"],
    }


def assemble_records(
    returns: list[Row],
    reports: list[Row] | None = None,
    registrations: list[Row] | None = None,
    trades: Mapping[str, str | None] | None = None,
) -> Records:
    """Assemble records in which every return is due on 31 January and every taxpayer is on the register."""
    people = list(dict.fromkeys(row["taxpayer_id"] for row in returns))
    early = pd.Timestamp("2020-01-01")
    asked = {(row["taxpayer_id"], row["period"]) for row in returns}
    register = [
        {"taxpayer_id": p, "sic2007": (trades or {}).get(p, "43390"), "received_on": early} for p in people
    ]
    due = [
        {
            "taxpayer_id": taxpayer_id,
            "regime": "self_assessment",
            "period": period,
            "due_on": pd.Timestamp(int(period[:4]) + 2, 1, 31),
            "received_on": early,
        }
        for taxpayer_id, period in sorted(asked)
    ]
    numbered = [{"report_id": f"R{i}", **row} for i, row in enumerate(reports or [])]
    vat = [{"regime": "vat", "received_on": early, **row} for row in registrations or []]
    rows = {
        "taxpayers": register,
        "registrations": vat,
        "obligations": due,
        "self_assessment": returns,
        "third_party": numbered,
    }
    return Records.from_frames({name: to_table(name, content) for name, content in rows.items()})


def to_table(name: str, rows: list[Row]) -> pd.DataFrame:
    """Make a frame with the columns and types of a table; what a row does not say is empty."""
    schema = TABLES[name].to_schema()
    content = {}
    for column, field in schema.columns.items():
        values = [row.get(column) for row in rows]
        kind = str(field.dtype)
        kind = "str" if kind.startswith("string") or kind == "category" else kind
        absent = any(value is None for value in values)
        content[column] = pd.Series(values, dtype="float64" if absent and kind in {"int64", "bool"} else kind)
    return pd.DataFrame(content)


@pytest.fixture(scope="session")
def a_return() -> Build:
    return build_return


@pytest.fixture(scope="session")
def a_report() -> Build:
    return build_report


@pytest.fixture(scope="session")
def assemble() -> Assemble:
    return assemble_records


@pytest.fixture(scope="session")
def measure() -> Measure:
    """Measure returns with the built-in regime."""

    def run(*returns: Row, periods: list[str] | None = None, **others: Any) -> pd.DataFrame:
        return get_regime("self_assessment").measure(assemble_records(list(returns), **others), periods)

    return run
