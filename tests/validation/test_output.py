"""What `out` holds: trusted records that open, a complete quarantine, the report; whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxgap.errors import UsageError
from taxgap.records import Manifest, Records
from taxgap.records.files import checksum
from taxgap.schemas import TABLES
from taxgap.validation import output, validate

Frames = dict[str, pd.DataFrame]
FEW = ["taxpayers", "self_assessment", "payments"]


@pytest.fixture
def damaged(frames: Frames) -> Frames:
    few = {"payments": frames["payments"].head(12), **{name: frames[name] for name in FEW[:2]}}
    few["self_assessment"].loc[7, "turnover"] = -1.0
    few["payments"]["paid"] = few["payments"]["paid"].astype(object)
    few["payments"].loc[3, "paid"] = "1,000"
    few["payments"]["rule"] = "mine"
    return few


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_trusted_rows_open_as_records(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "validated"
    report = validate(records_of(damaged), out=out, tables=FEW)
    trusted = Records.open(out / "records")
    assert report.trusted.tables == trusted.tables
    assert trusted.manifest.as_of == "2025-06-30"
    for name, rows in (("taxpayers", 43), ("self_assessment", 23), ("payments", 11)):
        table = trusted.table(name)
        TABLES[name].validate(table, lazy=True)
        assert len(table) == trusted.manifest.rows(name) == rows
    assert validate(trusted, tables=FEW).findings.empty
    assert trusted.manifest.made_by["made_by"] == "taxgap.validation"


def test_the_manifest_holds_rows_and_checksums(
    damaged: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    damaged["payments"] = damaged["payments"].drop(columns="rule").assign(paid=1.0)
    folder = write_records(damaged, tmp_path / "records", partitions=3)
    validate(folder, out=tmp_path / "out", tables=FEW)
    manifest = Manifest.read(tmp_path / "out" / "records")
    before = Manifest.read(folder)
    assert (manifest.partitions, manifest.seed, manifest.synthetic) == (3, before.seed, True)
    assert len(manifest.files) == 9
    for name, entry in manifest.files.items():
        path = tmp_path / "out" / "records" / name
        assert checksum(path) == entry["sha256"]
        assert pq.read_metadata(path).num_rows == entry["rows"]
    assert sum(item["rows"] for item in manifest.files.values()) == sum(map(len, damaged.values())) - 1


def test_the_quarantine_holds_the_rows_as_they_were_with_their_reasons(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    validate(records_of(damaged), out=tmp_path / "out", tables=FEW)
    quarantine = tmp_path / "out" / "quarantine"
    assert {str(path.relative_to(quarantine)) for path in quarantine.rglob("*.parquet")} == {
        "self_assessment/part-0000.parquet",
        "payments/part-0000.parquet",
    }
    returns = pd.read_parquet(quarantine / "self_assessment" / "part-0000.parquet")
    assert returns["turnover"].tolist() == [-1.0]
    assert returns["rule"].tolist() == ["out_of_range"]
    assert returns["reason"].tolist() == ["turnover: Turnover of the trade is not at least 0."]
    payments = pd.read_parquet(quarantine / "payments" / "part-0000.parquet")
    assert payments.loc[0, ["paid", "rule", "rule_"]].tolist() == ["1,000", "value_type", "mine"]


def test_the_quarantine_holds_whatever_stood_in_a_column(tmp_path: Path) -> None:
    columns = {
        "mixed": [1, "x", None],
        "lists": [[1], [2, 3], None],
        "nothing": [None, None, None],
        "empty dicts": [{}, {}, {}],
        "complex": [1j, 2j, 3j],
        "huge": [10**40, 1, 2],
        "periods": list(pd.period_range("2024", periods=3)),
    }
    table = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    table["arrow"] = pd.Series([1, None, 3], dtype="int8[pyarrow]")
    table["code"] = pd.Categorical(["a", None, "b"])
    output.write_any(tmp_path / "rows.parquet", table)
    back = pd.read_parquet(tmp_path / "rows.parquet")
    assert list(back) == list(table)
    assert back["mixed"].tolist()[:2] == ["1", "x"]
    assert back["huge"].tolist() == [str(10**40), "1", "2"]
    assert back["lists"].tolist()[:2] == ["[1]", "[2, 3]"]
    assert back["arrow"].tolist()[::2] == [1, 3]
    assert back.isna().sum().tolist() == [1, 1, 3, 0, 0, 0, 0, 1, 1]


def test_the_quarantine_is_complete_where_the_report_is_bounded(
    frames: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    few = {"payments": frames["payments"].head(12), **{name: frames[name] for name in FEW[:2]}}
    few["payments"]["liability"] = -1.0
    report = validate(records_of(few), out=tmp_path / "out", tables=FEW)
    assert len(report.findings.loc[0, "examples"]) == 5
    assert len(pd.read_parquet(tmp_path / "out" / "quarantine" / "payments" / "part-0000.parquet")) == 12


def test_clean_records_give_an_empty_quarantine_and_the_same_rows(
    frames: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    records = records_of(frames)
    report = validate(records, out=tmp_path / "out")
    assert report.trusted is records
    assert list((tmp_path / "out" / "quarantine").iterdir()) == []
    written = Records.open(tmp_path / "out" / "records")
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(written.table(name), frame)


def test_the_report_is_written_as_json_and_as_a_page(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    report = validate(records_of(damaged), out=tmp_path / "out", tables=FEW)
    assert json.loads((tmp_path / "out" / "report.json").read_text("utf-8")) == report.to_dict()
    assert (tmp_path / "out" / "report.html").read_text("utf-8") == report.to_html()
    assert str(tmp_path) not in report.to_json()


def test_the_same_records_give_the_same_bytes(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        validate(records_of(damaged), out=tmp_path / name, tables=FEW)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_an_existing_folder_is_replaced_only_on_request(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    records = records_of(damaged)
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        validate(records, out=tmp_path / "out", tables=FEW)
    validate(records, out=tmp_path / "out", tables=FEW, replace=True)
    assert (tmp_path / "out" / "report.json").is_file()


def test_an_interrupted_run_leaves_nothing(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "write_any", stop)
    with pytest.raises(KeyboardInterrupt):
        validate(records_of(damaged), out=tmp_path / "out", tables=FEW)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_a_usage_error(
    damaged: Frames, records_of: Callable[..., Records], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="cannot be written"):
        validate(records_of(damaged), out=tmp_path / "file" / "out", tables=FEW)


def test_records_are_not_written_into_themselves(
    frames: Frames, write_records: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_records(frames, tmp_path / "population" / "records")
    for records in (folder, Records.open(folder)):
        for out in (folder, folder.parent):
            with pytest.raises(UsageError, match="would replace the records"):
                validate(records, out=out, replace=True)
    assert validate(folder).passed
