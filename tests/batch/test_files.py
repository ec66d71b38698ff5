"""Scores on disk: whole or not at all, the same bytes for the same run, and read back as they were."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from taxgap.batch import read_contributions, read_scores, score, summarise, write_scores
from taxgap.batch.scorer import Scorer
from taxgap.batch.summary import SUMMARISED
from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel

SETTINGS = {"explain_share": 0.1, "validate": False}


@pytest.fixture(scope="module")
def folder(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scores(parted, model, tmp_path_factory.mktemp("scores") / "out", **SETTINGS)


def test_what_is_written_is_read_back(folder: Path, parted: Records, model: RiskModel) -> None:
    pd.testing.assert_frame_equal(read_scores(folder), score(parted, model, **SETTINGS))
    few = read_scores(folder, ["rank", "reason_1_code"])
    assert few.columns.tolist() == ["rank", "reason_1_code"]
    with pytest.raises(UsageError, match="no column shoe_size"):
        read_scores(folder, ["rank", "shoe_size"])


@pytest.mark.parametrize("share", [pytest.param(0.1, marks=pytest.mark.long), 1.0])
def test_a_partition_written_piece_by_piece_is_one_file(
    share: float, parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"explain_share": share, "validate": False, "contributions": True}
    whole = write_scores(parted, model, tmp_path / "whole", **settings)
    monkeypatch.setitem(Scorer.__init__.__kwdefaults__, "gathered", 120)
    pieces = write_scores(parted, model, tmp_path / "pieces", **settings)
    assert sorted(path.name for path in pieces.iterdir()) == sorted(path.name for path in whole.iterdir())
    pd.testing.assert_frame_equal(read_scores(pieces), read_scores(whole))
    pd.testing.assert_frame_equal(read_contributions(pieces), read_contributions(whole))


def test_pieces_follow_each_other_by_number(
    parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"reasons": 0, "validate": False}
    monkeypatch.setitem(Scorer.__init__.__kwdefaults__, "gathered", 25)  # more than ten pieces a partition
    found = read_scores(write_scores(parted, model, tmp_path / "out", **settings))
    pd.testing.assert_frame_equal(found, score(parted, model, **settings), check_exact=True)


def test_where_nobody_is_explained_there_are_contributions_of_nobody(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    settings = {"reasons": 1, "explain_share": 0.001, "validate": False}
    values = read_contributions(write_scores(parted, model, tmp_path / "out", contributions=True, **settings))
    assert len(values) == 0
    assert values.columns.tolist() == list(get_regime("self_assessment").feature)
    assert values.attrs["model_id"] == model.model_id


def test_contributions_without_reasons_are_refused_before_anything_is_read(
    parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("taxgap.batch.steps.Scorer")
    with pytest.raises(UsageError, match="Nothing is explained"):
        write_scores(parted, model, tmp_path / "none", contributions=True, reasons=0)
    assert list(tmp_path.iterdir()) == []


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
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write_scores(parted, model, folder, **SETTINGS, replace=True)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_contributions_are_written_beside_the_scores_and_add_up(
    folder: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", contributions=True, **SETTINGS)
    values, scores = read_contributions(out), read_scores(out).set_index(["taxpayer_id", "period"])
    explained = scores[scores["population_mean"].notna()]
    assert values.index.equals(explained.index)
    total = explained["population_mean"] + explained["group_effect"] + values.sum(axis=1)
    pd.testing.assert_series_equal(total, explained["score"], check_names=False, rtol=0, atol=1e-9)
    assert values.attrs["baseline"] == "peers"
    assert values.attrs["model_id"] == model.model_id
    assert "log" in values.attrs["unit"]
    # The scores are what they are without, also for those who read the folder as a whole.
    pd.testing.assert_frame_equal(read_scores(out), read_scores(folder))
    assert len(pd.read_parquet(out)) == len(scores)
    assert sorted(path.name for path in out.iterdir()) == [
        *("_contributions", "_manifest.json", "_not_filed", "_run", "part-0000.parquet", "part-0001.parquet")
    ]


def test_contributions_that_are_not_there_or_were_changed_are_refused(
    folder: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    with pytest.raises(InvalidDataError, match=r"no contributions.*--contributions"):
        read_contributions(folder)
    out = write_scores(parted, model, tmp_path / "out", contributions=True, **SETTINGS)
    (out / "_contributions" / "part-0000.parquet").write_bytes(b"")
    with pytest.raises(InvalidDataError, match="not the one that was written"):
        read_contributions(out)


def test_a_partition_without_returns_is_a_file_without_rows(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    first = parted.table("self_assessment", ["received_on"])["received_on"].min()
    out = write_scores(parted, model, tmp_path / "out", as_of=first, validate=False)
    outputs = json.loads((out / "_manifest.json").read_text())["outputs"]
    assert min(entry["rows"] for entry in outputs.values()) == 0
    pd.testing.assert_frame_equal(read_scores(out), score(parted, model, as_of=first, validate=False))


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


def test_a_summary_needs_few_columns(folder: Path) -> None:
    few = summarise(read_scores(folder, SUMMARISED))
    assert few.to_dict() == summarise(read_scores(folder)).to_dict()
