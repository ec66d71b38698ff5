"""``taxgap ingest``: bring an administration's own tables into the library's form."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options
from taxgap.errors import InvalidDataError, ThresholdError


@click.command(short_help="Bring an administration's own tables into the library's form.")
@click.argument("source")
@options.out_option("records, rows that could not be read, and the report")
@click.option(
    "--columns",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The mapping of names, codes, units and dates; columns.toml in the folder when absent.",
)
@click.option("--as-of", metavar="DATE", help="The date at which the records stand.")
@click.option("--fail-on-unread", is_flag=True, help="End with status 5 if a row could not be read.")
@options.workers_option
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    source: str,
    out: Path,
    columns: Path | None,
    as_of: str | None,
    fail_on_unread: bool,
    workers: int | None,
    replace: bool,
) -> None:
    """Read SOURCE (a folder of CSV, fixed-width or parquet files, a DuckDB file, or a database's address).

    OUT/records holds the rows that could be read, in the library's form; OUT/unread those that could not, as
    they were, with line and reason; OUT/ingest.json accounts for every row.

    Example: taxgap ingest extracts --columns columns.toml --out population
    """
    from taxgap.records.ingestion import ingest  # noqa: PLC0415  heavy: only when the verb runs

    with options.progress(ctx, "Reading") as progress:
        report = ingest(
            source, out, columns=columns, as_of=as_of, replace=replace, workers=workers, progress=progress
        )
    options.show(ctx, report.to_text(), report.to_dict())
    if fail_on_unread:
        try:
            report.raise_if_failed()
        except InvalidDataError as error:
            raise ThresholdError(f"--fail-on-unread: {error.message}", where=error.where) from error
