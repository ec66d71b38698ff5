"""Pictures of an audit's figures: dots of groups and methods, with words and the numbers behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from taxgap.publication.audit_evidence import Evidence, say_interval, say_value, tabulate_groups
from taxgap.publication.audit_marks import Marks, draw_marks
from taxgap.publication.audit_words import name_group, name_measure, name_method
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Cell, Table, make_table
from taxgap.publication.wording import listing

CHANCE = Marks("By chance", "grey", "|", line=False)
"""How the level by chance is drawn."""

OWN = Marks("The reasons as given", "main")
"""How what is audited is drawn."""


def place_groups(rows: pd.DataFrame, groups: Sequence[str], column: str = "group") -> pd.DataFrame:
    """Put figures in the rows of a picture: those of the named groups, each with its place."""
    place = {name: number for number, name in enumerate(groups)}
    kept = rows[rows[column].isin(place)]
    return kept.assign(row=kept[column].map(place).astype("int64"))


def place_chance(rows: pd.DataFrame) -> pd.DataFrame:
    """Turn placed figures into their levels by chance."""
    return rows.assign(value=rows["chance"], low=math.nan, high=math.nan)


def picture_groups(
    evidence: Evidence,
    key: str,
    marks: Sequence[tuple[Marks, pd.DataFrame]],
    *,
    title: str,
    across: str,
    reading: str,
    by_method: bool = True,
) -> Picture | None:
    """Draw figures by group.

    Parameters
    ----------
    evidence : Evidence
    key, title, reading : str
        As of `taxgap.publication.picture.Picture`.
    marks : sequence of tuple
        How each thing is drawn, and its lines of figures, all of one grouping. Groups stand in the order of
        the first.
    across : str
        What the axis measures.
    by_method : bool, default True
        Whether the table tells them apart by what explains, else by measure.

    Returns
    -------
    Picture or None
        None where there is no figure.
    """
    drawn = [(own, rows[rows["value"].notna()]) for own, rows in marks if rows["value"].notna().any()]
    if not drawn:
        return None
    groups = list(dict.fromkeys(group for _, rows in drawn for group in rows["group"]))
    first = drawn[0][1]
    labels = [name_group(str(first["group_by"].iloc[0]), group, evidence.regime) for group in groups]
    placed = [(own, place_groups(rows, groups)) for own, rows in drawn]
    if first["chance"].notna().any():
        placed.append((CHANCE, place_chance(placed[0][1])))
    numbers = pd.concat([rows for own, rows in placed if own is not CHANCE])
    numbers = numbers.sort_values("row", kind="stable").drop_duplicates(["group", "measure", "method"])
    return take_picture(
        key,
        lambda size: draw_marks(labels, placed, size, across=across),
        title=title,
        alt=_say_ends(first, [own.name for own, _ in placed], title, evidence.regime),
        reading=reading,
        table=tabulate_groups(evidence, numbers, key=f"{key}-table", caption=title, methods=by_method),
    )


def picture_methods(key: str, rows: pd.DataFrame, *, title: str, across: str, reading: str) -> Picture | None:
    """Draw one measure by what explains, the best first.

    Parameters
    ----------
    key, title, reading : str
    rows : DataFrame
        One line of figures a method.
    across : str

    Returns
    -------
    Picture or None
        None where there is no figure.
    """
    known = rows[rows["value"].notna()].drop_duplicates("method")
    if known.empty:
        return None
    known = known.sort_values("value", ascending=False, kind="stable")
    methods = list(known["method"])
    placed = place_groups(known, methods, "method")
    own, others = placed["method"] == "reasons", placed["method"] != "reasons"
    marks = [(Marks("Other explanations", "grey", hollow=True), placed[others]), (OWN, placed[own])]
    marks = [(style, table) for style, table in marks if len(table)]
    alone = [(Marks("Found", "main"), placed)]
    shown = marks if len(marks) > 1 else alone
    if known["chance"].notna().any():
        shown = [*shown, (CHANCE, place_chance(placed))]
    part = str(known["part"].iloc[0])
    labels, shares = [name_method(name, part) for name in methods], bool((known["unit"] == "share").all())
    says = [
        f"{name_method(row.method, row.part)}: {say_value(row.value, row.unit)}" for row in known.itertuples()
    ]
    return take_picture(
        key,
        lambda size: draw_marks(labels, shown, size, across=across, shares=shares, apart=False),
        title=title,
        alt=f"Dot plot, best first. {'; '.join(says)}.",
        reading=reading,
        table=_tabulate_methods(known, key, title),
    )


def _tabulate_methods(rows: pd.DataFrame, key: str, title: str) -> Table:
    heads = ["What explains", "Value", "By chance"]
    body = [
        (
            name_method(row.method, row.part),
            Cell(say_value(row.value, row.unit), note=say_interval(row.low, row.high, row.unit)),
            say_value(row.chance, row.unit) if math.isfinite(row.chance) else "",
        )
        for row in rows.itertuples(index=False)
    ]
    return make_table(f"{key}-table", title, heads, body)


def _say_ends(rows: pd.DataFrame, names: Sequence[str], title: str, regime: str) -> str:
    ends = (rows.loc[rows["value"].idxmax()], rows.loc[rows["value"].idxmin()])
    said = [
        f"“{name_group(row['group_by'], row['group'], regime)}” at {say_value(row['value'], row['unit'])}"
        for row in ends
    ]
    shown = f" Marks: {listing([name.lower() for name in names])}." if len(names) > 1 else ""
    measure = name_measure(str(ends[0]["measure"]))
    return (
        f"Dot plot, one row a group: {title}.{shown} {measure}: highest for {said[0]}, lowest for {said[1]}."
    )
