"""The workshop: the folder in which a population is made, and kept for the next run if one is killed."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taxgap.errors import BusyError, UsageError
from taxgap.records.files import check_absent, read_json, write_json

_LOG = logging.getLogger(__name__)

PLAN = "plan.json"
_DONE, _LOCK = "done", "lock"
_KEPT = "What is finished is kept: run the same command again to go on."


class Workshop:
    """A half-made population: what is planned, and which parts are done.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def done(self, number: int) -> dict[str, Any] | None:
        """Return the facts of a finished part, or None."""
        path = self._path(number)
        return read_json(path) if path.is_file() else None

    def finish(self, number: int, facts: dict[str, Any]) -> None:
        """Record that a part is finished: all of its files are whole."""
        write_json(self._path(number), facts)

    def _path(self, number: int) -> Path:
        return self.folder / _DONE / f"{number:04d}.json"


@contextmanager
def workshop(out: Path, plan: dict[str, Any], *, replace: bool, marker: str) -> Iterator[Workshop]:
    """Give the folder in which `out` is made; it takes the name when the block succeeds.

    A folder left by a killed or failed run of the same plan is taken up again; one of another plan is
    cleared.

    Parameters
    ----------
    out : Path
        Where the finished population shall stand.
    plan : dict
        Plain data: everything that decides what is made.
    replace : bool
        Replace a population that stands there.
    marker : str
        The file by which a population is known.

    Yields
    ------
    Workshop

    Raises
    ------
    UsageError
        The output exists, or it cannot be written to.
    BusyError
        Another run is making it.
    """
    check_absent(out, replace=replace, marker=marker)
    place = out.resolve()
    folder = place.with_name(f".{place.name}.making")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / _LOCK, out):
            _prepare(folder, json.loads(json.dumps(plan)))
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


def _deliver(folder: Path, out: Path) -> None:
    shutil.rmtree(folder / _DONE, ignore_errors=True)
    (folder / PLAN).unlink()
    if out.exists():
        shutil.rmtree(out)
    (folder / _LOCK).unlink(missing_ok=True)
    folder.replace(out)


@contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    try:
        import fcntl  # noqa: PLC0415  not on every system; without it two runs are not told apart
    except ImportError:
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BusyError(
                "Another run is making this population.", where=str(out), remedy="Wait until it has ended."
            ) from error
        yield
