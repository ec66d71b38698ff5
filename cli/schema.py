"""``taxgap schema``: say what a table must look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from taxgap.cli import options

if TYPE_CHECKING:
    from taxgap.validation.dictionary import TableDictionary


@click.command(short_help="Describe the columns and rules of a table, or list the tables.")
@click.argument("name", metavar="[TABLE]", required=False)
@click.option("--truth", is_flag=True, help="Describe a table of the truth.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    help="How to lay it out; json is the same as --json.",
)
@options.common
@click.pass_context
def command(ctx: click.Context, /, *, name: str | None, truth: bool, style: str) -> None:
    """Describe TABLE: columns with type, unit, box of the form, title and rule; then the rules across them.

    Without TABLE, list the tables.

    Example: taxgap schema self_assessment
    """
    from taxgap.schemas import TABLES, TRUTH_TABLES  # noqa: PLC0415  heavy
    from taxgap.validation.dictionary import TableDictionary  # noqa: PLC0415  heavy

    if name is None:
        names = list(TRUTH_TABLES if truth else TABLES)
        options.show(ctx, json.dumps(names) if style == "json" else "\n".join(names), names)
        return
    described = TableDictionary.of(name, truth=truth)
    options.show(ctx, _lay_out(described, style), described.to_dict())


def _lay_out(described: TableDictionary, style: str) -> str:
    if style == "json":
        return json.dumps(described.to_dict(), indent=2)
    return described.to_markdown() if style == "markdown" else _as_table(described)


def _as_table(described: TableDictionary) -> str:
    from taxgap.validation.dictionary import COLUMN_HEAD, RULE_HEAD  # noqa: PLC0415  heavy

    parts = [described.about, options.table([COLUMN_HEAD, *described.column_rows()])]
    if len(described.rules):
        # What to do then makes lines too long for a screen: the other formats have it.
        parts.append(options.table([RULE_HEAD[:3], *(row[:3] for row in described.rule_rows())]))
    return "\n\n".join(parts)
