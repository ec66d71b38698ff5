"""The split of all planted tax as bars: not flagged, flagged for a wrong reason, flagged for a right one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from taxgap.publication.rows import arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.publication.wording import share

PARTS = {
    "flagged, right reason": ("Flagged, right reason", "main"),
    "flagged, wrong reason": ("Flagged, wrong reason", "alert"),
    "not flagged": ("Not flagged", "band"),
}
"""Each part of the split: its name on the page, and its colour."""

_ROOM = 0.09  # share of a bar from which its number has room
_ON_DARK = {"main"}


def draw_split(labels: Sequence[str], table: pd.DataFrame, size: Size) -> Figure:
    """Draw a bar a row, each split in three.

    Parameters
    ----------
    labels : sequence of str
        One a row, from the top.
    table : DataFrame
        One row a label, in their order; a column of shares for each key of `PARTS`.
    size : Size

    Returns
    -------
    Figure
    """
    legend = 26 * (len(PARTS) if size.is_narrow else 1) + 12
    rows = arrange_rows(size, labels, mark=38 if size.is_narrow else 26, top=4 + legend)
    figure, axes = start_figure(rows)
    left = pd.Series(0.0, index=table.index)
    heights = [place + rows.offset for place in range(len(table))]
    for part, (_, colour) in PARTS.items():
        width = table[part].fillna(0.0)
        axes.barh(heights, width, left=left, height=24 / rows.step, color=COLOURS[colour], linewidth=0)
        for height, start, own in zip(heights, left, width, strict=True):
            if own >= _ROOM * (1.6 if size.is_narrow else 1):
                axes.text(
                    start + own / 2,
                    height,
                    share(own),
                    ha="center",
                    va="center_baseline",
                    color=COLOURS["paper" if colour in _ON_DARK else "ink"],
                )
        left = left + width
    axes.set_xlim(0, 1.03)  # room for half of the last number
    axes.xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: f"{100 * value:.0f}%"))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("Share of the planted tax", labelpad=points(8))
    _write_legend(figure, size)
    return figure


def _write_legend(figure: Figure, size: Size) -> None:
    figure.legend(
        handles=[Patch(color=COLOURS[colour], label=name) for name, colour in PARTS.values()],
        loc="upper left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=1 if size.is_narrow else len(PARTS),
        frameon=False,
        handlelength=1.2,
        columnspacing=2.0,
        labelspacing=0.4,
        borderaxespad=0.1,
    )
