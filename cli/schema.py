"""``taxgap schema``: say what a table must look like."""

from __future__ import annotations

import click

from taxgap.cli import options


@click.command(short_help="Describe the columns of a table, or list the tables.")
@click.argument("name", metavar="[TABLE]", required=False)
@click.option("--truth", is_flag=True, help="Describe a table of the truth.")
@click.option(
    "--format", "style", type=click.Choice(["table", "markdown"]), default="table", help="How to lay it out."
)
@options.common
@click.pass_context
def command(ctx: click.Context, /, *, name: str | None, truth: bool, style: str) -> None:
    """Describe the columns of TABLE: type, unit, box of the form, title and rule.

    Without TABLE, list the tables.

    Example: taxgap schema self_assessment
    """
    from taxgap.schemas import TABLES, TRUTH_TABLES, describe_schema  # noqa: PLC0415  heavy

    if name is None:
        names = list(TRUTH_TABLES if truth else TABLES)
        options.show(ctx, "\n".join(names), names)
        return
    columns = describe_schema(name, truth=truth)
    shown = columns[["column", "type", "unit", "box", "title", "rule"]].astype(str)
    rows = [tuple(shown.columns), *shown.itertuples(index=False, name=None)]
    text = _markdown(rows) if style == "markdown" else options.table(rows)
    options.show(ctx, text, columns.to_dict("records"))


def _markdown(rows: list[tuple[str, ...]]) -> str:
    head, *body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])
