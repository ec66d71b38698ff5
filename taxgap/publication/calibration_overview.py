"""The first picture of the calibration's page: how far each target is from its published figure."""

from __future__ import annotations

import pandas as pd

from taxgap.publication.compared_group import HOLLOW, say_what_lies_further
from taxgap.publication.dots import draw_overview, relative_differences
from taxgap.publication.picture import Picture, take_picture
from taxgap.publication.tables import make_table
from taxgap.publication.wording import count, share


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
        reading=f"Each mark is one target; how many lie within is at the right. Round dots lie within "
        f"tolerance, diamonds outside. {HOLLOW}{say_what_lies_further(differences)}",
        table=make_table("overview-table", "Targets within tolerance, by chapter", heads, rows),
    )


def _median(rows: pd.DataFrame) -> str:
    differences = relative_differences(rows)["difference"]
    return share(float(differences.abs().median())) if len(differences) else ""
