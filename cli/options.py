"""The options that verbs share, and how a run shows what it does."""

from __future__ import annotations

import json
import logging
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from taxgap.batch.deadline import Deadline
    from taxgap.risk import RiskModel

Command = TypeVar("Command", bound=Callable[..., Any])
Progress = Callable[[int, int], None]


def common(command: Command) -> Command:
    """Add ``--json``, ``-v``, ``-q`` and ``--config`` to a verb."""
    for option in (_config, _quiet, _verbose, _json):
        command = option(command)
    return command


def _set_json(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.obj.as_json = ctx.obj.as_json or value


def _set_verbose(ctx: click.Context, _: click.Parameter, value: int) -> None:
    if value:
        ctx.obj.verbosity = value
        logging.basicConfig(stream=sys.stderr, level=logging.DEBUG if value > 1 else logging.INFO)


def _set_quiet(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.obj.verbosity = -1


def _read_config(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is None:
        return
    try:
        content = tomllib.loads(value.read_text("utf-8"))
    except FileNotFoundError as error:
        raise click.BadParameter(f"{value} does not exist.", ctx, parameter) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise click.BadParameter(f"{value} cannot be read as TOML.", ctx, parameter) from error
    name = ctx.info_name or ""
    # Settings may bear the name of the option (period) or, where it differs, of what it becomes (periods).
    names = {
        flag.lstrip("-").replace("-", "_"): each.name for each in ctx.command.params for flag in each.opts
    }
    settings = {key.replace("-", "_"): item for key, item in content.get(name, content).items()}
    settings = {names.get(key) or key: item for key, item in settings.items()}
    known = {option.name for option in ctx.command.params if option.name}
    unknown = sorted(set(settings) - known)
    if unknown:
        text = f"{value} has settings that '{name}' does not know: {', '.join(unknown)}."
        raise click.BadParameter(f"{text} Known: {', '.join(sorted(known))}.", ctx, parameter)
    # A table of names and values stands for an option that may be repeated.
    ctx.default_map = {
        key: list(item.items()) if isinstance(item, dict) else item for key, item in settings.items()
    }


_json = click.option(
    "--json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_json,
    help="Write the result, and any error, as JSON.",
)
_verbose = click.option(
    "-v",
    "--verbose",
    count=True,
    is_eager=True,
    expose_value=False,
    callback=_set_verbose,
    help="Say more; twice for the traceback of an unexpected error.",
)
_quiet = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_quiet,
    help="Say nothing but errors.",
)
_config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    help="A TOML file with options of this verb, alone or in a table of its name.",
)


def share(value: str) -> float:
    """Read a share: a number from 0 to 1, or a percentage.

    Examples
    --------
    >>> share("0.05"), share("5%")
    (0.05, 0.05)
    """
    text = str(value).strip()
    try:
        number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise click.BadParameter(
            f"'{text}' is no share: write a number from 0 to 1, or a percentage such as 5%."
        )
    return number


records_argument = click.argument("records")  # a folder, or a database's file or address
model_option = click.option(
    "--model",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The model's folder, or a shelf of models.",
)
either_model_option = click.option(
    "--model",
    type=click.Path(path_type=Path, file_okay=False),
    help="The model's folder, or a shelf of models.",
)
replace_option = click.option("--replace", is_flag=True, help="Replace the output if it exists.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
as_of_option = click.option("--as-of", metavar="DATE", help="See nothing received after this date.")
workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=None,
    show_default="one a processor",
    help="Processes to start; what is written does not depend on it.",
)


def engine_options(command: Command) -> Command:
    """Add ``--engine`` and ``--scheduler`` to a verb."""
    for option in (_scheduler, _engine):
        command = option(command)
    return command


_engine = click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="What spreads the work: processes here, or a Dask cluster whose workers see the same files.",
)
_scheduler = click.option(
    "--scheduler", metavar="ADDRESS", help="Of a Dask cluster; without it one is started here."
)


def _read_deadline(_: click.Context, __: click.Parameter, value: str | None) -> Deadline | None:
    from taxgap.batch.deadline import Deadline  # noqa: PLC0415  only when it is given

    return None if value is None else Deadline.of(value)


deadline_option = click.option(
    "--deadline",
    metavar="TIME",
    callback=_read_deadline,
    help="Begin nothing after this: a duration (4h), a time (06:00), or a date and time.",
)


def out_option(what: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Return the ``--out`` option of a verb that writes `what`."""
    return click.option(
        "--out", type=click.Path(path_type=Path), required=required, help=f"The folder to write: {what}."
    )


def seed_option(what: str, *, default: int = 7) -> Callable[[Command], Command]:
    """Return the ``--seed`` option; its default is that of the function behind the verb."""
    return click.option("--seed", type=click.IntRange(min=0), default=default, show_default=True, help=what)


def load_model(path: Path) -> RiskModel:
    """Load a model from its folder, or the champion of a shelf."""
    from taxgap.monitoring.models import resolve_model  # noqa: PLC0415  heavy: only when it runs
    from taxgap.risk import RiskModel  # noqa: PLC0415  heavy

    return RiskModel.load(resolve_model(path))


def show(ctx: click.Context, text: str, data: Any) -> None:
    """Write the result to standard output: text for people, or JSON for machines."""
    if ctx.obj.as_json:
        click.echo(json.dumps(data, default=str))
    elif ctx.obj.verbosity >= 0:
        click.echo(text)


@contextmanager
def progress(ctx: click.Context, title: str) -> Iterator[Progress]:
    """Show progress on standard error, only on a terminal; give the function to call with (done, total)."""
    if ctx.obj.verbosity < 0 or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415  only on a terminal
    from rich.progress import Progress as Bar  # noqa: PLC0415  only on a terminal

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def steps(ctx: click.Context) -> Iterator[Callable[[str, int, int], None]]:
    """Show progress step by step: a bar on a terminal, else a line when a step is done; on standard error."""
    if ctx.obj.verbosity < 0:
        yield lambda _step, _done, _parts: None
        return
    if sys.stderr.isatty():
        with progress(ctx, "") as show_bar:
            yield lambda _step, done, parts: show_bar(done, parts)
        return
    start = monotonic()

    def say(name: str, done: int, parts: int) -> None:
        if done == parts and parts:
            click.echo(f"{name}: {parts} of {parts} parts, {monotonic() - start:.0f} s", err=True)

    yield say


@contextmanager
def step(ctx: click.Context, title: str) -> Iterator[None]:
    """Say on standard error that a step begins, and how long it took."""
    if ctx.obj.verbosity < 0:
        yield
        return
    click.echo(f"{title} ...", err=True, nl=False)
    start = monotonic()
    try:
        yield
    finally:
        click.echo(f" {monotonic() - start:.1f} s", err=True)


def table(rows: Sequence[tuple[str, ...]], *, right: tuple[int, ...] = ()) -> str:
    """Lay rows out in columns; the first row is the head, `right` names columns set to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
