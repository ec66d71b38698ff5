"""One group of figures beside their references, as every page shows it: a sentence, a table and a picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.publication.dots import FURTHEST, draw_differences, relative_differences
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import (
    Format,
    count,
    interval,
    money,
    number_of,
    share,
    share_to_a_tenth,
)

FORMATS: dict[str, Format] = {
    "share": share_to_a_tenth,
    "GBP": money,
    "persons": count,
    "count": count,
}
"""How a figure is written, by its unit."""

_MARKS = {"found": "", "derived": "Derived", "memory": "From memory"}
"""How a reference figure is marked, by its basis."""

HOLLOW = "A hollow mark means that the reference figure is derived or from memory."
"""How to read the marks of a picture of figures."""

_READING = (
    "A grey band is the tolerance; a line is the 95% interval of the synthetic population. A round dot lies "
    f"within tolerance, a diamond outside. {HOLLOW}"
)
_HEADS = ["Figure", "Reference", "Synthetic population", "Tolerance", "Result", "Source"]

Result = Callable[[Mapping[Hashable, Any]], Cell]
"""From the row of a figure to the cell that says whether it is within tolerance."""


@dataclass(frozen=True)
class ComparedGroup:
    """One group of compared figures.

    Attributes
    ----------
    key, name, sentence : str
    table : Table
    picture : Picture or None
        None where no reference figure differs from zero, or none was asked for.
    """

    key: str
    name: str
    sentence: str
    table: Table
    picture: Picture | None


def describe_group(
    key: str, name: str, sentence: str, rows: pd.DataFrame, result: Result, *, pictured: bool = True
) -> ComparedGroup:
    """Tabulate and draw one group of figures.

    Parameters
    ----------
    key, name : str
    sentence : str
        How many lie within tolerance.
    rows : DataFrame
        Its figures, as of `taxgap.publication.content.PageContent.comparison`.
    result : callable
        What the table says of the result of a figure.
    pictured : bool, default True
        Whether it has a picture.

    Returns
    -------
    ComparedGroup
    """
    body = [_cells(row, result(row)) for row in rows.to_dict("records")]
    table = make_table(f"{key}-table", name, _HEADS, body, text=["Result", "Source"])
    picture = _draw(f"{key}-picture", name, sentence, rows, table) if pictured else None
    return ComparedGroup(key, name, sentence, table, picture)


def say_what_lies_further(differences: pd.DataFrame) -> str:
    """Return a sentence, with a space before it, where marks lie beyond the picture's edge; else nothing."""
    beyond = bool((differences["difference"].abs() > FURTHEST).any())
    return " A mark at the edge lies further out." if beyond else ""


def _cells(row: Mapping[Hashable, Any], result: Cell) -> list[str | Cell]:
    form = FORMATS[row["unit"]]
    return [
        Cell(str(row["target"]), note="" if row["is_target"] else "Not fitted"),
        Cell(form(row["published"]), tag=_MARKS[row["basis"]]),
        Cell(form(row["simulated"]), note=interval(row["low"], row["high"], form)),
        f"± {form(row['tolerance'])}" if math.isfinite(row["tolerance"]) else "none set",
        result,
        str(row["source"]),
    ]


def _draw(key: str, name: str, sentence: str, rows: pd.DataFrame, table: Table) -> Picture | None:
    differences = relative_differences(rows)
    if differences.empty:
        return None
    furthest = differences.loc[differences["difference"].abs().idxmax()]
    alt = (
        f"Dot plot, one row for each of {number_of(len(differences), 'figure')}. {sentence} Furthest from "
        f"its reference: {furthest['target']}, by {share(furthest['difference'])}. The table below has every "
        "number."
    )
    return take_picture(
        key,
        lambda size: draw_differences(differences, size),
        title=f"{name}: distance from the reference figures",
        alt=alt,
        reading=_READING + say_what_lies_further(differences),
        table=table,
    )
