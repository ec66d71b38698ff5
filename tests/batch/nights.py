"""Nights of scoring in processes of their own, to be disturbed, and clusters that do their work."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psutil

from taxgap.records.workshop import DONE, PLAN

PARTS = 5
JOBS = PARTS + 4 + PARTS
"""Looks, slices of the likelihood, completions."""

PATIENCE = 300

# What a command imports takes longer than these nights: processes begin with that done.
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["taxgap.cli.score", "taxgap.batch"])
_BEGIN = """
import os, sys
from taxgap.cli.main import main
said = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
os.dup2(said, 1)
os.dup2(said, 2)
sys.exit(main(arguments))
"""


class Going:
    """A night that is under way."""

    def __init__(self, arguments: list[str], making: Path) -> None:
        self.making, self._said = making, Path(mkdtemp(prefix="night-")) / "said"
        self.process = _WARM.Process(
            target=exec, args=(_BEGIN, {"where": str(self._said), "arguments": arguments})
        )
        self.process.start()

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def wait_for(self, jobs: int) -> bool:
        """Wait until so many jobs are done; say whether the night still goes on then."""
        await_that(lambda: not self.process.is_alive() or self._jobs() >= jobs)
        return self.process.is_alive()

    def _jobs(self) -> int:
        if not (self.making / PLAN).is_file():
            return -1
        return len(list((self.making / DONE).glob("*-*.json")))

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit status and what was said."""
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, "It does not end."
        said = self._said.read_text()
        shutil.rmtree(self._said.parent)
        return self.process.exitcode, said


class Night:
    """A scoring as operations run it: a command, on files."""

    def __init__(self, records: Path, model: Path, out: Path, *more: str, checked: bool = False) -> None:
        self.out, self.making = out, out.with_name(f".{out.name}.making")
        self.arguments = ["score", str(records), "--model", str(model), "--out", str(out)]
        self.arguments += ["--together", "1", "--reasons", "1", *more]
        self.arguments += [] if checked else ["--trusted"]

    @property
    def command(self) -> list[str]:
        """The same for a process that shares nothing with this one."""
        return [sys.executable, "-m", "taxgap", *self.arguments, "--workers", "2"]

    def begin(self, *more: str) -> Going:
        return Going([*self.arguments, *more], self.making)

    def run(self, *more: str) -> tuple[int, str]:
        return self.begin(*more).end()

    def finish(self, *more: str) -> dict[str, bytes]:
        """Run it again until it is done, and return all that was written."""
        status, said = self.run("--workers", "1", *more)
        assert status == 0, said
        return self.bytes()

    def bytes(self) -> dict[str, bytes]:
        """Return all that was written, and nothing else is left."""
        assert [path.name for path in self.out.parent.iterdir()] == ["out"]
        return bytes_of(self.out)


class Cluster:
    """A Dask scheduler and its workers, as commands."""

    def __init__(self, folder: Path) -> None:
        self.workers: list[subprocess.Popen[bytes]] = []
        self._folder, self._file = folder, Path(mkdtemp(dir=folder)) / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(self._file))
        await_that(lambda: self._file.is_file() and self._file.read_text().rstrip().endswith("}"))
        self.address = str(json.loads(self._file.read_text())["address"])

    def _start(self, *what: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *what, "--no-dashboard"]
        with (self._folder / "said").open("ab") as said:
            return subprocess.Popen(command, stdout=said, stderr=said, cwd=self._folder)

    def have(self, count: int) -> None:
        """See to it that there are so many workers."""
        import distributed  # noqa: PLC0415 - heavy, and not installed everywhere

        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) > count:
            end(self.workers.pop())
        how = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        while len(self.workers) < count:
            self.workers.append(self._start("worker", self.address, *how))
        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, PATIENCE)

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def workers_of(going: Going) -> list[psutil.Process]:
    children = psutil.Process(going.pid).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def await_that(holds: Callable[[], Any]) -> None:
    late = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < late, "It does not happen."
        time.sleep(0.005)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
