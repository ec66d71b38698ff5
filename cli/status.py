"""``taxgap status``: what state a run is in."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options


@click.command(short_help="Say what state a run of `score` is in, and how far it came.")
@click.argument("out", type=click.Path(path_type=Path))
@options.common
@click.pass_context
def command(ctx: click.Context, /, *, out: Path) -> None:
    """Say whether the scores in OUT are whole, being written, or left off, and how far the run came.

    Example: taxgap status scores
    """
    from taxgap.batch import read_status  # noqa: PLC0415  heavy: only when it runs

    status = read_status(out)
    options.show(ctx, status.to_text(), status.to_dict())
