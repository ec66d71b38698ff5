"""``taxgap validate``: say whether records can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from taxgap.cli import options, streams
from taxgap.errors import InvalidDataError, ThresholdError

if TYPE_CHECKING:
    from taxgap.records import Records
    from taxgap.validation import ValidationReport


@click.command(short_help="Check whether records can be trusted; put rows that cannot be into quarantine.")
@options.records_argument
@options.out_option("trusted records, quarantine and report", required=False)
@streams.columns_option
@streams.table_option
@options.as_of_option
@click.option(
    "--fail-on",
    type=click.Choice(["reject", "warn"]),
    help="End with status 5 if any rule of this severity, or a graver one, failed.",
)
@click.option("--quality", is_flag=True, help="Profile the quality of the rows over time and place as well.")
@options.workers_option
@options.engine_options
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    out: Path | None,
    columns: Path | None,
    table: str | None,
    as_of: str | None,
    fail_on: Literal["reject", "warn"] | None,
    quality: bool,
    workers: int | None,
    engine: Literal["local", "dask"],
    scheduler: str | None,
    replace: bool,
) -> None:
    """Check RECORDS against the schemas and all rules, and say everything that is wrong at once.

    RECORDS is a folder that generate or ingest wrote, or whatever ingest reads; or - for one --table from
    standard input. With --out, trusted rows go to OUT/records and rejected ones, with their reasons, to
    OUT/quarantine; no row is dropped or repaired. Without --out, rejected rows end the run with status 3.
    With --quality, it is said which year, source or region got worse.

    Example: taxgap validate population/records --out trusted
    """
    from taxgap.validation import validate  # noqa: PLC0415  heavy: only when the verb runs

    with _open(ctx, records, table, columns) as opened:
        report = validate(
            opened.known_at(as_of),
            tables=None if table is None else [table],
            out=out,
            quality=quality,
            replace=replace,
            workers=workers,
            engine=engine,
            scheduler=scheduler,
        )
        text, data = report.to_text(), report.to_dict()
        if quality:
            text, data = f"{text}\n{report.quality.to_text()}", data | {"quality": report.quality.to_dict()}
    options.show(ctx, text, data)
    if fail_on is not None:
        _check_threshold(report, fail_on)
    elif out is None:
        report.raise_if_failed()


@contextmanager
def _open(ctx: click.Context, records: str, table: str | None, columns: Path | None) -> Iterator[Records]:
    from taxgap.records import Records  # noqa: PLC0415  heavy: only when the verb runs

    if records == streams.STANDARD:
        with streams.open_table(ctx, table, columns) as opened:
            yield opened
        return
    streams.refuse_table(table)
    yield Records.open(records, columns=columns)


def _check_threshold(report: ValidationReport, severity: Literal["reject", "warn"]) -> None:
    try:
        report.raise_if_failed(severity)
    except InvalidDataError as error:
        raise ThresholdError(f"--fail-on {severity}: {error.message}", where=error.where) from error
