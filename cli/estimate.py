"""``taxgap estimate``: the tax gap from random enquiries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options
from taxgap.errors import UsageError

if TYPE_CHECKING:
    from taxgap.gap.chain import Multiplier

FILE = "estimate.json"


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
@click.option("--regime", "regimes", multiple=True, help="A tax; may be repeated.")
@click.option("--year", "years", multiple=True, help="A tax year; may be repeated.")
@options.as_of_option
@click.option("--pool-years", is_flag=True, help="One estimate for all years of a tax, where cases are few.")
@click.option("--bounds", is_flag=True, help="Bounds from chosen cases, where there is no random programme.")
@click.option("--no-groups", is_flag=True, help="Leave out the breakdowns.")
@click.option("--level", type=options.share, default="0.95", show_default=True, help="Confidence.")
@options.seed_option("Seed of all that is drawn.", default=0)
@options.out_option(FILE)
@options.replace_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    records: str,
    model: Path | None,
    non_detection: str,
    out: Path,
    replace: bool,
    no_groups: bool,
    **how: Any,
) -> None:
    """Estimate the tax gap of the returns in RECORDS.

    There is no default for what officers do not find: nothing in a random programme tells it.
    OUT/estimate.json holds the table, the waterfall, the breakdowns, and how they were made.

    Example: taxgap estimate population/records --non-detection 1.9,1.5,2.3 --out gap
    """
    from taxgap.gap.chain import estimate_gap  # noqa: PLC0415  heavy: only when it runs
    from taxgap.records import Records  # noqa: PLC0415  heavy
    from taxgap.records.files import check_absent, new_folder, write_json  # noqa: PLC0415  heavy

    check_absent(out, replace=replace, marker=FILE)  # before minutes are spent
    given = read_multiplier(non_detection)
    for name in ("regimes", "years"):
        how[name] = list(how[name]) or None
    opened = Records.open(records)
    loaded = None if model is None else options.load_model(model)
    with options.progress(ctx, "Estimating"):
        found = estimate_gap(opened, loaded, non_detection=given, groups=not no_groups, **how)
    with new_folder(out, replace=replace, marker=FILE) as folder:
        write_json(folder / FILE, found.to_dict())
    options.show(ctx, found.to_text(), found.to_dict())


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
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise UsageError(
            f"'{text}' is no multiplier.",
            where="--non-detection",
            remedy="Write 1.9,1.5,2.3 (value, low, high), 1.9 for a certain value, or estimated.",
        )
    return Multiplier(numbers[0], *(numbers[1:] or (None, None)))
