"""Dot plots: how far the synthetic population is from each reference figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.publication.wording import MINUS

FURTHEST = 1.0
"""Differences are drawn up to this share of the reference figure; further ones stand at the edge."""

_DOT = 12  # pixels
_ROOM = 1.08  # how far the axis goes beyond the furthest mark
_LEVELS = (0, 1, -1, 2, -2)


def relative_differences(comparison: pd.DataFrame) -> pd.DataFrame:
    """Work out how far each figure is from its reference, as a share of the reference.

    Parameters
    ----------
    comparison : DataFrame
        Rows of `taxgap.publication.content.PageContent.comparison`.

    Returns
    -------
    DataFrame
        `target, group, difference, low, high, tolerance, within, basis`; a row whose reference is zero, or
        whose figure is missing, is left out.
    """
    known = comparison[(comparison["published"] != 0) & comparison["simulated"].notna()]
    reference = known["published"]
    return pd.DataFrame(
        {
            "target": known["target"],
            "group": known["group"],
            "difference": known["simulated"] / reference - 1,
            "low": known["low"] / reference - 1,
            "high": known["high"] / reference - 1,
            "tolerance": (known["tolerance"] / reference.abs()).fillna(0.0),
            "within": known["within"].astype(bool),
            "basis": known["basis"],
        }
    )


def draw_differences(differences: pd.DataFrame, size: Size) -> Figure:
    """Draw one row a figure: its tolerance as a band, its interval as a line, itself as a dot.

    Parameters
    ----------
    differences : DataFrame
        From `relative_differences`.
    size : Size

    Returns
    -------
    Figure
    """
    rows = arrange_rows(size, differences["target"].tolist())
    figure, axes = start_figure(rows)
    _set_axis(axes, rows, differences)
    for position, row in enumerate(differences.itertuples(index=False)):
        height = position + rows.offset
        band = Rectangle((-row.tolerance, height - _half(rows)), 2 * row.tolerance, 2 * _half(rows))
        band.set(facecolor=COLOURS["band"], edgecolor="none")
        axes.add_patch(band)
        axes.hlines(height, row.low, row.high, color=COLOURS["grey"], linewidth=points(2))
        _mark(axes, row, height)
    return figure


def draw_overview(differences: pd.DataFrame, size: Size) -> Figure:
    """Draw one row a group of figures, with a dot for every figure.

    Parameters
    ----------
    differences : DataFrame
        From `relative_differences`.
    size : Size

    Returns
    -------
    Figure
    """
    groups = list(dict.fromkeys(differences["group"]))
    tally = differences.groupby("group")["within"].agg(["sum", "size"]).loc[groups]
    notes = [f"{inside} of {every}" for inside, every in zip(tally["sum"], tally["size"], strict=True)]
    rows = arrange_rows(size, groups, notes, note_width=80, mark=62 if size.is_narrow else 48)
    figure, axes = start_figure(rows)
    limit = _set_axis(axes, rows, differences)
    for position, group in enumerate(groups):
        members = differences[differences["group"] == group].sort_values("difference")
        axes.axhline(position + rows.offset, color=COLOURS["band"], linewidth=points(1), zorder=0)
        pixels = members["difference"].clip(-FURTHEST, FURTHEST) / (2 * _ROOM * limit) * rows.across
        for row, level in zip(members.itertuples(index=False), spread_out(pixels.tolist()), strict=True):
            _mark(axes, row, position + rows.offset + level * _DOT / rows.step)
    return figure


def spread_out(places: Sequence[float]) -> list[int]:
    """Give each of some places, in rising order, a level on which it covers none of the others.

    Parameters
    ----------
    places : sequence of float
        In pixels.

    Returns
    -------
    list of int
        0 is the middle; 1 is below it and -1 above. When all levels are taken, dots lie on one another.

    Examples
    --------
    >>> spread_out([0.0, 1.0, 2.0, 50.0])
    [0, 1, -1, 0]
    """
    ends: dict[int, float] = {}
    levels = []
    for place in places:
        free = [level for level in _LEVELS if place - ends.get(level, -math.inf) >= _DOT]
        levels.append(free[0] if free else min(_LEVELS, key=lambda level: ends[level]))
        ends[levels[-1]] = place
    return levels


def _mark(axes: Axes, row: Any, height: float) -> None:
    value = float(np.clip(row.difference, -FURTHEST, FURTHEST))
    within, basis = bool(row.within), row.basis
    edge = COLOURS["main"] if within else COLOURS["alert"]
    axes.plot(
        [value],
        [height],
        marker="o" if within else "D",
        markersize=points(11 if within else 12),
        markerfacecolor=edge if basis == "found" else COLOURS["paper"],
        markeredgecolor=edge if basis != "found" or within else COLOURS["ink"],
        markeredgewidth=points(2 if basis != "found" else 1),
        clip_on=False,
    )


def _set_axis(axes: Axes, rows: Rows, differences: pd.DataFrame) -> float:
    """Set up the axis of differences, and return how far it goes to either side."""
    values = differences[["difference", "low", "high", "tolerance"]].abs()
    limit = min(FURTHEST, max(0.05, float(np.nanmax(values.to_numpy()))))
    axes.set_xlim(-_ROOM * limit, _ROOM * limit)
    axes.axvline(0, color=COLOURS["ink"], linewidth=points(1.5), zorder=1)
    axes.xaxis.set_major_locator(
        MaxNLocator(4 if rows.size.is_narrow else 8, symmetric=True, steps=[1, 2, 2.5, 5, 10])
    )
    axes.xaxis.set_major_formatter(FuncFormatter(_in_percent))
    axes.grid(visible=True, axis="x", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("Difference from the reference figure", labelpad=points(8))
    return limit


def _in_percent(value: float, _position: int) -> str:
    percent = round(100 * value, 6)
    return f"{percent:+g}%".replace("-", MINUS) if percent else "0"


def _half(rows: Rows) -> float:
    return 9 / rows.step
