"""``taxgap diff``: what changed between two nights of scores."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options
from taxgap.errors import ThresholdError, UsageError


@click.command(short_help="Compare two nights of scores: flags, ranks, reasons and drift.")
@click.argument("before", metavar="SCORES1", type=click.Path(path_type=Path))
@click.argument("after", metavar="SCORES2", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: every return that changed, as parquet. It is personal.",
)
@click.option(
    "--max-changed",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit with status 5 if more than this share of the flags of SCORES2 are new.",
)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    before: Path,
    after: Path,
    out: Path | None,
    max_changed: float | None,
    replace: bool,
) -> None:
    """Compare the scores in SCORES2 with those in SCORES1, return by return.

    Both are folders that `taxgap score` wrote, of the same tax; model, date and settings may differ. No row
    of a taxpayer is shown; --out writes them.

    Example: taxgap diff scores-monday scores-tuesday --out changed.parquet --max-changed 0.2
    """
    from taxgap.batch import compare_scores  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records.files import new_file  # noqa: PLC0415  heavy

    if out is not None and out.exists() and not replace:
        raise UsageError(
            "The file exists already.", where=str(out), remedy="Name another, or give --replace."
        )
    found = compare_scores(before, after)
    if out is not None:
        with new_file(out) as file:
            found.changed.to_parquet(file, index=False)
    options.show(ctx, found.to_text(), found.to_dict() | {"out": out})
    if max_changed is not None and found.new_share > max_changed:
        raise ThresholdError(
            f"--max-changed {max_changed:g}: {found.new_share:.1%} of the flags of {after} are new."
        )
