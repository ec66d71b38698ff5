"""Pictures of the calibration's page: how far each figure is from its reference."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.dots import FURTHEST, draw_differences, draw_overview, relative_differences
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import Table, make_table
from taxgap.publication.wording import count, number_of, share

_MARKS = "Round dots lie within tolerance, diamonds outside. Hollow marks: the reference figure is derived."
_FURTHER = " A mark at the edge lies further out."


def draw_chapters(targets: pd.DataFrame) -> Picture | None:
    """Draw a row for each chapter with a dot for every target.

    Parameters
    ----------
    targets : DataFrame
        Compared figures with their `chapter`.

    Returns
    -------
    Picture or None
        None where no reference differs from zero.
    """
    differences = relative_differences(targets.assign(group=targets["chapter"]))
    if differences.empty:
        return None
    rows = [
        (str(name), count(len(members)), count(members["within"].sum()), _median(members))
        for name, members in targets.groupby("chapter", sort=False)
    ]
    heads = ["Chapter", "Targets", "Within tolerance", "Median difference"]
    words = [f"{name}: {inside} of {every} targets within tolerance." for name, every, inside, _ in rows]
    return take_picture(
        "overview",
        lambda size: draw_overview(differences, size),
        title="How far each target is from its published figure",
        alt=f"Dot plot with a row for each chapter. {' '.join(words)}",
        reading=f"Each mark is one target; how many lie within is at the right. {_MARKS}"
        f"{_further(differences)}",
        table=make_table("overview-table", "Targets within tolerance, by chapter", heads, rows),
    )


def draw_group(key: str, name: str, sentence: str, rows: pd.DataFrame, table: Table) -> Picture | None:
    """Draw a row for each figure of a group.

    Parameters
    ----------
    key, name, sentence : str
        Of the group.
    rows : DataFrame
        Its compared figures.
    table : Table
        The same figures in numbers.

    Returns
    -------
    Picture or None
    """
    differences = relative_differences(rows)
    if differences.empty:
        return None
    furthest = differences.loc[differences["difference"].abs().idxmax()]
    alt = (
        f"Dot plot, one row for each of {number_of(len(differences), 'figure')}. {sentence} Furthest from "
        f"its reference: {furthest['target']}, by {share(furthest['difference'])}. The table below has every "
        "number."
    )
    reading = f"A grey band is the tolerance, a line the 95% interval. {_MARKS}{_further(differences)}"
    return take_picture(
        key,
        lambda size: draw_differences(differences, size),
        title=f"{name}: distance from the reference figures",
        alt=alt,
        reading=reading,
        table=table,
    )


def _further(differences: pd.DataFrame) -> str:
    return _FURTHER if (differences["difference"].abs() > FURTHEST).any() else ""


def _median(rows: pd.DataFrame) -> str:
    differences = relative_differences(rows)["difference"]
    return share(float(differences.abs().median())) if len(differences) else ""
