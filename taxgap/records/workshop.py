"""The workshop: the folder in which an output is made, and kept for the next run if one is killed."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from taxgap.errors import BusyError, UsageError
from taxgap.records.files import check_absent, read_json, write_json

_LOG = logging.getLogger(__name__)

PLAN = "plan.json"
_DONE, _LOCK = "done", "lock"
_KEPT = "What is finished is kept: run the same command again to go on."


class Workshop:
    """A half-made output: what is planned, and which parts are done.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def done(self, name: str) -> dict[str, Any] | None:
        """Return the facts of a finished part, or None."""
        path = self._path(name)
        return read_json(path) if path.is_file() else None

    def finish(self, name: str, facts: dict[str, Any]) -> None:
        """Record that a part is finished: all of its files are whole."""
        write_json(self._path(name), facts)

    def _path(self, name: str) -> Path:
        return self.folder / _DONE / f"{name}.json"


@contextmanager
def workshop(
    out: Path, plan: dict[str, Any], *, replace: bool, marker: str, resume: bool = False
) -> Iterator[Workshop]:
    """Give the folder in which `out` is made; it takes the name when the block succeeds.

    A folder left by a killed or failed run of the same plan is taken up again; one of another plan is
    cleared, unless only a run that was left off is wanted.

    Parameters
    ----------
    out : Path
        Where the finished output shall stand.
    plan : dict
        Plain data: everything that decides what is made.
    replace : bool
        Replace an output that stands there.
    marker : str
        The file by which an output of the kind is known.
    resume : bool, default False
        Only take up a run that was left off.

    Yields
    ------
    Workshop

    Raises
    ------
    UsageError
        The output exists, it cannot be written to, or there is no run of this plan to take up.
    BusyError
        Another run is making it.
    """
    check_absent(out, replace=replace, marker=marker)
    place = out.resolve()
    folder = making(place)
    if resume:
        _check_left_off(folder, json.loads(json.dumps(plan)), out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / _LOCK, out):
            _prepare(folder, json.loads(json.dumps(plan)))
            with _cleared_unless_begun(folder):
                yield Workshop(folder)
            _deliver(folder, place)
    except OSError as error:
        raise UsageError(
            f"The output cannot be written: {error.strerror or type(error).__name__}.",
            where=str(out),
            remedy=f"Choose a folder that you may write to, or make room on the disk. {_KEPT}",
        ) from error
    except UsageError as error:  # the same, from a file inside
        raise UsageError(
            error.message,
            where=error.where,
            available=error.available,
            remedy=f"{error.remedy} {_KEPT}" if error.remedy else _KEPT,
        ) from error


def _prepare(folder: Path, plan: dict[str, Any]) -> None:
    path = folder / PLAN
    if path.is_file() and read_json(path) == plan:
        _LOG.info("Taking up a run that was left off.")
        for half_written in folder.rglob("*.tmp"):
            half_written.unlink()
        return
    for item in folder.iterdir():
        if item.name != _LOCK:
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    write_json(path, plan)


@contextmanager
def _cleared_unless_begun(folder: Path) -> Iterator[None]:
    """Remove the folder of a run that fails before any of its parts is finished."""
    try:
        yield
    except BaseException:
        if not (folder / _DONE).is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _deliver(folder: Path, out: Path) -> None:
    shutil.rmtree(folder / _DONE, ignore_errors=True)
    (folder / PLAN).unlink()
    if out.exists():
        shutil.rmtree(out)
    (folder / _LOCK).unlink(missing_ok=True)
    folder.replace(out)


@contextmanager
def locked(path: Path, out: Path) -> Iterator[None]:
    """Hold a lock file while `out` is made.

    Raises
    ------
    BusyError
        Another run holds it.
    """
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise BusyError(
            "Another run is making this output.", where=str(out), remedy="Wait until it has ended."
        ) from error


def making(out: Path) -> Path:
    """Return the folder in which an output is made."""
    place = out.resolve()
    return place.with_name(f".{place.name}.making")


def is_busy(folder: Path) -> bool:
    """Tell whether a run is making an output in this folder now."""
    if not (folder / _LOCK).is_file():
        return False
    try:
        with FileLock(folder / _LOCK, timeout=0):
            return False
    except Timeout:
        return True


def _check_left_off(folder: Path, plan: dict[str, Any], out: Path) -> None:
    if not (folder / PLAN).is_file():
        raise UsageError("There is no run to go on with.", where=str(out), remedy="Run it without --resume.")
    before = read_json(folder / PLAN)
    differing = sorted(name for name in {*before, *plan} if before.get(name) != plan.get(name))
    if differing:
        raise UsageError(
            f"The run that was left off differs in: {', '.join(differing)}.",
            where=str(out),
            remedy="Run it as it was begun, or without --resume to begin anew.",
        )
