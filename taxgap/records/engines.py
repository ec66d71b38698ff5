"""Engines: what spreads the jobs of a run, in this process, over processes, or over a Dask cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice
from typing import Any, Literal, TypeAlias, get_args

from taxgap.errors import IncompatibleError, TaxGapError, UsageError
from taxgap.records.processes import Run, processes

Engine: TypeAlias = Literal["local", "dask"]

ENGINES: tuple[str, ...] = get_args(Engine)

SECONDS = 10
"""So long a scheduler is waited for, and workers, where there are none or none any more."""

WATCHED = 2
"""After so many seconds of waiting for a job it is asked whether there are workers still."""

AHEAD = 8
"""So many jobs a thread of the cluster are handed over before the first of them is done."""

RETRIES = 2
"""So often a job that fails is done again by a Dask cluster: a shared file may be out of reach for a moment.

A job whose worker was lost is given to another one in any case, as often as the cluster is set to.
"""


ALIKE = ("taxgap", "lightgbm", "numba", "numpy", "pandas", "pyarrow", "scipy")
"""Packages that must be of one version here and on the workers: what is written depends on them."""


def check_engine(engine: Engine, scheduler: str | None) -> None:
    """Refuse an engine that there is not, and a scheduler for another than Dask.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> check_engine("dask", "tcp://10.0.0.7:8786")
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine named '{engine}'.", where="engine", available=ENGINES)
    if engine == "local" and scheduler is not None:
        raise UsageError("A scheduler is for Dask.", where="scheduler", remedy="Add engine='dask'.")


@contextmanager
def start_engine(engine: Engine, workers: int, scheduler: str | None = None) -> Iterator[Run]:
    """Give the function that spreads jobs.

    Parameters
    ----------
    engine : {"local", "dask"}
        ``local``: processes of this machine; with one worker, this process does the jobs. ``dask``: the
        workers of a cluster, which must see the same files under the same names.
    workers : int
        Processes to start; not for a cluster that runs already.
    scheduler : str, optional
        The address of a Dask scheduler, such as ``tcp://10.0.0.7:8786``. Without it a cluster is started
        here, and ended with the block.

    Yields
    ------
    callable
        Applies a function to jobs, and gives the results in the order of the jobs.

    Raises
    ------
    UsageError
        The engine is unknown, a scheduler is named for another than Dask, or Dask is not installed.
    TaxGapError
        The cluster cannot be reached, has no workers, or was lost.
    IncompatibleError
        Its workers have other versions of what the results depend on.
    """
    check_engine(engine, scheduler)
    if engine == "local":
        with processes(workers) as run:
            yield run
        return
    with connect_dask(workers, scheduler) as client:
        yield lambda function, jobs: _spread(client, function, jobs)


@contextmanager
def connect_dask(workers: int, scheduler: str | None = None) -> Iterator[Any]:
    """Give the client of a Dask cluster: of one that runs already, or of one that ends with the block.

    Parameters
    ----------
    workers, scheduler
        As for `start_engine`.

    Yields
    ------
    distributed.Client

    Raises
    ------
    UsageError
        Dask is not installed.
    TaxGapError
        The cluster cannot be reached, has no workers, or was lost.
    IncompatibleError
        Its workers have other versions of what the results depend on.
    """
    distributed, lost = _load_dask()
    try:
        with _quiet(), _connect(distributed, workers, scheduler) as client:
            yield client
    except lost as error:
        raise _lost(error) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from logging how its messages fail once a scheduler is lost: an error says that it is."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, before, strict=True):
            log.setLevel(level)


def _spread(client: Any, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
    """Hand over jobs one by one, some ahead of the first that is not done, and give results in order.

    So neither the jobs nor the results pile up, however many there are.
    """
    waiting, left = deque[Any](), iter(jobs)

    def hand_over(most: int) -> None:
        waiting.extend(
            client.submit(function, job, pure=False, retries=RETRIES) for job in islice(left, most)
        )

    try:
        hand_over(AHEAD * max(1, sum(client.nthreads().values())))
        while waiting:
            future = waiting.popleft()
            result = _result_of(client, future)
            future.release()
            hand_over(1)
            yield result
    finally:
        client.cancel(list(waiting))


def _result_of(client: Any, future: Any) -> Any:
    """Wait for a job, for as long as there are workers: Dask would wait for new ones without end."""
    while True:
        try:
            return future.result(timeout=WATCHED)
        except TimeoutError:
            if future.status == "error":  # its own
                return future.result()
            _await_worker(client)


def _await_worker(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS)
    except TimeoutError as error:
        where = client.scheduler.addr
        raise TaxGapError(
            "The Dask cluster has no workers.",
            where=where,
            remedy=f"Start some: `dask worker {where}`. Where it scales itself, keep at least one.",
        ) from error


@contextmanager
def _connect(distributed: Any, workers: int, scheduler: str | None) -> Iterator[Any]:
    how: dict[str, Any] = {"set_as_default": False}
    if scheduler is None:
        cluster = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs="ERROR"
        )
        with cluster, distributed.Client(cluster, **how) as client:
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=SECONDS, **how)
    except (OSError, TimeoutError, ValueError) as error:
        raise TaxGapError(
            "The Dask scheduler cannot be reached.", where=scheduler, remedy="Check that it runs there."
        ) from error
    with client:
        _await_worker(client)
        _check_versions(client, scheduler)
        yield client


def _check_versions(client: Any, scheduler: str) -> None:
    """Refuse workers that would not write the same bytes."""
    odd = []
    for name in ALIKE:
        own = _own_version(name)
        # A function of Python's own: the library may not be there at all.
        found = set(map(_in_words, client.run(version, name, on_error="return").values()))
        odd += [f"{name} {other}, not {own}" for other in sorted(found - {own})]
    if odd:
        raise IncompatibleError(
            f"The workers have other packages than this process: {'; '.join(odd)}.",
            where=scheduler,
            remedy="Install the same lock file everywhere.",
        )


def _own_version(name: str) -> str:
    return version(name)


def _in_words(found: object) -> str:
    return found if isinstance(found, str) else "missing"


def _lost(error: Exception) -> TaxGapError:
    return TaxGapError(
        f"The cluster lost a job ({type(error).__name__}): workers ended, perhaps for want of memory, or the "
        "scheduler did.",
        remedy="Run it again when the cluster stands, or with the engine 'local'; what is finished is kept "
        "where the output is made part by part.",
    )


def _load_dask() -> tuple[Any, tuple[type[Exception], ...]]:
    """Import Dask, and name the errors that say that workers or the scheduler were lost."""
    try:
        import distributed  # noqa: PLC0415 - heavy, and only for those who ask for it
        from distributed.comm.core import CommClosedError  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "Dask is not installed.", where="engine", remedy="Install it: pip install 'taxgap[dask]'."
        ) from error
    return distributed, (distributed.KilledWorker, distributed.CancelledError, CommClosedError)
