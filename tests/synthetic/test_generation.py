"""Generation: whole or not at all, marked as synthetic, the same bytes on any number of processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from time import sleep
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxgap.errors import BusyError, UsageError
from taxgap.records import Records, Truth
from taxgap.records.workshop import DONE
from taxgap.schemas import OPTIONAL_TABLES, TABLES, TRUTH_TABLES
from taxgap.schemas.table import row_key
from taxgap.synthetic import generation
from taxgap.synthetic.generation import generate
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.tables import Tables

FEW = {"taxpayers": 40, "years": 1}
FORMS = ("self_assessment", "vat", "corporation_tax", "employer_paye")


def contents(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def quick(whole: tuple[Tables, Tables], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only files matter, every partition holds the same tables, which are made once."""
    sums = pd.DataFrame({"measure": ["gross_output"], "period": "2024-25", "industry": "46", "amount": 1e6})
    monkeypatch.setattr(generation, "make_tables", lambda *_: whole)
    monkeypatch.setattr(generation, "sum_economy", lambda _: sums)


def cut_into_partitions_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxgap.records.partitions.TAXPAYERS_PER_PARTITION", size)


def test_a_population_has_every_table_in_every_partition(folder: Path) -> None:
    parts = ["part-0000.parquet", "part-0001.parquet"]
    made = [name for name in TABLES if name not in OPTIONAL_TABLES]
    for top, tables in (("records", made), ("truth", TRUTH_TABLES)):
        assert {path.name for path in (folder / top).iterdir()} == {*tables, "manifest.json"}
        for name in tables:
            assert sorted(path.name for path in (folder / top / name).iterdir()) == parts


def test_the_records_and_the_truth_can_be_opened(folder: Path) -> None:
    records, truth = Records.open(folder / "records"), Truth.open(folder / "truth")
    assert records.periods == ["2021-22", "2022-23", "2023-24", "2024-25"]
    assert len(records.table("taxpayers")) == 360
    returns = sum(len(truth.table(name)) for name in FORMS)
    assert returns == len(truth.table("enquiries"))


@pytest.mark.parametrize("name", [name for name in TABLES if name not in ("aggregates", *OPTIONAL_TABLES)])
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
    assert len(files) == 2 * (len(TABLES) - len(OPTIONAL_TABLES) + len(TRUTH_TABLES))
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
    cut_into_partitions_of(180, monkeypatch)
    generate(tmp_path / "two", workers=2, **asdict(small))
    assert contents(tmp_path / "two") == contents(folder)


@pytest.mark.usefixtures("quick")
def test_progress_is_told_after_every_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_into_partitions_of(20, monkeypatch)
    told: list[tuple[int, int]] = []
    generate(tmp_path / "out", progress=lambda done, of: told.append((done, of)), **FEW)
    assert [of for _, of in told] == [26] * len(told)
    done = [number for number, _ in told]
    assert done == sorted(done)
    assert done[0] > 0
    assert done[-1] == 26


@pytest.mark.parametrize(
    "settings",
    [
        {"taxpayers": 0},
        {"taxpayers": 2.5},
        {"years": 6},
        {"workers": 0},
        {"random_share": 1.5},
        {"risk_share": -0.1},
        {"detection": float("nan")},
        {"as_of": "soon"},
        {"colour": "blue"},
        {"rates": {"sloth": 0.5}},
        {"shocks": [{"kind": "trade", "name": "witchcraft", "tax_year": "2023-24", "factor": 0.5}]},
        {"shocks": [{"kind": "trade", "name": "building", "tax_year": "2030-31", "factor": 0.5}]},
        {"plug_ins": ["no_such_module:NAME"]},
    ],
    ids=str,
)
def test_bad_settings_are_refused_before_anything_is_written(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
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


def stop_before(number: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = generation.write_partition

    def fail_later(job: generation.Job) -> int:
        if job.number == number:
            raise error
        return usual(job)

    monkeypatch.setattr(generation, "write_partition", fail_later)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("broken"), KeyboardInterrupt()]
)
def test_a_run_that_ends_early_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    cut_into_partitions_of(20, monkeypatch)
    stop_before(1, error, monkeypatch)
    with pytest.raises((UsageError, RuntimeError, KeyboardInterrupt)):
        generate(tmp_path / "out", **FEW)
    assert [path.name for path in tmp_path.iterdir()] == [".out.making"]


