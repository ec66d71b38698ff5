"""A small population that obeys every rule, built by hand, and ways to damage a copy of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from stdnum.gb import utr

from taxgap.records import Manifest, Records
from taxgap.records.files import checksum
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.schemas import TABLES
from taxgap.schemas.table import code_levels, column_names
from taxgap.tax import personal_tax

Frames = dict[str, pd.DataFrame]

AS_OF = "2025-06-30"
YEARS = {"2022-23": 2022, "2023-24": 2023}
REGIONS = [("London", "England"), ("Scotland", "Scotland"), ("Wales", "Wales"), ("North East", "England")]
PEOPLE = [f"T{number:04d}" for number in range(12)]
NEWCOMER = "T0012"  # on the register, and nowhere else yet
TRADERS = PEOPLE[:6]
LANDLORDS = PEOPLE[4:9]
PARTNER = PEOPLE[10]


def day(year: int, month: int, date: int) -> pd.Timestamp:
    return pd.Timestamp(year=year, month=month, day=date).as_unit("ms")


def make(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=column_names(TABLES[name]))
    for column, levels in code_levels(TABLES[name]).items():
        frame[column] = pd.Categorical(frame[column], categories=levels)
    for column, declared in TABLES[name].to_schema().columns.items():
        if str(declared.dtype).startswith("datetime"):
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[ms]")
        elif str(declared.dtype) == "float64":
            frame[column] = frame[column].astype("float64")
        elif str(declared.dtype) in ("int64", "bool"):
            frame[column] = frame[column].astype(str(declared.dtype))
        elif str(declared.dtype).startswith("str"):
            frame[column] = frame[column].astype("str")
    return frame


def taxpayers() -> pd.DataFrame:
    rows = []
    for number, person in enumerate([*PEOPLE, NEWCOMER]):
        digits = f"{123456780 + number:09d}"
        region, nation = REGIONS[number % len(REGIONS)]
        rows.append(
            {
                "taxpayer_id": person,
                "utr": utr.calc_check_digit(digits) + digits,
                "nino": f"QQ{number:06d}A" if number % 3 else None,
                "legal_form": "individual",
                "sic2007": "43210" if person in TRADERS else None,
                "region": region,
                "nation": nation,
                "birth_year": 1948 + 4 * number,
                "received_on": day(2021, 4, 6),
            }
        )
    return make("taxpayers", rows)


def registrations() -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "taxpayer_id": person,
            "regime": "self_assessment",
            "applied_on": day(2021, 4, 6),
            "effective_from": day(2021, 4, 6),
            "basis": "compulsory",
            "late": False,
            "received_on": day(2021, 4, 6),
        }
        for person in PEOPLE
    ]
    rows.append({**rows[0], "regime": "vat", "reference": "980780684", "agent_id": "A1"})
    rows[11] = {**rows[11], "deregistered_on": day(2024, 4, 5)}
    return make("registrations", rows)


def obligations() -> pd.DataFrame:
    rows = []
    for person in PEOPLE:
        for period, year in YEARS.items():
            late = person == PEOPLE[0]
            missing = person == PEOPLE[11] and year == 2023
            rows.append(
                {
                    "taxpayer_id": person,
                    "regime": "self_assessment",
                    "period": period,
                    "period_start": day(year, 4, 6),
                    "period_end": day(year + 1, 4, 5),
                    "due_on": day(year + 2, 1, 31),
                    "met_on": pd.NaT if missing else day(year + 2, 3 if late else 1, 10),
                    "status": "missing" if missing else "late" if late else "met",
                    "received_on": day(year, 4, 6),
                }
            )
    return make("obligations", rows)


def one_return(person: str, period: str, year: int, version: int = 0) -> dict[str, Any]:
    number = int(person[1:])
    row: dict[str, Any] = dict.fromkeys(column_names(TABLES["self_assessment"]), 0.0)
    trading, letting = person in TRADERS, person in LANDLORDS
    row |= {
        "taxpayer_id": person,
        "period": period,
        "period_start": day(year, 4, 6),
        "period_end": day(year + 1, 4, 5),
        "version": version,
        "by_agent": number % 2 == 0,
        "received_on": day(year + 2, 3 if person == PEOPLE[0] else 1, 10) + pd.Timedelta(days=30 * version),
        "employment_pay": 0.0 if trading else 20_000.0 + 3_000 * number,
        "employment_expenses": 0.0 if trading else 150.0,
        "accounts_months": 12.0,
        "interest": 40.0 * number,
        "dividends": 900.0 * (number % 3),
        "pension": 9_000.0 if number < 3 else 0.0,
        "pension_contributions": 500.0 * (number % 2),
        "gift_aid": 20.0 * number,
        "partnership_profit": 14_000.0 if person == PARTNER else 0.0,
    }
    if trading:
        small = person == TRADERS[3]
        row |= {
            "turnover": 4_000.0 if small else 30_000.0 + 9_000 * number,
            "other_business_income": 250.0,
            "trading_allowance": 1_000.0 if small else 0.0,
            "basis_adjustment": 500.0 if number == 2 else 0.0,
            "losses_brought_forward": 800.0 if number == 2 else 0.0,
        }
        if not small:
            row |= {"cost_of_goods": 8_000.0, "travel_costs": 2_500.0, "capital_allowances": 700.0}
    if letting:
        allowed = person == LANDLORDS[0]
        row |= {"rents": 11_000.0, "finance_costs": 0.0 if allowed else 2_000.0}
        row |= (
            {"property_allowance": 1_000.0}
            if allowed
            else {"property_repairs": 900.0, "property_costs": 600.0}
        )
    return add_up(row)


def add_up(row: dict[str, Any]) -> dict[str, Any]:
    row["total_expenses"] = row["cost_of_goods"] + row["travel_costs"]
    row["net_profit"] = (
        row["turnover"]
        + row["other_business_income"]
        - row["total_expenses"]
        - row["capital_allowances"]
        - row["trading_allowance"]
    )
    row["trading_profit"] = row["net_profit"] + row["basis_adjustment"] - row["losses_brought_forward"]
    row["property_profit"] = (
        row["rents"] - row["property_repairs"] - row["property_costs"] - row["property_allowance"]
    )
    row["total_income"] = (
        row["employment_pay"]
        - row["employment_expenses"]
        + row["trading_profit"]
        + row["partnership_profit"]
        + row["property_profit"]
        + row["interest"]
        + row["dividends"]
        + row["pension"]
    )
    return row


def self_assessment(people: pd.DataFrame) -> pd.DataFrame:
    rows = [
        one_return(person, period, year)
        for person in PEOPLE
        for period, year in YEARS.items()
        if not (person == PEOPLE[11] and year == 2023)
    ]
    rows.append(one_return(TRADERS[1], "2022-23", 2022, version=1))
    returns = make("self_assessment", rows)
    return returns.assign(tax_charged=charged(returns, people))


def charged(returns: pd.DataFrame, people: pd.DataFrame) -> pd.Series:
    known = people.set_index("taxpayer_id").loc[returns["taxpayer_id"]]
    incomes = returns.assign(
        employment=returns["employment_pay"] - returns["employment_expenses"],
        self_employment=returns["trading_profit"] + returns["partnership_profit"],
        property=returns["property_profit"],
        nation=known["nation"].to_numpy(),
        over_state_pension_age=(returns["period_start"].dt.year - known["birth_year"].to_numpy()) >= 67,
    )
    tax = pd.concat([personal_tax(part, period) for period, part in incomes.groupby("period")])
    return (tax["income_tax"] + tax["nics_class_2"] + tax["nics_class_4"]).round(2).sort_index()


def third_party() -> pd.DataFrame:
    rows = []
    for number, person in enumerate(PEOPLE):
        for period, year in YEARS.items():
            base = {"taxpayer_id": person, "period": period, "tax_deducted": 0.0}
            rows.append(
                {
                    **base,
                    "report_id": f"B{number}-{year}",
                    "source": "bank",
                    "period_start": day(year, 4, 6),
                    "period_end": day(year + 1, 4, 5),
                    "amount": 40.0 * number,
                    "received_on": day(year + 1, 6, 30),
                }
            )
            if person in TRADERS:
                rows.append(
                    {
                        **base,
                        "report_id": f"P{number}-{year}",
                        "source": "platform",
                        "period_start": day(year, 1, 1),
                        "period_end": day(year, 12, 31),
                        "amount": 3_000.0,
                        "transactions": 40.0,
                        "received_on": day(year + 1, 1, 31),
                    }
                )
    return make("third_party", rows)


def enquiries() -> pd.DataFrame:
    rows = []
    for number, person in enumerate(PEOPLE[:5]):
        closed = number != 4
        rows.append(
            {
                "enquiry_id": f"E{number}",
                "taxpayer_id": person,
                "regime": "self_assessment",
                "period": "2022-23",
                "programme": "random" if number % 2 else "risk",
                "inclusion_probability": 0.1,
                "opening_probability": 0.1 if number % 2 else 0.3,
                "officer_id": "O1",
                "opened_on": day(2024, 5, 1),
                "closed_on": day(2025, 2, 1) if closed else pd.NaT,
                "hours": 12.0 if closed else None,
                "tax_found": 1_500.0 * (number % 3) if closed else None,
                "behaviour": "error" if closed and number % 3 else None,
                "received_on": day(2024, 5, 1),
            }
        )
    return make("enquiries", rows)


def adjustments() -> pd.DataFrame:
    rows = [
        {
            "enquiry_id": f"E{number}",
            "taxpayer_id": PEOPLE[number],
            "period": "2022-23",
            "field": field,
            "amount": 2_000.0,
            "behaviour": "error",
            "received_on": day(2025, 2, 1),
        }
        for number in (1, 2)
        for field in ("turnover", "travel_costs")
    ]
    return make("adjustments", rows)


def reviews() -> pd.DataFrame:
    rows = [
        {
            "review_id": f"W{number}",
            "taxpayer_id": PEOPLE[number],
            "regime": "self_assessment",
            "period": "2022-23",
            "model_id": "0123456789abcdef",
            "officer_id": "O1",
            "enquiry_id": f"E{number}" if number < 3 else None,
            "overridden": number == 3,
            "minutes": 35.0,
            "reason_1_code": "third_party.platform",
            "reason_1_useful": "yes" if number else None,
            "received_on": day(2025, 2, 2),
        }
        for number in range(4)
    ]
    return make("reviews", rows)


def payments() -> pd.DataFrame:
    rows = [
        {
            "taxpayer_id": person,
            "regime": "self_assessment",
            "period": period,
            "liability": 1_000.0,
            "due_on": day(year + 2, 1, 31),
            "paid_on": day(year + 2, 1, 30),
            "paid": 1_000.0,
            "received_on": day(year + 2, 1, 10),
        }
        for person in TRADERS
        for period, year in YEARS.items()
    ]
    return make("payments", rows)


def people_frames() -> Frames:
    people = taxpayers()
    return {
        "taxpayers": people,
        "registrations": registrations(),
        "obligations": obligations(),
        "self_assessment": self_assessment(people),
        "third_party": third_party(),
        "enquiries": enquiries(),
        "adjustments": adjustments(),
        "reviews": reviews(),
        "payments": payments(),
    }


@pytest.fixture(scope="session")
def clean_frames() -> Frames:
    """All tables of a dozen people and thirty firms over two years; nothing in them breaks a rule."""
    frames = people_frames()
    firms = run_path(str(Path(__file__).with_name("firms.py")))
    for name, rows in firms["rows_of_firms"]([*PEOPLE, NEWCOMER]).items():
        more = make(name, rows)
        frames[name] = pd.concat([frames[name], more], ignore_index=True) if name in frames else more
    return {name: frames[name] for name in TABLES}


@pytest.fixture
def frames(clean_frames: Frames) -> Frames:
    """A copy of the clean frames, to damage."""
    return {name: frame.copy() for name, frame in clean_frames.items()}


@pytest.fixture
def records_of() -> Callable[[Frames], Records]:
    """Hold frames as records at the date at which the clean ones stand."""
    return lambda frames: Records.from_frames(frames, as_of=AS_OF)


def places(name: str, frame: pd.DataFrame, partitions: int) -> NDArray[np.int64]:
    """Return the partition of each row: by the report where there is no taxpayer; aggregates in the first."""
    if name == "aggregates":
        return np.zeros(len(frame), dtype=np.int64)
    return partition_of(frame["report_id" if name == "third_party_unmatched" else "taxpayer_id"], partitions)


@pytest.fixture
def write_records() -> Callable[..., Path]:
    """Write frames as a folder of records with a number of partitions."""

    def write(frames: Frames, folder: Path, partitions: int = 1) -> Path:
        files = {}
        for name, frame in frames.items():
            place = places(name, frame, partitions)
            for partition in range(partitions):
                path = folder / name / part_name(partition)
                write_table(path, frame[place == partition], TABLES[name], synthetic=True)
                rows = int((place == partition).sum())
                files[f"{name}/{path.name}"] = {"rows": rows, "sha256": checksum(path)}
        manifest = Manifest(AS_OF, list(YEARS), partitions, synthetic=True, seed=7, files=files)
        manifest.write(folder)
        return folder

    return write
