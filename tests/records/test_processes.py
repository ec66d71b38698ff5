"""Processes that share work, and end with it whatever happens to one of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from threading import Timer

import pytest

from taxgap.records.processes import _shut, processes


@pytest.fixture(autouse=True)
def none_is_left() -> Iterator[None]:
    before = set(multiprocessing.active_children())  # those of other tests' clusters
    yield
    assert set(multiprocessing.active_children()) <= before


def test_results_come_in_the_order_of_the_jobs() -> None:
    with processes(2) as run:
        assert list(run(abs, range(-5, 1))) == [5, 4, 3, 2, 1, 0]


def test_jobs_that_are_not_wanted_any_more_do_not_keep_the_pool() -> None:
    with pytest.raises(ZeroDivisionError), processes(2) as run:
        list(map((1).__truediv__, run(abs, range(3))))


def test_one_that_is_killed_at_the_end_does_not_keep_the_others_waiting() -> None:
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    assert list(pool.map(abs, range(4))) == [0, 1, 2, 3]
    first, second = list(pool._processes)
    for pid in (first, second):
        os.kill(pid, signal.SIGSTOP)  # as one that waits for a lock does, it does not end
    Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
    _shut(pool)
    pool.shutdown(wait=True)
