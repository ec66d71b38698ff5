"""What the tests of regimes share: consistent returns from the few boxes that matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.schemas import RETURN_TABLES, TABLES
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


def build_row(table: str, first: str, last: str, taxpayer_id: str = "A", **values: Any) -> Row:
    """Build a row of a table of returns or reports: zero where nothing is said, known two months later."""
    start, end = pd.Timestamp(first), pd.Timestamp(last)
    row: Row = {
        name: 0.0
        for name, column in TABLES[table].to_schema().columns.items()
        if str(column.dtype) in {"float64", "int64"}
    }
    middle = end if table != "third_party" else start + (end - start) / 2
    year = middle.year - ((middle.month, middle.day) < (4, 6))
    by_year = table in {"third_party", "self_assessment", "employer_paye"}
    row |= {
        "taxpayer_id": taxpayer_id,
        "period": f"{year}-{(year + 1) % 100:02d}" if by_year else f"{end:%Y-%m}",
        "period_start": start,
        "period_end": end,
        "by_agent": False,
        "received_on": end + pd.Timedelta(days=60),
        "accounts_months": 12.0,
    }
    return row | values


def hold_rows(**rows: list[Row]) -> Records:
    """Hold tables of rows, in the order of the schema; the register has everybody in the building trades."""
    early = pd.Timestamp("2018-01-01")
    people = sorted({row["taxpayer_id"] for name in rows for row in rows[name]})
    register = [{"taxpayer_id": p, "sic2007": "43390"} for p in people]
    names = ["registrations", "obligations", "links", "third_party", *RETURN_TABLES]
    content = {"taxpayers": register, **{name: rows.get(name, []) for name in names}}
    for number, report in enumerate(content["third_party"]):
        report.setdefault("report_id", f"R{number}")
    return Records.from_frames(
        {
            name: to_table(name, [{"received_on": early, **row} for row in own])
            for name, own in content.items()
        }
    )


def measure_all(regime: str, cases: list[Any]) -> list[float]:
    """Measure cases at once, each as a taxpayer of its own; of each, the return that comes first.

    A case is a feature, its value, the rows of its returns and the rows of other tables. A row of a return or
    report names its first and last day under `days`; where it names none, those of the first return stand.
    """
    rows: dict[str, list[Row]] = {regime: []}
    firsts = []
    for number, (_, _, returns, others) in enumerate(cases):
        name, days = f"T{number:03}", returns[0]["days"]
        for table, own in [(regime, returns), *others.items()]:
            spread = "period_start" in TABLES[table].to_schema().columns and table != "obligations"
            made = [
                build_row(
                    table, *row.get("days", days), name, **{k: v for k, v in row.items() if k != "days"}
                )
                if spread
                else {"taxpayer_id": name, **row}
                for row in own
            ]
            rows.setdefault(table, []).extend(made)
            firsts += [(name, made[0]["period"])] if table == regime and own is returns else []
    records = hold_rows(**rows)
    years = [f"{year}-{year - 1999}" for year in range(2018, 2027)]
    found = get_regime(regime).measure(records, years)
    return [float(found.loc[key, case[0]]) for key, case in zip(firsts, cases, strict=True)]


@pytest.fixture(scope="session")
def measure_cases() -> Callable[..., list[float]]:
    return measure_all


@pytest.fixture(scope="session")
def row() -> Build:
    return build_row


@pytest.fixture(scope="session")
def hold() -> Callable[..., Records]:
    return hold_rows


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
