"""A run: every row accounted for, the same bytes however it is done, gone on with where it was left off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxgap.batch import plan_scores, read_scores, run, running, score, steps, write_scores
from taxgap.batch.jobs import Benches
from taxgap.batch.progress import Progress
from taxgap.batch.retracing import retrace
from taxgap.errors import BusyError, InvalidDataError, TaxGapError, ThresholdError, UsageError
from taxgap.records import Records, engines
from taxgap.records.files import checksum
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("running")  # one worker makes what they share

FAST = {"reasons": 2, "capacity_share": 0.08, "validate": False, "together": 1}  # a partition a job
PLAIN = {**FAST, "reasons": 0}  # where reasons do not matter: they take most of the time
SCORE = {name: value for name, value in FAST.items() if name != "together"}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def accounts_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "_manifest.json").read_text())["accounts"]
    return found


@pytest.fixture(scope="module")
def undisturbed(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scores(parted, model, tmp_path_factory.mktemp("undisturbed") / "out", **FAST)


@pytest.fixture
def copied(parted: Records, tmp_path: Path) -> Path:
    """The records with a manifest of checksums, to be spoilt."""
    folder = Path(shutil.copytree(parted.where, tmp_path / "records"))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {
        str(path.relative_to(folder)): {"rows": pq.read_metadata(path).num_rows, "sha256": checksum(path)}
        for path in sorted(folder.rglob("*.parquet"))
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_workers_decide_no_byte(undisturbed: Path, parted: Records, model: RiskModel, tmp_path: Path) -> None:
    out = write_scores(parted, model, tmp_path / "out", workers=2, **FAST)
    assert bytes_of(out) == bytes_of(undisturbed)


def test_a_dask_cluster_decides_no_byte(
    undisturbed: Path, parted: Records, model: RiskModel, scheduler: str, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", engine="dask", scheduler=scheduler, **FAST)
    assert bytes_of(out) == bytes_of(undisturbed)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"engine": "spark"}, "no engine named 'spark'"),
        ({"scheduler": "tcp://127.0.0.1:1"}, "A scheduler is for Dask"),
        ({"engine": "dask", "scheduler": "tcp://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_an_engine_that_is_not_there_is_named(
    settings: dict[str, Any],
    complaint: str,
    *,
    parted: Records,
    model: RiskModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "SECONDS", 1)
    with pytest.raises(TaxGapError, match=complaint):
        write_scores(parted, model, tmp_path / "out", **settings, **FAST)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("after", [0, 2])
def test_a_run_that_ends_early_is_gone_on_with_to_the_same_bytes(
    after: int, undisturbed: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    done: list[str] = []

    def stop(told: Progress) -> None:
        done.append(told.event)
        if done.count("part") >= after:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, out, progress=stop, **FAST)
    assert not out.exists()
    again = write_scores(
        parted, model, out, resume=after > 0, **FAST
    )  # before anything is done nothing is kept
    assert bytes_of(again) == bytes_of(undisturbed)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_done_is_not_done_again_unless_it_is_broken(
    undisturbed: Path, parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, jobs = tmp_path / "out", list[str]()
    _stop_after_the_looks(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, out, **FAST)
    monkeypatch.undo()
    (broken,) = (tmp_path / ".out.making" / "_work").glob("*/rows/1-0.arrow")
    broken.write_bytes(broken.read_bytes()[:-9])
    do_job = run.do_job
    monkeypatch.setattr(run, "do_job", lambda job: jobs.append(job.name) or do_job(job))
    write_scores(parted, model, out, resume=True, **FAST)
    assert [name for name in jobs if name.startswith("look")] == ["look-0001"]
    assert bytes_of(out) == bytes_of(undisturbed)


def _stop_after_the_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run.ScoreRun, "_rank", stop)


def test_a_run_that_is_another_is_not_gone_on_with(
    parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stop_after_the_looks(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write_scores(parted, model, tmp_path / "out", **PLAIN)
    with pytest.raises(UsageError, match="differs in: settings"):
        write_scores(parted, model, tmp_path / "out", resume=True, **{**PLAIN, "reasons": 1})
    with pytest.raises(UsageError, match="no run to go on with"):
        write_scores(parted, model, tmp_path / "other", resume=True, **PLAIN)


def test_two_runs_do_not_write_one_folder(parted: Records, model: RiskModel, tmp_path: Path) -> None:
    def second(told: Progress) -> None:
        if told.event == "step":
            with pytest.raises(BusyError):
                write_scores(parted, model, tmp_path / "out", **PLAIN)

    write_scores(parted, model, tmp_path / "out", progress=second, **PLAIN)


@pytest.mark.parametrize(
    ("spoil", "validate"),
    [(lambda path: path.write_bytes(path.read_bytes()[:-50]), True), (lambda path: path.unlink(), False)],
)
def test_a_file_that_is_not_what_the_manifest_tells_of_is_named_and_mended(
    spoil: Callable[[Path], None],
    *,
    validate: bool,
    copied: Path,
    model: RiskModel,
    tmp_path: Path,
) -> None:
    path = copied / "self_assessment" / "part-0001.parquet"
    whole = path.read_bytes()
    spoil(path)
    settings = {**PLAIN, "validate": validate}
    with pytest.raises(InvalidDataError, match=r"self_assessment.part-0001.parquet"):
        write_scores(Records.open(copied), model, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()
    path.write_bytes(whole)
    write_scores(Records.open(copied), model, tmp_path / "out", resume=True, **settings)


def test_rows_that_break_a_rule_are_set_aside_with_their_reasons_and_the_others_scored(
    copied: Path, model: RiskModel, tmp_path: Path
) -> None:
    spoilt = _spoil_rows(copied, 0.05)
    out = write_scores(Records.open(copied), model, tmp_path / "out", reasons=0, max_rejected=0.2)
    rejected = pd.read_parquet(out / "_rejected" / "self_assessment")
    assert set(spoilt) <= set(map(tuple, rejected[["taxpayer_id", "period", "version"]].to_numpy()))
    assert rejected["reason"].str.len().gt(10).all()
    accounts = accounts_of(out)
    read = sum(pq.read_metadata(path).num_rows for path in (copied / "self_assessment").iterdir())
    assert sum(accounts["rows"]["self_assessment"].values()) == read
    assert accounts["rows"]["self_assessment"]["rejected"] == len(rejected) >= len(spoilt) > 20
    assert accounts["returns"]["scored"] == len(read_scores(out, ["rank"]))
    trusted = score(Records.open(copied), model, reasons=0, validate=False)
    keys = set(map(tuple, read_scores(out, ["taxpayer_id", "period"]).to_numpy()))
    lost = set(map(tuple, trusted[["taxpayer_id", "period"]].to_numpy())) - keys
    assert lost <= set(map(tuple, rejected[["taxpayer_id", "period"]].to_numpy()))
    with pytest.raises(ThresholdError, match=r"rows of self_assessment \d+ were rejected"):
        write_scores(Records.open(copied), model, tmp_path / "strict", reasons=0, max_rejected=0.001)
    assert not (tmp_path / "strict").exists()


def _spoil_rows(folder: Path, share: float) -> list[tuple[str, str, int]]:
    """Make the turnover of some returns negative, and tell the manifest."""
    random, keys = np.random.default_rng(3), []
    manifest = json.loads((folder / "manifest.json").read_text())
    for path in sorted((folder / "self_assessment").iterdir()):
        table = pd.read_parquet(path)
        rows = random.random(len(table)) < share
        table.loc[rows, "turnover"] = -5.0
        keys += list(map(tuple, table.loc[rows, ["taxpayer_id", "period", "version"]].to_numpy()))
        table.to_parquet(path, index=False)
        manifest["files"][f"self_assessment/{path.name}"]["sha256"] = checksum(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return keys


@pytest.mark.long
def test_clean_records_are_scored_alike_checked_or_not(
    undisturbed: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", **{**FAST, "validate": True})
    pd.testing.assert_frame_equal(read_scores(out), read_scores(undisturbed), check_exact=True)
    assert not (out / "_rejected").exists()


def test_who_has_not_filed_has_a_row_and_a_reason(undisturbed: Path, parted: Records) -> None:
    found = pd.read_parquet(undisturbed / "_not_filed")
    duties = parted.table("obligations", where={"regime": "self_assessment"})
    missing = duties[duties["met_on"].isna() & (duties["due_on"] < parted.as_of)]
    assert sorted(found["taxpayer_id"] + found["period"]) == sorted(
        missing["taxpayer_id"] + missing["period"]
    )
    assert len(found)
    assert (found["reason"] == "not_filed").all()
    assert not set(zip(found["taxpayer_id"], found["period"], strict=True)) & set(
        map(tuple, read_scores(undisturbed, ["taxpayer_id", "period"]).to_numpy())
    )


def test_a_night_without_returns_is_no_success(parted: Records, model: RiskModel, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no return was known on 2015-01-01"):
        write_scores(parted, model, tmp_path / "out", as_of="2015-01-01", **PLAIN)


def _measure_one_less(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Regime.measure
    monkeypatch.setattr(Regime, "measure", lambda *given: measure(*given).iloc[1:])


def _write_one_less(monkeypatch: pytest.MonkeyPatch) -> None:
    write_part = steps.write_part
    monkeypatch.setattr(
        steps,
        "write_part",
        lambda folder, name, frames: write_part(folder, name, (frame.iloc[1:] for frame in frames)),
    )


@pytest.mark.parametrize(
    ("lose_one", "said"),
    [
        (_measure_one_less, r"returns in part-0000.parquet: \d+, returns measured: \d+"),
        (_write_one_less, r"scored returns: \d+, rows of the scores: \d+"),
    ],
)
def test_accounts_that_do_not_balance_are_not_delivered(
    lose_one: Callable[[pytest.MonkeyPatch], None],
    said: str,
    *,
    parted: Records,
    model: RiskModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose_one(monkeypatch)
    with pytest.raises(TaxGapError, match=f"do not balance: {said}"):
        write_scores(parted, model, tmp_path / "out", **PLAIN)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_rejected": 5.0}, "max_rejected is 5.0, not from 0 to 1"),
        ({"max_rejected": -1.0, "workers": -3}, "workers is -3, below 1; max_rejected is -1.0"),
        ({"together": 0}, "together is 0, below 1"),
        ({"workers": 2, "threads": 64}, "threads is 64, but each .* workers=1"),
        ({"reasons": 2.5}, "reasons is 2.5, not a whole number"),
        ({"capacity_share": "0.1"}, "capacity_share is '0.1', not a number"),
    ],
)
def test_options_that_would_be_ignored_or_fail_later_are_refused(
    wrong: dict[str, Any], said: str, *, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        write_scores(parted, model, tmp_path / "out", **{**PLAIN, **wrong})
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_numbers(parted: Records, model: RiskModel) -> None:
    given = {"reasons": np.int64(2), "capacity_share": np.float64(0.08), "validate": np.bool_(False)}
    plan = plan_scores(parted, model, together=1, **given)
    assert plan.to_dict() == plan_scores(parted, model, **FAST).to_dict()
    json.dumps(plan.to_dict())


def test_tables_that_are_not_shown_are_not_read_by_workers_either(
    parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = parted.only([name for name in parted.tables if name != "taxpayers"])
    here = write_scores(shown, model, tmp_path / "here", **PLAIN)
    assert "taxpayers" not in accounts_of(here)["rows"]
    scores, whole = read_scores(here), score(parted, model, **{**SCORE, "reasons": 0})
    other = scores.loc[scores["score"] != whole["score"], "taxpayer_id"]  # for whom the register matters
    assert retrace(here, other.iloc[0]).scores["taxpayer_id"].isin(other).all()  # it refuses other figures
    monkeypatch.setattr(steps, "_BENCHES", Benches(steps.Bench.open))
    monkeypatch.setattr(running, "put_on_bench", lambda bench: bench)  # as workers that open the folder
    there = write_scores(shown, model, tmp_path / "there", **PLAIN)
    assert bytes_of(there) == bytes_of(here)
    _stop_after_the_looks(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        write_scores(shown, model, tmp_path / "out", **PLAIN)
    with pytest.raises(UsageError, match="differs in: tables"):
        write_scores(parted, model, tmp_path / "out", resume=True, **PLAIN)


def test_records_with_a_day_for_each_taxpayer_are_refused(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    days = pd.Series(parted.as_of, parted.table("taxpayers", ["taxpayer_id"])["taxpayer_id"])
    with pytest.raises(UsageError, match=r"a day for each taxpayer.*known_at"):
        write_scores(parted.known_when(days), model, tmp_path / "out", **PLAIN)
    assert list(tmp_path.iterdir()) == []


def test_records_in_memory_are_scored_by_one_process(
    records: Records, model: RiskModel, tmp_path: Path
) -> None:
    held = Records.from_frames({name: records.table(name) for name in records.tables}, as_of=records.as_of)
    out = write_scores(held, model, tmp_path / "out", **PLAIN)
    expected = score(held, model, **{**SCORE, "reasons": 0})
    pd.testing.assert_frame_equal(read_scores(out), expected, check_exact=True)


def test_a_share_explained_is_the_same_share(parted: Records, model: RiskModel, tmp_path: Path) -> None:
    settings = {**FAST, "explain_share": 0.1}
    out = write_scores(parted, model, tmp_path / "out", contributions=True, **settings)
    pd.testing.assert_frame_equal(
        read_scores(out), score(parted, model, **SCORE, explain_share=0.1), check_exact=True
    )
