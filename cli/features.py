"""``taxgap features``: make the features of every return, once, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options


@click.command(short_help="Make the features of every return, one parquet file a partition.")
@options.records_argument
@options.out_option("the features")
@click.option("--regime", help="The tax: all of its features, against peers of these very returns.")
@click.option(
    "--model",
    type=click.Path(path_type=Path, file_okay=False),
    help="In its place a model: its features, against its peers.",
)
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; all when absent.")
@options.as_of_option
@options.workers_option
@options.engine_options
@click.option("--resume", is_flag=True, help="Only go on with a run that was left off.")
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    model: Path | None,
    out: Path,
    periods: tuple[str, ...],
    **settings: Any,
) -> None:
    """Make what a model sees of every return in RECORDS, and write it partition by partition.

    RECORDS were checked before, with validate: rows are taken as they are. A run that was killed goes on
    where it stopped: give the same command again.

    Example: taxgap features trusted/records --regime self_assessment --out features
    """
    from taxgap.batch.features import build_features  # noqa: PLC0415  heavy: only when it runs
    from taxgap.batch.features.files import read_manifest  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy

    loaded = None if model is None else options.load_model(model)
    given = {"model": loaded, "periods": list(periods) or None, **settings}
    with options.steps(ctx) as progress:
        build_features(Records.open(records), out, progress=progress, **given)
    found = read_manifest(out)
    kept = ("regime", "as_of", "periods", "model_id", "peers", "rows", "missing_features")
    text = (
        f"{found['rows']:,} {found['regime']} returns of {', '.join(found['periods'])}, "
        f"{len(found['columns'])} features, in {len(found['outputs'])} files."
    )
    options.show(ctx, text, {name: found[name] for name in kept} | {"features": len(found["columns"])})
