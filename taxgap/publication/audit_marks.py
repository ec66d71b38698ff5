"""Dots with intervals: a row for each group or method, a mark for each thing that is measured of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.publication.wording import MINUS

_APART = 14  # pixels between the intervals of a row
_EDGE = 0.03  # room at the right for half of a number, as a share of the axis
_HALF = 0.5  # from here on, an axis of shares goes up to all
_ROOM = 12  # pixels more between a mark and the label of the next row, on a phone
_LEGEND = 26  # pixels a line of the legend


@dataclass(frozen=True)
class Marks:
    """How one thing is drawn.

    Attributes
    ----------
    name : str
        In the legend.
    colour : str
        A key of `taxgap.publication.theme.COLOURS`.
    marker : str, default "o"
        Of matplotlib; ``|`` is a stroke across the row.
    hollow : bool, default False
    line : bool, default True
        Whether its interval is drawn; marks with one have a level of the row to themselves.
    """

    name: str
    colour: str
    marker: str = "o"
    hollow: bool = False
    line: bool = True


def draw_marks(
    labels: Sequence[str],
    marks: Sequence[tuple[Marks, pd.DataFrame]],
    size: Size,
    *,
    across: str,
    shares: bool = True,
    notes: Sequence[str] = (),
    apart: bool = True,
) -> Figure:
    """Draw rows of dots with their intervals.

    Parameters
    ----------
    labels : sequence of str
        One a row, from the top.
    marks : sequence of tuple
        What is drawn, and its figures: `row` (the place of the label), `value`, `low`, `high`. Missing values
        are passed over.
    size : Size
    across : str
        What the axis measures.
    shares : bool, default True
        Whether the figures are shares.
    notes : sequence of str, optional
        At the right of each row.
    apart : bool, default True
        Whether a row may have several marks with intervals, which are then drawn beside one another.

    Returns
    -------
    Figure
    """
    lined = [own for own, _ in marks if own.line] if apart else []
    named = [own for own, _ in marks] if len(marks) > 1 else []
    columns = 1 if size.is_narrow else 2
    legend = _LEGEND * math.ceil(len(named) / columns) + (12 if named else 0)
    mark = max(22, _APART * len(lined) + 6) + (_ROOM if size.is_narrow else 0)
    rows = arrange_rows(size, labels, notes, note_width=70 if any(notes) else 0, mark=mark, top=4 + legend)
    figure, axes = start_figure(rows)
    _set_axis(axes, rows, [table for _, table in marks], across, shares)
    for position in range(len(labels)):
        axes.axhline(position + rows.offset, color=COLOURS["band"], linewidth=points(1), zorder=0)
    levels = _levels(lined, rows)
    for own, table in marks:
        _draw(axes, rows, own, table, levels.get(own.name, 0.0))
    if named:
        _write_legend(figure, named, columns)
    return figure


def _levels(lined: Sequence[Marks], rows: Rows) -> Mapping[str, float]:
    middle = (len(lined) - 1) / 2
    return {own.name: (place - middle) * _APART / rows.step for place, own in enumerate(lined)}


def _draw(axes: Axes, rows: Rows, own: Marks, table: pd.DataFrame, level: float) -> None:
    known = table[table["value"].notna()]
    heights = known["row"].to_numpy(dtype=float) + rows.offset + level
    colour = COLOURS[own.colour]
    if own.line:
        there = (known["low"].notna() & known["high"].notna()).to_numpy()
        axes.hlines(
            heights[there], known["low"][there], known["high"][there], color=colour, linewidth=points(2)
        )
    if own.marker == "|":
        reach = 11 / rows.step if rows.size.is_narrow else 0.5 * rows.mark / rows.step
        axes.vlines(known["value"], heights - reach, heights + reach, color=colour, linewidth=points(3))
        return
    axes.plot(known["value"], heights, linestyle="none", clip_on=False, **_style(own))


def _style(own: Marks) -> dict[str, object]:
    colour = COLOURS[own.colour]
    return {
        "marker": own.marker,
        "markersize": points(11),
        "markerfacecolor": COLOURS["paper"] if own.hollow else colour,
        "markeredgecolor": colour,
        "markeredgewidth": points(3 if own.marker == "|" else 2),
    }


def _write_legend(figure: Figure, named: Sequence[Marks], columns: int) -> None:
    handles = [
        Line2D([], [], linestyle="none", label=own.name, **_style(own))  # type: ignore[arg-type]
        for own in named
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        frameon=False,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=2.0,
        labelspacing=0.4,
        borderaxespad=0.1,
    )


def _set_axis(axes: Axes, rows: Rows, tables: Sequence[pd.DataFrame], across: str, shares: bool) -> None:
    found = pd.concat([table[["value", "low", "high"]] for table in tables])
    low, high = float(found.min().min()), float(found.max().max())
    low, high = (low, high) if math.isfinite(low) else (0.0, 1.0)
    margin = 0.04 * max(high - low, 1e-9)
    low = 0.0 if low >= 0 else low - margin
    high = 1.0 if shares and _HALF < high <= 1 else max(high + margin, low + 1e-9, 0.0)
    axes.set_xlim(low, high + _EDGE * (high - low))
    axes.xaxis.set_major_locator(MaxNLocator(4 if rows.size.is_narrow else 6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(_percent if shares else _plain))
    axes.grid(visible=True, axis="x", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel(across, labelpad=points(8))
    if low < 0:
        axes.axvline(0, color=COLOURS["ink"], linewidth=points(1.5), zorder=1)


def _percent(value: float, _position: int) -> str:
    return f"{round(100 * value, 6):g}%".replace("-", MINUS)


def _plain(value: float, _position: int) -> str:
    return f"{round(value, 6):g}".replace("-", MINUS)
