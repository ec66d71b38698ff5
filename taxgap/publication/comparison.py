"""The section that holds the population against figures from outside."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taxgap.publication.compared_group import HOLLOW, ComparedGroup, describe_group, say_what_lies_further
from taxgap.publication.dots import draw_overview, relative_differences
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, make_table
from taxgap.publication.wording import count, listing, number_of, share

_BASIS = {
    "found": "read in a published source",
    "derived": "worked out from published figures",
    "memory": "recalled and not checked",
}
_FEW = 3
_OVERVIEW_READING = (
    f"Each mark is one figure. Round dots lie within tolerance, diamonds outside. {HOLLOW} At the right: how "
    "many lie within tolerance."
)


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
    sentence = f"{_tally(rows)} {_are(rows, 'figure')} within tolerance.{_misses(rows)}"
    return describe_group(key, name, sentence, rows, _result)


def _result(row: Mapping[Hashable, Any]) -> Cell:
    return Cell("Within") if row["within"] else Cell("", tag="Outside")


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
        reading=_OVERVIEW_READING + say_what_lies_further(differences),
        table=table,
    )


def _furthest(rows: pd.DataFrame) -> str:
    differences = relative_differences(rows)["difference"]
    return share(float(differences.abs().max())) if len(differences) else ""
