"""``taxgap generate``: make a synthetic population."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options, populations


@click.command(short_help="Make a synthetic population in which the truth is known.")
@options.out_option("it receives records and truth")
@click.option("--taxpayers", type=int, default=50_000, show_default=True, help="Taxpayers on the register.")
@click.option(
    "--years",
    type=int,
    default=4,
    show_default=True,
    help="Tax years, counted back from 2024-25; 5 add 2025-26.",
)
@options.seed_option("Same seed, same bytes.")
@click.option(
    "--as-of",
    default="",
    show_default="2026-09-30; a year later with 2025-26",
    help="The date at which the records stand.",
)
@click.option("--random-share", type=float, default=0.05, show_default=True, help="Returns opened at random.")
@click.option("--risk-share", type=float, default=0.05, show_default=True, help="Returns opened for risk.")
@click.option(
    "--detection", type=float, default=0.55, show_default=True, help="Tax that officers find (an assumption)."
)
@click.option("--difficulty", type=float, default=1.0, show_default=True, help="How hard to tell, 0.25 to 3.")
@populations.rate_option
@populations.shock_option
@populations.plug_in_option
@options.workers_option
@options.replace_option
@options.dry_run_option
@options.common
@click.pass_context
def command(
    ctx: click.Context, /, *, out: Path, workers: int | None, replace: bool, dry_run: bool, **settings: Any
) -> None:
    """Make a synthetic economy in which the truth is known: four taxes, and what others report.

    OUT/records holds what an administration would hold, OUT/truth what only the generator knows. Same seed,
    same bytes, whatever the number of workers. A run that was killed goes on where it stopped when the same
    command is given again.

    Example: taxgap generate --out population --taxpayers 20000
    """
    from taxgap.synthetic import generate, mechanisms  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.synthetic.settings import Settings  # noqa: PLC0415  heavy

    settings["rates"] = dict(settings["rates"])
    if dry_run:
        chosen = Settings.from_mapping(dict(settings))
        mechanisms(chosen)
        text = f"Would make {chosen.taxpayers:,} taxpayers over {chosen.years} tax years in {out}."
        options.show(ctx, text, {"out": out, "settings": settings})
        return
    with options.progress(ctx, "Generating") as progress:
        records = generate(out, workers=workers, replace=replace, progress=progress, **settings)
    rows = {name: records.manifest.rows(name) for name in records.tables}
    lines = [("table", "rows"), *((name, f"{count:,}") for name, count in rows.items())]
    text = (
        f"{options.table(lines, right=(1,))}\n\nSynthetic records at {records.as_of.date()} in {out}/records."
    )
    options.show(ctx, text, {"out": out, "rows": rows, "periods": records.periods})
