"""A few rows of several tables, in memory and as a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from taxgap.records import Manifest
from taxgap.records.files import checksum
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.schemas import TABLES
from taxgap.schemas.table import code_levels, describe_columns

Frames = dict[str, pd.DataFrame]

AS_OF = "2025-06-30"


def make(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Build a frame with the types that reading gives; what a row leaves out is 0, no, or empty."""
    frame = pd.DataFrame(rows, columns=[column["column"] for column in describe_columns(TABLES[name])])
    for column in describe_columns(TABLES[name]):
        values, kind = frame[column["column"]], column["type"]
        if kind == "number" and not column["empty"]:
            values = values.astype("float64").fillna(0.0)
        elif kind in ("whole number", "yes/no"):
            values = values.astype(object).where(values.notna(), 0)
        types = {"number": "float64", "whole number": "int64", "yes/no": "bool", "date": "datetime64[ms]"}
        frame[column["column"]] = values.astype(types.get(kind, "str"))
    for column, levels in code_levels(TABLES[name]).items():
        frame[column] = pd.Categorical(frame[column], categories=levels)
    return frame


@pytest.fixture(scope="session")
def clean_frames() -> Frames:
    """Three taxpayers; one enquiry closed, one open; the returns of two years."""
    day = pd.Timestamp
    people = [f"T{number}" for number in range(3)]
    returns = [
        {
            "taxpayer_id": person,
            "period": period,
            "version": 0,
            "turnover": 10.5,
            "received_on": day(received),
        }
        for person in people
        for period, received in (("2022-23", "2024-01-31"), ("2023-24", "2025-01-31"))
    ]
    enquiry = {
        "regime": "self_assessment",
        "period": "2022-23",
        "received_on": day("2024-05-01"),
        "officer_id": "O1",
    }
    closed = {"closed_on": day("2025-03-01"), "hours": 8.0, "tax_found": 100.0, "behaviour": "error"}
    return {
        "taxpayers": make(
            "taxpayers",
            [
                {
                    "taxpayer_id": person,
                    "utr": "0012345678",
                    "region": "Wales",
                    "nation": "Wales",
                    "birth_year": 1980,
                }
                | {"received_on": day("2022-04-06"), "nino": None}
                for person in people
            ],
        ),
        "self_assessment": make("self_assessment", returns),
        "obligations": make(
            "obligations",
            [
                {
                    "taxpayer_id": "T0",
                    "regime": "self_assessment",
                    "period": "2023-24",
                    "due_on": day("2025-01-31"),
                    "met_on": day("2025-03-10"),
                    "status": "late",
                    "received_on": day("2023-04-06"),
                }
            ],
        ),
        "enquiries": make(
            "enquiries",
            [
                {
                    "enquiry_id": "E0",
                    "taxpayer_id": "T0",
                    "opened_on": day("2024-05-01"),
                    **enquiry,
                    **closed,
                },
                {"enquiry_id": "E1", "taxpayer_id": "T1", "opened_on": day("2024-05-01"), **enquiry},
            ],
        ),
    }


@pytest.fixture
def frames(clean_frames: Frames) -> Frames:
    """A copy of the frames, to change."""
    return {name: frame.copy() for name, frame in clean_frames.items()}


@pytest.fixture(scope="session")
def write_records(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write frames as a folder of records."""

    def write(frames: Frames, partitions: int = 1) -> Path:
        folder, files = tmp_path_factory.mktemp("population") / "records", {}
        for name, frame in frames.items():
            place = partition_of(frame["taxpayer_id"], partitions)
            for partition in range(partitions):
                path = folder / name / part_name(partition)
                write_table(path, frame[place == partition], TABLES[name], synthetic=True)
                rows = int((place == partition).sum())
                files[f"{name}/{path.name}"] = {"rows": rows, "sha256": checksum(path)}
        Manifest(AS_OF, ["2022-23", "2023-24"], partitions, synthetic=True, seed=7, files=files).write(folder)
        return folder

    return write
