"""Faults, for real: processes killed, disks that fill, files that change; runs go on to the same bytes."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.records.files import checksum, read_json, write_json
from taxgap.records.partitions import part_name
from tests.batch.nights import JOBS, PARTS, PATIENCE, Going, Night, await_that, bytes_of, workers_of

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults"), pytest.mark.usefixtures("counted")]

FEW = range(4)

Bytes = dict[str, bytes]
Strike = Callable[[Going], None]


def kill_parent(going: Going) -> None:
    os.kill(going.pid, signal.SIGKILL)


def kill_worker(going: Going) -> None:
    await_that(lambda: workers_of(going) or not going.process.is_alive())
    for worker in workers_of(going)[:1]:
        worker.kill()


def terminate(going: Going) -> None:
    os.kill(going.pid, signal.SIGTERM)


STATUS = {kill_parent: -signal.SIGKILL, kill_worker: 1, terminate: 143}


def disturb(night: Night, strike: Strike, seed: int, *more: str, jobs: int = JOBS) -> None:
    """Strike a night once some of its jobs are done, and again where it was faster."""
    random = np.random.default_rng(seed)
    for _ in range(5):
        going = night.begin(*more)
        if going.wait_for(int(random.integers(jobs))):
            time.sleep(random.uniform(0, 0.05))
            strike(going)
        status, said = going.end()
        assert "Traceback" not in said
        if not night.out.exists():
            assert status == STATUS[strike], said
            return
        shutil.rmtree(night.out)
    pytest.fail("It was always faster.")


@pytest.mark.parametrize(
    ("strike", "workers", "seed"),
    [
        (strike, workers, seed)
        for strike, workers, seeds in [
            (kill_parent, 1, 5),
            (kill_parent, 2, 5),
            (kill_worker, 2, 8),
            (terminate, 1, 4),
            (terminate, 2, 4),
        ]
        for seed in range(seeds)
    ],
)
def test_whatever_is_killed_the_run_goes_on_to_the_same_bytes(
    strike: Strike, workers: int, seed: int, *, night: Night, whole: Bytes
) -> None:
    disturb(night, strike, seed, "--workers", str(workers))
    assert night.finish() == whole


Undisturbed = Callable[..., Bytes]


@pytest.fixture(scope="module")
def undisturbed(
    records_folder: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    """What an undisturbed run with other options writes."""

    @cache
    def run(*more: str, checked: bool) -> Bytes:
        out = tmp_path_factory.mktemp("undisturbed") / "out"
        return Night(records_folder, model_folder, out, *more, checked=checked).finish()

    return run


@pytest.mark.parametrize(
    ("more", "jobs"),
    [((), JOBS), (("--refit-peers",), PARTS + JOBS), (("--contributions", "--explain-share", "30%"), JOBS)],
    ids=["checked", "refit peers", "explained later"],
)
@pytest.mark.parametrize("seed", FEW)
def test_a_run_killed_in_any_of_its_steps_gives_the_same_bytes(
    more: tuple[str, ...],
    jobs: int,
    seed: int,
    *,
    records_folder: Path,
    model_folder: Path,
    undisturbed: Undisturbed,
    tmp_path: Path,
) -> None:
    checked = not more
    night = Night(records_folder, model_folder, tmp_path / "nights" / "out", *more, checked=checked)
    disturb(night, kill_parent, seed, "--workers", "1", jobs=jobs)
    assert night.finish() == undisturbed(*more, checked=checked)


@pytest.fixture(scope="module")
def changed(records_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the next night: in each partition some returns report more interest."""
    folder = Path(shutil.copytree(records_folder, tmp_path_factory.mktemp("changed") / "records"))
    manifest = read_json(folder / "manifest.json")
    for number in range(PARTS):
        name = f"self_assessment/{part_name(number)}"
        table = pd.read_parquet(folder / name)
        table.loc[table.index[:9], ["interest", "total_income"]] += 500.0
        table.to_parquet(folder / name, index=False)
        manifest["files"][name]["sha256"] = checksum(folder / name)
    write_json(folder / "manifest.json", manifest)
    return folder


@pytest.mark.parametrize("seed", FEW)
def test_a_run_killed_that_takes_over_an_earlier_one_gives_the_bytes_of_a_full_run(
    seed: int, changed: Path, model_folder: Path, whole_folder: Path, tmp_path: Path
) -> None:
    full = Night(changed, model_folder, tmp_path / "full" / "out").finish()
    night = Night(changed, model_folder, tmp_path / "again" / "out", "--changed-since", str(whole_folder))
    disturb(night, kill_parent, seed, "--workers", "1", jobs=6)
    assert night.finish() == full
    assert full != bytes_of(whole_folder)


