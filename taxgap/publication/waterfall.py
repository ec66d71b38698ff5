"""The waterfall of a score: from the mean of the population, through the group, to the one return."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from taxgap.publication.content import ExampleCase
from taxgap.publication.rows import Axes, Rows, arrange_rows, start_figure
from taxgap.publication.theme import COLOURS, Size, points
from taxgap.publication.wording import factor, number_of, pounds

SHOWN = 6
"""Contributions, by reason code, that get a bar of their own; the others share one."""

_TICKS = ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
_TICK_GAP, _TICK_EDGE = 62, 14  # pixels

START, GROUP, OWN, REST, END = "start", "group", "own", "rest", "end"


def waterfall_steps(case: ExampleCase) -> pd.DataFrame:
    """Break a score into steps that add up to it.

    Parameters
    ----------
    case : ExampleCase

    Returns
    -------
    DataFrame
        `label, kind` (``start``, ``group``, ``own``, ``rest`` or ``end``)`, size, before, after`, the last
        three on the log scale. Contributions of one code are summed; the largest come first.
    """
    row = case.score_row
    own = case.contributions.groupby("title", sort=True)["contribution"].sum()
    own = own.loc[own.abs().sort_values(ascending=False, kind="stable").index]
    steps = [
        ("Average score", START, float(row["population_mean"])),
        ("Trade and size group", GROUP, float(row["group_effect"])),
        *((title, OWN, float(size)) for title, size in own.iloc[:SHOWN].items()),
    ]
    rest = own.iloc[SHOWN:]
    if len(rest):
        steps.append((f"{number_of(len(rest), 'other thing')} together", REST, float(rest.sum())))
    frame = pd.DataFrame(steps, columns=["label", "kind", "size"])
    frame["after"] = frame["size"].cumsum()
    frame["before"] = frame["after"] - frame["size"]
    end = float(frame["after"].iloc[-1])
    frame.loc[len(frame)] = ["Score of this return", END, end, end, end]
    return frame[["label", "kind", "size", "before", "after"]]


def describe_step(kind: str, size: float) -> str:
    """Say what a step does: an amount at either end, a factor between."""
    return pounds(math.exp(size)) if kind in {START, END} else factor(size)


def draw_waterfall(steps: pd.DataFrame, size: Size) -> Figure:
    """Draw the steps from the top down, on a scale of pounds that grows by multiplying.

    Parameters
    ----------
    steps : DataFrame
        From `waterfall_steps`.
    size : Size

    Returns
    -------
    Figure
    """
    notes = [describe_step(kind, length) for kind, length in zip(steps["kind"], steps["size"], strict=True)]
    if size.is_narrow:
        notes = [note.replace("multiplies by", "×") for note in notes]  # noqa: RUF001
    rows = arrange_rows(size, steps["label"].tolist(), notes, note_width=150, top=54)
    figure, axes = start_figure(rows)
    _set_axes(axes, steps, rows)
    for position, step in enumerate(steps.itertuples(index=False)):
        _draw_step(axes, step, position + rows.offset, rows)
    return figure


def _draw_step(axes: Axes, step: Any, height: float, rows: Rows) -> None:
    kind, before, after = step.kind, step.before, step.after
    if kind != END:
        axes.vlines(after, height, height + 1, color=COLOURS["grey"], linewidth=points(1), linestyle=":")
    if kind in {START, END}:
        style = {"marker": "o", "markersize": points(13), "color": COLOURS["ink"], "clip_on": False}
        axes.plot([after], [height], **style)
        return
    colour = COLOURS["grey"] if kind == GROUP else COLOURS["main"] if after >= before else COLOURS["second"]
    axes.barh(height, after - before, left=before, height=20 / rows.step, color=colour)


def _set_axes(axes: Axes, steps: pd.DataFrame, rows: Rows) -> None:
    low = float(min(steps["before"].iloc[1:].min(), steps["after"].min()))
    high = float(steps[["before", "after"]].to_numpy().max())
    margin = 0.06 * max(high - low, 1.0)
    axes.set_xlim(low - margin, high + margin)
    ticks = _pound_ticks(low - margin, high + margin, rows.across)
    axes.xaxis.set_major_locator(FixedLocator([math.log(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _position: _pounds(math.exp(value))))
    axes.grid(visible=True, axis="x", color=COLOURS["band"], linewidth=points(1))
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("Tax that an enquiry is expected to find", labelpad=points(8))
    score = axes.secondary_xaxis("top")
    score.spines["top"].set_visible(False)
    score.tick_params(axis="x", length=0, labelcolor=COLOURS["quiet"])
    score.xaxis.set_major_locator(MaxNLocator(4 if rows.size.is_narrow else 6))
    score.set_xlabel("Score (natural logarithm)", color=COLOURS["quiet"], labelpad=points(6))


def _pound_ticks(low: float, high: float, pixels: int) -> list[float]:
    """Choose round amounts between two logarithms: as many as leave room for their labels."""
    edge = _TICK_EDGE / pixels * (high - low)
    apart = _TICK_GAP / pixels * (high - low)
    decades = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    for steps in _TICKS:
        every = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in every if low + edge <= math.log(tick) <= high - edge]
        if all(math.log(after / before) >= apart for before, after in pairwise(ticks)):
            return ticks
    return ticks[:: math.ceil(apart / math.log(10))]


def _pounds(value: float) -> str:
    return f"£{value:,.0f}" if value >= 0.95 else f"£{value:.2g}"
