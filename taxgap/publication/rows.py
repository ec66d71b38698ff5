"""Pictures made of rows: a label at the left of each row, or above it on a phone, and a note at its right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from taxgap.publication.theme import COLOURS, Size, new_figure, points

Axes: TypeAlias = Any

_MOST_LABELS = 350  # pixels for the labels at the left of a wide picture
_GAP = 16  # between label, drawing and note
_LETTER = 0.53  # mean width of a letter, as a share of the height of the text
_LINE = 1.25  # distance of two lines, likewise
_EDGE = 14


@dataclass(frozen=True)
class Rows:
    """Where the rows of a picture lie.

    Attributes
    ----------
    size : Size
    labels : tuple of tuple of str
        The lines of each row's label, rows from the top.
    notes : tuple of str
        What stands at the right of each row; may be empty.
    label_width, note_width : int
        Pixels for the labels and notes of a wide picture.
    mark : int
        Pixels that the marks of a row need.
    top, bottom : int
        Pixels above and below the rows.
    """

    size: Size
    labels: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    label_width: int
    note_width: int
    mark: int
    top: int
    bottom: int

    @property
    def line(self) -> int:
        """The distance of two lines of text in pixels."""
        return round(_LINE * self.size.text)

    @property
    def step(self) -> int:
        """The height of a row in pixels."""
        text = self.line * max(map(len, self.labels))
        return text + self.mark + 10 if self.size.is_narrow else max(text, self.mark) + 12

    @property
    def height(self) -> int:
        """The height of the picture in pixels."""
        return self.top + self.step * len(self.labels) + self.bottom

    @property
    def left(self) -> int:
        """Where the drawing begins, in pixels from the left."""
        return _EDGE if self.size.is_narrow else self.label_width

    @property
    def right(self) -> int:
        """Where the drawing ends, in pixels from the right."""
        return _EDGE if self.size.is_narrow else self.note_width + _EDGE

    @property
    def across(self) -> int:
        """The width of the drawing in pixels."""
        return self.size.width - self.left - self.right

    @property
    def offset(self) -> float:
        """How far below the middle of its row a mark lies, in rows: on a phone the label stands above it."""
        return 0.5 - self.mark / 2 / self.step if self.size.is_narrow else 0.0


def arrange_rows(
    size: Size,
    labels: Sequence[str],
    notes: Sequence[str] = (),
    *,
    note_width: int = 0,
    mark: int = 22,
    top: int = 4,
) -> Rows:
    """Break labels into lines and work out where the rows lie.

    Parameters
    ----------
    size : Size
    labels, notes : sequence of str
        One a row, from the top; no notes at all are allowed.
    note_width, mark, top : int
        As of `Rows`.

    Returns
    -------
    Rows
    """
    notes = tuple(notes) or ("",) * len(labels)
    letter = _LETTER * size.text
    noted = max(map(len, notes), default=0) * letter if size.is_narrow else 0
    room = size.width - 2 * _EDGE - noted if size.is_narrow else _MOST_LABELS - _GAP
    lines = tuple(
        tuple(wrap(label, int(room / letter), break_on_hyphens=False)) or (" ",) for label in labels
    )
    longest = max(len(line) for label in lines for line in label)
    return Rows(
        size,
        lines,
        notes,
        math.ceil(longest * letter) + _GAP,
        note_width,
        mark,
        top,
        bottom=3 * size.text + 12,
    )


def start_figure(rows: Rows) -> tuple[Figure, Axes]:
    """Make a figure with labels and notes written and the rows counted downwards from 0.

    Returns
    -------
    figure : Figure
    axes : Axes
        Row `i` has its mark at height ``i + rows.offset``.
    """
    figure = new_figure(rows.size, rows.height)
    width, height = rows.size.width, rows.height
    bounds = (
        rows.left / width,
        rows.bottom / height,
        rows.across / width,
        1 - (rows.top + rows.bottom) / height,
    )
    axes = figure.add_axes(bounds)
    axes.set_ylim(len(rows.labels) - 0.5, -0.5)
    axes.set_yticks([])
    for name in ("left", "right", "top"):
        axes.spines[name].set_visible(False)
    for position, (lines, note) in enumerate(zip(rows.labels, rows.notes, strict=True)):
        _write_label(axes, rows, position, lines)
        _write_note(axes, rows, position, note)
    return figure, axes


def _write_label(axes: Axes, rows: Rows, position: int, lines: Sequence[str]) -> None:
    if rows.size.is_narrow:
        tops = [rows.line * number for number in range(len(lines))]
        for line, down in zip(lines, tops, strict=True):
            _write(axes, rows, line, at=(0, position - 0.5), move=(0, -down - rows.line / 2), side="left")
    else:
        middle = (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            _write(
                axes, rows, line, at=(0, position), move=(-_GAP, (middle - number) * rows.line), side="right"
            )


def _write_note(axes: Axes, rows: Rows, position: int, note: str) -> None:
    if rows.size.is_narrow:
        _write(axes, rows, note, at=(1, position - 0.5), move=(0, -rows.line / 2), side="right")
    else:
        _write(axes, rows, note, at=(1, position), move=(_GAP, 0), side="left")


def _write(
    axes: Axes, rows: Rows, text: str, *, at: tuple[float, float], move: tuple[float, float], side: str
) -> None:
    """Write one line: `at` in shares of the width and in rows, `move` in pixels to the right and up."""
    axes.annotate(
        text,
        at,
        xycoords=axes.get_yaxis_transform(),
        xytext=(points(move[0]), points(move[1])),
        textcoords="offset points",
        ha=side,
        va="center_baseline",
        color=COLOURS["ink"],
        annotation_clip=False,
        bbox={"facecolor": COLOURS["paper"], "edgecolor": "none", "pad": points(1)}
        if rows.size.is_narrow
        else None,
    )
