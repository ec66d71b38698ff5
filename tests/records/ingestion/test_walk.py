"""From extracts to the library's form: every row is kept or unread, and said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, TaxGapError, UsageError
from taxgap.records import Records
from taxgap.records.ingestion import ingest
from taxgap.records.partitions import partition_of
from taxgap.synthetic import generate
from taxgap.validation import validate


def read(folder: Path, tmp_path: Path, **options):
    return ingest(folder, tmp_path / "out", **{"workers": 1, **options})


def test_names_codes_units_and_dates_are_those_of_the_schema(extracts, tmp_path):
    records = read(extracts, tmp_path).records
    people, returns = records.table("taxpayers"), records.table("vat")
    assert people["legal_form"].tolist() == ["company", "individual"]
    assert people["sic2007"].tolist() == ["62020", "01110"]
    assert people["nation"].tolist() == ["England", "Wales"]
    assert returns["period"].tolist() == ["2023-06", "2023-07"]
    assert returns["output_tax"].tolist() == [1200.0, 500.0]
    assert returns["input_tax"].tolist() == [400.0, -100.0]
    assert returns["sales"].tolist() == [6000.0, 2500.0]
    assert returns["by_agent"].tolist() == [True, False]
    assert returns["period_end"].tolist() == [pd.Timestamp(2023, 6, 30), pd.Timestamp(2023, 7, 31)]
    assert (str(records.as_of.date()), records.periods) == ("2026-03-31", ["2023-24"])


def test_what_no_source_gives_is_absent_and_said_to_be(extracts, tmp_path):
    report = read(extracts, tmp_path)
    assert "purchases" not in report.records.table("vat").columns
    assert ("vat", "purchases") in report.absent.itertuples(index=False, name=None)
    assert report.records.manifest.made_by["absent"]["vat"] == [
        "acquisition_tax",
        "total_output_tax",
        "net_vat",
        "purchases",
        "goods_to_eu",
        "goods_from_eu",
    ]
    findings = validate(report.records, tables=["taxpayers", "vat"]).findings
    absent = findings[findings["rule"] == "absent_column"]
    assert {*absent["severity"]} == {"warn"}
    assert "purchases" in absent["column"].tolist()


def test_a_cell_that_cannot_be_read_sets_its_row_aside_with_line_and_column(extracts, tmp_path, edit):
    edit(extracts / "returns.csv", "6,000.00", "6,00.00")
    report = read(extracts, tmp_path)
    unread = report.unread("vat")
    assert report.rows.set_index("table").loc["vat"].tolist() == ["returns.csv", 2, 1, 1]
    assert unread[["TRDR_REF", "BOX6", "taxgap_line"]].to_numpy().tolist() == [["T1", "6,00.00", 2]]
    finding = report.findings.iloc[0]
    assert (finding["kind"], finding["source"], finding["column"]) == ("unread", "returns.csv", "BOX6")
    assert finding["lines"] == [2]
    assert not report.passed
    with pytest.raises(InvalidDataError, match=r"returns\.csv, column BOX6"):
        report.raise_if_failed()
    found = validate(report.records, tables=["taxpayers", "vat"]).findings.set_index("rule")
    assert found.loc["unread_rows", "count"] == 1


def test_a_line_that_is_no_row_is_set_aside_as_it_stands(extracts, tmp_path, edit):
    edit(extracts / "register.csv", "T2;", "TRAILER;2\nT2;")
    report = read(extracts, tmp_path)
    assert report.unread("taxpayers")[["taxgap_line", "taxgap_text"]].to_numpy().tolist() == [
        [3, "TRAILER;2"]
    ]
    assert report.records.table("taxpayers")["taxpayer_id"].tolist() == ["T1", "T2"]


def test_the_report_accounts_for_every_row_and_is_written(extracts, tmp_path):
    report = read(extracts, tmp_path)
    written = json.loads((tmp_path / "out" / "ingest.json").read_text("utf-8"))
    assert written == json.loads(report.to_json())
    assert written["rows"] == [
        {"table": "taxpayers", "source": "register.csv", "rows_in": 2, "kept": 2, "unread": 0},
        {"table": "vat", "source": "returns.csv", "rows_in": 2, "kept": 2, "unread": 0},
    ]
    assert "Rows in 4 = kept 4 + could not be read 0." in report.to_text()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ingest.json", "records"]


def test_several_files_make_one_table_in_their_order(extracts, tmp_path, edit):
    (extracts / "returns_2.csv").write_text((extracts / "returns.csv").read_text("utf-8"), "utf-8")
    edit(extracts / "returns_2.csv", "2023", "2024")
    report = read(extracts, tmp_path)
    assert report.rows["source"].tolist() == ["register.csv", "returns.csv", "returns_2.csv"]
    assert report.records.table("vat")["period"].tolist() == ["2023-06", "2023-07", "2024-06", "2024-07"]


def test_bytes_do_not_depend_on_the_number_of_workers(extracts, tmp_path):
    one = ingest(extracts, tmp_path / "one", workers=1)
    two = ingest(extracts, tmp_path / "two", workers=2)
    assert one.records.manifest.files == two.records.manifest.files


def test_records_open_takes_a_folder_of_extracts(extracts):
    records = Records.open(extracts)
    assert len(records.table("vat")) == 2
    assert Records.open(extracts, as_of="2023-08-31").table("vat")["taxpayer_id"].tolist() == ["T1"]
    with pytest.raises(UsageError, match="library's form"):
        Records.open(records.where, as_of="2023-08-31")


def test_tables_with_the_names_of_the_schema_need_no_mapping(tmp_path):
    folder = tmp_path / "extracts"
    folder.mkdir()
    records = generate(tmp_path / "population", taxpayers=120, years=2)
    for name in records.tables:
        records.table(name).to_csv(folder / f"{name}.csv", index=False)
    report = read(folder, tmp_path, as_of=str(records.as_of.date()))
    assert report.passed
    assert report.absent.empty
    for name in records.tables:
        pd.testing.assert_frame_equal(report.records.table(name), records.table(name))


def test_rows_find_their_partition(extracts, tmp_path, monkeypatch):
    monkeypatch.setattr("taxgap.records.partitions.TAXPAYERS_PER_PARTITION", 1)
    records = read(extracts, tmp_path).records
    assert len(records.partitions) == 2
    for partition in records.partitions:
        for name in ("taxpayers", "vat"):
            rows = records.read(name, partition=partition)
            assert (partition_of(rows["taxpayer_id"], 2) == partition).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('"BOX6"', '"BOX9"'), "sales shall come from 'BOX9'"),
        (('received_on = "RCVD"\n', ""), "nothing is said of received_on"),
        (('"returns*.csv"', '"sales*.csv"'), "Nothing matches"),
        (("version = { value = 0 }", 'version = { value = "first" }'), "cannot have the value"),
        (('"register.csv"', '"../register.csv"'), "below the folder"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_before_a_row_is_read(extracts, tmp_path, edit, change, words):
    edit(extracts / "columns.toml", *change)
    with pytest.raises(TaxGapError, match=words):
        read(extracts, tmp_path)
    assert not (tmp_path / "out").exists()


def test_links_out_of_the_folder_are_not_followed(extracts, tmp_path):
    outside = tmp_path / "secret.csv"
    outside.write_text((extracts / "returns.csv").read_text("utf-8"), "utf-8")
    (extracts / "returns_9.csv").symlink_to(outside)
    assert read(extracts, tmp_path).rows["source"].tolist() == ["register.csv", "returns.csv"]


def test_the_output_does_not_replace_the_source(extracts):
    with pytest.raises(UsageError, match="replace the source"):
        ingest(extracts, extracts.parent, replace=True)


def test_a_folder_with_nothing_known_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InvalidDataError, match="no mapping"):
        ingest(tmp_path / "in", tmp_path / "out")
    with pytest.raises(InvalidDataError, match="no such folder"):
        ingest(tmp_path / "none", tmp_path / "out")
