"""``taxgap suggest-mapping``: draft columns.toml from an administration's own extracts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taxgap.cli import options
from taxgap.errors import UsageError

if TYPE_CHECKING:
    from taxgap.records.suggestion.suggestion import Suggestion


@click.command(short_help="Draft the mapping of an administration's own tables, from headers and values.")
@click.argument("source")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, such as columns.toml; standard output when absent.",
)
@click.option(
    "--table", "tables", metavar="NAME", multiple=True, help="Look for this table only; may be repeated."
)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context, /, *, source: str, out: Path | None, tables: tuple[str, ...], replace: bool
) -> None:
    """Look at SOURCE (a folder of CSV, fixed-width or parquet files, a DuckDB file, or a database's address).

    The draft names a table and a column of the schema for what the extracts hold, with units, codes and forms
    of days, and says what is doubtful. Read it and mend it before anything is read with it. No row's values
    stand in it, save codes that many rows share.

    Example: taxgap suggest-mapping extracts --out columns.toml
    """
    from taxgap.records.files import new_file  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.records.suggestion.suggestion import suggest_mapping  # noqa: PLC0415  heavy

    if out is not None and out.exists() and not replace:
        raise UsageError(
            "The file exists already.", where=str(out), remedy="Name another, or give --replace."
        )
    suggestion = suggest_mapping(source, tables=tables or None)
    text = suggestion.to_toml()
    if out is None:
        options.show(ctx, text.rstrip("\n"), suggestion.frame.to_dict("records"))
        return
    with new_file(out) as path:
        path.write_text(text, "utf-8")
    options.show(ctx, _summary(suggestion, out), suggestion.frame.to_dict("records"))


def _summary(suggestion: Suggestion, out: Path) -> str:
    frame = suggestion.frame
    doubtful = int(frame["note"].str.startswith("doubtful").sum())
    taken = int((frame["suggested"] != "").sum()) - doubtful
    named = ", ".join(table.table for table in suggestion.tables)
    return (
        f"Drafted {out}: {named}.\n"
        f"{taken} of {len(frame)} columns are suggested; {doubtful} more are doubtful, as comments.\n"
        "Read every line that ends with a comment before you ingest."
    )
