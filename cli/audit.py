"""``taxgap audit``: whether the explanations of a model can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from taxgap.cli import options
from taxgap.errors import ThresholdError, UsageError


def _read_bounds(_: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, float]:
    bounds = {}
    for text in value:
        name, sign, bound = text.partition("=")
        try:
            bounds[name] = float(bound) if sign else float("nan")
        except ValueError as error:
            raise click.BadParameter(f"'{text}' is not NAME=NUMBER.", param=parameter) from error
    return bounds


@click.command(short_help="Say whether a model's reasons can be relied on, and where they cannot.")
@click.argument("records", required=False)
@click.option("--model", type=click.Path(path_type=Path, file_okay=False), help="The model's folder.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="What was planted, for synthetic records.",
)
@options.out_option(
    "the page audit.html, audit.json and its tables; with --answers, people.json and summary.txt",
    required=False,
)
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; all when absent.")
@options.as_of_option
@click.option("--returns", type=int, default=20_000, show_default=True, help="Returns that are audited.")
@click.option("--refits", type=int, default=20, show_default=True, help="So many models are fitted again.")
@click.option("--reasons", type=int, default=3, show_default=True, help="Reasons a return that count.")
@click.option(
    "--capacity-share", type=float, default=0.05, show_default=True, help="Share of returns that is worked."
)
@click.option("--cutoff", type=float, help="Least probability of a flagged return; the model's when absent.")
@click.option("--part", "parts", multiple=True, metavar="NAME", help="A part of the audit; all when absent.")
@click.option(
    "--bound",
    "bounds",
    multiple=True,
    metavar="NAME=NUMBER",
    callback=_read_bounds,
    help="Another bound for a check, such as recall=0.75.",
)
@click.option("--fail-on", type=click.Choice(["failed"]), help="Exit with status 5 if a check failed.")
@click.option(
    "--tasks", type=click.Path(path_type=Path, file_okay=False), help="Write case sheets for people here."
)
@click.option("--participants", type=int, default=12, show_default=True, help="People who fill in sheets.")
@click.option("--cases", type=int, default=24, show_default=True, help="Cases that each of them sees.")
@click.option(
    "--answers", type=click.Path(path_type=Path, exists=True), help="Score the forms in this folder."
)
@click.option("--key", type=click.Path(path_type=Path, exists=True), help="The kit's key, or its folder.")
@options.workers_option
@options.engine_options
@options.seed_option("Seed of everything that is drawn.", default=0)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str | None,
    model: Path | None,
    tasks: Path | None,
    answers: Path | None,
    **settings: Any,
) -> None:
    """Audit the reasons that a model gives for the returns in RECORDS.

    With --truth, reasons are held against what was planted; without, against what random enquiries settled
    and against manipulations planted in a copy. The page opens with the verdicts. With --tasks, sheets are
    written with which people can be asked what reasons are worth; with --answers, what came back is scored.

    Example: taxgap audit population/records --model model --truth population/truth --out audit
    """
    if answers is not None:
        _score_answers(ctx, answers, settings)
        return
    if records is None or model is None:
        raise UsageError(
            "An audit needs records and a model.", remedy="Name the records, and the model with --model."
        )
    if tasks is not None:
        _write_tasks(ctx, records, model, tasks, settings)
        return
    _audit(ctx, records, model, settings)


def _write_tasks(
    ctx: click.Context, records: str, model: Path, tasks: Path, settings: dict[str, Any]
) -> None:
    from taxgap.publication.task_kit import write_tasks  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records import Records, Truth  # noqa: PLC0415  heavy

    if settings["truth"] is None:
        raise UsageError(
            "Case sheets need a known truth.",
            where="--truth",
            remedy="Name the folder 'truth' that `taxgap generate` wrote beside the records.",
        )
    if settings["out"] is not None:
        raise UsageError(
            "Case sheets go where --tasks says.", where="--out", remedy="Leave out --out, or audit by itself."
        )
    folder = write_tasks(
        tasks,
        Records.open(records),
        options.load_model(model),
        Truth.open(settings["truth"]),
        participants=settings["participants"],
        cases=settings["cases"],
        seed=settings["seed"],
        say=_say(ctx),
    )
    options.show(ctx, f"The kit is in {folder}; begin with README.txt.", {"folder": str(folder)})


def _say(ctx: click.Context) -> Callable[[str], None]:
    """Return what is told what is being done: it says so on standard error, unless it is to be quiet."""
    return (lambda _: None) if ctx.obj.verbosity < 0 else (lambda text: click.echo(text, err=True))


def _score_answers(ctx: click.Context, answers: Path, settings: dict[str, Any]) -> None:
    from taxgap.reasons.audit.people import score_answers  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records.files import check_absent, new_folder  # noqa: PLC0415  heavy

    if settings["key"] is None:
        raise UsageError(
            "Answers need the key of their kit.", where="--key", remedy="Name its file or folder."
        )
    out, way = settings["out"], {"replace": settings["replace"], "marker": "people.json"}
    if out is not None:
        check_absent(out, **way)
    result = score_answers(answers, settings["key"])
    if out is not None:
        with new_folder(out, **way) as folder:
            result.save(folder)
    options.show(ctx, result.summary(), result.to_dict())


def _audit(ctx: click.Context, records: str, model: Path, settings: dict[str, Any]) -> None:
    from taxgap.publication.audit_page import publish_audit  # noqa: PLC0415  heavy: only when it runs
    from taxgap.reasons.audit.auditing import audit_explanations  # noqa: PLC0415  heavy
    from taxgap.records import Records, Truth  # noqa: PLC0415  heavy
    from taxgap.records.files import check_absent  # noqa: PLC0415  heavy

    out, truth = settings["out"], settings["truth"]
    if out is not None:
        check_absent(out, replace=settings["replace"], marker="audit.json")
    audit = audit_explanations(
        Records.open(records),
        options.load_model(model),
        None if truth is None else Truth.open(truth),
        periods=list(settings["periods"]) or None,
        as_of=settings["as_of"],
        returns=settings["returns"],
        refits=settings["refits"],
        reasons=settings["reasons"],
        capacity_share=settings["capacity_share"],
        cutoff=settings["cutoff"],
        parts=list(settings["parts"]) or None,
        bounds=settings["bounds"],
        seed=settings["seed"],
        say=_say(ctx),
        workers=settings["workers"],
        engine=settings["engine"],
        scheduler=settings["scheduler"],
    )
    if out is not None:
        publish_audit(audit, out, replace=settings["replace"])
    options.show(ctx, audit.to_text(), audit.to_dict())
    if out is not None and not ctx.obj.as_json and ctx.obj.verbosity >= 0:
        click.echo(f"\nOpen {out / 'audit.html'} in a browser.")
    if settings["fail_on"] and not audit.passed:
        many = len(audit.failed)
        which = f"{many} check{'s' if many > 1 else ''} failed: {', '.join(audit.failed)}"
        raise ThresholdError(f"--fail-on failed: {which if many else 'no check was asked'}.")
