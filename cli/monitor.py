"""``taxgap monitor``: whether a model still fits what comes in."""

from __future__ import annotations

from pathlib import Path

import click

from taxgap.cli import options
from taxgap.errors import ThresholdError


@click.command(short_help="Say whether a model still fits what comes in, and when to train again.")
@options.records_argument
@options.model_option
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; new ones when absent.")
@options.as_of_option
@click.option(
    "--false-alarm",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Probability of any alarm when nothing has moved, at most.",
)
@click.option(
    "--materiality",
    type=click.FloatRange(0, min_open=True),
    default=0.002,
    show_default=True,
    help="The least stability index that matters.",
)
@click.option(
    "--fail-on", type=click.Choice(["alarm", "retrain"]), help="Exit with status 5 if there is one."
)
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    model: Path,
    periods: tuple[str, ...],
    as_of: str | None,
    false_alarm: float,
    materiality: float,
    fail_on: str | None,
) -> None:
    """Hold what has come into RECORDS against what a model was trained on.

    Alarms come at a stated false-alarm rate. The last lines say whether to train again, and why.

    Example: taxgap monitor population/records --model model --fail-on alarm
    """
    from taxgap.monitoring import monitor  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records import Records  # noqa: PLC0415  heavy

    report = monitor(
        Records.open(records),
        options.load_model(model),
        periods=list(periods) or None,
        as_of=as_of,
        false_alarm=false_alarm,
        materiality=materiality,
    )
    options.show(ctx, report.to_text(), report.to_dict())
    if (fail_on == "alarm" and len(report.alarms)) or (fail_on == "retrain" and report.retrain):
        raise ThresholdError(f"--fail-on {fail_on}: {len(report.alarms)} alarms. {' '.join(report.reasons)}")
