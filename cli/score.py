"""``taxgap score``: score every return and give it reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options


@click.command(short_help="Score every return, flag cases within capacity, and give the reasons.")
@options.records_argument
@options.model_option
@options.out_option("the scores")
@click.option(
    "--reasons", type=click.IntRange(0, 4), default=4, show_default=True, help="Reasons a case, at most."
)
@click.option(
    "--explain-share",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of returns, from the highest rank down, that are explained.",
)
@click.option(
    "--contributions", is_flag=True, help="Write what each feature adds to each score, beside the scores."
)
@click.option(
    "--capacity-share",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of returns that can be worked.",
)
@click.option(
    "--rank-by",
    type=click.Choice(["expected_tax", "probability", "net_yield"]),
    default="expected_tax",
    show_default=True,
    help="What the rank follows; the net yield is expected tax less the cost of the expected hours.",
)
@click.option(
    "--hourly-cost",
    type=click.FloatRange(0),
    help="What an officer's hour costs, in pounds; else the model's.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads that explain; all cores when absent.")
@click.option("--cutoff", type=click.FloatRange(0, 1), help="Least probability of a flag; else the model's.")
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; all when absent.")
@options.as_of_option
@click.option("--trusted", is_flag=True, help="The records were validated: do not check them again.")
@options.replace_option
@options.dry_run_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    model: Path,
    out: Path,
    periods: tuple[str, ...],
    trusted: bool,
    replace: bool,
    dry_run: bool,
    **settings: Any,
) -> None:
    """Score every return in RECORDS with a model, flag cases within capacity, and give the reasons.

    OUT receives one parquet file a partition and a manifest. Reasons hold a return against its peers: the
    same trade group and size band. A flag is a reason to look, not a finding.

    Example: taxgap score population/records --model model --out scores
    """
    from taxgap.batch import read_scores, summarise, write_scores  # noqa: PLC0415  heavy: only when it runs
    from taxgap.batch.summary import SUMMARISED  # noqa: PLC0415  heavy
    from taxgap.monitoring.models import resolve_model  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy
    from taxgap.risk import RiskModel  # noqa: PLC0415  heavy

    opened, loaded = Records.open(records), RiskModel.load(resolve_model(model))
    if dry_run:
        count = opened.manifest.rows(loaded.card_["regime"])
        text = f"Would score {count:,} returns in {len(opened.partitions)} partitions, into {out}."
        options.show(ctx, text, {"returns": count, "partitions": len(opened.partitions), "out": out})
        return
    write_scores(
        opened,
        loaded,
        out,
        periods=list(periods) or None,
        validate=not trusted,
        replace=replace,
        **settings,
    )
    columns = SUMMARISED if settings["reasons"] else SUMMARISED[:-2]
    summary = summarise(read_scores(out, columns))
    options.show(ctx, summary.to_text(), summary.to_dict())
