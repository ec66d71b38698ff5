"""Features as files: what a model sees, to the bit, whoever makes them and however often they are stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.batch.features import build_features, building, read_features, steps
from taxgap.batch.jobs import Benches
from taxgap.cli.main import main
from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("running")

TAX = "self_assessment"


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(parted: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_features(parted, tmp_path_factory.mktemp("features") / "out", regime=TAX)


def test_features_are_those_of_the_regime_against_peers_of_these_returns(made: Path, parted: Records) -> None:
    regime = get_regime(TAX)
    parts = [regime.measure(parted, None, partition) for partition in parted.partitions]
    peers = PeerGroups.fit(parts)
    expected = pd.concat([regime.compare(part, peers) for part in parts])
    found = read_features(made)
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_index_type=False)
    pd.testing.assert_frame_equal(pd.read_parquet(made / "_peers.parquet"), peers.rows, check_exact=True)


def test_a_model_takes_its_features_as_they_are(parted: Records, model: RiskModel, tmp_path: Path) -> None:
    found = read_features(build_features(parted, tmp_path / "out", model=model))
    scores = score(parted, model, reasons=0, validate=False).set_index(["taxpayer_id", "period"])
    own = pd.Series(model.expected_tax(found), found.index)
    np.testing.assert_array_equal(own.loc[scores.index], scores["expected_tax"])


@pytest.mark.long
def test_a_cluster_decides_no_byte(made: Path, parted: Records, scheduler: str, tmp_path: Path) -> None:
    out = build_features(parted, tmp_path / "out", regime=TAX, engine="dask", scheduler=scheduler)
    assert bytes_of(out) == bytes_of(made)


@pytest.mark.long
def test_processes_decide_no_byte(made: Path, parted: Records, tmp_path: Path) -> None:
    out = build_features(parted, tmp_path / "out", regime=TAX, workers=2)
    assert bytes_of(out) == bytes_of(made)


@pytest.mark.parametrize("after", [2, 5])
def test_a_run_that_was_left_off_is_gone_on_with(
    after: int, made: Path, parted: Records, tmp_path: Path
) -> None:
    steps: list[str] = []

    def stop(step: str, _done: int, _parts: int) -> None:
        steps.append(step)
        if len(steps) > after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_features(parted, tmp_path / "out", regime=TAX, progress=stop)
    assert not (tmp_path / "out").exists()
    out = build_features(parted, tmp_path / "out", regime=TAX, resume=True)
    assert bytes_of(out) == bytes_of(made)


def test_a_worker_that_outlives_a_run_makes_the_next_by_its_own_plan(
    made: Path, parted: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "_BENCHES", Benches(steps.Bench.open))
    monkeypatch.setattr(building, "put_on_bench", lambda bench: bench)  # as workers that open the folder
    build_features(parted, tmp_path / "out", regime=TAX, periods=parted.periods[-1])
    out = build_features(parted, tmp_path / "out", regime=TAX, replace=True)
    assert bytes_of(out) == bytes_of(made)


def test_what_is_not_shown_is_not_read_by_workers_and_own_days_are_refused(
    parted: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = parted.only([TAX, "taxpayers"])
    here = build_features(shown, tmp_path / "here", regime=TAX)
    monkeypatch.setattr(steps, "_BENCHES", Benches(steps.Bench.open))
    monkeypatch.setattr(building, "put_on_bench", lambda bench: bench)
    assert bytes_of(build_features(shown, tmp_path / "there", regime=TAX)) == bytes_of(here)
    days = pd.Series(parted.as_of, parted.table("taxpayers", ["taxpayer_id"])["taxpayer_id"])
    with pytest.raises(UsageError, match="a day for each taxpayer"):
        build_features(parted.known_when(days), tmp_path / "own", regime=TAX)
    with pytest.raises(UsageError, match="workers is 0, below 1"):
        build_features(parted, tmp_path / "own", regime=TAX, workers=0)


def test_given_peers_count_with_what_they_need(parted: Records, tmp_path: Path) -> None:
    regime = get_regime(TAX)
    part = regime.measure(parted, None, 0)
    peers = PeerGroups.fit(part, minimum=5)
    out = build_features(parted, tmp_path / "out", regime=TAX, peers=peers)
    found = read_features(out, partition=0)
    pd.testing.assert_frame_equal(
        found, regime.compare(part, peers), check_exact=True, check_index_type=False
    )


def test_some_columns_of_one_partition_are_read_alone(made: Path) -> None:
    whole = read_features(made)
    part = read_features(made, ["size_band", "days_late"], partition=1)
    assert part.columns.tolist() == ["size_band", "days_late"]
    pd.testing.assert_frame_equal(part, whole[part.columns].loc[part.index], check_exact=True)
    assert part["size_band"].cat.ordered


def test_what_is_not_there_is_named(made: Path, parted: Records, model: RiskModel, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no feature turnoverr"):
        read_features(made, ["turnoverr"])
    with pytest.raises(UsageError, match="no partition 7"):
        read_features(made, partition=7)
    with pytest.raises(InvalidDataError, match="missing"):
        read_features(tmp_path)
    with pytest.raises(UsageError, match="Name a regime, or give a model"):
        build_features(parted, tmp_path / "out", regime=TAX, model=model)
    with pytest.raises(UsageError, match="peers of its own"):
        build_features(parted, tmp_path / "out", model=model, peers=PeerGroups(model.peer_rows_))
    with pytest.raises(InvalidDataError, match="'vat' is missing"):
        build_features(parted.only([TAX]), tmp_path / "out", regime="vat")
    assert not (tmp_path / "out").exists()


def test_a_file_that_was_changed_is_refused(parted: Records, tmp_path: Path) -> None:
    out = build_features(parted, tmp_path / "out", regime=TAX)
    path = out / "part-0001.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InvalidDataError, match="not the one that was written"):
        read_features(out)


def test_the_verb_makes_the_same(
    made: Path, parted: Records, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["features", parted.where, "--regime", TAX, "--out", str(out), "--workers", "1", "--json"]
    assert main(arguments) == 0
    assert bytes_of(out) == bytes_of(made)
    said = json.loads(capsys.readouterr().out)
    assert said["rows"] == len(read_features(made, ["days_late"]))
