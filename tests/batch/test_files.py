"""Scores on disk: whole or not at all, the same bytes for the same run, and read back as they were."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from taxgap.batch import read_scores, score, write_scores
from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.risk.model import RiskModel

SETTINGS = {"explain_share": 0.1, "validate": False}


@pytest.fixture(scope="module")
def folder(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scores(parted, model, tmp_path_factory.mktemp("scores") / "out", **SETTINGS)


def test_what_is_written_is_read_back(folder: Path, parted: Records, model: RiskModel) -> None:
    pd.testing.assert_frame_equal(read_scores(folder), score(parted, model, **SETTINGS))
    few = read_scores(folder, ["rank", "reason_1_code"])
    assert few.columns.tolist() == ["rank", "reason_1_code"]


def test_the_manifest_says_what_was_scored_with_what(folder: Path, parted: Records, model: RiskModel) -> None:
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert manifest["model_id"] == model.model_id
    assert manifest["as_of"] == str(parted.as_of.date())
    assert manifest["settings"]["cutoff"] == 0.4
    assert manifest["settings"]["periods"] == parted.periods
    assert sorted(manifest["outputs"]) == ["part-0000.parquet", "part-0001.parquet"]
    assert sum(entry["rows"] for entry in manifest["outputs"].values()) == len(read_scores(folder, ["rank"]))
    assert {"taxgap", "lightgbm", "pandas"} <= set(manifest["versions"])


def test_the_same_run_gives_the_same_bytes(folder: Path, parted: Records, model: RiskModel) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_scores(parted, model, folder, **SETTINGS, replace=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_partition_without_returns_is_a_file_without_rows(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", as_of="2015-01-01", validate=False)
    pd.testing.assert_frame_equal(read_scores(out), score(parted, model, as_of="2015-01-01", validate=False))


def test_a_folder_is_replaced_only_when_asked(folder: Path, parted: Records, model: RiskModel) -> None:
    before = (folder / "_manifest.json").read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        write_scores(parted, model, folder, **SETTINGS)
    assert (folder / "_manifest.json").read_bytes() == before


def test_nothing_is_left_behind_by_a_run_that_fails(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="1999-00"):
        write_scores(parted, model, tmp_path / "out", periods=["1999-00"], validate=False)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_and_a_newer_format_are_refused(folder: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copied / "part-0001.parquet").write_bytes((copied / "part-0000.parquet").read_bytes())
    with pytest.raises(InvalidDataError, match="not the one that was written"):
        read_scores(copied)
    manifest = copied / "_manifest.json"
    manifest.write_text(manifest.read_text().replace('"format_version": 1', '"format_version": 9'))
    with pytest.raises(IncompatibleError, match="version 9"):
        read_scores(copied)


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="missing"):
        read_scores(tmp_path)
