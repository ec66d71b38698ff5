"""Faults, for real: deliveries killed, and a server lost; the same command then completes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from taxgap.batch.delivery import deliver_scores

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("postgresql"), pytest.mark.usefixtures("counted")]

PARTS, ROWS = 10, 2_500
COUNT = "SELECT count(*) FROM scores WHERE as_of = '2026-03-31'"


@pytest.fixture
def scores(make_scores: Any) -> Path:
    folder: Path = make_scores(parts=PARTS, rows=ROWS)
    return folder


def start(scores: Path, target: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "taxgap", "deliver", str(scores), target]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(scores: Path, target: str) -> str:
    with start(scores, target) as process:
        said, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return said


@pytest.mark.parametrize("seed", range(5))
def test_a_delivery_that_is_killed_is_completed_by_the_same_command(
    seed: int, scores: Path, make_scores: Any, place: Any
) -> None:
    deliver_scores(make_scores("2026-03-30"), place.target)
    seconds = _seconds(scores, place)
    with start(scores, place.target) as process:
        time.sleep(seconds * np.random.default_rng(seed).uniform(0.3, 1.0))
        process.kill()
    assert _settled(place) in (0, PARTS * ROWS)
    finish(scores, place.target)
    assert not deliver_scores(scores, place.target).changed
    assert _rows_equal_a_quiet_delivery(place, scores, make_scores)


def test_a_file_that_is_killed_is_written_by_the_same_command(scores: Path, tmp_path: Path) -> None:
    quiet, out = tmp_path / "quiet.csv.gz", tmp_path / "out"
    deliver_scores(scores, quiet)
    for seed in range(4):
        with start(scores, str(out / "night.csv.gz")) as process:
            time.sleep(np.random.default_rng(seed).uniform(0.8, 2.5))
            process.kill()
        left = [path.name for path in out.iterdir() if path.name == "night.csv.gz"] if out.exists() else []
        assert not left or (out / "night.csv.gz").read_bytes() == quiet.read_bytes()
        shutil.rmtree(out) if left else None
    finish(scores, str(out / "night.csv.gz"))
    assert [path.name for path in out.iterdir()] == ["night.csv.gz"]
    assert (out / "night.csv.gz").read_bytes() == quiet.read_bytes()


@pytest.fixture
def mended(postgresql: Any) -> Iterator[Any]:
    """The server, which stands again after the test."""
    yield postgresql
    try:
        psycopg.connect(postgresql.url("postgres")).close()
    except psycopg.OperationalError:
        postgresql.start()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("seed", range(6))
def test_a_server_that_is_lost_leaves_nothing_and_the_same_command_completes(
    seed: int, scores: Path, make_scores: Any, place: Any, mended: Any
) -> None:
    deliver_scores(make_scores("2026-03-30"), place.target)
    seconds = _seconds(scores, place)
    with start(scores, place.target) as process:
        time.sleep(seconds * np.random.default_rng(seed).uniform(0.4, 0.95))
        mended.stop()
        _, err = process.communicate(timeout=120)
    if process.returncode:  # else it was faster
        assert "error: " in err
        assert "Traceback" not in err
        assert "/tmp/pg-" not in err  # noqa: S108
    mended.start()
    assert _settled(place) == (0 if process.returncode else PARTS * ROWS)
    finish(scores, place.target)
    assert _rows_equal_a_quiet_delivery(place, scores, make_scores)


TAKEN: dict[bool, float] = {}
"""Seconds of a delivery, into a server or not."""


def _seconds(scores: Path, place: Any) -> float:
    """Return how long a delivery takes, from the first that there was; it is taken back."""
    server = place.target.startswith("postgresql")
    if server not in TAKEN:
        TAKEN[server] = _measure(scores, place)
    return TAKEN[server]


def _measure(scores: Path, place: Any) -> float:
    began = time.monotonic()
    finish(scores, place.target)
    place.run("DELETE FROM scores WHERE as_of = '2026-03-31'")
    place.run("DELETE FROM taxgap_deliveries WHERE as_of = '2026-03-31'")
    return time.monotonic() - began


def _settled(place: Any) -> int:
    ((found,),) = place.run(COUNT)
    return int(found)


def _rows_equal_a_quiet_delivery(place: Any, scores: Path, make_scores: Any) -> bool:
    found = place.rows()
    for table in ("scores", "taxgap_deliveries"):
        place.run(f"DROP TABLE {table}")
    deliver_scores(make_scores("2026-03-30"), place.target)
    deliver_scores(scores, place.target)
    return bool(found == place.rows())
