"""``taxgap estimate``: the tax gap from random enquiries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options
from taxgap.errors import UsageError

if TYPE_CHECKING:
    from taxgap.gap.chain import HiddenEconomy, Multiplier

MARKER = "estimate.json"  # the file by which the folder is known


@click.command(short_help="Estimate the tax gap from random enquiries, with its interval.")
@options.records_argument
@options.either_model_option
@click.option(
    "--non-detection",
    required=True,
    metavar="VALUE,LOW,HIGH",
    help="Tax there over tax found: three numbers such as 1.9,1.5,2.3, one that counts as certain, or "
    "estimated (over officers).",
)
@click.option(
    "--hidden",
    metavar="VALUE,LOW,HIGH",
    help="Tax lost by people who file nothing, of all these years together, in pounds: 2.1e9,1.4e9,3.0e9.",
)
@click.option("--regime", "regimes", multiple=True, help="A tax; may be repeated.")
@click.option("--year", "years", multiple=True, help="A tax year; may be repeated.")
@options.as_of_option
@click.option("--pool-years", is_flag=True, help="One estimate for all years of a tax, where cases are few.")
@click.option("--bounds", is_flag=True, help="Bounds from chosen cases, where there is no random programme.")
@click.option("--no-groups", is_flag=True, help="Leave out the breakdowns.")
@click.option("--level", type=options.share, default="0.95", show_default=True, help="Confidence.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path, file_okay=False),
    help="The truth of synthetic records: the true gap stands beside the estimate.",
)
@options.seed_option("Seed of all that is drawn.", default=0)
@options.out_option("estimate.json and index.html")
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    model: Path | None,
    truth: Path | None,
    non_detection: str,
    hidden: str | None,
    out: Path,
    replace: bool,
    **how: Any,
) -> None:
    """Estimate the tax gap of the returns in RECORDS.

    There is no default for what officers do not find: nothing in a random programme tells it.
    OUT/index.html is a page for people: table, waterfall, intervals, breakdowns, and how they were made.
    OUT/estimate.json holds the same for machines, with a manifest of what was read.

    Example: taxgap estimate population/records --non-detection 1.9,1.5,2.3 --out gap
    """
    from taxgap.gap.chain import estimate_gap  # noqa: PLC0415  heavy: only when it runs
    from taxgap.publication.gap_files import describe_run, publish_gap  # noqa: PLC0415  heavy
    from taxgap.publication.gap_truth import sum_truth  # noqa: PLC0415  heavy
    from taxgap.records import Records, Truth  # noqa: PLC0415  heavy
    from taxgap.records.files import check_absent  # noqa: PLC0415  heavy

    check_absent(out, replace=replace, marker=MARKER)  # before minutes are spent
    given: dict[str, Any] = {"non_detection": read_multiplier(non_detection), "hidden": read_hidden(hidden)}
    said = {"non_detection": non_detection, "hidden": hidden}
    asked = {name: list(how[name]) or None for name in ("regimes", "years")}
    opened, known = Records.open(records), None if truth is None else Truth.open(truth)
    loaded = None if model is None else options.load_model(model)
    run = describe_run(opened, {**how, **asked, **said}, model=loaded, truth=known)
    groups = not how.pop("no_groups")
    with options.progress(ctx, "Estimating"):
        found = estimate_gap(opened, loaded, groups=groups, **given, **{**how, **asked})
        if known is not None:
            found = found.beside(sum_truth(found, opened, known, years=asked["years"]))
    content = publish_gap(found, out, run, replace=replace)
    options.show(ctx, f"{found.to_text()}\nOpen {out / 'index.html'} in a browser.", content)


def read_multiplier(text: str) -> Multiplier | Any:
    """Read ``--non-detection``: ``estimated``, one number, or three.

    Raises
    ------
    UsageError
        It is none of these.
    """
    from taxgap.gap.chain import Multiplier  # noqa: PLC0415  heavy: only when it runs

    if text.strip() == "estimated":
        return "estimated"
    remedy = "Write 1.9,1.5,2.3 (value, low, high), 1.9 for a certain value, or estimated."
    return Multiplier(*_read_numbers(text, "--non-detection", remedy))


def read_hidden(text: str | None) -> HiddenEconomy | None:
    """Read ``--hidden``: one number, or three.

    Raises
    ------
    UsageError
        It is neither.
    """
    from taxgap.gap.chain import HiddenEconomy  # noqa: PLC0415  heavy: only when it runs

    remedy = "Write 2.1e9,1.4e9,3.0e9 (value, low, high), in pounds, or 2.1e9 for a certain value."
    return None if text is None else HiddenEconomy(*_read_numbers(text, "--hidden", remedy))


def _read_numbers(text: str, where: str, remedy: str) -> tuple[float, float | None, float | None]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise UsageError(f"'{text}' is neither one number nor three.", where=where, remedy=remedy)
    value, low, high = numbers if len(numbers) == 3 else (numbers[0], None, None)
    return value, low, high
