"""What verbs share where tables flow through standard input and output, or lie in somebody's own files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options
from taxgap.errors import IncompatibleError, TaxGapError, UsageError

if TYPE_CHECKING:
    from taxgap.batch.delivery import Delivery
    from taxgap.records import Records

STANDARD = "-"

columns_option = click.option(
    "--columns",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The mapping of own tables: names, codes, units and dates; columns.toml beside them when absent.",
)
table_option = click.option(
    "--table", metavar="NAME", help="Which table comes from standard input, where RECORDS is -."
)


def show(ctx: click.Context, text: str, data: Any, *, on_error: bool) -> None:
    """Show a result as `options.show` does; on standard error where a table goes to standard output."""
    if not on_error:
        options.show(ctx, text, data)
    elif ctx.obj.as_json:
        click.echo(json.dumps(data, default=str), err=True)
    elif ctx.obj.verbosity >= 0:
        click.echo(text, err=True)


@contextmanager
def open_table(ctx: click.Context, table: str | None, columns: Path | None) -> Iterator[Records]:
    """Read the table that comes from standard input; say on standard error what could not be read."""
    from taxgap.records.ingestion.streams import ingest_stream  # noqa: PLC0415  heavy: only when it runs

    if table is None:
        raise UsageError(
            "Which table comes from standard input is not said.", where="--table", remedy="Say --table NAME."
        )
    with ingest_stream(sys.stdin.buffer, table, columns=columns) as report:
        if not report.passed and ctx.obj.verbosity >= 0:
            click.echo(report.to_text(), err=True)
        try:
            yield report.records
        except IncompatibleError as error:
            raise IncompatibleError(
                error.message,
                where=table,
                remedy="Name a folder or a database that holds the other tables too, or a model that was "
                "trained on this table alone.",
            ) from error


def refuse_table(table: str | None) -> None:
    """Refuse ``--table`` where nothing comes from standard input.

    Raises
    ------
    UsageError
    """
    if table is not None:
        raise UsageError(
            "--table names what comes from standard input.", where="--table", remedy="Name RECORDS as -."
        )


@contextmanager
def output_folder(out: Path) -> Iterator[Path]:
    """Give the folder to write, a temporary one where the output is standard output."""
    if str(out) != STANDARD:
        yield out
        return
    with TemporaryDirectory(prefix="taxgap-") as folder:
        yield Path(folder, "scores")


def tell_rejected(ctx: click.Context, folder: Path) -> None:
    """Say on standard error which rows were set aside, where the folder that holds them will be removed."""
    import pandas as pd  # noqa: PLC0415  heavy: only when it runs

    from taxgap.schemas import TABLES  # noqa: PLC0415  heavy
    from taxgap.schemas.table import row_key  # noqa: PLC0415  heavy

    for path in sorted(folder.glob("_rejected/*/part-*.parquet")):
        table = path.parent.name
        for row in pd.read_parquet(path, partitioning=None).to_dict("records"):
            key = "/".join(str(row[name]) for name in row_key(TABLES[table]) if name in row)
            told = {"table": table, "row": key, "rule": row["rule"], "reason": row["reason"]}
            as_text = f"Rejected: {table} {key}: {row['reason']} ({row['rule']})"
            click.echo(json.dumps({"rejected": told}) if ctx.obj.as_json else as_text, err=True)


def read_targets(out: Path, target: str | None) -> list[str]:
    """List where scores are delivered to; refuse what cannot be, before anything is scored."""
    from taxgap.batch.delivery import check_target  # noqa: PLC0415  heavy: only when it runs

    targets = [target] if target is not None else []
    targets += [STANDARD] if str(out) == STANDARD and target != STANDARD else []
    for each in targets:
        check_target(each)
    return targets


def deliver(out: Path, target: str, *, replace: bool, kept: bool) -> Delivery:
    """Deliver finished scores; where that fails, say how it is done again without scoring again."""
    from taxgap.batch.delivery import deliver_scores  # noqa: PLC0415  heavy: only when it runs

    try:
        return deliver_scores(out, target, replace=replace)
    except TaxGapError as error:
        if kept:
            more = " --replace" if replace else ""
            again = f"The scores are whole: `taxgap deliver {out} {target}{more}` delivers them."
            error.remedy = f"{error.remedy} {again}" if error.remedy else again
        raise
