"""What each input does to the gap: a bar a row, from the gap at one limit to that at the other."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from taxgap.publication.gap_waterfall import set_money_axis
from taxgap.publication.gap_words import Unit
from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points

_BAR = 22  # pixels
_NAMES = 26  # pixels above the rows for what the two colours are


def draw_tornado(table: pd.DataFrame, value: float, unit: Unit, size: Size) -> Figure:
    """Draw the net gap with each input at its limits, around the gap as it is estimated.

    Parameters
    ----------
    table : DataFrame
        ``label, note, gap_low, gap_high`` (GBP), the largest swing first.
    value : float
        The net gap (GBP).
    unit : Unit
    size : Size

    Returns
    -------
    Figure
        The gap at the low limit of an input is dark, that at its high limit light with a dark edge.
    """
    rows = arrange_rows(
        size,
        table["label"].tolist(),
        table["note"].tolist(),
        note_width=152,
        mark=_BAR + (20 if size.is_narrow else 8),
        top=4 + _NAMES,
    )
    figure, axes = start_figure(rows)
    for position, row in enumerate(table.itertuples(index=False)):
        height = position + rows.offset
        for end, colour in ((row.gap_low, "main"), (row.gap_high, "band")):
            axes.barh(
                height,
                end - value,
                left=value,
                height=_BAR / rows.step,
                color=COLOURS[colour],
                edgecolor=COLOURS["main"],
                linewidth=points(1.5),
            )
        reach = 0.5 * (_BAR + 8) / rows.step  # not all the way up: on a phone it would cross the labels
        axes.vlines(
            value, height - reach, height + reach, color=COLOURS["ink"], linewidth=points(2), zorder=4
        )
    _set_axis(axes, rows, table, value, unit)
    _write_names(axes)
    return figure


def _set_axis(axes: Axes, rows: Rows, table: pd.DataFrame, value: float, unit: Unit) -> None:
    ends = [*table["gap_low"], *table["gap_high"], value]
    room = 0.06 * max(max(ends) - min(ends), 0.02 * abs(value), 1.0)
    axes.set_xlim(min(ends) - room, max(ends) + room)
    set_money_axis(axes, rows, unit)
    axes.set_xlabel(f"Net tax gap ({unit.name})", labelpad=points(8))


def _write_names(axes: Axes) -> None:
    """Say above the rows which colour is which limit of the input."""
    handles = [
        axes.barh([0], [0], color=COLOURS[colour], edgecolor=COLOURS["main"], label=label)
        for colour, label in (("main", "Input at its low limit"), ("band", "at its high limit"))
    ]
    axes.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        frameon=False,
        handlelength=1.0,
        handletextpad=0.5,
        columnspacing=1.2,
        borderaxespad=0.1,
    )
