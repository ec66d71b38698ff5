"""Generation: whole or not at all, marked as synthetic, the same bytes on any number of processes."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records, Truth
from taxgap.schemas import TABLES, TRUTH_TABLES
from taxgap.schemas.table import row_key
from taxgap.synthetic import generation
from taxgap.synthetic.generation import generate
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import Tables

FEW = {"taxpayers": 40, "years": 1}


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def quick(whole: tuple[Tables, Tables], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only files matter, every partition holds the same tables, which are made once."""
    monkeypatch.setattr(generation, "make_tables", lambda *_: whole)


def cut_into_partitions_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxgap.records.partitions.TAXPAYERS_PER_PARTITION", size)


def test_a_population_has_every_table_in_every_partition(folder: Path) -> None:
    parts = ["part-0000.parquet", "part-0001.parquet"]
    for top, tables in (("records", TABLES), ("truth", TRUTH_TABLES)):
        assert {path.name for path in (folder / top).iterdir()} == {*tables, "manifest.json"}
        for name in tables:
            assert sorted(path.name for path in (folder / top / name).iterdir()) == parts


def test_the_records_and_the_truth_can_be_opened(folder: Path) -> None:
    records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
    assert records.periods == ["2021-22", "2022-23", "2023-24", "2024-25"]
    assert len(records.table("taxpayers")) == 300
    assert len(truth.table("self_assessment")) == len(truth.table("enquiries"))


@pytest.mark.parametrize("name", TABLES)
def test_what_is_read_is_what_was_made(folder: Path, whole: tuple[Tables, Tables], name: str) -> None:
    key = row_key(TABLES[name])
    made = whole[0][name].astype(dict.fromkeys(key, "str"))
    read = Records.open(folder / "records").table(name).astype(dict.fromkeys(key, "str"))
    mine, theirs = (frame.sort_values(key, ignore_index=True) for frame in (read, made))
    assert len(mine) == len(theirs)
    for column in mine.columns:
        same = (mine[column] == theirs[column]) | (mine[column].isna() & theirs[column].isna())
        assert same.all(), column


def test_every_file_is_marked_as_synthetic(folder: Path) -> None:
    files = list(folder.rglob("*.parquet"))
    assert len(files) == 2 * (len(TABLES) + len(TRUTH_TABLES))
    for path in files:
        assert pq.read_schema(path).metadata[b"taxgap.synthetic"] == b"true"


@pytest.mark.parametrize("top", ["records", "truth"])
def test_the_manifest_says_what_made_it_and_how_to_check_it(folder: Path, top: str) -> None:
    manifest = json.loads((folder / top / "manifest.json").read_text())
    assert manifest["synthetic"] is True
    assert manifest["seed"] == 5
    assert manifest["as_of"] == "2026-09-30"
    assert manifest["partitions"] == 2
    assert manifest["made_by"]["settings"]["random_share"] == 0.2
    on_disk = contents(folder / top)
    assert {name: facts["sha256"] for name, facts in manifest["files"].items()} == {
        name: digest for name, digest in on_disk.items() if name != "manifest.json"
    }
    for name, facts in manifest["files"].items():
        assert pq.read_metadata(folder / top / name).num_rows == facts["rows"]


def test_the_bytes_do_not_depend_on_the_number_of_processes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Settings
) -> None:
    cut_into_partitions_of(150, monkeypatch)
    generate(tmp_path / "two", workers=2, **asdict(small))
    assert contents(tmp_path / "two") == contents(folder)


@pytest.mark.usefixtures("quick")
def test_progress_is_told_after_every_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into_partitions_of(20, monkeypatch)
    told: list[tuple[int, int]] = []
    generate(tmp_path / "out", progress=lambda done, of: told.append((done, of)), **FEW)
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    "settings",
    [
        {"taxpayers": 0},
        {"taxpayers": 2.5},
        {"years": 5},
        {"workers": 0},
        {"random_share": 1.5},
        {"risk_share": -0.1},
        {"detection": float("nan")},
        {"as_of": "soon"},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_bad_settings_are_refused_and_nothing_stays(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        generate(tmp_path / "out", **(FEW | settings))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        generate(kept.parent, **FEW)
    assert contents(tmp_path) == {"out/mine.txt": sha256(b"mine").hexdigest()}


@pytest.mark.usefixtures("quick")
def test_a_folder_is_replaced_on_demand(tmp_path: Path) -> None:
    generate(tmp_path / "out", seed=1, **FEW)
    generate(tmp_path / "out", seed=2, replace=True, **FEW)
    assert Records.open(tmp_path / "out" / "records").manifest.seed == 2
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        generate(tmp_path / "file" / "out", **FEW)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("broken")])
def test_a_failure_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    cut_into_partitions_of(20, monkeypatch)
    usual = generation.write_partition

    def fail_later(job: Any) -> Any:
        if job[1] == 1:
            raise error
        return usual(job)

    monkeypatch.setattr(generation, "write_partition", fail_later)
    with pytest.raises((UsageError, RuntimeError)):
        generate(tmp_path / "out", **FEW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_a_failure_half_way_leaves_what_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "out", **FEW)
    before = contents(tmp_path)
    monkeypatch.setattr(generation, "write_partition", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        generate(tmp_path / "out", replace=True, **FEW)
    assert contents(tmp_path) == before


def test_one_person_is_a_population(tmp_path: Path) -> None:
    records = generate(tmp_path / "out", taxpayers=1, years=1)
    assert len(records.table("taxpayers")) == 1
