"""``taxgap train``: fit a risk model on closed enquiries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options


@click.command(short_help="Train a risk model on closed enquiries, and evaluate it on later random ones.")
@options.records_argument
@options.out_option("the model")
@click.option("--regime", default="self_assessment", show_default=True, help="The tax.")
@options.as_of_option
@click.option(
    "--style",
    type=click.Choice(["ensemble", "scorecard"]),
    default="ensemble",
    show_default=True,
    help="Full trees, or a few rules that a person can read.",
)
@click.option(
    "--tune",
    "trials",
    type=click.IntRange(min=1),
    metavar="TRIALS",
    help="How many settings are tried on the earlier years; a few when absent, 1 for none.",
)
@click.option(
    "--waive", multiple=True, metavar="FEATURE", help="Let the leak check pass a feature; the card says so."
)
@click.option(
    "--noise-refits",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Fit the model again N times; what that could undo is then no reason.",
)
@options.engine_options
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Workers of a Dask cluster that is started here.",
)
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
    replace: bool,
    noise_refits: int,
    **settings: Any,
) -> None:
    """Train a risk model on the closed enquiries of RECORDS, and evaluate it on later random ones.

    The model is a folder of text, parquet and JSON: nothing in it can run. OUT/card.md says in words what it
    is.

    Example: taxgap train population/records --out model
    """
    from taxgap.reasons.noise import annotate_noise, measure_noise  # noqa: PLC0415  heavy
    from taxgap.reasons.refits import check_refits  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.records.files import check_absent, check_writable  # noqa: PLC0415  heavy
    from taxgap.records.processes import MOST, count_workers  # noqa: PLC0415  heavy
    from taxgap.risk import train  # noqa: PLC0415  heavy

    check_absent(out, replace=replace, marker="card.json")  # before minutes are spent
    check_writable(out)
    if noise_refits:
        check_refits(noise_refits)
    opened = Records.open(records)
    model = train(opened, regime, n_threads=count_workers(None, MOST), **settings)
    if noise_refits:
        noise = measure_noise(opened, model, refits=noise_refits, seed=settings["seed"])
        annotate_noise(model, noise, refits=noise_refits, seed=settings["seed"])
    model.save(out, replace=replace)
    options.show(ctx, model.summary(), model.card_)
