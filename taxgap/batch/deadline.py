"""The deadline of a run: no job begins after it, and what is under way is finished and kept."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from taxgap.errors import DeadlineError, UsageError
from taxgap.records.processes import Run

STOP = "stop"
"""The file in the folder of a run that says to its workers, wherever they are: begin nothing more."""

_DURATION = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?", re.ASCII)
_TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?", re.ASCII)
_MOST = 366 * 86_400


@dataclass(frozen=True)
class Deadline:
    """When to begin nothing more, by a clock that nobody sets.

    Attributes
    ----------
    text : str
        As it was given.
    at : float
        Seconds of the monotonic clock.
    """

    text: str
    at: float

    @classmethod
    def of(cls, text: str) -> Deadline:
        """Read a deadline; a time of day becomes a duration at once, for clocks may be set later.

        Parameters
        ----------
        text : str
            A duration (``4h``, ``1h30m``, ``45s``), a time of day (``06:00``: the next one, of the clock of
            this machine), or a date and time as ISO 8601 has them.

        Raises
        ------
        UsageError
            It is none of these, it is past, or it is over a year away.

        Examples
        --------
        >>> 5_390 < Deadline.of("1h30m").left <= 5_400
        True
        """
        seconds = _seconds(text.strip(), datetime.now(UTC).astimezone())
        if not 0 < seconds <= _MOST:
            raise _unusable(text, "It is past, or over a year away.")
        return cls(text, monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 when it is past."""
        return self.at - monotonic()


@contextmanager
def stop_at(
    deadline: Deadline | None, folder: Path, run: Run, how_far: Callable[[], str] = str
) -> Iterator[Run]:
    """Give what spreads jobs until a deadline.

    A file says to all processes that it has come: they need not share a clock. Jobs that are not begun by
    then are none; those under way are finished, so that what they did is kept.

    Parameters
    ----------
    deadline : Deadline or None
        None never comes.
    folder : Path
        Of the run; all of its workers see it.
    run : callable
        Applies a function to jobs.
    how_far : callable, optional
        Says how far the run has come.

    Yields
    ------
    callable
        Does as `run`, and raises `DeadlineError` at the end of jobs not all of which were begun; the results
        of those are None.
    """
    path = folder / STOP
    path.unlink(missing_ok=True)  # of a run that was killed
    if deadline is None:
        yield run
        return

    def spread(function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Any]:
        begun = True
        for result in run(partial(_do_unless, path, function), jobs):
            begun = begun and result is not None
            yield result
        if not begun:
            raise DeadlineError(
                f"The deadline, {deadline.text}, came before the scores were whole; nothing was delivered.",
                where=how_far() or None,
                remedy="What is done is kept: give the same command again to go on.",
            )

    timer = threading.Timer(max(deadline.left, 0), _raise_flag, [path])
    timer.daemon = True
    timer.start()
    try:
        yield spread
    finally:
        timer.cancel()
        timer.join()
        path.unlink(missing_ok=True)


def _do_unless(path: Path, function: Callable[[Any], Any], job: Any) -> Any:
    return None if path.exists() else function(job)


def _raise_flag(path: Path) -> None:
    with suppress(OSError):  # the run has ended already
        path.touch()


def _seconds(text: str, now: datetime) -> float:
    if text and (found := _DURATION.fullmatch(text)):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    try:
        if _TIME.fullmatch(text):
            at = _next(text.zfill(5) if len(text) < 6 else text.zfill(8), now)
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else at.astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise _unusable(text, "It is no time.") from error
    return (at - now).total_seconds()


def _next(clock: str, now: datetime) -> datetime:
    """Return when the clock will show a time next; its offset is that of the day, where clocks change."""
    day = now.replace(tzinfo=None)
    for ahead in (0, 1):
        wanted = datetime.fromisoformat(f"{(day + timedelta(days=ahead)).date()}T{clock}").astimezone()
        if wanted > now:
            return wanted
    return wanted


def _unusable(text: str, why: str) -> UsageError:
    return UsageError(
        f"'{text}' cannot be a deadline. {why}",
        where="deadline",
        available=["4h", "1h30m", "06:00", "2026-04-01T06:00"],
        remedy="Give a duration, a time of day, or a date and time to come.",
    )
