"""Worker processes: spawned, never forked, and none where one is enough."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import Any, TypeAlias

from taxgap.errors import TaxGapError

Run: TypeAlias = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""Applies a function to jobs, and gives the results in the order of the jobs."""

_GRACE = 2.0  # seconds

MOST = 8
"""More processes than this are not started unless asked for: each holds a partition in memory."""


def count_workers(workers: int | None, jobs: int) -> int:
    """Return how many processes to start: as asked, or one a processor for None; never more than jobs.

    Examples
    --------
    >>> count_workers(4, jobs=2), count_workers(1, jobs=9)
    (2, 1)
    """
    wanted = min(os.cpu_count() or 1, MOST) if workers is None else workers
    return max(1, min(wanted, jobs))


@contextmanager
def processes(workers: int) -> Iterator[Run]:
    """Give the function that spreads jobs over processes; with one worker, this process does them.

    Forked processes would lose the threads that LightGBM and arrow keep, so they are spawned.

    Raises
    ------
    TaxGapError
        A process was ended from outside.
    """
    if workers == 1:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, context, _leave_with, (os.getpid(),)) as pool:
            try:
                yield pool.map
            finally:
                _shut(pool)
    except BrokenProcessPool as error:
        raise TaxGapError(
            "A worker process was ended from outside, perhaps for want of memory.",
            remedy="Run it again with fewer --workers.",
        ) from error


def _shut(pool: ProcessPoolExecutor) -> None:
    """End the workers of a pool, of which one may have been killed just now.

    A worker that is killed as it waits for a job keeps the lock that the others wait for. The pool sees that
    while it has work, but not any more once it shuts down: it would wait for the others without end.
    """
    # Nothing public names the workers, nor the thread that ends them.
    workers = list((pool._processes or {}).values())  # noqa: SLF001
    manager: Any = pool._executor_manager_thread  # noqa: SLF001
    pool.shutdown(wait=False)
    left = {worker.sentinel: worker for worker in workers}
    while left:
        ended = wait(list(left), timeout=_GRACE)
        if not ended and any(worker.exitcode for worker in workers):
            for worker in left.values():
                worker.kill()
        left = {sentinel: worker for sentinel, worker in left.items() if sentinel not in ended}
    if manager is not None:
        manager.join()


def _leave_with(parent: int) -> None:
    """End this process soon after its parent has, which may be killed before it can end its workers."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
