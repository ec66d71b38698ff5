"""A night of scoring as operations see it: a log, figures, a plan, a deadline, and how it ended."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import click
import pytest

from taxgap import risk
from taxgap.batch import Progress, read_metrics
from taxgap.cli import telling
from taxgap.cli.main import Settings
from taxgap.errors import DeadlineError

pytestmark = pytest.mark.xdist_group("cli")

FIELDS = {
    "time", "event", "run_id", "step", "done", "parts", "returns_done", "returns", "returns_per_second",
    "pace", "seconds", "time_left", "peak_memory", "processes", "written", "counts", "spent", "error",
    "exit_code",
}  # fmt: skip


@pytest.fixture
def score(taxgap: Any, workshop: Any, tmp_path: Any) -> Any:
    def run(*more: str) -> Any:
        given = ["score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--trusted"]
        return taxgap(*given, "--reasons", "1", "--workers", "1", "--explain-share", "5%", *more)

    return run


def test_json_writes_the_log_to_one_stream_and_the_result_to_the_other(score: Any, tmp_path: Any) -> None:
    run = score("--json", "--metrics", tmp_path / "n.prom")
    assert run.data["accounts"]["returns"]["scored"] > 0
    lines = [json.loads(line) for line in run.err.splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["began", "finished"]
    assert all(set(line) - {"about"} == FIELDS for line in lines)
    assert all(line["time"].endswith("Z") for line in lines)
    assert lines[0]["about"]["explain_share"] == "0.05"
    assert read_metrics(tmp_path / "n.prom")["state:finished"] == 1
    plan = score("--dry-run", "--json", "--metrics", tmp_path / "n.prom", "--replace").data
    assert plan["forecast"]["measured"]
    failed = score("--json", "--metrics", tmp_path / "n.prom")
    assert failed.status == 2
    assert failed.error["code"] == "usage"
    assert read_metrics(tmp_path / "n.prom")["state:finished"] == 1  # it tells of the scores that stand there
    bad = score("--json", "--metrics", tmp_path / "n.prom", "--replace", "--period", "1999-00")
    assert json.loads(bad.err.splitlines()[0])["event"] == "failed"
    assert read_metrics(tmp_path / "n.prom")["exit_status"] == 2


def test_a_dry_run_tells_sizes_and_time_and_touches_no_metrics(score: Any, tmp_path: Any) -> None:
    run = score("--dry-run", "--metrics", tmp_path / "n.prom")
    for word in ("returns", "partitions", "jobs", "read", "write", "memory", "time", "not measured here"):
        assert word in run.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        (("--deadline", "teatime"), "06:00"),
        (("--capacity-share", "5"), "a percentage such as 5%"),
        (("--metrics", "/dev/null/n.prom"), "folder that you may write to"),
    ],
)
def test_what_cannot_be_is_refused_with_what_could(
    option: tuple[str, str], complaint: str, score: Any, tmp_path: Any
) -> None:
    run = score(*option)
    assert run.status == 2
    assert complaint in " ".join(run.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_there_is_a_failed_night_in_the_metrics(
    taxgap: Any, workshop: Any, tmp_path: Any
) -> None:
    prom = tmp_path / "n.prom"
    run = taxgap(
        "score", workshop.records, "--model", tmp_path / "m", "--out", tmp_path / "s", "--metrics", prom
    )
    assert run.status
    found = read_metrics(prom)
    assert (found["state:failed"], found["exit_status"]) == (1, run.status)


def test_the_deadline_has_a_status_of_its_own(score: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise DeadlineError("The deadline came.")

    monkeypatch.setattr("taxgap.batch.write_scores", stop)
    run = score("--deadline", "4h", "--json")
    assert run.status == 7
    assert run.error["code"] == "deadline"


def test_lines_come_when_a_step_ends_and_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 10.0, 61.0, 61.0, 70.0, 70.0])
    monkeypatch.setattr(telling, "monotonic", lambda: next(clock))
    with telling.tell_run(click.Context(click.Command("score"), obj=Settings()), None) as tell:
        for done in (1, 2, 3, 4):
            tell(Progress("part", "id", "look", done, 4, 500 * done, 2_000, 50.0, time_left=600.0))
        tell(Progress("late", time_left=9_000.0))
    first, second, third = capsys.readouterr().err.splitlines()
    assert first == "look: 2 of 4 parts, 1,000 of 2,000 returns, 50 a second, about 10 min left"
    assert second.startswith("look: 4 of 4 parts")
    assert third == "At this pace the run takes about 2.5 h more, and the deadline comes before."


def test_a_request_to_terminate_ends_as_an_error_does(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    context = click.Context(click.Command("score"), obj=Settings(verbosity=-1))

    def night() -> None:
        with telling.tell_run(context, None):
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    with pytest.raises(SystemExit) as ended:
        night()
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert "kept" in capsys.readouterr().err


def test_an_unwritable_model_is_told_before_the_training(
    taxgap: Any, workshop: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(risk, "train", lambda *_, **__: pytest.fail("trained for nothing"))
    (tmp_path / "file").touch()
    run = taxgap("train", workshop.records, "--out", tmp_path / "file" / "model")
    assert run.status == 2
    assert "file" in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
