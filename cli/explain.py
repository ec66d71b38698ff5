"""``taxgap explain``: one taxpayer's case on the terminal, and as a page."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options
from taxgap.errors import UsageError

if TYPE_CHECKING:
    from taxgap.publication.case_file import Case
    from taxgap.publication.case_file_text import Line
    from taxgap.records import Records
    from taxgap.risk import RiskModel

RANKED = ("taxpayer_id", "period", "model_id", "score", "rank", "flagged", "flag_rule")
"""The columns of the scores that say where a return stands."""


@click.command(short_help="Say why one taxpayer's return scores as it does, and write its case file.")
@click.argument("records", required=False)
@options.either_model_option
@click.option(
    "--run",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that `score` wrote: make the figures of that night again, exactly, or refuse.",
)
@click.option("--taxpayer", required=True, metavar="ID", help="The taxpayer, as the records name him.")
@click.option("--period", metavar="PERIOD", help="Tax year or end month of the return; else the latest.")
@click.option(
    "--baseline",
    type=click.Choice(["peers", "training"]),
    default="peers",
    show_default=True,
    help="Compare with taxpayers of the same trade and size, or with the cases trained on.",
)
@click.option(
    "--engine",
    type=click.Choice(["taxgap", "lightgbm", "shap"]),
    default="taxgap",
    show_default=True,
    help="Whose code works out the contributions.",
)
@click.option(
    "--refits",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Fit the model again N times to say how sure reasons are; RECORDS must be those it was trained on.",
)
@click.option(
    "--scores",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder that `score` wrote, for rank and flag; else --out scores the tax year itself.",
)
@options.out_option("the page case-ID-PERIOD.html", required=False)
@options.as_of_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str | None,
    model: Path | None,
    run: Path | None,
    taxpayer: str,
    scores: Path | None,
    out: Path | None,
    **settings: Any,
) -> None:
    """Say why the return of one taxpayer in RECORDS scores as it does, against similar taxpayers.

    With --out it is written as a page too, with the history of the returns, what others report, and closed
    cases like it. A flag is a reason to look, not a finding.

    With --run the records and the model are those of a past night, RECORDS only where they stand elsewhere by
    now.

    Example: taxgap explain population/records --model model --taxpayer T00000001 --out cases

    Example: taxgap explain --run scores --taxpayer T00000001
    """
    from taxgap.batch import read_scores  # noqa: PLC0415  heavy: only when the verb runs
    from taxgap.publication.case_file_content import find_standing, gather_case_file  # noqa: PLC0415  heavy
    from taxgap.publication.case_file_page import case_file_name, write_case_file  # noqa: PLC0415  heavy
    from taxgap.publication.case_file_text import write_lines  # noqa: PLC0415  heavy

    if run is None:
        opened, loaded, case = _ask(records, model, taxpayer, settings)
    else:
        given = {"--model": model, "--scores": scores, "--as-of": settings["as_of"]}
        opened, loaded, case = _retrace(run, records, taxpayer, settings, given)
        scores = run
    known = None if scores is None else read_scores(scores, RANKED)
    standing: Mapping[str, Any] | None = None if known is None else find_standing(known, case)
    page = None
    if out is not None:
        file = gather_case_file(opened, loaded, case, scores=known)
        page, standing = write_case_file(out / case_file_name(case), file), file.standing
    lines = list(write_lines(case, standing))
    _show(ctx, lines, case.to_dict() | {"standing": standing, "page": page})
    if page is not None and not ctx.obj.as_json and ctx.obj.verbosity >= 0:
        click.echo(f"\nOpen {page} in a browser.")


def _ask(
    records: str | None, model: Path | None, taxpayer: str, settings: dict[str, Any]
) -> tuple[Records, RiskModel, Case]:
    from taxgap.publication.case_file import gather_case  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy

    if records is None or model is None:
        raise click.UsageError("Give RECORDS and --model, or --run.")
    opened, loaded = Records.open(records), options.load_model(model)
    try:
        return opened, loaded, gather_case(opened, loaded, taxpayer, **settings)
    except UsageError as error:
        if error.where != "engine":
            raise
        remedy = "Add --baseline training, or leave --engine out."
        raise UsageError(error.message, where="--engine", remedy=remedy) from error


def _retrace(
    run: Path, records: str | None, taxpayer: str, settings: dict[str, Any], given: dict[str, Any]
) -> tuple[Records, RiskModel, Case]:
    from taxgap.batch.retracing import retrace  # noqa: PLC0415  heavy
    from taxgap.publication.case_file import gather_case  # noqa: PLC0415  heavy

    given |= {f"--{name}": settings[name] for name in ("baseline", "engine", "refits")}
    fixed = {"--baseline": "peers", "--engine": "taxgap", "--refits": 0}
    if wrong := [name for name, value in given.items() if value != fixed.get(name)]:
        raise click.UsageError(f"With --run, leave out {', '.join(wrong)}: a night is made again as it was.")
    found = retrace(run, taxpayer, records=records)
    return found.everyone, found.model, gather_case(found.records, found.model, taxpayer, **settings)


def _show(ctx: click.Context, lines: Sequence[Line], data: dict[str, Any]) -> None:
    from taxgap.publication.case_file_text import to_text  # noqa: PLC0415  heavy

    if ctx.obj.as_json or ctx.obj.verbosity < 0 or not sys.stdout.isatty():
        options.show(ctx, to_text(lines), data)
        return
    from rich.console import Console  # noqa: PLC0415  only on a terminal
    from rich.padding import Padding  # noqa: PLC0415  only on a terminal
    from rich.text import Text  # noqa: PLC0415  only on a terminal

    console = Console(highlight=False)
    for place, line in enumerate(lines):
        above = 1 if line.heading and place else 0
        console.print(
            Padding(Text(line.text, style="bold" if line.heading else ""), (above, 0, 0, 2 * line.depth))
        )
