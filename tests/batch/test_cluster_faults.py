"""Faults of a Dask cluster, for real: workers and schedulers killed, the command that uses them killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.batch.nights import JOBS, Cluster, Going, Night, end

pytest.importorskip("distributed")

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults"), pytest.mark.usefixtures("counted")]

SEEDS = range(4)

Start = Callable[[], Cluster]
Bytes = dict[str, bytes]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A function that gives a cluster whose scheduler runs: the one of the test before, if it does still."""
    folder, clusters = tmp_path_factory.mktemp("dask"), list[Cluster]()

    def give() -> Cluster:
        if not clusters or clusters[-1].scheduler.poll() is not None:
            clusters.append(Cluster(folder))
        return clusters[-1]

    yield give
    for cluster in clusters:
        cluster.end()


def on(cluster: Cluster) -> tuple[str, ...]:
    return "--engine", "dask", "--scheduler", cluster.address


def begin(night: Night, cluster: Cluster, seed: int) -> Going:
    """Begin a night on a cluster, and wait until some of its jobs are done."""
    going = night.begin(*on(cluster))
    # The last jobs are left, so that there is something to lose.
    assert going.wait_for(int(np.random.default_rng(seed).integers(1, JOBS - 3)))
    return going


@pytest.mark.parametrize("seed", SEEDS)
def test_a_worker_is_killed_and_the_others_complete_the_run(
    seed: int, start: Start, night: Night, whole: Bytes
) -> None:
    cluster = start()
    cluster.have(2)
    going = begin(night, cluster, seed)
    end(cluster.workers[seed % 2])
    status, said = going.end()
    assert status == 0, said
    assert night.bytes() == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_the_command_is_killed_and_the_same_goes_on(
    seed: int, start: Start, night: Night, whole: Bytes
) -> None:
    cluster = start()
    cluster.have(1)
    going = begin(night, cluster, seed)
    os.kill(going.pid, signal.SIGKILL)
    assert going.end()[0] == -signal.SIGKILL
    assert night.finish(*on(cluster)) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_the_only_worker_is_killed_which_is_said_and_the_same_command_completes_with_another(
    seed: int, start: Start, night: Night, whole: Bytes
) -> None:
    cluster = start()
    cluster.have(1)
    going = begin(night, cluster, seed)
    end(cluster.workers[0])
    status, said = going.end()
    assert status == 1, said
    assert "no workers" in said
    assert "dask worker" in said
    assert "Traceback" not in said
    cluster.have(1)
    assert night.finish(*on(cluster)) == whole


@pytest.mark.parametrize("seed", SEEDS)
def test_the_scheduler_is_killed_which_is_said_and_the_run_goes_on_with_another_or_here(
    seed: int, start: Start, night: Night, whole: Bytes
) -> None:
    cluster = start()
    cluster.have(1)
    going = begin(night, cluster, seed)
    end(cluster.scheduler)
    status, said = going.end()
    assert status == 1, said
    assert "scheduler" in said
    assert "Run it again when the cluster stands, or with the engine 'local'" in said
    assert "Traceback" not in said
    if seed % 2:
        assert night.finish("--engine", "local") == whole
        return
    another = start()
    another.have(1)
    assert night.finish(*on(another)) == whole
