"""How the settings of a population are written on the command line and in a configuration file."""

from __future__ import annotations

from typing import Any

import click


class Rate(click.ParamType[tuple[str, float]]):
    """``MECHANISM=SHARE``; in a file, a table of mechanisms and shares."""

    name = "MECHANISM=SHARE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Return the mechanism and its rate."""
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return str(value[0]), float(value[1])
        name, _, share = str(value).partition("=")
        try:
            return name, float(share)
        except ValueError:
            self.fail(f"'{value}' is not written as {self.name}.", param, ctx)


class ShockText(click.ParamType[dict[str, Any]]):
    """``KIND:NAME:TAX_YEAR:FACTOR``; in a file, a table with these four keys in small letters."""

    name = "KIND:NAME:TAX_YEAR:FACTOR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Return the fields of a shock."""
        if isinstance(value, dict):
            return value
        parts = str(value).split(":")
        try:
            kind, name, tax_year, factor = parts
            return {"kind": kind, "name": name, "tax_year": tax_year, "factor": float(factor)}
        except ValueError:
            self.fail(f"'{value}' is not written as {self.name}.", param, ctx)


rate_option = click.option(
    "--rates",
    "--rate",
    type=Rate(),
    multiple=True,
    help="How often a mechanism acts on an exposed return; may be repeated.",
)
shock_option = click.option(
    "--shocks",
    "--shock",
    type=ShockText(),
    multiple=True,
    help="What changes from a tax year on: trade, reporting or mechanism; may be repeated.",
)
plug_in_option = click.option(
    "--plug-ins", "--plug-in", multiple=True, metavar="MODULE:NAME", help="A mechanism of another package."
)
