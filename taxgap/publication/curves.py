"""Two pictures of how good a ranking is: tax against returns examined, and predicted against observed."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from taxgap.publication.rows import Axes
from taxgap.publication.theme import COLOURS, Size, new_figure, points
from taxgap.publication.wording import in_words

NAMES = {
    "model": "The model",
    "largest mismatch": "Largest mismatch first",
    "turnover": "Largest turnover first",
    "random": "Random order",
    "probability": "By probability",
    "ceiling": "Best possible order",
}
"""What the rankings are called on the page, in the order in which they are shown."""

_STYLES: dict[str, dict[str, Any]] = {
    "model": {"color": COLOURS["main"], "linewidth": points(4)},
    "largest mismatch": {"color": COLOURS["alert"], "linestyle": (0, (6, 2))},
    "turnover": {"color": COLOURS["second"], "linestyle": (0, (2, 1))},
    "probability": {"color": COLOURS["sixth"], "linestyle": (0, (4, 1, 1, 1, 1, 1))},
    "random": {"color": COLOURS["grey"], "linestyle": (0, (1, 2))},
    "ceiling": {"color": COLOURS["third"], "linestyle": (0, (6, 2, 1, 2))},
}


def name_ranking(ranking: str) -> str:
    """Say what a ranking is called on the page."""
    return NAMES.get(ranking, in_words(ranking))


def order_rankings(rankings: pd.Series) -> list[str]:
    """List the rankings that are there, the known ones first and in their usual order."""
    found = list(dict.fromkeys(rankings))
    return [name for name in NAMES if name in found] + [name for name in found if name not in NAMES]


def draw_gain(gain: pd.DataFrame, size: Size) -> Figure:
    """Draw the share of the gap found against the share of returns examined, a line a ranking.

    Parameters
    ----------
    gain : DataFrame
        As of `taxgap.publication.content.PageContent.gain`.
    size : Size

    Returns
    -------
    Figure
    """
    rankings = _from_the_top(gain)
    legend = 0 if not size.is_narrow else 26 * len(rankings)
    figure, axes = _new_axes(size, height=(300 if size.is_narrow else 440) + legend, legend=legend)
    for ranking in rankings:
        line = gain[gain["ranking"] == ranking].sort_values("share_examined")
        style = {"linewidth": points(2.5)} | _STYLES.get(ranking, {})
        axes.plot(line["share_examined"], line["share_of_gap"], label=name_ranking(ranking), **style)
    axes.axvline(0.05, color=COLOURS["ink"], linewidth=points(1))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    _in_percent(axes, "Share of returns examined", "Share of the tax lost that they hold")
    if size.is_narrow:
        figure.legend(loc="lower left", bbox_to_anchor=(0.0, 0.0), handlelength=3, labelspacing=0.35)
    else:
        axes.legend(loc="lower right", handlelength=3.2, labelspacing=0.5)
    return figure


def draw_calibration(calibration: pd.DataFrame, size: Size) -> Figure:
    """Draw observed against predicted shares, a dot with its interval for each tenth of the returns.

    Parameters
    ----------
    calibration : DataFrame
        As of `taxgap.publication.content.PageContent.calibration`.
    size : Size

    Returns
    -------
    Figure
    """
    figure, axes = _new_axes(size, height=320 if size.is_narrow else 440, legend=0)
    limit = 1.08 * float(calibration[["predicted", "observed", "high"]].max().max())
    limit = min(1.0, limit) if limit > 0 else 1.0
    axes.plot([0, limit], [0, limit], color=COLOURS["grey"], linewidth=points(1.5), linestyle=(0, (4, 3)))
    axes.vlines(
        calibration["predicted"],
        calibration["low"],
        calibration["high"],
        color=COLOURS["grey"],
        linewidth=points(2.5),
    )
    axes.plot(
        calibration["predicted"],
        calibration["observed"],
        linestyle="none",
        marker="o",
        markersize=points(10),
        color=COLOURS["main"],
        clip_on=False,
    )
    axes.set_xlim(0, limit)
    axes.set_ylim(0, limit)
    _in_percent(axes, "Predicted by the model", "Observed")
    return figure


def _from_the_top(gain: pd.DataFrame) -> list[str]:
    """List the rankings as their lines lie above one another, so that the legend reads like the picture."""
    held = gain[gain["share_examined"] <= 0.5].groupby("ranking")["share_of_gap"].mean()
    return sorted(order_rankings(gain["ranking"]), key=lambda name: -held.get(name, 0.0))


def _new_axes(size: Size, *, height: int, legend: int) -> tuple[Figure, Axes]:
    figure = new_figure(size, height)
    left, right, top, bottom = (46, 26, 34, 52 + legend) if size.is_narrow else (70, 24, 40, 64)
    width = size.width
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    axes.grid(visible=True, axis="both", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(length=0, pad=points(7))
    return figure, axes


def _in_percent(axes: Axes, across: str, upwards: str) -> None:
    """Label both axes in per cent; the upward one reads from left to right, above the axis."""
    percent = FuncFormatter(lambda value, _position: f"{100 * value:.0f}%")
    axes.xaxis.set_major_formatter(percent)
    axes.yaxis.set_major_formatter(percent)
    axes.set_xlabel(across, labelpad=points(8))
    axes.set_title(upwards, loc="left", fontsize=axes.xaxis.label.get_size(), pad=points(12))
