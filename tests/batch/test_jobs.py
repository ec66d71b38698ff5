"""Jobs: whoever does them, and however long a worker lives, each counts for its own plan alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from taxgap.batch import jobs as jobs_module
from taxgap.batch import read_scores, running, steps, write_scores
from taxgap.batch.jobs import Benches, Job, digest_plan, do_jobs, recall, recall_whole, record
from taxgap.errors import TaxGapError
from taxgap.records import Records
from taxgap.records.files import write_json
from taxgap.records.workshop import PLAN
from taxgap.risk.model import RiskModel
from tests.batch.nights import bytes_of

pytestmark = pytest.mark.xdist_group("running")  # one worker makes what they share

PLAIN: dict[str, Any] = {"reasons": 0, "capacity_share": 0.08, "validate": False, "together": 1}
NEXT: dict[str, Any] = {**PLAIN, "capacity_share": 0.02, "cutoff": 0.1}
"""The settings of the next night."""


class Table(NamedTuple):
    """A bench that holds nothing but its name."""

    folder: Path
    digest: str


def open_table(job: Job) -> Table:
    return Table(job.folder, digest_plan(json.loads((job.folder / PLAN).read_text())))


def give(folder: Path, plan: dict[str, Any]) -> str:
    """Give a folder to a plan, and return its digest."""
    write_json(folder / PLAN, plan)
    return digest_plan(plan)


@pytest.fixture
def as_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process open what it needs by itself, as one does that others give work to."""
    monkeypatch.setattr(steps, "_BENCHES", Benches(steps.Bench.open))
    monkeypatch.setattr(running, "put_on_bench", lambda bench: bench)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "PATIENCE", 0.0)


def test_a_worker_that_outlives_a_night_does_the_next_by_its_own_plan(
    parted: Records, model: RiskModel, tmp_path: Path, as_a_worker: None
) -> None:
    write_scores(parted, model, tmp_path / "out", **PLAIN)
    out = write_scores(parted, model, tmp_path / "out", replace=True, **NEXT)
    clean = write_scores(parted, model, tmp_path / "clean", **NEXT)
    assert "first 2%" in read_scores(out, ["flag_rule"])["flag_rule"].iloc[0]
    assert bytes_of(out) == bytes_of(clean)


@pytest.mark.long
def test_so_does_a_cluster(parted: Records, model: RiskModel, tmp_path: Path, scheduler: str) -> None:
    there = {"engine": "dask", "scheduler": scheduler}
    write_scores(parted, model, tmp_path / "out", **PLAIN, **there)
    out = write_scores(parted, model, tmp_path / "out", replace=True, **NEXT, **there)
    assert bytes_of(out) == bytes_of(write_scores(parted, model, tmp_path / "clean", **NEXT))


def test_what_another_plan_recorded_is_not_done(tmp_path: Path) -> None:
    record(tmp_path, "old", "look-0000", {"files": {}})
    record(tmp_path, "new", "look-0001", {"files": {"part": {"sha256": "0"}}})
    assert recall(tmp_path, "new", "look-0000") is None
    assert recall(tmp_path, "old", "look-0000") is not None
    assert recall(tmp_path, "new", "look-0001") is not None
    assert recall_whole(tmp_path, "new", "look-0001") is None  # its file is gone
    told: list[Any] = []
    jobs = [Job(tmp_path, "new", "look", number) for number in range(2)]
    done = do_jobs(
        map, lambda job: {"of": job.name}, jobs, begin=told.append, part=lambda number, _: told.append(number)
    )
    assert done == [{"of": "look-0000"}, {"of": "look-0001"}]
    assert told == [{}, 0, 1]


@pytest.mark.parametrize("late", [False, True])
def test_a_job_whose_folder_passed_to_another_plan_records_nothing(late: bool, tmp_path: Path) -> None:
    mine, began = give(tmp_path, {"night": 1}), list[int]()

    def work(bench: Table, number: int) -> dict[str, Any]:
        began.append(number)
        give(bench.folder, {"night": 2})  # the client was killed, and the next night has begun
        return {"files": {}}

    if not late:
        give(tmp_path, {"night": 2})
    with pytest.raises(TaxGapError, match="another run has begun in it"):
        Benches(open_table).do(Job(tmp_path, mine, "look", 0), {"look": work})
    assert began == [0] * late
    assert not list(tmp_path.rglob("look-*.json"))


def test_threads_of_a_worker_do_not_take_the_bench_of_each_other(tmp_path: Path) -> None:
    class Crowded(Benches[Table]):
        def put(self, bench: Table) -> Table:
            """Have another thread put its own in the same moment."""
            super().put(Table(tmp_path / "other", "other"))
            return super().put(bench) if bench.folder.name == "other" else bench

    seen: list[Table] = []
    work: dict[str, Callable[[Table, int], Any]] = {"look": lambda bench, _: seen.append(bench) or {}}
    plan, benches = give(tmp_path, {"night": 1}), Crowded(open_table)
    for number in range(2):
        benches.do(Job(tmp_path, plan, "look", number), work)
    assert seen == [Table(tmp_path, plan)] * 2


def test_a_worker_waits_until_a_shared_folder_shows_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(tmp_path, {"night": 1})
    monkeypatch.setattr(jobs_module, "PATIENCE", 60.0)
    monkeypatch.setattr(jobs_module.time, "sleep", lambda _: give(tmp_path, {"night": 2}))
    Benches(open_table).do(Job(tmp_path, digest_plan({"night": 2}), "look", 0), {"look": lambda *_: {}})
    assert recall(tmp_path, digest_plan({"night": 2}), "look-0000") is not None
