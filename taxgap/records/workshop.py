"""The workshop: the folder in which an output is made, and kept for the next run if one is killed.

What it needs itself has hidden names: the folder takes the name of the output as it stands, in one step,
and is tidied afterwards. Killed between the two, it is an output with a few hidden files, which the next
run removes.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, ENOSPC, EROFS
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from taxgap.errors import BusyError, InvalidDataError, UsageError
from taxgap.records.files import check_absent, read_json, write_json

_LOG = logging.getLogger(__name__)

PLAN, DONE, LOCK, ENDED = ".plan.json", ".done", ".lock", ".ended.json"
"""What a workshop keeps for itself: what is made, which parts are done, who is at it, how it ended."""

_PATIENCE = 0.5  # seconds: whoever looks whether a run is going on holds its lock for a moment
_CANNOT_WRITE = (ENOSPC, EDQUOT, EFBIG, EROFS)
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
        """Return the facts of a finished part, or None; facts that were cut off are none."""
        return _read(self._path(name))

    def finish(self, name: str, facts: dict[str, Any]) -> None:
        """Record that a part is finished: all of its files are whole."""
        write_json(self._path(name), facts)

    @property
    def ended(self) -> dict[str, Any] | None:
        """How the last go at it ended, if it ended and said so."""
        return _read(self.folder / ENDED)

    def end(self, how: dict[str, Any] | None) -> None:
        """Record how a go ended that left it unfinished, or, with None, that another one has begun."""
        if how is not None:
            write_json(self.folder / ENDED, how)
        else:
            (self.folder / ENDED).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / DONE / f"{name}.json"


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
    place = out.resolve()
    folder, wanted = making(place), json.loads(json.dumps(plan))
    if not is_busy(folder):
        _end_delivery(place)
    check_absent(out, replace=replace, marker=marker)
    if resume:
        _check_left_off(folder, wanted, out)
    try:
        with _writing(out):
            folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK, out):
            with _writing(out):
                _prepare(folder, wanted)
            with _cleared_unless_begun(folder):
                yield Workshop(folder)
            check_absent(out, replace=replace, marker=marker)  # hours may have passed
            with _writing(out):
                _deliver(folder, place)
    except UsageError as error:
        raise _say_what_is_kept(error, folder) from error
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        raise _say_what_is_kept(_unwritable(out, error), folder) from error


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Say of an error of the system that the output cannot be written."""
    try:
        yield
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The output cannot be written: {error.strerror or type(error).__name__}.",
        where=str(out),
        remedy="Choose a folder that you may write to, or make room on the disk.",
    )


def _say_what_is_kept(error: UsageError, folder: Path) -> UsageError:
    if not (folder / DONE).is_dir():
        return error
    remedy = f"{error.remedy} {_KEPT}" if error.remedy else _KEPT
    return UsageError(error.message, where=error.where, available=error.available, remedy=remedy)


def _read(path: Path) -> dict[str, Any] | None:
    """Read what a workshop wrote for itself, or None where it is not there or was cut off."""
    try:
        return read_json(path) if path.is_file() else None
    except InvalidDataError:
        return None


def _prepare(folder: Path, plan: dict[str, Any]) -> None:
    before = _read(folder / PLAN)
    if before == plan:
        _LOG.info("Taking up a run that was left off.")
        for half_written in folder.rglob("*.tmp"):
            half_written.unlink()
        return
    if before is not None:
        _LOG.warning(
            "What another run had made is cleared: it differs in %s.", ", ".join(_differing(before, plan))
        )
    for item in folder.iterdir():
        if item.name != LOCK:
            shutil.rmtree(item) if item.is_dir() else item.unlink()
    write_json(folder / PLAN, plan)


@contextmanager
def _cleared_unless_begun(folder: Path) -> Iterator[None]:
    """Remove the folder of a run that fails before any of its parts is finished."""
    try:
        yield
    except BaseException:
        if not (folder / DONE).is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _deliver(folder: Path, out: Path) -> None:
    """Give the folder its name. Whenever this is cut off, an old output or the new one is whole."""
    if out.exists():
        shutil.rmtree(_aside(out), ignore_errors=True)
        out.replace(_aside(out))
    folder.replace(out)  # the lock goes with it
    _end_delivery(out)


def _end_delivery(out: Path) -> None:
    """Remove what a delivery leaves behind, or put back what it had put aside when it was cut off."""
    aside = _aside(out)
    if aside.exists() and not out.exists():
        aside.replace(out)
    if (out / PLAN).is_file():
        shutil.rmtree(out / DONE, ignore_errors=True)
        (out / ENDED).unlink(missing_ok=True)
        (out / LOCK).unlink(missing_ok=True)
        (out / PLAN).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(out: Path) -> Path:
    return out.with_name(f".{out.name}.before")


@contextmanager
def locked(path: Path, out: Path) -> Iterator[None]:
    """Hold a lock file while `out` is made.

    Raises
    ------
    BusyError
        Another run holds it.
    """
    lock = FileLock(path, timeout=_PATIENCE)
    try:
        lock.acquire()
    except (Timeout, FileNotFoundError) as error:  # or it has just delivered
        raise BusyError(
            "Another run is making this output.", where=str(out), remedy="Wait until it has ended."
        ) from error
    try:
        yield
    finally:
        lock.release()


def making(out: Path) -> Path:
    """Return the folder in which an output is made."""
    place = out.resolve()
    return place.with_name(f".{place.name}.making")


def is_busy(folder: Path) -> bool:
    """Tell whether a run is making an output in this folder now.

    Whoever may not write there cannot take the lock to see; a lock that is there then counts as taken.
    """
    if not (folder / LOCK).is_file():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except (Timeout, PermissionError):
        return True


def _check_left_off(folder: Path, plan: dict[str, Any], out: Path) -> None:
    if not (folder / PLAN).is_file():
        raise UsageError("There is no run to go on with.", where=str(out), remedy="Run it without --resume.")
    differing = _differing(_read(folder / PLAN) or {}, plan)
    if differing:
        raise UsageError(
            f"The run that was left off differs in: {', '.join(differing)}.",
            where=str(out),
            remedy="Run it as it was begun, or without --resume to begin anew.",
        )


def _differing(before: dict[str, Any], plan: dict[str, Any]) -> list[str]:
    return sorted(name for name in {*before, *plan} if before.get(name) != plan.get(name))
