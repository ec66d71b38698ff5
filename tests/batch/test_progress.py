"""A run tells how far it is, writes its figures for Prometheus, and stops at its deadline."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from taxgap.batch import Deadline, Progress, RunMetrics, forecast_run, plan_scores, read_metrics, write_scores
from taxgap.batch import steps as steps_module
from taxgap.batch.deadline import STOP, stop_at
from taxgap.batch.forecast import RETURN_SECONDS
from taxgap.batch.metrics import PREFIX, read_about
from taxgap.batch.progress import Watch
from taxgap.errors import BusyError, DeadlineError, InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("running")

FAST = {"reasons": 1, "capacity_share": 0.08, "validate": True, "together": 1}


class Night:
    """A run with all that it told, and its metrics as they stood each time."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Progress] = []
        self.figures: list[dict[str, float]] = []
        self.out, self.prom, self.written = folder / "out", folder / "night.prom", ""

    def run(self, records: Records, model: RiskModel, **settings: Any) -> None:
        with RunMetrics(self.prom) as metrics:

            def tell(progress: Progress) -> None:
                metrics(progress)
                self.told.append(progress)
                self.figures.append(read_metrics(self.prom))

            write_scores(records, model, self.out, progress=tell, **{**FAST, **settings})


@pytest.fixture(scope="module")
def night(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Night:
    night = Night(tmp_path_factory.mktemp("night"))
    night.run(parted, model)
    night.written = night.prom.read_text()
    return night


@pytest.fixture(scope="module")
def taxpayers(parted: Records) -> list[str]:
    return [str(name) for name in parted.table("taxpayers")["taxpayer_id"]]


def test_a_run_tells_every_step_and_part_in_order(night: Night) -> None:
    parts = [(each.step, each.done, each.parts) for each in night.told if each.event == "part"]
    two, four = [1, 2], [1, 2, 3, 4]
    assert parts == [
        *(("across", done, 2) for done in two),
        *(("look", done, 2) for done in two),
        *(("likelihood", done, 4) for done in four),
        *(("complete", done, 2) for done in two),
    ]
    assert [night.told[0].event, night.told[-1].event] == ["began", "finished"]
    assert len({each.run_id for each in night.told}) == 1
    looks = [each for each in night.told if each.step == "look"]
    assert [each.returns_done for each in looks] == sorted(each.returns_done for each in looks)
    assert looks[-1].returns_done == looks[-1].returns > 400


def test_the_time_left_falls_to_nothing_and_is_told_from_the_first_part_on(night: Night) -> None:
    left = [each.time_left for each in night.told]
    assert left[0] is None
    assert all(each is not None for each in left[2:])
    assert left[-1] == 0.0
    assert all(each.returns_per_second for each in night.told if each.event == "part")


def test_what_is_told_counts_what_became_of_the_rows(night: Night) -> None:
    counts = night.told[-1].counts
    accounts = json.loads((night.out / "_manifest.json").read_text())["accounts"]
    assert counts["scored"] == accounts["returns"]["scored"]
    assert counts["rejected"] == sum(each["rejected"] for each in accounts["rows"].values())
    assert counts["not_filed"] > 0
    assert {"features", "model", "writing"} <= set(night.told[-1].spent)
    assert night.told[-1].peak_memory > 50_000_000


def test_no_taxpayer_and_no_time_gets_into_what_must_not_hold_them(
    night: Night, taxpayers: list[str]
) -> None:
    log = "\n".join(json.dumps(each.to_dict()) for each in night.told) + night.prom.read_text()
    assert not any(name in log for name in taxpayers)
    manifest = (night.out / "_manifest.json").read_text()
    assert night.told[0].run_id not in manifest
    assert "seconds" not in manifest


def test_the_metrics_are_read_by_the_reference_parser(night: Night) -> None:
    text = night.prom.read_text()
    families = list(text_string_to_metric_families(text))
    assert all(family.name.startswith(PREFIX) and family.documentation for family in families)
    samples = [sample for family in families for sample in family.samples]
    assert {sample.labels["run"] for sample in samples} == {"night"}
    assert len({(sample.name, *sample.labels.items()) for sample in samples}) == len(samples)
    assert read_about(night.prom)["regime"] == "self_assessment"
    assert [path.name for path in night.prom.parent.iterdir() if path.name.endswith(".prom")] == [
        "night.prom"
    ]


def test_the_metrics_follow_the_run(night: Night) -> None:
    assert all(figures["state:running"] == 1 for figures in night.figures[:-1])
    scored = [figures["returns_scored"] for figures in night.figures]
    assert scored == sorted(scored)
    assert 0 < scored[len(scored) // 2] <= scored[-1] == night.told[-1].counts["scored"]
    assert "exit_status" not in night.figures[0]
    ended = read_metrics(night.prom)
    assert (ended["state:finished"], ended["state:running"], ended["exit_status"]) == (1, 0, 0)
    assert ended["last_success_timestamp_seconds"] >= ended["started_timestamp_seconds"]
    assert ended["job_seconds:model"] > 0


def test_metrics_of_a_run_that_fails_keep_the_last_success(
    night: Night, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    failed = Night(tmp_path)
    failed.out.mkdir()  # the output exists
    failed.prom.write_text(night.written)
    before = read_metrics(failed.prom)
    with pytest.raises(UsageError):
        failed.run(parted, model)
    after = read_metrics(failed.prom)
    assert (after["state:failed"], after["exit_status"], after["state:finished"]) == (1, 2, 0)
    assert after["last_success_timestamp_seconds"] == before["last_success_timestamp_seconds"]
    assert [(each.event, each.error) for each in failed.told] == [("failed", "usage")]


def test_metrics_can_be_read_by_a_collector_of_another_user(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with RunMetrics(tmp_path / "n.prom"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "n.prom").stat().st_mode & 0o777 == 0o644


def test_metrics_of_a_run_that_found_the_folder_busy_are_left_to_the_one_that_holds_it(
    night: Night, tmp_path: Path
) -> None:
    path = tmp_path / "night.prom"
    metrics = RunMetrics(path).__enter__()
    path.write_text(night.written)  # by the run that holds the folder
    error = BusyError("Another run is making this output.")
    metrics.__exit__(BusyError, error, None)
    assert path.read_text() == night.written


def test_metrics_that_cannot_be_written_are_refused_at_once_and_forgiven_later(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"), RunMetrics(tmp_path / "no" / "night.prom"):
        pass
    (tmp_path / "there").mkdir()
    with RunMetrics(tmp_path / "there" / "night.prom") as metrics:
        (tmp_path / "there" / "night.prom").unlink()
        (tmp_path / "there").rmdir()
        metrics(Progress("part"))
    (tmp_path / "odd.prom").write_text("no metrics {")
    with pytest.raises(InvalidDataError, match="cannot be read"):
        read_metrics(tmp_path / "odd.prom")


def test_a_forecast_follows_the_last_run_of_the_same_model_else_defaults(
    night: Night, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    prom = tmp_path / "last.prom"
    prom.write_text(night.written)
    plan = plan_scores(parted, model, **FAST)
    found = forecast_run(parted, plan, workers=1, metrics=prom)
    measured = read_metrics(prom)
    assert found.measured
    assert found.seconds == pytest.approx(found.returns / measured["returns_per_second"])
    assert (found.partitions, found.jobs, found.processes) == (2, 8, 1)
    assert found.bytes_to_read > 10_000
    assert found.bytes_to_write == pytest.approx(night.told[-1].written, rel=0.01)
    other = plan_scores(parted, model, **{**FAST, "reasons": 2})
    for metrics in (prom, tmp_path / "none.prom", None):
        guessed = forecast_run(parted, other, workers=2, metrics=metrics)
        assert not guessed.measured
        assert guessed.seconds > guessed.returns * RETURN_SECONDS / 2
        assert "not measured here" in guessed.to_text()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("4h", 14_400), ("1h30m", 5_400), ("1d", 86_400), ("2min", 120)]
)
def test_a_duration_is_a_deadline(text: str, seconds: int) -> None:
    assert Deadline.of(text).left == pytest.approx(seconds, abs=1)


def test_a_time_of_day_is_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/London")
    time.tzset()
    assert 0 < Deadline.of("06:00").left <= 25 * 3600
    assert Deadline.of("6:00").left == pytest.approx(Deadline.of("06:00:00").left, abs=1)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", ["", "h", "4", "0s", "25:00", "2019-03-31T06:00", "9999h", "soon", "-4h"])
def test_what_is_no_deadline_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be a deadline") as refused:
        Deadline.of(text)
    assert "06:00" in str(refused.value)


def test_a_deadline_stops_a_run_that_goes_on_to_the_same_bytes(
    night: Night, parted: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Night(tmp_path)
    steps, begun = dict(steps_module._STEPS), list[str]()

    def slow(step: str) -> Any:
        def do(bench: Any, number: int) -> Any:
            begun.append(step)
            facts = steps[step](bench, number)
            (bench.folder / STOP).touch()  # as if the time had come while it was done
            return facts

        return do

    monkeypatch.setattr(steps_module, "_STEPS", {step: slow(step) for step in steps})
    with pytest.raises(DeadlineError, match="look: 1 of 2 parts") as stopped:
        late.run(parted, model, deadline="1h")
    assert stopped.value.exit_code == 7
    assert begun == ["look"]
    assert late.told[-1].event == "deadline"
    ended = read_metrics(late.prom)
    assert (ended["state:deadline"], ended["exit_status"]) == (1, 7)
    monkeypatch.undo()
    late.run(parted, model, resume=True)
    resumed = [each for each in late.told if each.event == "resumed"]
    assert [each.run_id for each in resumed] == [late.told[0].run_id]
    first = next(each for each in late.told[late.told.index(resumed[0]) :] if each.step == "look")
    assert (first.done, first.returns_per_second) == (1, None)
    assert late.told[-1].counts == night_counts(night)
    written = {path.name: path.read_bytes() for path in night.out.rglob("*") if path.is_file()}
    assert {path.name: path.read_bytes() for path in late.out.rglob("*") if path.is_file()} == written


def night_counts(night: Night) -> dict[str, int]:
    return dict(next(each for each in reversed(night.told) if each.event == "finished").counts)


def test_a_deadline_that_will_be_missed_is_told_once(night: Night, parted: Records, model: RiskModel) -> None:
    told: list[Progress] = []
    watch = Watch(told.append, Deadline("06:00", time.monotonic() - 1))
    watch.begin(night.out.parent / "elsewhere", plan_scores(parted, model, **FAST), [300, 500])
    watch.step("look", {})
    watch.part(0, {})
    watch.part(1, {})
    assert [each.event for each in told] == ["began", "step", "part", "late", "part"]


def test_jobs_that_the_deadline_forbids_are_not_begun(tmp_path: Path) -> None:
    done: list[int] = []

    def do(job: int) -> int:
        done.append(job)
        if job == 2:
            (tmp_path / STOP).touch()
        return job

    (tmp_path / STOP).touch()  # of a run that was killed
    with (
        pytest.raises(DeadlineError, match="halfway"),
        stop_at(Deadline.of("1h"), tmp_path, map, lambda: "halfway") as run,
    ):
        list(run(do, [1, 2, 3, 4]))
    assert done == [1, 2]
    assert not (tmp_path / STOP).exists()


def test_a_deadline_that_is_past_forbids_all_jobs(tmp_path: Path) -> None:
    done: list[int] = []
    with stop_at(Deadline("now", time.monotonic() - 5), tmp_path, map) as run:
        while not (tmp_path / STOP).exists():  # a thread writes it
            time.sleep(0.001)
        with pytest.raises(DeadlineError):
            list(run(done.append, [5]))
    assert done == []
