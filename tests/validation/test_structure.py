"""Tables, files and columns that are missing or of another kind are findings, and no crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.records.partitions import part_name, partition_of
from taxgap.schemas import OPTIONAL_TABLES, RETURN_TABLES, TABLES
from taxgap.validation import ValidationReport, validate

Frames = dict[str, pd.DataFrame]
Hold = Callable[[Frames], Records]


FEW = ["taxpayers", "payments"]


@pytest.fixture
def few(frames: Frames) -> Frames:
    """Two tables, where the others have no part."""
    return {name: frames[name] for name in FEW}


def codes(report: ValidationReport, *, consequences: bool = False) -> set[tuple[str, str, str]]:
    findings = report.findings
    if not consequences:
        findings = findings[~findings["rule"].str.endswith("_rejected")]
    return set(zip(findings["table"], findings["rule"], findings["column"], strict=True))


def test_the_clean_records_pass_and_stay_what_they_are(frames: Frames, records_of: Hold) -> None:
    records = records_of(frames)
    report = validate(records)
    assert report.passed
    assert report.findings.empty
    assert report.trusted is records
    report.raise_if_failed("warn")


def test_the_clean_frames_pass_pandera(frames: Frames) -> None:
    for name, frame in frames.items():
        TABLES[name].validate(frame, lazy=True)


@pytest.mark.parametrize("table", [name for name in TABLES if name not in OPTIONAL_TABLES])
def test_a_missing_table_is_a_finding(table: str, frames: Frames, records_of: Hold) -> None:
    del frames[table]
    report = validate(records_of(frames))
    assert (table, "missing_table", "") in codes(report)
    assert not report.passed
    orphans = {
        "taxpayers": "no_taxpayer",
        "enquiries": "no_enquiry",
        **dict.fromkeys(RETURN_TABLES, "no_return"),
    }
    others = {rule for _, rule, _ in codes(report)} - {"missing_table"}
    assert others == ({orphans[table]} if table in orphans else set())


def test_an_optional_table_may_be_absent_unless_it_is_asked_for(frames: Frames, records_of: Hold) -> None:
    for table in OPTIONAL_TABLES:
        del frames[table]
    assert not codes(validate(records_of(frames)))
    assert (OPTIONAL_TABLES[0], "missing_table", "") in codes(validate(records_of(frames), tables=[*TABLES]))


def test_a_table_that_is_not_asked_for_may_be_absent(frames: Frames, records_of: Hold) -> None:
    del frames["taxpayers"], frames["enquiries"]
    assert validate(records_of(frames), tables=["self_assessment"]).passed


def test_an_empty_register_is_a_finding(frames: Frames, records_of: Hold) -> None:
    frames["taxpayers"] = frames["taxpayers"].iloc[:0]
    assert ("taxpayers", "empty_table", "") in codes(validate(records_of(frames)))


def test_no_returns_of_any_tax_are_a_fault_and_none_of_one_a_warning(
    frames: Frames, records_of: Hold
) -> None:
    leaning = ("enquiries", "adjustments", "obligations")
    without = {name: frame for name, frame in frames.items() if name not in leaning}
    without["vat"] = frames["vat"].iloc[:0]
    report = validate(records_of(without), tables=[*without])
    assert codes(report) == {("vat", "empty_table", "")}
    assert report.passed
    without |= {name: frames[name].iloc[:0] for name in RETURN_TABLES}
    report = validate(records_of(without), tables=[*without])
    assert codes(report) == {(name, "empty_table", "") for name in RETURN_TABLES}
    assert not report.passed


def test_tables_of_what_may_not_have_happened_can_be_empty(frames: Frames, records_of: Hold) -> None:
    for table in (
        "links",
        "third_party",
        "third_party_unmatched",
        "enquiries",
        "adjustments",
        "reviews",
        "payments",
        "aggregates",
    ):
        frames[table] = frames[table].iloc[:0]
    assert validate(records_of(frames)).passed


def test_no_rows_of_a_table_without_a_column_are_trusted(frames: Frames, records_of: Hold) -> None:
    frames["enquiries"] = frames["enquiries"].drop(columns=["hours", "behaviour"])
    report = validate(records_of(frames))
    assert codes(report) == {
        ("enquiries", "missing_column", "hours"),
        ("enquiries", "missing_column", "behaviour"),
    }
    assert report.rows.set_index("table").loc["enquiries", "quarantined"] == len(frames["enquiries"])
    assert ("adjustments", "enquiry_rejected", "enquiry_id") in codes(report, consequences=True)
    trusted = report.trusted.table("enquiries")
    assert len(trusted) == 0
    TABLES["enquiries"].validate(trusted)


def test_a_missing_column_is_found_without_rows_too(few: Frames, records_of: Hold) -> None:
    few["payments"] = few["payments"].drop(columns="paid").iloc[:0]
    assert codes(validate(records_of(few), tables=FEW)) == {("payments", "missing_column", "paid")}


@pytest.mark.parametrize("column", ["received_on", "taxpayer_id", "closed_on"])
def test_a_missing_column_that_others_lean_on_is_no_crash(
    column: str, frames: Frames, records_of: Hold
) -> None:
    frames["enquiries"] = frames["enquiries"].drop(columns=column)
    assert codes(validate(records_of(frames))) == {("enquiries", "missing_column", column)}


def test_an_unknown_column_is_reported_and_left_out(few: Frames, records_of: Hold) -> None:
    few["payments"]["note"] = "x"
    report = validate(records_of(few), tables=FEW)
    assert codes(report) == {("payments", "extra_column", "note")}
    assert not report.passed
    assert "note" not in report.trusted.table("payments")
    assert len(report.trusted.table("payments")) == len(few["payments"])
    assert validate(report.trusted, tables=FEW).passed


def test_numbers_stored_as_text_reject_every_row(few: Frames, records_of: Hold) -> None:
    few["payments"]["liability"] = few["payments"]["liability"].astype("str")
    report = validate(records_of(few), tables=FEW)
    assert codes(report) == {("payments", "value_type", "liability")}
    assert report.findings["count"].tolist() == [len(few["payments"])]


def test_identifiers_stored_as_numbers_are_rejected(few: Frames, records_of: Hold) -> None:
    few["taxpayers"]["utr"] = few["taxpayers"]["utr"].astype("int64")
    assert codes(validate(records_of(few), tables=FEW)) == {("taxpayers", "value_type", "utr")}


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("liability", lambda values: values.astype("int64")),
        ("liability", lambda values: values.astype("float32")),
        ("liability", lambda values: values.astype("Float64")),
        ("liability", lambda values: values.astype(object)),
        ("due_on", lambda values: pd.Series([day.date() for day in values], dtype=object)),
        ("period", lambda values: values.astype("category")),
    ],
)
def test_a_type_that_holds_the_same_values_is_a_warning(
    column: str, change: Callable[[pd.Series], pd.Series], few: Frames, records_of: Hold
) -> None:
    few["payments"][column] = change(few["payments"][column])
    report = validate(records_of(few), tables=FEW)
    assert codes(report) == {("payments", "column_type", column)}
    assert report.passed
    TABLES["payments"].validate(report.trusted.table("payments"))
    assert validate(report.trusted, tables=FEW).findings.empty


def test_text_held_as_objects_is_text(frames: Frames, records_of: Hold) -> None:
    for frame in frames.values():
        for column in frame.select_dtypes("str").columns:
            frame[column] = frame[column].astype(object)
    assert validate(records_of(frames)).findings.empty


@pytest.mark.parametrize(
    "cells",
    [
        [1.0, "x", None, date(2024, 1, 1), [1], {"a": 1}, b"x", True, 10**40, pd.NaT, pd.NA, complex(1)],
        [np.float32(1), np.int8(1), pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1D"), (1,), set()]
        * 2,
    ],
)
def test_whatever_stands_in_a_column_validation_ends_in_a_report(
    cells: list[Any], few: Frames, records_of: Hold, tmp_path: Path
) -> None:
    payments = few["payments"]
    for column in ("taxpayer_id", "regime", "liability", "paid_on", "received_on"):
        damaged = {**few, "payments": payments.assign(**{column: pd.Series(cells, dtype=object)})}
        report = validate(records_of(damaged), tables=FEW, out=tmp_path / column)
        rows = report.rows.set_index("table").loc["payments"]
        assert rows["rows_in"] == rows["kept"] + rows["quarantined"] == len(payments)
        assert rows["quarantined"] >= 6


def test_a_time_zone_in_a_date_is_a_wrong_type(few: Frames, records_of: Hold) -> None:
    for column in ("received_on", "due_on"):
        few["payments"][column] = few["payments"][column].dt.tz_localize("UTC")
    report = validate(records_of(few), tables=FEW)
    assert codes(report) == {("payments", "value_type", "received_on"), ("payments", "value_type", "due_on")}


# Files: what only a folder can have wrong.


@pytest.fixture
def folder(frames: Frames, write_records: Callable[..., Path], tmp_path: Path) -> Path:
    return write_records(frames, tmp_path / "records", partitions=2)


def partition_with_enquiry(frames: Frames) -> int:
    return int(partition_of(frames["enquiries"]["taxpayer_id"].iloc[[1]], 2)[0])


def test_a_folder_of_several_partitions_passes(folder: Path) -> None:
    report = validate(folder)
    assert report.findings.empty
    assert report.rows.set_index("table").loc["self_assessment", "kept"] == 24


def test_two_columns_of_one_name_in_a_file_cannot_be_read(folder: Path) -> None:
    path = folder / "payments" / part_name(1)
    table = pq.read_table(path)
    pq.write_table(table.append_column("paid", table["paid"]), path)
    report = validate(folder)
    assert codes(report) == {("payments", "unreadable_file", "")}
    assert "stand there more than once: paid" in report.findings["sentence"].iloc[0]


@pytest.mark.parametrize("damage", ["cut off", "deleted", "not parquet"])
def test_an_unreadable_file_is_a_finding_and_the_rest_goes_on(
    damage: str, folder: Path, frames: Frames
) -> None:
    partition = partition_with_enquiry(frames)
    path = folder / "self_assessment" / part_name(partition)
    content = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut off" else b"name;amount\n")
    report = validate(folder)
    finding = report.findings.iloc[0]
    assert finding[["rule", "severity", "table", "partition", "count"]].tolist() == [
        "unreadable_file",
        "reject",
        "self_assessment",
        partition,
        0,
    ]
    assert f"self_assessment/{part_name(partition)}: " in finding["sentence"]
    assert str(folder) not in report.to_json()
    with pytest.raises(InvalidDataError, match="unreadable_file in self_assessment"):
        report.raise_if_failed()
    rows = report.rows.set_index("table").loc["self_assessment"]
    assert (rows["rows_in"], rows["unreadable_files"]) == (rows["kept"], 1)
    assert 0 < rows["kept"] < 24
    assert "return_rejected" in set(report.findings["rule"])
    trusted = report.trusted
    assert len(trusted.table("self_assessment")) == rows["kept"]
    assert validate(trusted).passed


def test_text_in_a_parquet_column_of_amounts_rejects_the_rows_of_that_file(
    folder: Path, frames: Frames
) -> None:
    partition = partition_with_enquiry(frames)
    path = folder / "self_assessment" / part_name(partition)
    table = pq.read_table(path)
    at = table.schema.get_field_index("turnover")
    pq.write_table(table.set_column(at, "turnover", table["turnover"].cast(pa.string())), path)
    report = validate(folder)
    assert codes(report) == {("self_assessment", "value_type", "turnover")}
    assert report.findings["count"].iloc[0] == table.num_rows
    assert report.failing("self_assessment")["turnover"].map(type).eq(str).all()
    assert validate(report.trusted).passed


def test_an_identifier_is_unique_across_partitions(
    frames: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    reports = frames["third_party"]
    place = partition_of(reports["taxpayer_id"], 2)
    first, second = np.flatnonzero(place == place.min())[0], np.flatnonzero(place == place.max())[0]
    reports.loc[second, "report_id"] = reports.loc[first, "report_id"]
    report = validate(write_records(frames, tmp_path / "r", partitions=2))
    found = report.findings.loc[0]
    assert found[["rule", "table", "partition"]].tolist() == ["duplicate_key", "third_party", place.max()]
    assert len(report.findings) == found["count"] == 1


@pytest.mark.parametrize("partitions", [1, 2])
def test_tables_without_taxpayers_are_counted_whatever_the_partitions(
    partitions: int, frames: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    frames["third_party_unmatched"].loc[1, "amount"] = -1.0
    frames["aggregates"].loc[0, "standard_error"] = -1.0
    report = validate(write_records(frames, tmp_path / "r", partitions), out=tmp_path / "out")
    rows = report.rows.set_index("table")
    for name in ("third_party_unmatched", "aggregates"):
        assert rows.loc[name, ["rows_in", "kept", "quarantined"]].tolist() == [4, 3, 1]
        assert len(report.trusted.table(name)) == 3
    assert validate(tmp_path / "out" / "records").findings.empty


def test_a_taxpayer_in_another_partition_is_rejected(
    frames: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_records(frames, tmp_path / "r", partitions=2)
    for table in TABLES:
        one, other = folder / table / part_name(0), folder / table / part_name(1)
        swap = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(swap)
    report = validate(folder)
    assert codes(report) == {
        ("taxpayers", "wrong_partition", "taxpayer_id"),
        ("aggregates", "wrong_partition", "measure"),
    }
    kept = report.rows.set_index("table")["kept"]
    assert kept[kept > 0].to_dict() == {"third_party_unmatched": 4}  # no taxpayer ties them to a partition


def test_what_cannot_be_opened_at_all_is_an_error(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InvalidDataError, match=r"no records here"):
        validate(tmp_path / "nowhere")
    manifest = folder / "manifest.json"
    manifest.write_text(
        manifest.read_text("utf-8").replace('"format_version": 1', '"format_version": 2'), "utf-8"
    )
    with pytest.raises(IncompatibleError, match="version 2, newer than 1"):
        validate(folder)


@pytest.mark.parametrize("tables", [["payment"], "payments"])
def test_tables_are_named_as_in_the_schema(tables: Any, frames: Frames, records_of: Hold) -> None:
    with pytest.raises(UsageError, match="Available: taxpayers"):
        validate(records_of(frames), tables=tables)


def test_validation_sees_what_the_records_show_at_their_date(frames: Frames, records_of: Hold) -> None:
    frames["payments"].loc[1, "liability"] = -1.0  # of 2023-24
    records = records_of(frames)
    assert not validate(records).passed
    assert validate(records.known_at("2024-12-31")).findings.empty


def test_rows_from_after_the_date_of_the_records_are_counted(frames, records_of) -> None:
    later = frames["payments"].index[:3]
    frames["payments"].loc[later, "received_on"] = pd.Timestamp(2099, 12, 31)
    records = records_of(frames)
    (finding,) = validate(records).findings.to_dict("records")
    assert (finding["rule"], finding["table"], finding["count"]) == ("received_later", "payments", 3)
    assert validate(records.known_at("2025-01-31")).findings.empty
