"""Own tables staged beside an output: kept for a run that was left off, gone when it is delivered."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from taxgap.errors import BusyError, InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.ingestion import beside, ingest
from taxgap.records.ingestion.beside import open_beside, staging
from taxgap.records.ingestion.streams import ingest_stream
from taxgap.records.workshop import PLAN, making

ROW = {"measure": "trading_income", "period": "2023-24", "industry": "all", "amount": "1,250.00-"}
ROW |= {"standard_error": "12.50", "received_on": "31 Jan 2025"}


@pytest.fixture
def extracts(tmp_path: Path) -> Path:
    folder = tmp_path / "extracts"
    folder.mkdir()
    pd.DataFrame([ROW, {**ROW, "amount": "much"}]).to_csv(folder / "aggregates.csv", index=False)
    return folder


def open_for(source: Path, tmp_path: Path, **more: Any) -> Any:
    return open_beside(source, tmp_path / "out", marker="_manifest.json", **more)


def leave_off(source: Path, tmp_path: Path, **more: Any) -> tuple[int, list[bytes]]:
    """Stage, begin a run, and be interrupted; return the rows and the bytes that were staged."""
    with suppress(KeyboardInterrupt), open_for(source, tmp_path, **more) as records:
        making(tmp_path / "out").mkdir(exist_ok=True)
        (making(tmp_path / "out") / PLAN).touch()
        found = len(records.table("aggregates"))
        parts = [path.read_bytes() for path in Path(records.where, "aggregates").iterdir()]
        raise KeyboardInterrupt
    return found, parts


def refuse_to_ingest(*_: Any, **__: Any) -> None:
    raise AssertionError("it is staged already")


def test_what_was_staged_is_taken_again_and_goes_when_the_run_is_delivered(
    extracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_off(extracts, tmp_path)
    monkeypatch.setattr(beside, "ingest_by", refuse_to_ingest)
    leave_off(extracts, tmp_path, resume=True)
    with open_for(extracts, tmp_path) as records:
        (tmp_path / "out").mkdir()
        assert len(records.table("aggregates")) == 1
    assert not staging(tmp_path / "out").exists()
    assert len(pd.read_parquet(tmp_path / "out" / "_unread" / "aggregates")) == 1
    assert (tmp_path / "out" / "_unread" / "ingest.json").is_file()


def test_the_records_are_those_of_ingest(extracts: Path, tmp_path: Path) -> None:
    ingest(extracts, tmp_path / "ingested")
    expected = {path.name: path.read_bytes() for path in (tmp_path / "ingested" / "records").rglob("*.*")}
    with open_for(extracts, tmp_path) as records:
        found = {path.name: path.read_bytes() for path in Path(records.where).rglob("*.*")}
        (tmp_path / "out").mkdir()
    assert found == expected
    source = json.loads(expected["manifest.json"])["made_by"]["source"]
    facts = {"rows": 2, "sha256": checksum(extracts / "aggregates.csv")}
    assert source == {"name": "extracts", "tables": {"aggregates": {"aggregates.csv": facts}}}


def test_a_source_that_changed_is_read_anew_or_refused(extracts: Path, tmp_path: Path) -> None:
    leave_off(extracts, tmp_path)
    pd.DataFrame([ROW, ROW, ROW]).to_csv(extracts / "aggregates.csv", index=False)
    with (
        pytest.raises(UsageError, match="The source is not what it was"),
        open_for(extracts, tmp_path, resume=True),
    ):
        pass
    assert leave_off(extracts, tmp_path)[0] == 3


def test_a_staged_file_that_is_broken_is_made_again(extracts: Path, tmp_path: Path) -> None:
    _, (whole,) = leave_off(extracts, tmp_path)
    (part,) = (staging(tmp_path / "out") / "ingested" / "records" / "aggregates").iterdir()
    part.write_bytes(whole[:-4])
    assert leave_off(extracts, tmp_path) == (1, [whole])


def test_a_source_that_changes_while_it_is_read_is_refused(
    extracts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = beside.ingest_by

    def change(*given: Any, **named: Any) -> Any:
        with (extracts / "aggregates.csv").open("a") as file:
            file.write("\n")
        return read(*given, **named)

    monkeypatch.setattr(beside, "ingest_by", change)
    with pytest.raises(InvalidDataError, match="changed while it was read"), open_for(extracts, tmp_path):
        pass
    assert not staging(tmp_path / "out").exists()


def test_two_runs_do_not_stage_for_one_output(extracts: Path, tmp_path: Path) -> None:
    with open_for(extracts, tmp_path):
        (tmp_path / "out").mkdir()
        shutil.rmtree(tmp_path / "out")
        with pytest.raises(BusyError), open_for(extracts, tmp_path):
            pass
        (tmp_path / "out").mkdir()


def test_nothing_is_staged_where_the_output_stands_or_there_is_no_run(extracts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run to go on with"), open_for(extracts, tmp_path, resume=True):
        pass
    assert not staging(tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="exists already"), open_for(extracts, tmp_path):
        pass


def test_a_database_file_is_known_by_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "own.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE aggregates AS SELECT 'trading_income' AS measure, '2023-24' AS period"
        )
        connection.execute("ALTER TABLE aggregates ADD COLUMN industry TEXT DEFAULT 'all'")
        connection.execute("ALTER TABLE aggregates ADD COLUMN amount DOUBLE DEFAULT 1.5")
        connection.execute("ALTER TABLE aggregates ADD COLUMN standard_error DOUBLE DEFAULT 0.1")
        connection.execute("ALTER TABLE aggregates ADD COLUMN received_on DATE DEFAULT '2025-01-31'")
    with open_for(path, tmp_path) as records:
        (facts,) = records.manifest.made_by["source"]["tables"]["aggregates"].values()
        assert facts == {"rows": 1, "sha256": checksum(path)}
        (tmp_path / "out").mkdir()


def test_a_stream_is_read_as_a_file_is(extracts: Path, tmp_path: Path) -> None:
    with ingest_stream(io.BytesIO((extracts / "aggregates.csv").read_bytes()), "aggregates") as report:
        assert (report.passed, len(report.records.table("aggregates"))) == (False, 1)
        where = Path(report.records.where)
    assert not where.exists()
    pd.DataFrame([ROW]).assign(amount=-1250.0, standard_error=12.5).to_parquet(tmp_path / "a.parquet")
    with ingest_stream(io.BytesIO((tmp_path / "a.parquet").read_bytes()), "aggregates") as report:
        assert report.records.table("aggregates")["amount"].tolist() == [-1250.0]


def test_a_stream_follows_what_the_mapping_says_of_its_table(tmp_path: Path) -> None:
    mapping = tmp_path / "columns.toml"
    mapping.write_text(
        'format = "taxgap-columns"\nformat_version = 1\n[tables.aggregates]\nsource = "elsewhere.csv"\n'
        '[tables.aggregates.columns]\namount = { from = "SUM", unit = "pence" }\n'
    )
    row = {**{name: value for name, value in ROW.items() if name != "amount"}, "SUM": "150"}
    content = io.BytesIO(pd.DataFrame([row]).to_csv(index=False).encode())
    with ingest_stream(content, "aggregates", columns=mapping) as report:
        assert report.records.table("aggregates")["amount"].tolist() == [1.5]
    with pytest.raises(UsageError, match="says nothing of the table 'vat'"):
        ingest_stream(content, "vat", columns=mapping).__enter__()
    with pytest.raises(UsageError, match="no table 'vats'"):
        ingest_stream(content, "vats").__enter__()


def test_records_whose_manifest_is_lost_are_not_taken_for_tables_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "records" / "aggregates"
    folder.mkdir(parents=True)
    pd.DataFrame([ROW]).to_parquet(folder / "part-0000.parquet")
    with pytest.raises(InvalidDataError, match=r"no manifest\.json"), open_for(folder.parent, tmp_path):
        pass
    with pytest.raises(InvalidDataError, match=r"no manifest\.json") as caught:
        Records.open(folder.parent)
    assert "name a mapping" in str(caught.value.remedy)
