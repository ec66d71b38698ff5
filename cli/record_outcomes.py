"""``taxgap record-outcomes``: record closed enquiries and officers' answers."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Record closed enquiries and officers' answers in new records.")
@options.records_argument
@options.out_option("the records with what was recorded")
@click.option("--enquiries", type=_FILE, help="Enquiries now closed: a CSV or parquet file.")
@click.option("--answers", type=_FILE, help="What officers said of flags and reasons: a CSV or parquet file.")
@click.option(
    "--as-of", metavar="DATE", help="The date at which the new records stand; else as the old ones."
)
@click.option("--amend", is_flag=True, help="Let what was recorded before be changed.")
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    out: Path,
    enquiries: Path | None,
    answers: Path | None,
    as_of: str | None,
    amend: bool,
    replace: bool,
) -> None:
    """Record closed enquiries and officers' answers in a new folder; RECORDS stay as they are.

    Rows that cannot be recorded are set aside and named, with what to do. Recording the same file twice
    changes nothing.

    Example: taxgap record-outcomes records --enquiries closed.csv --out records-2
    """
    from taxgap.monitoring import record_outcomes  # noqa: PLC0415  heavy: only when the verb runs

    report = record_outcomes(
        records, enquiries=enquiries, answers=answers, out=out, as_of=as_of, amend=amend, replace=replace
    )
    options.show(ctx, report.to_text(), report.to_dict())
