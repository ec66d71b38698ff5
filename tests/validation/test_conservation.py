"""Whatever is damaged: no row is lost, every rejected row has a reason, and trusted records pass again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.validation import rules, validate

Frames = dict[str, pd.DataFrame]

AS_OF = "2025-06-30"
WORLD = [
    "taxpayers",
    "self_assessment",
    "vat",
    "corporation_tax",
    "third_party_unmatched",
    "enquiries",
    "adjustments",
]
WORLD += ["aggregates"]
WARNINGS = {rule.code for rule in rules if rule.severity == "warn"} | {"empty_table"}
VALUES: list[Any] = [
    None,
    "x y",
    "T0003",
    "E1",
    "2022-23",
    -1.0,
    0.0,
    1e12,
    np.inf,
    pd.Timestamp("2019-01-01"),
    True,
]

cells = st.tuples(st.sampled_from(WORLD), st.integers(0, 30), st.integers(0, 60), st.sampled_from(VALUES))
row_changes = st.tuples(st.sampled_from(["copy", "drop"]), st.sampled_from(WORLD), st.integers(0, 30))
column_changes = st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(WORLD), st.integers(0, 60))


def set_cell(frames: Frames, table: str, row: int, column: int, value: Any) -> None:
    frame = frames[table]
    if len(frame):
        name = frame.columns[column % len(frame.columns)]
        frame[name] = frame[name].astype(object)
        frame.loc[row % len(frame), name] = value


def change_rows(frames: Frames, how: str, table: str, row: int) -> None:
    frame = frames[table]
    if len(frame):
        at = row % len(frame)
        parts = [frame, frame.iloc[[at]]] if how == "copy" else [frame.drop(index=at)]
        frames[table] = pd.concat(parts, ignore_index=True)


def change_columns(frames: Frames, how: str, table: str, column: int) -> None:
    frame = frames[table]
    if how == "add":
        frame["rule"] = "mine"
    else:
        frames[table] = frame.drop(columns=frame.columns[column % len(frame.columns)])


def check_conservation(clean: Frames, wrong: list[Any], rows: list[Any], columns: list[Any]) -> None:
    frames = {name: clean[name].copy() for name in WORLD}
    for change in rows:
        change_rows(frames, *change)
    for cell in wrong:
        set_cell(frames, *cell)
    for change in columns:
        change_columns(frames, *change)
    records = Records.from_frames(frames, as_of=AS_OF)
    report = validate(records, tables=WORLD)
    counts = report.rows.set_index("table")
    for name in WORLD:
        seen = records.table(name)
        rejected = report.failing(name)
        kept = report.trusted.table(name)
        assert len(seen) == counts.loc[name, "rows_in"] == len(kept) + len(rejected)
        assert len(rejected) == counts.loc[name, "quarantined"]
        assert (rejected["reason"].str.len() > 0).all()
        assert set(seen.columns) - {"rule"} <= set(rejected.columns) or not len(rejected)
        TABLES[name].validate(kept, lazy=True)
    again = validate(report.trusted, tables=WORLD)
    assert again.rows["quarantined"].sum() == 0
    assert set(again.findings["rule"]) <= WARNINGS


damage = given(
    wrong=st.lists(cells, max_size=6),
    rows=st.lists(row_changes, max_size=3),
    columns=st.lists(column_changes, max_size=1),
)
slow = [HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=slow)
@damage
def test_rows_in_are_kept_or_quarantined_and_trusted_records_pass_again(
    clean_frames: Frames, wrong: list[Any], rows: list[Any], columns: list[Any]
) -> None:
    check_conservation(clean_frames, wrong, rows, columns)


@pytest.mark.long
@settings(max_examples=200, deadline=None, suppress_health_check=slow)
@damage
def test_the_same_for_much_more_damage(
    clean_frames: Frames, wrong: list[Any], rows: list[Any], columns: list[Any]
) -> None:
    check_conservation(clean_frames, wrong, rows, columns)
