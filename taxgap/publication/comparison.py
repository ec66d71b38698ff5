"""The section that holds the population against figures from outside."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.publication.dots import FURTHEST, draw_differences, draw_overview, relative_differences
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import (
    Format,
    count,
    interval,
    listing,
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

MARKS = {"found": "", "derived": "Derived", "memory": "From memory"}
"""How a reference figure is marked, by its basis."""

_BASIS = {
    "found": "read in a published source",
    "derived": "worked out from published figures",
    "memory": "recalled and not checked",
}
_FEW = 3
_READING = (
    "A grey band is the tolerance; a line is the 95% interval of the synthetic population. A round dot lies "
    "within tolerance, a diamond outside. A hollow mark means that the reference figure is derived or from "
    "memory."
)
_OVERVIEW_READING = (
    "Each mark is one figure. Round dots lie within tolerance, diamonds outside. A hollow mark means that "
    "the reference figure is derived or from memory. At the right: how many lie within tolerance."
)
_FURTHER = " A mark at the edge lies further out."


@dataclass(frozen=True)
class ComparedGroup:
    """One group of compared figures.

    Attributes
    ----------
    key, name, sentence : str
    table : Table
    picture : Picture or None
        None where no reference figure differs from zero.
    """

    key: str
    name: str
    sentence: str
    table: Table
    picture: Picture | None


@dataclass(frozen=True)
class Comparison:
    """How the population compares.

    Attributes
    ----------
    sentences : tuple of str
    picture : Picture or None
    groups : tuple of ComparedGroup
    """

    sentences: tuple[str, ...]
    picture: Picture | None
    groups: tuple[ComparedGroup, ...]


MANY = 8
"""Groups above which only chosen ones are shown in detail."""


def describe_comparison(comparison: pd.DataFrame, groups: Collection[str] = ()) -> Comparison:
    """Turn compared figures into words, tables and pictures.

    Parameters
    ----------
    comparison : DataFrame
        As of `taxgap.publication.content.PageContent.comparison`.
    groups : collection of str
        Those shown in detail where there are more than `MANY`; the sentences and the overview are of all.

    Returns
    -------
    Comparison
    """
    fitted = comparison["is_target"].astype(bool)
    sentences = (*_count_within(comparison[fitted], comparison[~fitted]), *_describe_basis(comparison))
    found = list(comparison.groupby("group", sort=False))
    if len(found) > MANY and groups:
        found = [(name, rows) for name, rows in found if name in groups]
    described = tuple(
        _describe_group(f"compared-{number}", str(name), rows)
        for number, (name, rows) in enumerate(found, start=1)
    )
    return Comparison(sentences, _overview(comparison), described)


def count_within(comparison: pd.DataFrame) -> tuple[int, int]:
    """Count the targets within tolerance, and all targets."""
    targets = comparison[comparison["is_target"].astype(bool)]
    return int(targets["within"].sum()), len(targets)


def _count_within(targets: pd.DataFrame, others: pd.DataFrame) -> Iterator[str]:
    if len(targets):
        yield f"{_tally(targets)} {_are(targets, 'target')} within tolerance.{_sum_up_misses(targets)}"
    if len(others):
        figures = number_of(
            len(others), "figure that it was not fitted to", "figures that it was not fitted to"
        )
        yield f"Of {figures}, {_inside(others)} within tolerance.{_sum_up_misses(others)}"


def _tally(rows: pd.DataFrame) -> str:
    return f"{count(rows['within'].sum())} of {count(len(rows))}"


def _are(rows: pd.DataFrame, thing: str) -> str:
    return f"{thing} is" if len(rows) == 1 else f"{thing}s are"


def _inside(rows: pd.DataFrame) -> str:
    inside = int(rows["within"].sum())
    return "1 is" if inside == 1 else f"{count(inside)} are"


def _misses(rows: pd.DataFrame) -> str:
    missed = rows.loc[~rows["within"].astype(bool), "target"].tolist()
    return f" Outside: {'; '.join(missed)}." if missed else ""


def _sum_up_misses(rows: pd.DataFrame) -> str:
    """Name the misses where they are few; else say how many there are in each group, which names them."""
    missed = rows[~rows["within"].astype(bool)]
    if len(missed) <= _FEW:
        return _misses(rows)
    groups = missed.groupby("group", sort=False).size()
    parts = [f"{count(number)} of “{group}”" for group, number in groups.items()]
    return f" Outside: {listing(parts)}; they are named below."


def _describe_basis(comparison: pd.DataFrame) -> Iterator[str]:
    counts = comparison["basis"].value_counts()
    parts = [
        f"{count(counts[basis])} {'was' if counts[basis] == 1 else 'were'} {words}"
        for basis, words in _BASIS.items()
        if basis in counts
    ]
    unsure = set(counts.index) - {"found"}
    marked = " Only the first kind are published figures; the others are marked." if unsure else ""
    if parts:
        yield f"Of the {number_of(len(comparison), 'reference figure')}, {listing(parts)}.{marked}"


def _describe_group(key: str, name: str, rows: pd.DataFrame) -> ComparedGroup:
    table = _tabulate(key, name, rows)
    sentence = f"{_tally(rows)} {_are(rows, 'figure')} within tolerance.{_misses(rows)}"
    return ComparedGroup(key, name, sentence, table, _picture(key, name, sentence, rows, table))


def _tabulate(key: str, name: str, rows: pd.DataFrame) -> Table:
    heads = ["Figure", "Reference", "Synthetic population", "Tolerance", "Result", "Source"]
    body = [_cells(row) for row in rows.to_dict("records")]
    return make_table(f"{key}-table", name, heads, body, text=["Result", "Source"])


def _cells(row: dict[str, Any]) -> list[str | Cell]:
    form = FORMATS[row["unit"]]
    return [
        Cell(str(row["target"]), note="" if row["is_target"] else "Not fitted"),
        Cell(form(row["published"]), tag=MARKS[row["basis"]]),
        Cell(form(row["simulated"]), note=interval(row["low"], row["high"], form)),
        f"± {form(row['tolerance'])}" if math.isfinite(row["tolerance"]) else "none set",
        Cell("Within") if row["within"] else Cell("", tag="Outside"),
        str(row["source"]),
    ]


def _picture(key: str, name: str, sentence: str, rows: pd.DataFrame, table: Table) -> Picture | None:
    differences = relative_differences(rows)
    if differences.empty:
        return None
    furthest = differences.loc[differences["difference"].abs().idxmax()]
    alt = (
        f"Dot plot, one row for each of {number_of(len(differences), 'figure')}. {sentence} Furthest from "
        f"its reference: {furthest['target']}, by {share(furthest['difference'])}. The table below has every "
        "number."
    )
    title = f"{name}: distance from the reference figures"
    return take_picture(
        f"{key}-picture",
        lambda size: draw_differences(differences, size),
        title=title,
        alt=alt,
        reading=_READING + _FURTHER * bool((differences["difference"].abs() > FURTHEST).any()),
        table=table,
    )


def _overview(comparison: pd.DataFrame) -> Picture | None:
    differences = relative_differences(comparison)
    if differences.empty:
        return None
    groups = comparison.groupby("group", sort=False)
    rows = [
        (str(name), count(len(members)), count(members["within"].sum()), _furthest(members))
        for name, members in groups
    ]
    heads = ["Group", "Figures", "Within tolerance", "Largest difference"]
    table = make_table("compared-overview-table", "Figures within tolerance, by group", heads, rows)
    alt = "Dot plot with a row for each group of figures. " + " ".join(
        f"{name}: {inside} of {every} within tolerance." for name, every, inside, _ in rows
    )
    return take_picture(
        "compared-overview",
        lambda size: draw_overview(differences, size),
        title="How far each figure is from its reference",
        alt=alt,
        reading=_OVERVIEW_READING + _FURTHER * bool((differences["difference"].abs() > FURTHEST).any()),
        table=table,
    )


def _furthest(rows: pd.DataFrame) -> str:
    differences = relative_differences(rows)["difference"]
    return share(float(differences.abs().max())) if len(differences) else ""
