"""Engines: what spreads the jobs of a run, in this process, over processes, or over a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias, get_args

from taxgap.errors import TaxGapError, UsageError
from taxgap.records.processes import Run, processes

Engine: TypeAlias = Literal["local", "dask"]

ENGINES: tuple[str, ...] = get_args(Engine)

SECONDS = 10
"""So long a scheduler is waited for."""

RETRIES = 2
"""So often a job is given to another Dask worker when the one that had it is lost."""


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
        The cluster cannot be reached, or was lost.
    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine named '{engine}'.", where="engine", available=ENGINES)
    if engine == "local":
        if scheduler is not None:
            raise UsageError("A scheduler is for Dask.", where="scheduler", remedy="Add engine='dask'.")
        with processes(workers) as run:
            yield run
        return
    with _dask(workers, scheduler) as run:
        yield run


@contextmanager
def _dask(workers: int, scheduler: str | None) -> Iterator[Run]:
    distributed, lost = _load_dask()
    with _connect(distributed, workers, scheduler) as client:

        def run(function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
            futures = client.map(function, list(jobs), pure=False, retries=RETRIES)
            try:
                for future in futures:
                    yield future.result()
                    future.release()
            except lost as error:
                raise _lost(error) from error
            finally:
                client.cancel(futures)

        yield run


@contextmanager
def _connect(distributed: Any, workers: int, scheduler: str | None) -> Iterator[Any]:
    how: dict[str, Any] = {"set_as_default": False}
    if scheduler is None:
        cluster = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs="ERROR"
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
        yield client


def _lost(error: Exception) -> TaxGapError:
    return TaxGapError(
        f"The cluster lost a job ({type(error).__name__}): workers ended, perhaps for want of memory, or the "
        "scheduler did.",
        remedy="Run it again to go on with what is left.",
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
