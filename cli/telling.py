"""What a run of ``taxgap score`` tells on standard error: a bar, lines now and then, or a log in JSON."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from taxgap.batch.progress import Progress, Tell

EVERY = 60
"""Seconds between two lines of a step, where there is no terminal to show a bar."""

TERMINATED = 143


@contextmanager
def tell_run(ctx: click.Context, metrics: Path | None) -> Iterator[Tell]:
    """Give what a run is to tell its progress to; the block, however it ends, ends the metrics too."""
    with _ended_in_order(), _tell(ctx) as tell:
        if metrics is None:
            yield tell
            return
        from taxgap.batch.metrics import RunMetrics  # noqa: PLC0415  heavy: only where it is asked for

        with RunMetrics(metrics) as write:

            def both(progress: Progress) -> None:
                tell(progress)
                write(progress)

            yield both


@contextmanager
def _tell(ctx: click.Context) -> Iterator[Tell]:
    if ctx.obj.verbosity < 0:
        yield lambda _: None
    elif ctx.obj.as_json:
        yield _log
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let a request to terminate end the block as an error does: what is under way is finished and kept."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends it at once
        click.echo("Terminated: what is under way is finished and kept.", err=True)
        raise SystemExit(TERMINATED)

    if threading.current_thread() is not threading.main_thread():  # only there signals are heard
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log(progress: Progress) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    click.echo(json.dumps({"time": now, **progress.to_dict()}), err=True)


def _lines() -> Callable[[Progress], None]:
    said = monotonic()

    def tell(progress: Progress) -> None:
        nonlocal said
        if (remark := _remark(progress)) is not None:
            click.echo(remark, err=True)
        due = progress.done == progress.parts or monotonic() - said >= EVERY
        if progress.event == "part" and due:
            said = monotonic()
            click.echo(f"{_where(progress)}, {_describe(progress)}", err=True)

    return tell


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console  # noqa: PLC0415  only on a terminal
    from rich.progress import BarColumn, TextColumn  # noqa: PLC0415  only on a terminal
    from rich.progress import Progress as Bar  # noqa: PLC0415  only on a terminal

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}")
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None, said="")

        def tell(progress: Progress) -> None:
            if (remark := _remark(progress)) is not None:
                bar.console.print(remark, markup=False, highlight=False)
            if progress.step:
                bar.update(
                    task,
                    description=progress.step,
                    completed=progress.returns_done,
                    total=progress.returns or None,
                    said=_describe(progress),
                )

        yield tell


def _remark(progress: Progress) -> str | None:
    if progress.event == "resumed":
        return "Going on with a run that was left off."
    if progress.event == "late":
        left = say_seconds(progress.time_left or 0)
        return f"At this pace the run takes {left} more, and the deadline comes before."
    return None


def _where(progress: Progress) -> str:
    return f"{progress.step}: {progress.done:,} of {progress.parts:,} parts"


def _describe(progress: Progress) -> str:
    said = [f"{progress.returns_done:,} of {progress.returns:,} returns"]
    if progress.returns_per_second is not None:
        said.append(f"{progress.returns_per_second:,.0f} a second")
    if progress.time_left:
        said.append(f"{say_seconds(progress.time_left)} left")
    return ", ".join(said)


def say_seconds(seconds: float) -> str:
    """Say a duration, not more exactly than it is known.

    Examples
    --------
    >>> say_seconds(42), say_seconds(300), say_seconds(9_000)
    ('about 42 s', 'about 5 min', 'about 2.5 h')
    """
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3600:.1f} h"
