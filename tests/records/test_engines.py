"""Engines: jobs spread over a cluster, in order, and what is refused."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace

import pytest

from taxgap.errors import IncompatibleError, TaxGapError
from taxgap.records import engines

pytestmark = pytest.mark.xdist_group("running")  # which has the cluster


# Jobs of modules that the workers can import as well: a job that cannot be read ends its worker.
double = partial(operator.mul, 2)
refuse = partial(engines.check_engine, scheduler=None)


def test_results_come_in_the_order_of_the_jobs_and_jobs_are_not_drawn_far_ahead(scheduler: str) -> None:
    drawn: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(200):
            drawn.append(number)
            yield number

    with engines.start_engine("dask", 1, scheduler) as run:
        results = run(double, jobs())
        assert next(results) == 0
        assert len(drawn) <= 2 * engines.AHEAD + 1
        assert list(results) == [2 * number for number in range(1, 200)]


def test_an_error_of_a_job_comes_out_as_it_is(scheduler: str) -> None:
    with (
        pytest.raises(TaxGapError, match="There is no engine"),
        engines.start_engine("dask", 1, scheduler) as run,
    ):
        list(run(refuse, ["spark"]))


def test_workers_with_other_packages_are_refused(scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "version", lambda name: "0.0.1" if name == "numpy" else "1")
    own = engines.version
    monkeypatch.setattr(engines, "ALIKE", ("numpy",))
    monkeypatch.setattr(engines, "_own_version", lambda name: f"{own(name)}.other")
    with (
        pytest.raises(IncompatibleError, match=r"other packages than this process: numpy"),
        engines.start_engine("dask", 1, scheduler),
    ):
        pass


class Stuck:
    """A job and a client of a cluster that goes no further."""

    def __init__(self, status: str) -> None:
        self.status, self.scheduler = status, SimpleNamespace(addr="tcp://10.0.0.7:8786")

    def result(self, timeout: float | None = None) -> None:
        raise TimeoutError("too late" if timeout is None else "not yet")

    def wait_for_workers(self, *_: int, **__: float) -> None:
        raise TimeoutError


def test_a_cluster_whose_last_worker_is_lost_is_not_waited_for_without_end() -> None:
    with pytest.raises(TaxGapError, match="has no workers") as caught:
        engines._result_of(Stuck("pending"), Stuck("pending"))
    assert "dask worker tcp://10.0.0.7:8786" in str(caught.value.remedy)
    with pytest.raises(TimeoutError, match="too late"):  # the job's own error
        engines._result_of(Stuck("error"), Stuck("error"))
