"""Validation rejects what pandera rejects: the schemas mean the same in both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pandera.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.validation import validate

Frames = dict[str, pd.DataFrame]

AS_OF = "2025-06-30"
TEXTS = [
    "",
    " ",
    "T0001",
    "T 1",
    "T1\n",
    "2022-23",
    "2022/23",
    "43210",
    "QQ000001A",
    "1955839661",
    "980780684",
    None,
]
NUMBERS = [-1.0, 0.0, 0.5, 1.0, 1.5, 1899.0, np.nan]


def passes(name: str, frame: pd.DataFrame) -> bool:
    try:
        TABLES[name].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True


def change(frame: pd.DataFrame, row: int, column: int, text: Any, number: float) -> None:
    name = frame.columns[column % len(frame.columns)]
    dtype = frame[name].dtype
    if isinstance(dtype, pd.CategoricalDtype):
        value = None if np.isnan(number) else frame[name].cat.categories[int(number) % len(dtype.categories)]
    elif dtype == "str":
        value = text
    elif dtype.kind == "M":
        value = pd.NaT if np.isnan(number) else pd.Timestamp("2022-05-01")
    elif dtype.kind == "i":
        value = 0 if np.isnan(number) else int(number)
    else:
        value = bool(number) if dtype.kind == "b" else number
    frame.loc[row % len(frame), name] = value


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 60), st.sampled_from(TEXTS), st.sampled_from(NUMBERS)),
        min_size=1,
        max_size=3,
    ),
    copy=st.booleans(),
)
def test_schema_findings_are_those_of_pandera(
    name: str, changes: list[Any], copy: bool, clean_frames: Frames
) -> None:
    frame = clean_frames[name].copy()
    for item in changes:
        change(frame, *item)
    if copy:
        frame = pd.concat([frame, frame.iloc[[0]]], ignore_index=True)
    report = validate(Records.from_frames({name: frame}, as_of="2099-01-01"), tables=[])
    ours = {"empty_value", "out_of_range", "form_of_text", "duplicate_key", "utr_check_digit", "nino_format"}
    ours |= {"vrn_check_digits", "nation_of_region", "company_number_format"}
    assert (not set(report.findings["rule"]) & ours) == passes(name, frame)
    assert passes(name, report.trusted.table(name))
