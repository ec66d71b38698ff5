"""What a job spends its time on: sections that may lie within each other, each second counted once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from time import perf_counter

_CURRENT: ContextVar[Clock | None] = ContextVar("clock", default=None)


def time_section(section: str) -> AbstractContextManager[None]:
    """Count what a block takes as a section of the clock that runs, if one does.

    Examples
    --------
    >>> clock = Clock()
    >>> with clock.time("checking"), time_section("reading"):
    ...     pass
    >>> sorted(clock.seconds)
    ['checking', 'reading']
    """
    clock = _CURRENT.get()
    return nullcontext() if clock is None else clock.time(section)


class Clock:
    """Counts the seconds of sections; one that is interrupted by another waits until that has ended.

    Examples
    --------
    >>> clock = Clock()
    >>> with clock.time("model"), clock.time("reading"):
    ...     pass
    >>> sorted(clock.seconds)
    ['model', 'reading']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.0

    @contextmanager
    def time(self, section: str) -> Iterator[None]:
        """Count what the block takes, but for the sections within."""
        self._credit()
        self._running.append(section)
        self.seconds.setdefault(section, 0.0)
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)
            self._credit()
            self._running.pop()

    def _credit(self) -> None:
        now = perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
