"""The waterfall of a tax gap: each link's amount, and beside it its share of the variance."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from taxgap.publication.gap_words import Unit
from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.publication.wording import MINUS, share

_AMOUNT = 86  # pixels for the amount at the right of a row
_VARIANCE = 150  # pixels for the bars of the variance at the right of those
_BAR = 20  # pixels
_UNDER = 19  # pixels on a phone for the share of the variance, under the bar
_GAP = 16  # pixels from the drawing to the amounts, as of `taxgap.publication.rows`
_APART = 14  # pixels on a phone between that and the next label


def draw_gap_waterfall(steps: pd.DataFrame, unit: Unit, size: Size) -> Figure:
    """Draw the chain from the top down, and what each link adds to the variance.

    Parameters
    ----------
    steps : DataFrame
        ``name, kind, amount, running, share_of_variance``, as `taxgap.gap.chain.GapEstimate.waterfall`.
    unit : Unit
    size : Size

    Returns
    -------
    Figure
        On a wide page the shares of the variance are bars at the right; on a phone they are written under
        the bars of the amounts.
    """
    notes = [unit.write(amount) for amount in steps["amount"]]
    rows = arrange_rows(
        size,
        steps["name"].astype(str).tolist(),
        notes,
        note_width=_AMOUNT + _VARIANCE,
        mark=_BAR + _UNDER + _APART if size.is_narrow else _BAR + 6,
        top=4 if size.is_narrow else 30,
    )
    figure, axes = start_figure(rows)
    _set_axis(axes, rows, steps, unit)
    # On a phone the share stands under the bar, so that the bar moves up.
    up = (_UNDER + _APART) / 2 / rows.step if size.is_narrow else 0.0
    for position, step in enumerate(steps.itertuples(index=False)):
        _draw_step(axes, rows, step, position + rows.offset - up)
        if step.kind != "total" and size.is_narrow:
            _write_share(axes, rows, float(step.share_of_variance), position + rows.offset - up)
    if not size.is_narrow:
        _write_head(axes, unit.name)
        _draw_shares(figure, rows, steps)
    return figure


def _draw_step(axes: Axes, rows: Rows, step: Any, height: float) -> None:
    total = step.kind == "total"
    start = 0.0 if total else step.running - step.amount
    colour = COLOURS["main"] if total else COLOURS["third" if step.amount < 0 else "second"]
    axes.barh(height, step.running - start, left=start, height=_BAR / rows.step, color=colour, linewidth=0)
    if height < len(rows.labels) - 1:
        ends = (height + _BAR / 2 / rows.step, height + 1 - _BAR / 2 / rows.step)
        axes.vlines(step.running, *ends, color=COLOURS["grey"], linewidth=points(1), linestyle=":")


def _write_head(axes: Axes, text: str) -> None:
    """Say above the amounts at the right of the rows what their unit is."""
    axes.annotate(
        text,
        (1, 1),
        xycoords="axes fraction",
        xytext=(points(_GAP), points(8)),
        textcoords="offset points",
        ha="left",
        va="baseline",
        annotation_clip=False,
    )


def _write_share(axes: Axes, rows: Rows, value: float, height: float) -> None:
    axes.annotate(
        f"{share(value)} of the variance",
        (0, height + (_BAR + _UNDER) / 2 / rows.step),
        xycoords=axes.get_yaxis_transform(),
        ha="left",
        va="center_baseline",
        color=COLOURS["quiet"],
        bbox={"facecolor": COLOURS["paper"], "edgecolor": "none", "pad": points(1)},
        zorder=5,
    )


def _draw_shares(figure: Figure, rows: Rows, steps: pd.DataFrame) -> None:
    """Draw bars of the shares of the variance in the room at the right of the amounts."""
    width, height = rows.size.width, rows.height
    left = width - _VARIANCE
    own = figure.add_axes(
        (
            left / width,
            rows.bottom / height,
            (_VARIANCE - 56) / width,
            1 - (rows.top + rows.bottom) / height,
        )
    )
    own.set_ylim(len(rows.labels) - 0.5, -0.5)
    own.set_xlim(0, max(0.01, float(steps["share_of_variance"][steps["kind"] != "total"].max())))
    own.set_yticks([])
    own.set_xticks([])
    for name in ("right", "top", "bottom"):
        own.spines[name].set_visible(False)
    own.set_title("Share of variance", loc="left", fontsize=points(rows.size.text), pad=points(8))
    for position, step in enumerate(steps.itertuples(index=False)):
        if step.kind == "total":
            continue
        value = float(step.share_of_variance)
        own.barh(position, value, height=_BAR / rows.step, color=COLOURS["grey"], linewidth=0)
        own.annotate(
            share(value),
            (value, position),
            xytext=(points(6), 0),
            textcoords="offset points",
            va="center_baseline",
            annotation_clip=False,
        )


def _set_axis(axes: Axes, rows: Rows, steps: pd.DataFrame, unit: Unit) -> None:
    reached = [*steps["running"], *(steps["running"] - steps["amount"]).where(steps["kind"] != "total", 0.0)]
    low, high = min(0.0, *reached), max(0.0, *reached)
    room = 0.03 * max(high - low, unit.size)
    axes.set_xlim(low - (room if low < 0 else 0), high + room)
    axes.axvline(0, color=COLOURS["ink"], linewidth=points(1.5), zorder=1)
    set_money_axis(axes, rows, unit)
    axes.set_xlabel(unit.name, labelpad=points(8))


def set_money_axis(axes: Axes, rows: Rows, unit: Unit) -> None:
    """Give an axis ticks in a unit of money, and lines at them."""
    ticks = 4 if rows.size.is_narrow or rows.across < 380 else 6
    axes.xaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _position: f"{value / unit.size:,.10g}".replace("-", MINUS))
    )
    axes.grid(visible=True, axis="x", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(axis="x", length=0)