def test_a_run_that_was_left_off_is_taken_up_to_the_same_bytes(
    folder: Path, tmp_path: Path, small: Settings
) -> None:
    out, told = tmp_path / "out", []
    with pytest.MonkeyPatch.context() as patch:
        cut_into_partitions_of(180, patch)
        stop_before(1, RuntimeError("broken"), patch)
        with pytest.raises(RuntimeError):
            generate(out, **asdict(small))
    with pytest.MonkeyPatch.context() as patch:
        cut_into_partitions_of(180, patch)
        again = []
        usual = generation.write_partition
        patch.setattr(generation, "write_partition", lambda job: again.append(job.number) or usual(job))
        generate(out, progress=lambda done, of: told.append((done, of)), **asdict(small))
    assert again == [1]
    assert contents(out) == contents(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert told == sorted(told)
    assert told[-1] == (26, 26)


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_left_off_when_all_was_made_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, told = tmp_path / "out", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "_complete", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            generate(out, **FEW)
    monkeypatch.setattr(generation, "write_partition", lambda _: 1 / 0)
    generate(out, progress=lambda done, of: told.append((done, of)), **FEW)
    assert told[-1] == (13, 13)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"detection": 0.4}, {"rates": {"interest_omitted": 0.1}}], ids=str
)
def test_other_settings_start_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    cut_into_partitions_of(20, monkeypatch)
    with pytest.MonkeyPatch.context() as patch:
        stop_before(1, RuntimeError("broken"), patch)
        with pytest.raises(RuntimeError):
            generate(tmp_path / "out", **FEW)
    again = []
    usual = generation.write_partition
    monkeypatch.setattr(generation, "write_partition", lambda job: again.append(job.number) or usual(job))
    generate(tmp_path / "out", **(FEW | change))
    assert again == [0, 1]


@pytest.mark.usefixtures("quick")
def test_a_second_run_on_the_same_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[BusyError] = []
    usual = generation.write_partition

    def run_again(job: generation.Job) -> int:
        with pytest.raises(BusyError) as caught:
            generate(tmp_path / "out", **FEW)
        refused.append(caught.value)
        return usual(job)

    monkeypatch.setattr(generation, "write_partition", run_again)
    generate(tmp_path / "out", **FEW)
    assert [error.exit_code for error in refused] == [6]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "place", ["taxgap.records.parquet.pq.ParquetWriter", "taxgap.synthetic.generation.checksum"]
)
def test_a_full_disk_is_said_with_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cut_into_partitions_of(20, monkeypatch)
    with pytest.MonkeyPatch.context() as patch:
        stop_before(1, RuntimeError("broken"), patch)
        with pytest.raises(RuntimeError):
            generate(tmp_path / "out", **FEW)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, full)
        with pytest.raises(UsageError, match="No space left") as caught:
            generate(tmp_path / "out", **FEW)
    assert "What is finished is kept" in str(caught.value)
    assert caught.value.exit_code == 2
    assert (tmp_path / ".out.making" / "records" / "taxpayers" / "part-0000.parquet").exists()
    generate(tmp_path / "out", **FEW)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.usefixtures("quick")
def test_a_failure_half_way_leaves_what_was_there_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "out", **FEW)
    before = contents(tmp_path / "out")
    monkeypatch.setattr(generation, "write_partition", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        generate(tmp_path / "out", replace=True, **FEW)
    assert contents(tmp_path / "out") == before


@pytest.mark.long
def test_a_killed_run_is_taken_up_to_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys, taxgap.records.partitions as partitions\n"
        "partitions.TAXPAYERS_PER_PARTITION = 60\n"
        "from taxgap.synthetic.generation import generate\n"
        "generate(sys.argv[1], taxpayers=900, seed=5)\n"
    )
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    run = [sys.executable, "-c", script]
    process = subprocess.Popen([*run, killed])
    done = tmp_path / ".killed.making" / DONE
    while len(list(done.glob("part-*"))) < 2 and process.poll() is None:
        sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not killed.exists()
    assert 2 <= len(list(done.glob("part-*"))) < 15
    for out in (killed, whole):
        subprocess.run([*run, out], check=True)
    assert contents(killed) == contents(whole)


def test_one_person_is_a_population(tmp_path: Path) -> None:
    records = generate(tmp_path / "out", taxpayers=1, years=1)
    assert len(records.table("taxpayers")) == 1
