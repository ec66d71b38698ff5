"""``taxgap deliver``: take finished scores to a file or a database."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options, streams


@click.command(short_help="Deliver scores: a CSV file, standard output, or a table of a database.")
@click.argument("scores", type=click.Path(path_type=Path, file_okay=False))
@click.argument("target")
@click.option(
    "--table",
    default="scores",
    show_default=True,
    metavar="NAME",
    help="The table of a database, or SCHEMA.TABLE; it is made where it is not there.",
)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    scores: Path,
    target: str,
    table: str,
    replace: bool,
) -> None:
    """Deliver the folder SCORES to TARGET: NAME.csv, NAME.csv.gz, NAME.duckdb, a database's address, or -.

    A database receives all rows in one transaction. The same run is delivered once: to give the command
    again changes nothing. Another run of the same tax and day is exchanged with --replace; other days stand
    beside it, by the column as_of. Passwords come from the environment, ~/.pgpass or a service file.

    Example: taxgap deliver scores postgresql://risk@server/cases --table risk.scores
    """
    from taxgap.batch.delivery import deliver_scores  # noqa: PLC0415  heavy: only when it runs

    done = deliver_scores(scores, target, table=table, replace=replace)
    streams.show(ctx, done.to_text(), done.to_dict(), on_error=target == streams.STANDARD)
