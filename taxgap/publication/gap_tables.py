"""The tables of a tax gap estimate: by tax and year, and the chain by tax."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_words import ALL, ALL_YEARS, HIDDEN, Unit, name_tax, per_cent, say_level, years_of
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import count, share


@dataclass(frozen=True)
class Totalled:
    """A table of which some rows are sums of others.

    Parameters
    ----------
    table : Table
    sums : tuple of bool
        For each row, whether it adds up others.
    """

    table: Table
    sums: tuple[bool, ...]


def tabulate_taxes(estimate: GapEstimate, unit: Unit) -> Totalled:
    """Tabulate the gap by tax and year, as publications do.

    Parameters
    ----------
    estimate : GapEstimate
        No bounds.
    unit : Unit

    Returns
    -------
    Totalled
        Sums are the rows of a tax's years together, and of all taxes.
    """
    table = estimate.table
    several = table["regime"].map(table["regime"].value_counts()) > 1
    sums = ((table["regime"] == ALL) | ((table["year"] == ALL_YEARS) & several)).tolist()
    heads = [
        "Tax and year",
        "Theoretical liability",
        "Under-declared",
        "Non-payment",
        "Gross gap",
        "Compliance yield",
        "Net gap",
        "Net gap, % of liability",
        "Cases",
    ]
    years = years_of(estimate.made)
    every = years[0] if len(years) == 1 else ALL_YEARS
    hidden = float(table.loc[table["regime"] == HIDDEN, "gross"].sum())
    rows = [
        _hidden_row(row, unit, every)
        if row["regime"] == HIDDEN
        else _row(row, unit, every, hidden if row["regime"] == ALL else 0.0)
        for _, row in table.iterrows()
    ]
    level = say_level(estimate.made.get("level", 0.95))
    caption = f"The tax gap by tax and year ({unit.name}), with {level} intervals below the estimates"
    return Totalled(make_table("gap-table", caption, heads, rows), tuple(map(bool, sums)))


def _row(row: pd.Series, unit: Unit, every: str, hidden: float) -> list[str | Cell]:
    """Return the cells of a row; `hidden` is what its gross gap holds of the hidden economy."""
    year = every if row["year"] == ALL_YEARS else str(row["year"])
    return [
        f"{name_tax(str(row['regime']))}, {year}",
        unit.write(row["theoretical"]),
        unit.write(row["gross"] - row["non_payment"] - hidden),
        unit.write(row["non_payment"]),
        Cell(unit.write(row["gross"]), note=unit.span(row["gross_low"], row["gross_high"])),
        unit.write(row["compliance_yield"]),
        Cell(unit.write(row["net"]), note=unit.span(row["low"], row["high"])),
        Cell(
            per_cent(row["percent"]),
            note=" to ".join(filter(None, (per_cent(row[f"percent_{end}"]) for end in ("low", "high")))),
        ),
        Cell(count(row["cases"]), note=f"{count(row['open_cases'])} open" if row["open_cases"] else ""),
    ]


def _hidden_row(row: pd.Series, unit: Unit, every: str) -> list[str | Cell]:
    """Return the cells of the hidden economy: one amount, all of it due and none of it in returns."""
    amount = unit.write(row["net"])
    ends = Cell(amount, note=unit.span(row["low"], row["high"]))
    return [f"Hidden economy, {every}", amount, "", "", ends, "", ends, "", ""]


def tabulate_links(estimate: GapEstimate, unit: Unit) -> Table | None:
    """Tabulate the chain of each tax: every link's amount, and its share of the tax's own variance.

    Returns
    -------
    Table or None
        None where there is but one tax.
    """
    chains = estimate.waterfalls
    if len(chains) < 2:
        return None
    first = next(iter(chains.values()))
    rows: list[list[str | Cell]] = [
        [str(name), *(_link(chain[chain["step"] == step], unit) for chain in chains.values())]
        for step, name in zip(first["step"], first["name"], strict=True)
    ]
    caption = f"The chain by tax ({unit.name}), with each link's share of that tax's variance"
    return make_table("links-table", caption, ["Link", *map(name_tax, chains)], rows)


def _link(step: pd.DataFrame, unit: Unit) -> Cell:
    if step.empty:
        return Cell("none")
    row = step.iloc[0]
    note = "" if row["kind"] == "total" else share(row["share_of_variance"])
    return Cell(unit.write(row["amount"]), note=note)
