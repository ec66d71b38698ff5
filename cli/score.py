"""``taxgap score``: score every return and give it reasons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options, streams, telling

if TYPE_CHECKING:
    from taxgap.records import Records

_RUN = ("workers", "engine", "scheduler", "resume", "replace", "max_rejected", "deadline")


@click.command(short_help="Score every return, flag cases within capacity, and give the reasons.")
@options.records_argument
@options.model_option
@options.out_option("the scores; - for CSV on standard output")
@streams.columns_option
@streams.table_option
@click.option(
    "--deliver", metavar="TARGET", help="Deliver the scores when they are whole, as `taxgap deliver` does."
)
@click.option(
    "--reasons", type=click.IntRange(0, 4), default=4, show_default=True, help="Reasons a case, at most."
)
@click.option(
    "--explain-share",
    type=options.share,
    default=1.0,
    show_default=True,
    help="Share of returns, from the highest rank down, that are explained.",
)
@click.option(
    "--contributions", is_flag=True, help="Write what each feature adds to each score, beside the scores."
)
@click.option(
    "--capacity-share",
    type=options.share,
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
@click.option(
    "--threads", type=click.IntRange(1), help="Threads that explain, with --workers 1; all cores when absent."
)
@click.option("--cutoff", type=options.share, help="Least probability of a flag; else the model's.")
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; all when absent.")
@options.as_of_option
@click.option("--trusted", is_flag=True, help="The records were validated: do not check their rows again.")
@click.option(
    "--max-rejected",
    type=options.share,
    default=0.05,
    show_default=True,
    help="Deliver nothing if more than this share of a table's rows break a rule.",
)
@options.workers_option
@options.engine_options
@click.option(
    "--together",
    type=click.IntRange(min=1),
    default=200_000,
    show_default=True,
    help="Returns scored together, at most, or one partition: fewer need less memory, and take longer.",
)
@click.option(
    "--refit-peers",
    is_flag=True,
    help="Draw the peers from these returns, instead of the model's, in a first pass.",
)
@click.option(
    "--changed-since",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="RUN",
    help="Take over from an earlier run what did not change since; the bytes are those of a full run.",
)
@click.option("--resume", is_flag=True, help="Only go on with a run that was left off.")
@options.deadline_option
@click.option(
    "--metrics",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A text file for Prometheus, replaced as the run goes on; what --dry-run learns from.",
)
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
    columns: Path | None,
    table: str | None,
    deliver: str | None,
    periods: tuple[str, ...],
    trusted: bool,
    dry_run: bool,
    metrics: Path | None,
    **settings: Any,
) -> None:
    """Score every return in RECORDS with a model, flag cases within capacity, and give the reasons.

    OUT receives one parquet file a partition and a manifest; rows that break a rule are set aside in
    OUT/_rejected, with their reasons. A run that was killed goes on where it stopped: give the same command
    again. Reasons hold a return against its peers: the same trade group and size band. A flag is a reason to
    look, not a finding.

    RECORDS is a folder in the library's form, or whatever ingest reads; or - for one --table from standard
    input, where a model needs no other.

    Example: taxgap score population/records --model model --out scores
    """
    from taxgap.batch import (  # noqa: PLC0415  heavy: only when it runs
        forecast_run,
        plan_scores,
        write_scores,
    )
    from taxgap.batch.files import MANIFEST  # noqa: PLC0415  heavy
    from taxgap.records.files import check_absent  # noqa: PLC0415  heavy

    targets = streams.read_targets(out, deliver)
    if str(out) != streams.STANDARD:  # else the metrics of the run that stands there would be lost
        check_absent(out, replace=settings["replace"], marker=MANIFEST)
    run = {name: settings.pop(name) for name in _RUN}
    given = {"periods": list(periods) or None, "validate": not trusted, **settings}
    with streams.output_folder(out) as folder:
        with telling.tell_run(ctx, None if dry_run else metrics) as tell:
            loaded = options.load_model(model)
            with _open(ctx, records, out, table, columns, dry_run=dry_run, run=run) as opened:
                if dry_run:
                    plan = plan_scores(opened, loaded, **given)
                    forecast = forecast_run(opened, plan, workers=run["workers"], metrics=metrics)
                    text = f"{plan.to_text()}, into {out}.\n{forecast.to_text()}"
                    options.show(ctx, text, plan.to_dict() | {"out": out, "forecast": forecast.to_dict()})
                    return
                write_scores(opened, loaded, folder, progress=tell, **run, **given)
            if folder != out:
                streams.tell_rejected(ctx, folder)
            # A night whose scores were not delivered is no success, and its metrics say so.
            kept = folder == out
            done = [streams.deliver(folder, target, replace=run["replace"], kept=kept) for target in targets]
        text, data = _summarise(folder, reasons=settings["reasons"])
    text = "\n\n".join([text, *(each.to_text() for each in done)])
    data |= {"deliveries": [each.to_dict() for each in done]} if done else {}
    streams.show(ctx, text, data, on_error=streams.STANDARD in targets)


def _summarise(folder: Path, *, reasons: int) -> tuple[str, dict[str, Any]]:
    """Say what a run came to: flags and first reasons, and what became of every row."""
    from taxgap.batch import read_accounts, read_scores, summarise  # noqa: PLC0415  heavy: only when it runs
    from taxgap.batch.summary import SUMMARISED  # noqa: PLC0415  heavy

    summary = summarise(read_scores(folder, SUMMARISED if reasons else SUMMARISED[:-2]))
    accounts = read_accounts(folder)
    text = f"{summary.to_text()}\n\n{accounts.to_text()}"
    return text, summary.to_dict() | {"accounts": accounts.to_dict()}


@contextmanager
def _open(
    ctx: click.Context,
    records: str,
    out: Path,
    table: str | None,
    columns: Path | None,
    *,
    dry_run: bool,
    run: dict[str, Any],
) -> Iterator[Records]:
    """Open the records, wherever they come from; own tables are staged beside the output."""
    from taxgap.batch.files import MANIFEST  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records import Records  # noqa: PLC0415  heavy
    from taxgap.records.ingestion.beside import open_beside  # noqa: PLC0415  heavy

    if records == streams.STANDARD:
        with streams.open_table(ctx, table, columns) as opened:
            yield opened
        return
    streams.refuse_table(table)
    if dry_run or str(out) == streams.STANDARD:
        yield Records.open(records, columns=columns)
        return
    how = {name: run[name] for name in ("replace", "resume", "workers")}
    with open_beside(records, out, columns=columns, marker=MANIFEST, **how) as opened:
        yield opened
