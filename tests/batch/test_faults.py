"""Faults, for real: processes killed, disks that fill, files that change; runs go on to the same bytes."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from taxgap.records import Manifest, Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.risk.model import RiskModel
from taxgap.schemas import TABLES

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults")]

PARTS = 8
SEEDS = range(14)


class Night:
    """A scoring as operations run it: a command, on files."""

    def __init__(self, records: Path, model: Path, out: Path, *more: str) -> None:
        self.out = out
        self.command = [sys.executable, "-m", "taxgap", "score", str(records), "--model", str(model)]
        self.command += ["--out", str(out), "--together", "1", "--workers", "2", "--reasons", "2", *more]

    def start(self, *more: str, **how: object) -> subprocess.Popen[str]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*self.command, *more], **streams, **how)  # type: ignore[call-overload,no-any-return]

    def run(self, *more: str, **how: object) -> tuple[int, str]:
        with self.start(*more, **how) as process:
            _, err = process.communicate(timeout=300)
        return process.returncode, err

    def finish(self) -> dict[str, bytes]:
        """Run it again until it is done, and return all that was written."""
        status, err = self.run()
        assert status == 0, err
        return bytes_of(self.out)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def records_folder(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small population in eight partitions."""
    folder, files = tmp_path_factory.mktemp("parts"), {}
    for name in records.tables:
        table = records.table(name)
        alone = "taxpayer_id" not in table.columns
        part = np.zeros(len(table), dtype=int) if alone else partition_of(table["taxpayer_id"], PARTS)
        for number in range(PARTS):
            path = folder / name / part_name(number)
            write_table(path, table[part == number], TABLES[name], synthetic=True)
            files[f"{name}/{path.name}"] = {"rows": int((part == number).sum()), "sha256": _sum(path)}
    Manifest(records.manifest.as_of, records.periods, PARTS, synthetic=True, files=files).write(folder)
    return folder


def _sum(path: Path) -> str:
    from taxgap.records.files import checksum  # noqa: PLC0415 - beside the only use

    return checksum(path)


@pytest.fixture(scope="module")
def model_folder(model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.save(tmp_path_factory.mktemp("model") / "saved")


@pytest.fixture(scope="module")
def whole(
    records_folder: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], float]:
    """What an undisturbed run writes, and the seconds it takes."""
    night = Night(records_folder, model_folder, tmp_path_factory.mktemp("whole") / "out")
    night.finish()  # compiles what is not compiled yet
    shutil.rmtree(night.out)
    start = time.monotonic()
    return night.finish(), time.monotonic() - start


@pytest.fixture
def night(records_folder: Path, model_folder: Path, tmp_path: Path) -> Night:
    return Night(records_folder, model_folder, tmp_path / "out")


def kill_parent(process: subprocess.Popen[str]) -> None:
    process.kill()


def kill_worker(process: subprocess.Popen[str]) -> None:
    workers = [
        child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())
    ]
    if workers:
        workers[0].kill()
    else:
        process.kill()  # none yet, or none any more


def terminate(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("strike", [kill_parent, kill_worker, terminate])
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_killed_the_run_goes_on_to_the_same_bytes(
    strike: Callable[[subprocess.Popen[str]], None],
    seed: int,
    night: Night,
    whole: tuple[dict[str, bytes], float],
) -> None:
    expected, seconds = whole
    with night.start() as process:
        time.sleep(seconds * np.random.default_rng(seed).uniform(0.2, 1.0))
        if process.poll() is None:
            strike(process)
        process.communicate(timeout=120)
    if night.out.exists():  # it was faster
        assert bytes_of(night.out) == expected
        return
    assert process.returncode != 0
    assert night.finish() == expected
    assert sorted(path.name for path in night.out.parent.iterdir()) == ["out"]


@pytest.mark.parametrize("kibibytes", [200, 300, 600, 900])
def test_a_full_disk_is_said_and_what_is_done_is_kept(
    kibibytes: int,
    records_folder: Path,
    model_folder: Path,
    whole: tuple[dict[str, bytes], float],
    tmp_path: Path,
) -> None:
    with _small_disk(tmp_path / "disk", kibibytes) as disk:
        night = Night(records_folder, model_folder, disk / "out")
        status, err = night.run()
        if status == 0:
            pytest.skip("There was room enough.")
        assert "cannot be written" in err or "No space" in err
        assert "Traceback" not in err
        _enlarge(disk, 200_000)
        assert night.finish() == whole[0]


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


def test_a_file_that_may_not_grow_is_said(night: Night, whole: tuple[dict[str, bytes], float]) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    status, err = night.run(preexec_fn=limit)
    assert status != 0
    assert "Traceback" not in err
    assert night.finish() == whole[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_partition_that_turns_corrupt_is_named_and_once_mended_the_run_goes_on(
    seed: int, records_folder: Path, model_folder: Path, whole: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    random = np.random.default_rng(seed)
    copied = Path(shutil.copytree(records_folder, tmp_path / "records"))
    path = copied / "self_assessment" / part_name(int(random.integers(1, PARTS)))
    good = path.read_bytes()
    bad = bytearray(good)
    bad[int(random.integers(len(bad)))] ^= 0xFF
    path.write_bytes(bytes(bad))
    night = Night(copied, model_folder, tmp_path / "out")
    status, err = night.run()
    assert status == 3
    assert str(path) in err
    path.write_bytes(good)
    found, expected = night.finish(), whole[0]
    assert found == expected


def test_an_output_that_may_not_be_written_is_said(night: Night) -> None:
    if not os.geteuid():
        night.out.parent.joinpath("file").touch()
        night.command[night.command.index(str(night.out))] = str(night.out.parent / "file" / "out")
    else:
        night.out.parent.chmod(0o500)
    status, err = night.run()
    assert status == 2
    assert "cannot be written" in err


def test_two_runs_at_once_do_not_mix(night: Night, whole: tuple[dict[str, bytes], float]) -> None:
    with night.start() as first:
        while not night.out.with_name(".out.making").joinpath("lock").exists() and first.poll() is None:
            time.sleep(0.05)
        status, err = night.run()
        first.communicate(timeout=300)
    assert first.returncode == 0
    assert status in {2, 6}, err  # busy, or it exists already
    assert bytes_of(night.out) == whole[0]


def test_a_clock_that_jumps_changes_nothing(night: Night, whole: tuple[dict[str, bytes], float]) -> None:
    faked = shutil.which("faketime")
    if faked is None:
        pytest.skip("faketime is not installed.")
    night.command = [faked, "-f", "@2019-03-31 01:59:59 x500", *night.command]
    assert night.finish() == whole[0]
