"""``taxgap select``: choose the cases to work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options

if TYPE_CHECKING:
    import pandas as pd

DESIGNS = ["balanced", "top_yield", "random", "stratified", "proportional", "adaptive_bins"]


@click.command(short_help="Choose the cases to work, and record everyone's probability.")
@click.argument("scores", type=click.Path(path_type=Path, file_okay=False))
@options.out_option("the caseload")
@click.option(
    "--hours",
    multiple=True,
    required=True,
    metavar="H",
    help="Officers' hours to spend; SKILL=H for each skill, by the column skill.",
)
@click.option(
    "--design",
    type=click.Choice(DESIGNS),
    default="balanced",
    show_default=True,
    help="How cases are chosen.",
)
@click.option(
    "--random-share",
    type=options.share,
    help="Share of the hours drawn by chance, or spread evenly; else the design's own.",
)
@click.option(
    "--case-hours",
    multiple=True,
    metavar="H",
    help="Hours of a case: a number, a column, or TYPE=H for each.",
)
@click.option(
    "--coverage",
    multiple=True,
    metavar="N",
    help="Least cases of every region, or REGION=N; --records or --columns-from brings the region.",
)
@click.option(
    "--cap",
    "caps",
    multiple=True,
    metavar="COLUMN=SHARE",
    help="The largest share of all hours given that one group of a column may bear, such as "
    "income_decile=0.12; --columns-from brings the column.",
)
@click.option(
    "--earlier",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Earlier random cases as CSV, with expected_tax and tax_found: the test of the score.",
)
@click.option(
    "--columns-from",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A CSV with taxpayer_id and what other options name: skill, case_type, region, behaviour, groups "
    "such as income_decile.",
)
@click.option(
    "--records", type=click.Path(path_type=Path), help="The records that were scored: dates and regions."
)
@click.option("--period", "periods", multiple=True, metavar="YEAR", help="A tax year; all when absent.")
@options.as_of_option
@options.seed_option("The same seed chooses the same cases.")
@options.replace_option
@options.dry_run_option
@options.common
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    scores: Path,
    out: Path,
    records: Path | None,
    periods: tuple[str, ...],
    earlier: Path | None,
    columns_from: Path | None,
    replace: bool,
    dry_run: bool,
    **given: Any,
) -> None:
    """Choose the cases to work from the folder SCORES, within hours, and record everyone's probability.

    OUT receives cases.csv, the chosen cases; caseload.parquet, with every return; index.html, a page for
    people that shows nobody; and a manifest. Nothing says that a chosen taxpayer did wrong: a case is a
    reason to look.

    Example: taxgap select scores --hours 20000 --random-share 0.3 --records records --out caseload
    """
    from taxgap.batch.files import read_manifest  # noqa: PLC0415  heavy: only when it runs
    from taxgap.cases import select_cases  # noqa: PLC0415  heavy
    from taxgap.cases.storing import MANIFEST  # noqa: PLC0415  heavy
    from taxgap.publication.caseload_files import publish_caseload  # noqa: PLC0415  heavy
    from taxgap.records import Records  # noqa: PLC0415  heavy
    from taxgap.records.files import check_absent, checksum  # noqa: PLC0415  heavy

    check_absent(out, replace=replace, marker=MANIFEST)
    made_by = read_manifest(scores)
    frame = _read_scores(scores, periods, columns_from)
    caseload = select_cases(
        frame,
        records=None if records is None else Records.open(records),
        **_read_limits(given),
        **_read_earlier(earlier),
    )
    if not dry_run:
        inputs = {"scores": checksum(scores / "_manifest.json"), "model_id": made_by["model_id"]}
        synthetic = bool(made_by.get("synthetic", False))
        publish_caseload(caseload, out, inputs=inputs, synthetic=synthetic, replace=replace)
    said = (
        f"Nothing was written to {out}."
        if dry_run
        else f"Written to {out}. Open {out / 'index.html'} in a browser."
    )
    options.show(ctx, f"{caseload.to_text()}\n{said}", caseload.to_dict() | {"out": out, "dry_run": dry_run})


def _read_scores(scores: Path, periods: tuple[str, ...], columns_from: Path | None) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  heavy

    from taxgap.batch import read_scores  # noqa: PLC0415  heavy
    from taxgap.errors import InvalidDataError, UsageError  # noqa: PLC0415

    frame = read_scores(scores, ["taxpayer_id", "period", "regime", "expected_tax", "probability"])
    present = sorted(frame["period"].unique())
    if unknown := sorted(set(periods) - set(present)):
        raise UsageError(f"No scores of {', '.join(unknown)}.", where=str(scores), available=present)
    frame = frame[frame["period"].isin(periods or present)].reset_index(drop=True)
    if columns_from is None:
        return frame
    try:
        more = pd.read_csv(columns_from, dtype={"taxpayer_id": "str", "period": "str"})
    except (ValueError, pd.errors.ParserError) as error:  # no text in UTF-8, or nothing in it
        raise InvalidDataError(
            "This is no CSV in UTF-8 with a first line of names.",
            where=str(columns_from),
            remedy="Save it so.",
        ) from error
    if "taxpayer_id" not in more.columns:
        raise InvalidDataError(
            "The column taxpayer_id is missing.",
            where=str(columns_from),
            available=[str(name) for name in more.columns][:20],
            remedy="Add it; columns are parted by commas.",
        )
    if taken := sorted((set(more.columns) & set(frame.columns)) - {"taxpayer_id", "period"}):
        raise InvalidDataError(
            f"The scores have a column {taken[0]} already.",
            where=str(columns_from),
            remedy="Give it another name.",
        )
    key = ["taxpayer_id", "period"] if "period" in more.columns else ["taxpayer_id"]
    if more.duplicated(key).any():
        raise InvalidDataError(
            f"{' and '.join(key)} stand twice.", where=str(columns_from), remedy="Keep one row each."
        )
    return frame.merge(more, on=key, how="left", validate="many_to_one")


def _read_limits(given: dict[str, Any]) -> dict[str, Any]:
    hours, coverage = (
        _read_pairs(given.pop("hours"), "--hours"),
        _read_pairs(given.pop("coverage"), "--coverage"),
    )
    texts = given.pop("case_hours")
    column = len(texts) == 1 and "=" not in texts[0] and not texts[0].replace(".", "", 1).isdigit()
    case_hours = texts[0] if column else _read_pairs(texts, "--case-hours")
    caps = _read_pairs(given.pop("caps"), "--cap")
    if isinstance(caps, float):
        raise click.BadParameter("write COLUMN=SHARE.", param_hint="--cap")
    return {**given, "hours": hours, "coverage": coverage, "case_hours": case_hours, "caps": caps}


def _read_pairs(texts: tuple[str, ...], option: str) -> float | dict[str, float] | None:
    """Read one number, or several of a name each."""
    try:
        if len(texts) == 1 and "=" not in texts[0]:
            return float(texts[0])
        pairs = [text.rpartition("=") for text in texts]
        names = [name for name, _, _ in pairs]
        if len(set(names)) < len(names) or "" in names:
            raise click.BadParameter(
                "write one number, or NAME=NUMBER once for each name.", param_hint=option
            )
        return {name: float(number) for name, _, number in pairs} or None
    except ValueError as error:
        raise click.BadParameter("write a number, or NAME=NUMBER.", param_hint=option) from error


def _read_earlier(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    import pandas as pd  # noqa: PLC0415  heavy

    from taxgap.errors import InvalidDataError  # noqa: PLC0415

    table = pd.read_csv(path)
    missing = [name for name in ("expected_tax", "tax_found") if name not in table.columns]
    if missing:
        raise InvalidDataError(
            f"The column {missing[0]} is missing.",
            where=str(path),
            available=[str(name) for name in table.columns],
            remedy="Give expected_tax and tax_found of random cases.",
        )
    return {"earlier_scores": table["expected_tax"], "earlier_y": table["tax_found"]}
