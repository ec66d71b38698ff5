"""``taxgap score``: score every return and give it reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from taxgap.cli import options

_RUN = ("workers", "engine", "scheduler", "resume", "replace", "max_rejected")


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
@click.option("--trusted", is_flag=True, help="The records were validated: do not check their rows again.")
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Deliver nothing if more than this share of a table's rows break a rule.",
)
@options.workers_option
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="What spreads the work: processes here, or a Dask cluster whose workers see the same files.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster; without it one is started here.")
@click.option(
    "--together",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    help="Returns scored together, at most: fewer need less memory, and take longer.",
)
@click.option("--resume", is_flag=True, help="Only go on with a run that was left off.")
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
    dry_run: bool,
    **settings: Any,
) -> None:
    """Score every return in RECORDS with a model, flag cases within capacity, and give the reasons.

    OUT receives one parquet file a partition and a manifest; rows that break a rule are set aside in
    OUT/_rejected, with their reasons. A run that was killed goes on where it stopped: give the same command
    again. Reasons hold a return against its peers: the same trade group and size band. A flag is a reason to
    look, not a finding.

    Example: taxgap score population/records --model model --out scores
    """
    from taxgap.batch import (  # noqa: PLC0415  heavy: only when it runs
        plan_scores,
        read_accounts,
        read_scores,
        summarise,
        write_scores,
    )
    from taxgap.batch.summary import SUMMARISED  # noqa: PLC0415  heavy
    from taxgap.monitoring.models import resolve_model  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy
    from taxgap.risk import RiskModel  # noqa: PLC0415  heavy

    opened, loaded = Records.open(records), RiskModel.load(resolve_model(model))
    run = {name: settings.pop(name) for name in _RUN}
    given = {"periods": list(periods) or None, "validate": not trusted, **settings}
    if dry_run:
        plan = plan_scores(opened, loaded, **given)
        options.show(ctx, f"{plan.to_text()}, into {out}.", plan.to_dict() | {"out": out})
        return
    with options.steps(ctx) as progress:
        write_scores(opened, loaded, out, progress=progress, **run, **given)
    columns = SUMMARISED if settings["reasons"] else SUMMARISED[:-2]
    summary, accounts = summarise(read_scores(out, columns)), read_accounts(out)
    text = f"{summary.to_text()}\n\n{accounts.to_text()}"
    options.show(ctx, text, summary.to_dict() | {"accounts": accounts.to_dict()})
