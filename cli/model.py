"""``taxgap model``: a shelf of models, of which one a tax is champion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taxgap.cli import options
from taxgap.errors import ThresholdError

if TYPE_CHECKING:
    from taxgap.monitoring.models import ModelShelf

_shelf = click.option(
    "--shelf",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("models"),
    show_default=True,
    help="The folder that holds the models.",
)
_by = click.option("--by", metavar="NAME", help="Who decides; the user of the system when absent.")
_reason = click.option("--reason", required=True, metavar="TEXT", help="Why; it stands in the log.")
_capacity = click.option(
    "--capacity-share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.05,
    show_default=True,
    help="Share of returns that can be worked.",
)


@click.group(short_help="Keep models on a shelf: add, compare, promote and roll back the champion.")
def command() -> None:
    """Keep models on a shelf, of which one a tax is champion, with a log of who decided what and why."""


@command.command("list", short_help="List the models with their roles.")
@_shelf
@options.common
@click.pass_context
def list_command(ctx: click.Context, /, *, shelf: Path) -> None:
    """List the models of a shelf by tax: role, since when, what trained them, main measures.

    Example: taxgap model list --shelf models
    """
    models = _open(shelf).list_models()
    options.show(ctx, models.to_text(), models.to_dict())


@command.command(short_help="Copy a saved model to the shelf.")
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@_shelf
@_by
@options.common
@click.pass_context
def add(ctx: click.Context, /, *, model: Path, shelf: Path, by: str | None) -> None:
    """Copy the saved MODEL to a shelf, whole or not at all. It is a challenger until it is promoted.

    Example: taxgap model add model --shelf models
    """
    place = _open(shelf).add(model, by=by)
    text = f"{place.model_id} stands on the shelf {shelf}: {place.role} of {place.regime}."
    if place.role == "challenger":
        text += f"\nTo make it champion: taxgap model promote {place.model_id} --reason TEXT --shelf {shelf}"
    data = {"model_id": place.model_id, "regime": place.regime, "role": place.role, "since": place.since}
    options.show(ctx, text, data)


@command.command(short_help="Compare two models on enquiries that neither was trained on.")
@click.argument("challenger")
@click.option("--with", "other", metavar="ID", help="Another model; the champion when absent.")
@click.option("--records", required=True, help="Records with closed random enquiries of later years.")
@_shelf
@_capacity
@options.seed_option("Seed of the bootstrap.", default=0)
@click.option("--fail-on", type=click.Choice(["worse", "not-better"]), help="Exit with status 5 then.")
@options.common
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    *,
    challenger: str,
    other: str | None,
    records: str,
    shelf: Path,
    fail_on: str | None,
    **settings: Any,
) -> None:
    """Compare the model CHALLENGER with the champion on random enquiries that neither was trained on.

    The answer is better, worse, or cannot be told. Identifiers may be cut to four characters or more.

    Example: taxgap model compare 13ec --records records --shelf models
    """
    from taxgap.records import Records  # noqa: PLC0415  heavy: only when it runs

    compared = _open(shelf).compare(challenger, Records.open(records), other=other, **settings)
    options.show(ctx, compared.to_text(), compared.to_dict())
    failed = {"worse": compared.verdict == "worse", "not-better": compared.verdict != "better"}
    if fail_on and failed[fail_on]:
        raise ThresholdError(f"--fail-on {fail_on}: {compared.headline()}")


@command.command(short_help="Make a model the champion of its tax.")
@click.argument("model_id", metavar="ID")
@_reason
@click.option("--records", help="Compare it with the champion on these first, and refuse it if it is worse.")
@click.option("--anyway", is_flag=True, help="Promote it even if it is worse.")
@_shelf
@_capacity
@_by
@options.common
@click.pass_context
def promote(
    ctx: click.Context, /, *, model_id: str, records: str | None, shelf: Path, **settings: Any
) -> None:
    """Make the model ID the champion of its tax.

    Example: taxgap model promote 13ec --reason "finds more tax on 2024-25" --records records
    """
    from taxgap.records import Records  # noqa: PLC0415  heavy: only when it runs

    models = _open(shelf)
    opened = None if records is None else Records.open(records)
    place, compared = models.promote(model_id, records=opened, **settings)
    said = f"{place.model_id} is champion of {place.regime}."
    if compared is not None:
        said = f"{compared.to_text()}\n\n{said}"
    elif records is not None:
        said += " There was no champion to compare it with."
    _show_champions(ctx, models, said, {"comparison": None if compared is None else compared.to_dict()})


@command.command(short_help="Make the champion before the present one champion again.")
@_reason
@click.option("--regime", help="The tax; may be left out if one only has a champion.")
@_shelf
@_by
@options.common
@click.pass_context
def rollback(ctx: click.Context, /, *, shelf: Path, **settings: Any) -> None:
    """Make the champion before the present one champion again.

    Example: taxgap model rollback --reason "too many flags set aside" --shelf models
    """
    models = _open(shelf)
    place = models.rollback(**settings)
    _show_champions(ctx, models, f"{place.model_id} is champion of {place.regime} again.", {})


def _open(shelf: Path) -> ModelShelf:
    from taxgap.monitoring.models import ModelShelf  # noqa: PLC0415  heavy: only when it runs

    return ModelShelf(shelf)


def _show_champions(ctx: click.Context, models: ModelShelf, said: str, data: dict[str, Any]) -> None:
    """Say what was done, and what scoring with the shelf would use now."""
    standing = models.standing()
    used = {regime: str(models.folder / name) for regime, name in standing.champions.items()}
    lines = [f"  {regime}: {path}" for regime, path in used.items()]
    text = "\n".join([said, f"taxgap score --model {models.folder} now uses:", *lines])
    options.show(ctx, text, {"champions": standing.champions, "score_uses": used, **data})