@pytest.mark.parametrize("seed", FEW)
def test_a_deadline_in_the_middle_is_said_and_the_same_command_goes_on(
    seed: int, night: Night, whole: Bytes
) -> None:
    seconds = np.random.default_rng(seed).uniform(0.5, 1.5)
    while True:
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        status, said = night.run("--workers", "1", "--deadline", at.isoformat())
        if not night.out.exists() and night.making.is_dir():
            break
        shutil.rmtree(night.out, ignore_errors=True)
        seconds *= 0.8 if status == 0 else 1.5
    assert status == 7, said
    assert "the same command" in " ".join(said.split())
    assert night.finish() == whole


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9])
def test_a_full_disk_is_said_and_what_is_done_is_kept(
    share: float, records_folder: Path, model_folder: Path, whole: Bytes, tmp_path: Path
) -> None:
    with _small_disk(tmp_path / "disk", round(share * sum(map(len, whole.values())) / 1024)) as disk:
        night = Night(records_folder, model_folder, disk / "out")
        status, said = night.run("--workers", "1")
        assert status == 2
        assert "cannot be written" in said
        assert "Traceback" not in said
        _enlarge(disk, 200_000)
        assert night.finish() == whole


@contextmanager
def _small_disk(folder: Path, kibibytes: int) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("A small disk can only be made by root.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _enlarge(disk: Path, kibibytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kibibytes}k", disk], check=True)


def call(night: Night, *before: str, **how: Any) -> tuple[int, str]:
    """Run a night as a command of its own."""
    done = subprocess.run(
        [*before, *night.command], capture_output=True, text=True, check=False, timeout=PATIENCE, **how
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("most", [5_000, 20_000])
def test_a_file_that_may_not_grow_is_said(most: int, night: Night, whole: Bytes) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    status, said = call(night, preexec_fn=limit)
    assert status == 2, said
    assert "Traceback" not in said
    assert night.finish() == whole


@pytest.mark.parametrize("seed", FEW)
def test_a_partition_that_turns_corrupt_is_named_and_once_mended_the_run_goes_on(
    seed: int, records_folder: Path, model_folder: Path, whole: Bytes, tmp_path: Path
) -> None:
    random = np.random.default_rng(seed)
    copied = Path(shutil.copytree(records_folder, tmp_path / "records"))
    path = copied / "self_assessment" / part_name(PARTS - 1)
    good = path.read_bytes()
    bad = bytearray(good)
    bad[int(random.integers(len(bad)))] ^= 0xFF
    night = Night(copied, model_folder, tmp_path / "nights" / "out")
    going = night.begin("--workers", "1")
    assert going.wait_for(seed % 3)  # looks; it is the last that reads the file
    path.write_bytes(bytes(bad))
    status, said = going.end()
    assert status == 3
    assert path.name in said
    path.write_bytes(good)
    assert _without_source(night.finish()) == _without_source(whole)


def _without_source(found: Bytes) -> Bytes:
    return {name: content for name, content in found.items() if name != "_run/source.json"}


def test_an_output_that_may_not_be_written_is_said(night: Night, tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # root may write to any folder, but not to a file as to a folder
    folder = tmp_path / "nights"
    folder.mkdir(mode=0o500)
    for out in [tmp_path / "file" / "out", *([folder / "out"] if os.geteuid() else [])]:
        night.arguments[night.arguments.index("--out") + 1] = str(out)
        status, said = night.run("--workers", "1")
        assert status == 2
        assert "cannot be written" in said


@pytest.mark.parametrize("seed", FEW[:2])
def test_two_runs_at_once_do_not_mix(seed: int, night: Night, whole: Bytes) -> None:
    first = night.begin("--workers", "1")
    assert first.wait_for(seed)
    status, said = night.run("--workers", "1")
    assert first.end()[0] == 0
    assert status in {2, 6}, said  # busy, or it exists already
    assert bytes_of(night.out) == whole


def test_a_clock_that_jumps_changes_nothing(night: Night, whole: Bytes) -> None:
    faked = shutil.which("faketime")
    if faked is None:
        pytest.skip("faketime is not installed.")
    status, said = call(night, faked, "-f", "@2019-03-31 01:59:59 x500")
    assert status == 0, said
    assert bytes_of(night.out) == whole
