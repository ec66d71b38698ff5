"""Columns that records declare not to have, and source rows that could not be read: said, and lived with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxgap.errors import InvalidDataError
from taxgap.records import Manifest, Records
from taxgap.records.partitions import part_name
from taxgap.schemas import TABLES
from taxgap.schemas.table import always_there, column_names
from taxgap.validation import ValidationReport, validate

Frames = dict[str, pd.DataFrame]
Hold = Callable[..., Records]


@pytest.fixture
def declaring(records_of: Callable[[Frames], Records]) -> Hold:
    """Hold frames as records that declare something of themselves, without the columns declared absent."""

    def hold(frames: Frames, **declared: Any) -> Records:
        absent = declared.get("absent", {})
        fewer = {name: frame.drop(columns=absent.get(name, [])) for name, frame in frames.items()}
        records = records_of(fewer)
        records.manifest = dataclasses.replace(records.manifest, made_by=declared)
        return records

    return hold


def told(report: ValidationReport) -> list[tuple[str, str, str]]:
    findings = report.findings
    return sorted(zip(findings["rule"], findings["table"], findings["column"], strict=True))


def test_an_absent_column_is_one_warning_and_costs_no_row(frames: Frames, declaring: Hold) -> None:
    report = validate(declaring(frames, absent={"enquiries": ["hours", "cost"], "links": ["share", "until"]}))
    assert told(report) == [
        ("absent_column", "enquiries", "cost"),
        ("absent_column", "enquiries", "hours"),
        ("absent_column", "links", "share"),
        ("absent_column", "links", "until"),
    ]
    assert report.passed
    assert report.rows["quarantined"].sum() == 0
    assert report.findings["count"].tolist() == [0] * 4


def test_a_rule_that_reads_an_absent_column_does_not_judge(frames: Frames, declaring: Hold) -> None:
    frames["vat"].loc[3, "net_vat"] += 100.0
    frames["registrations"].loc[4, "effective_from"] = pd.Timestamp("2023-04-06")
    absent = {"vat": ["input_tax"], "registrations": ["deregistered_on"]}
    rules = {rule for rule, *_ in told(validate(declaring(frames, absent=absent)))}
    assert rules == {"absent_column"}


@pytest.mark.parametrize("table", TABLES)
def test_whatever_is_absent_validation_goes_on(table: str, frames: Frames, declaring: Hold) -> None:
    columns = [name for name in column_names(TABLES[table]) if name not in always_there(TABLES[table])]
    frames["taxpayers"].loc[3, "utr"] = "1"
    report = validate(declaring(frames, absent={table: columns}))
    absent = {column for rule, _, column in told(report) if rule == "absent_column"}
    assert absent == set(columns)
    assert list(report.trusted.table(table)) == always_there(TABLES[table])
    again = validate(report.trusted)
    assert again.rows["quarantined"].sum() == 0
    assert {column for rule, _, column in told(again) if rule == "absent_column"} == set(columns)


@pytest.mark.parametrize("column", ["taxpayer_id", "period", "period_end", "received_on", "version"])
def test_what_a_table_cannot_do_without_is_missing_all_the_same(
    column: str, frames: Frames, declaring: Hold
) -> None:
    few = {name: frames[name] for name in ("taxpayers", "vat")}
    report = validate(declaring(few, absent={"vat": [column]}), tables=[*few])
    assert told(report) == [("missing_column", "vat", column)]
    assert not report.passed


def test_a_declared_column_that_is_there_is_checked(frames: Frames, declaring: Hold) -> None:
    frames["vat"].loc[3, "sales"] = -1.0
    records = declaring(frames)
    records.manifest = dataclasses.replace(records.manifest, made_by={"absent": {"vat": ["sales"]}})
    assert told(validate(records)) == [("out_of_range", "vat", "sales")]


def test_trusted_rows_are_written_and_read_without_it(
    frames: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_records(frames, tmp_path / "records", partitions=2)
    for number in range(2):
        path = folder / "payments" / part_name(number)
        pq.write_table(pq.read_table(path).drop_columns("paid"), path)
    declared = {"absent": {"payments": ["paid"]}, "unread": {"vat": 3}}
    dataclasses.replace(Manifest.read(folder), made_by=declared).write(folder)
    frames["payments"].loc[2, "liability"] = -1.0
    report = validate(folder, out=tmp_path / "out", workers=1)
    assert told(report) == [("absent_column", "payments", "paid"), ("unread_rows", "vat", "")]
    trusted = Records.open(tmp_path / "out" / "records")
    assert "paid" not in trusted.table("payments")
    assert len(trusted.table("payments")) == len(frames["payments"])
    assert told(validate(trusted)) == told(report)


def test_the_view_of_trusted_rows_has_no_such_column(frames: Frames, declaring: Hold) -> None:
    frames["payments"].loc[2, "liability"] = -1.0
    trusted = validate(declaring(frames, absent={"payments": ["written_off"]})).trusted
    assert "written_off" not in trusted.table("payments")
    assert len(trusted.table("payments")) == len(frames["payments"]) - 1
    with pytest.raises(InvalidDataError, match="written_off"):
        trusted.table("payments", ["written_off"])


def test_unread_rows_are_counted(frames: Frames, declaring: Hold) -> None:
    report = validate(declaring(frames, unread={"vat": 12, "payments": 0}))
    finding = report.findings.iloc[0]
    assert finding[["rule", "severity", "table", "count"]].tolist() == ["unread_rows", "warn", "vat", 12]
    assert told(report) == [("unread_rows", "vat", "")]
    assert report.passed
    assert "12 rows" in report.to_text()
    with pytest.raises(InvalidDataError, match="unread_rows in vat, 12 rows: "):
        report.raise_if_failed("warn")
