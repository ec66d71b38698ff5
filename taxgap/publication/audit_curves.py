"""How far the score moves as reasons are taken away, and put back: two small pictures in one."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from taxgap.publication.rows import Axes
from taxgap.publication.theme import COLOURS, Size, new_figure, points
from taxgap.publication.wording import MINUS

CURVES = {
    "deletion": "Codes taken away, one after another",
    "insertion": "Codes put back, one after another",
}
"""The curves and what each shows."""

_LINES = {
    "contributions": ("In the order of the explanation", "main", "-"),
    "random": ("In random order", "alert", (0, (5, 2))),
}


def draw_curves(curves: pd.DataFrame, size: Size) -> Figure:
    """Draw the mean change of the score against the number of codes.

    Parameters
    ----------
    curves : DataFrame
        `curve, method, codes, value, low, high`.
    size : Size

    Returns
    -------
    Figure
    """
    names = [name for name in CURVES if (curves["curve"] == name).any()]
    panel = 250 if size.is_narrow else 320
    height = panel * len(names) + 70 if size.is_narrow else panel + 60
    figure = new_figure(size, height)
    for place, name in enumerate(names):
        axes = figure.add_axes(_bounds(size, height, panel, place, len(names)))
        _draw(axes, curves[curves["curve"] == name], CURVES[name])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=1 if size.is_narrow else 2,
        frameon=False,
        handlelength=2.6,
        labelspacing=0.4,
        borderaxespad=0.1,
    )
    return figure


def _bounds(
    size: Size, height: int, panel: int, place: int, panels: int
) -> tuple[float, float, float, float]:
    if size.is_narrow:
        bottom = height - 70 - panel * (place + 1) + 60
        return (48 / size.width, bottom / height, 1 - 66 / size.width, (panel - 110) / height)
    each = size.width / panels
    left = (place * each + 54) / size.width
    return (left, 60 / height, (each - 80) / size.width, (height - 150) / height)


def _draw(axes: Axes, curve: pd.DataFrame, title: str) -> None:
    for method, (name, colour, style) in _LINES.items():
        own = curve[curve["method"] == method].sort_values("codes")
        if own.empty:
            continue
        axes.fill_between(own["codes"], own["low"], own["high"], color=COLOURS["band"], linewidth=0)
        axes.plot(
            own["codes"],
            own["value"],
            color=COLOURS[colour],
            linestyle=style,
            linewidth=points(3),
            marker="o",
            markersize=points(6),
            label=name,
        )
    axes.axhline(0, color=COLOURS["ink"], linewidth=points(1))
    axes.set_title(title, loc="left", fontsize=axes.xaxis.label.get_size(), pad=points(12))
    axes.set_xlabel("Number of codes", labelpad=points(6))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _position: f"{round(value, 6):g}".replace("-", MINUS))
    )
    axes.grid(visible=True, axis="both", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(length=0, pad=points(5))
