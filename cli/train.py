"""``taxgap train``: fit a risk model on closed enquiries."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options


@click.command(short_help="Train a risk model on closed enquiries, and evaluate it on later random ones.")
@options.records_argument
@options.out_option("the model")
@click.option("--regime", default="self_assessment", show_default=True, help="The tax.")
@options.as_of_option
@options.seed_option("Seed of the model's own draws.", default=0)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    out: Path,
    regime: str,
    as_of: str | None,
    seed: int,
    replace: bool,
) -> None:
    """Train a risk model on the closed enquiries of RECORDS, and evaluate it on later random ones.

    The model is a folder of text, parquet and JSON: nothing in it can run.

    Example: taxgap train population/records --out model
    """
    from taxgap.records import Records  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.records.files import check_absent  # noqa: PLC0415  heavy
    from taxgap.risk import train  # noqa: PLC0415  heavy

    check_absent(out, replace=replace, marker="card.json")  # before minutes are spent
    model = train(Records.open(records), regime, as_of=as_of, seed=seed)
    model.save(out, replace=replace)
    options.show(ctx, model.summary(), model.card_)
