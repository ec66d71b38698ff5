"""A heat map with numbers: what was planted against the reason that is named first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.risk.arrays import Bools, Floats

_LONGEST = {"wide": 24, "narrow": 60}  # letters of a line of the names of columns, which stand upright
_LETTER = 0.55  # mean width of a letter, as a share of the height of the text
_CELL = {"wide": 34, "narrow": 26}  # pixels
_DARK = 0.72  # from here on, as a share of the deepest colour, numbers are white
_LEAST = 0.005  # smaller shares have no number
_FULL = 0.5  # the least share of the deepest colour


def draw_heat(
    labels: Sequence[str], columns: Sequence[str], shares: Floats, right: Bools, size: Size
) -> Figure:
    """Draw a table of shares as coloured cells with whole per cents; right cells have a frame.

    Parameters
    ----------
    labels, columns : sequence of str
    shares : ndarray of float64, shape (labels, columns)
    right : ndarray of bool
        Which cells are right.
    size : Size

    Returns
    -------
    Figure
    """
    heads = [wrap(name, _LONGEST[size.name], break_on_hyphens=False) for name in columns]
    longest = max(len(line) for lines in heads for line in lines)
    top = math.ceil(longest * _LETTER * _small(size)) + 16
    rows = replace(
        arrange_rows(size, labels, mark=_CELL[size.name] + (10 if size.is_narrow else 0), top=top), bottom=10
    )
    figure, axes = start_figure(rows)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    _write_heads(axes, rows, heads)
    colours = LinearSegmentedColormap.from_list("shares", [COLOURS["paper"], COLOURS["main"]])
    full = max(_FULL, float(np.nanmax(shares, initial=0.0)))
    half = _CELL[size.name] / 2 / rows.step
    for place, column in np.ndindex(*shares.shape):
        own = float(shares[place, column])
        at = (column - 0.5, place + rows.offset - half)
        axes.add_patch(
            Rectangle(at, 1, 2 * half, facecolor=colours(min(own / full, 1.0)), edgecolor=COLOURS["band"])
        )
        if own >= _LEAST:
            axes.text(
                column,
                place + rows.offset,
                f"{100 * own:.0f}",
                ha="center",
                va="center_baseline",
                fontsize=points(_small(size)),
                color=COLOURS["paper" if own / full >= _DARK else "ink"],
            )
    _frame(axes, rows, right, half)
    return figure


def _small(size: Size) -> int:
    return size.text - (2 if size.is_narrow else 1)


def _write_heads(axes: Axes, rows: Rows, heads: Sequence[Sequence[str]]) -> None:
    for place, lines in enumerate(heads):
        axes.annotate(
            "\n".join(lines),
            (place, -0.5),
            xytext=(0, points(6)),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="bottom",
            fontsize=points(_small(rows.size)),
            linespacing=1.05,
            annotation_clip=False,
        )


def _frame(axes: Axes, rows: Rows, right: Bools, half: float) -> None:
    for place, column in zip(*np.nonzero(right), strict=True):
        axes.add_patch(
            Rectangle(
                (column - 0.46, place + rows.offset - 0.92 * half),
                0.92,
                1.84 * half,
                fill=False,
                edgecolor=COLOURS["alert"],
                linewidth=points(3),
                clip_on=False,
            )
        )
