"""Refits and their explanations as jobs: done here one after another, or spread over processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from taxgap.reasons.engines import ENGINES, Question
from taxgap.records.engines import Engine, check_engine, start_engine
from taxgap.records.processes import Run, count_workers
from taxgap.risk.arrays import Floats
from taxgap.risk.fitting import Plan, grow_amounts
from taxgap.risk.frames import FrameSpec
from taxgap.risk.outcomes import Outcomes


@dataclass(frozen=True)
class Spread:
    """What does jobs.

    Attributes
    ----------
    run : callable
        Applies a function to jobs, and gives the results in their order.
    threads : int or None
        Threads a job; as in the settings, or all cores, where None.
    """

    run: Run
    threads: int | None


HERE = Spread(map, None)
"""This process, one job after another, each on all cores."""


class Growing(NamedTuple):
    """An ensemble to grow."""

    spec: FrameSpec
    matrix: Floats
    outcomes: Outcomes
    plan: Plan

    def alone(self, threads: int | None) -> Growing:
        """Return the same for a process with so many threads."""
        if threads is None:
            return self
        return self._replace(plan=replace(self.plan, growth=replace(self.plan.growth, n_threads=threads)))


class Explaining(NamedTuple):
    """A question for an engine."""

    engine: str
    asked: Question


@contextmanager
def start_spread(engine: Engine, workers: int | None, scheduler: str | None, jobs: int) -> Iterator[Spread]:
    """Give what does jobs: this process where one local worker is asked for.

    Parameters
    ----------
    engine, scheduler
        As for `taxgap.records.engines.start_engine`.
    workers : int or None
        Processes to start; None starts one a processor.
    jobs : int
        So many there are at most at a time.

    Yields
    ------
    Spread
    """
    check_engine(engine, scheduler)
    count = count_workers(workers, jobs)
    if engine == "local" and count == 1:
        yield HERE
        return
    with start_engine(engine, count, scheduler) as run:
        yield Spread(run, 1)


def grow_job(job: Growing) -> str:
    """Grow an ensemble, and return its text: the same whoever grows it."""
    return grow_amounts(job.spec, job.matrix, job.outcomes, job.plan)


def explain_job(job: Explaining) -> tuple[Floats, Floats]:
    """Work out contributions: the parts of each row, and its base."""
    return ENGINES[job.engine](job.asked)
