"""Jobs: the steps of a run, each on one of its parts, done and recorded by whichever process has time.

Every night of one output is made in the same folder, and a worker may outlive a night. So a job names its
plan, by a digest: a worker opens the folder anew where the plan is another, begins and records nothing where
the folder has passed to another plan, and what is recorded counts for the plan of its job alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from taxgap.batch.memory import PROCESS, read_peak
from taxgap.errors import InvalidDataError, TaxGapError
from taxgap.records.files import checksum, read_json
from taxgap.records.processes import Run
from taxgap.records.workshop import PLAN, Workshop

Facts: TypeAlias = dict[str, Any]
"""What is recorded of a job: plain data, among it the `files` that it wrote, with their checksums."""

PATIENCE = 60.0
"""Seconds for which a worker waits to see the plan of its job: a shared folder may show for long what was."""


class Job(NamedTuple):
    """A step on one of its parts.

    Attributes
    ----------
    folder : Path
        That of the run.
    plan : str
        The digest of its plan.
    step : str
    number : int
        Of the part.
    threads : int or None
        That explain.
    """

    folder: Path
    plan: str
    step: str
    number: int
    threads: int | None = None

    @property
    def name(self) -> str:
        """What it is recorded by."""
        return f"{self.step}-{self.number:04d}"


class Bench(Protocol):
    """What a worker needs for the jobs of a run."""

    @property
    def folder(self) -> Path:
        """That of the run."""
        ...

    @property
    def digest(self) -> str:
        """That of its plan."""
        ...


AnyBench = TypeVar("AnyBench", bound=Bench)


class Benches(Generic[AnyBench]):
    """The bench of this process: opened once for a run, used for all of its jobs. It holds one at a time.

    Parameters
    ----------
    open_bench : callable
        Opens what the folder of a job names.
    """

    def __init__(self, open_bench: Callable[[Job], AnyBench]) -> None:
        self._open = open_bench
        self._held: AnyBench | None = None

    def put(self, bench: AnyBench) -> AnyBench:
        """Hold what this process would otherwise open, and return it."""
        self._held = bench  # at one stroke: other threads of this worker keep what they took
        return bench

    def do(self, job: Job, steps: Mapping[str, Callable[[AnyBench, int], Facts]]) -> Facts:
        """Do a step on one of its parts, record it, and return what is recorded.

        Raises
        ------
        TaxGapError
            The folder has passed to another plan.
        """
        check_plan(job.folder, job.plan, PATIENCE)
        facts = steps[job.step](self._take(job), job.number) | {"process": [PROCESS, read_peak()]}
        check_plan(job.folder, job.plan)  # it may have taken long
        record(job.folder, job.plan, job.name, facts)
        return facts

    def _take(self, job: Job) -> AnyBench:
        held = self._held
        if held is not None and (held.folder, held.digest) == (job.folder, job.plan):
            return held
        bench = self._open(job)
        if bench.digest != job.plan:
            raise _passed_on(job.folder)
        return self.put(bench)


def digest_plan(plan: Mapping[str, Any]) -> str:
    """Return sixteen characters that stand for a plan, as plain data.

    Examples
    --------
    >>> digest_plan({"tax": "vat", "years": ["2024"]}) == digest_plan({"years": ("2024",), "tax": "vat"})
    True
    """
    return sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()[:16]


def check_plan(folder: Path, plan: str, patience: float = 0.0) -> None:
    """Refuse a folder in which another plan, or none, is carried out.

    Parameters
    ----------
    folder : Path
    plan : str
        The digest.
    patience : float, default 0
        Seconds for which the plan is waited for.

    Raises
    ------
    TaxGapError
    """
    late = time.monotonic() + patience
    while _read_digest(folder) != plan:
        if time.monotonic() >= late:
            raise _passed_on(folder)
        time.sleep(0.1)


def record(folder: Path, plan: str, name: str, facts: Facts) -> None:
    """Record for a plan that something is finished: all of its files are whole."""
    Workshop(folder).finish(name, {**facts, "plan": plan})


def recall(folder: Path, plan: str, name: str) -> Facts | None:
    """Return what was recorded for a plan, or None."""
    facts = Workshop(folder).done(name)
    return facts if facts is not None and facts.get("plan") == plan else None


def recall_whole(folder: Path, plan: str, name: str) -> Facts | None:
    """Return what was recorded for a plan, if all that was written is as it was written."""
    facts = recall(folder, plan, name)
    return None if facts is None or check_outputs(folder, facts["files"]) else facts


def do_jobs(
    run: Run,
    function: Callable[[Job], Facts],
    jobs: Sequence[Job],
    *,
    begin: Callable[[dict[int, Facts]], None],
    part: Callable[[int, Facts], None],
) -> list[Facts]:
    """Do the jobs of a step that are not done; return the facts of all, in their order.

    Parameters
    ----------
    run : callable
        Spreads jobs.
    function : callable
        Does one of them.
    jobs : sequence of Job
        Of one step.
    begin : callable
        Is told the facts of those that are done, by number.
    part : callable
        Is told the number and the facts of each that is done now.
    """
    kept = {job.number: recall_whole(job.folder, job.plan, job.name) for job in jobs}
    facts = {number: whole for number, whole in kept.items() if whole is not None}
    left = [job for job in jobs if job.number not in facts]
    begin(dict(facts))
    for job, done in zip(left, run(function, left), strict=True):
        if done is not None:  # what the deadline forbade
            facts[job.number] = done
            part(job.number, done)
    return [facts[job.number] for job in jobs]


def check_outputs(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """List the files that are missing, or are not what was written."""
    return [name for name, entry in files.items() if not _is_whole(folder / name, entry)]


def refuse_broken(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse files that are missing, or are not what was written.

    Raises
    ------
    InvalidDataError
    """
    if broken := check_outputs(folder, files):
        raise InvalidDataError(
            f"{len(broken)} of the files that were written are not what was written.",
            where=", ".join(broken[:3]),
            remedy="Run it again to go on: what is broken is made again.",
        )


def _is_whole(path: Path, entry: Mapping[str, Any]) -> bool:
    return path.is_file() and checksum(path) == entry["sha256"]


def _read_digest(folder: Path) -> str | None:
    try:
        return digest_plan(read_json(folder / PLAN))
    except (InvalidDataError, OSError):  # it is not there, or is just being replaced
        return None


def _passed_on(folder: Path) -> TaxGapError:
    return TaxGapError(
        "The plan of this job is not the one of the folder: another run has begun in it, or this worker does "
        "not see it as it is.",
        where=str(folder),
        remedy="Run the command again: what is finished is kept.",
    )
