"""Pictures made of rows: a label at the left of each row, or above it on a phone, and a note at its right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, TypeAlias

from matplotlib.figure import Figure

from taxgap.publication.theme import COLOURS, Size, new_figure, points

Axes: TypeAlias = Any

_LABELS = 300  # pixels for the labels at the left of a wide picture
_LETTER = 0.53  # mean width of a letter, as a share of the height of the text
_EDGE = 14


@dataclass(frozen=True)
class Rows:
    """Where the rows of a picture lie.

    Attributes
    ----------
    size : Size
    labels : tuple of str
        One a row, from the top, broken into lines.
    notes : tuple of str
        What stands at the right of each row; may be empty.
    note_width : int
        Pixels for the notes of a wide picture.
    top, bottom : int
        Pixels above and below the rows.
    """

    size: Size
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    note_width: int
    top: int
    bottom: int

    @property
    def step(self) -> int:
        """The height of a row in pixels."""
        lines = max(label.count("\n") + 1 for label in self.labels)
        text = round(1.25 * self.size.text * lines)
        return text + 28 if self.size.is_narrow else max(text + 12, 34)

    @property
    def height(self) -> int:
        """The height of the picture in pixels."""
        return self.top + self.step * len(self.labels) + self.bottom

    @property
    def left(self) -> int:
        """Where the drawing begins, in pixels from the left."""
        return _EDGE if self.size.is_narrow else _LABELS

    @property
    def right(self) -> int:
        """Where the drawing ends, in pixels from the right."""
        return _EDGE if self.size.is_narrow else self.note_width + _EDGE

    @property
    def offset(self) -> float:
        """How far below the middle of its row a mark lies, in rows: on a phone the label stands above it."""
        return 0.5 - 12 / self.step if self.size.is_narrow else 0.0


def arrange_rows(
    size: Size,
    labels: Sequence[str],
    notes: Sequence[str] = (),
    *,
    note_width: int = 0,
    top: int = 8,
    bottom: int = 64,
) -> Rows:
    """Break labels into lines and work out where the rows lie.

    Parameters
    ----------
    size : Size
    labels, notes : sequence of str
        One a row, from the top; no notes at all are allowed.
    note_width, top, bottom : int
        As of `Rows`.

    Returns
    -------
    Rows
    """
    notes = tuple(notes) or ("",) * len(labels)
    room = size.width - 2 * _EDGE if size.is_narrow else _LABELS - 16
    widest = max(map(len, notes)) * _LETTER * size.text if size.is_narrow else 0
    letters = int((room - widest) / (_LETTER * size.text))
    lines = tuple("\n".join(wrap(label, letters)) or " " for label in labels)
    return Rows(size, lines, notes, note_width, top, bottom)


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
    axes = figure.add_axes(
        (
            rows.left / width,
            rows.bottom / height,
            (width - rows.left - rows.right) / width,
            (height - rows.top - rows.bottom) / height,
        )
    )
    axes.set_ylim(len(rows.labels) - 0.5, -0.5)
    axes.set_yticks([])
    for name in ("left", "right", "top"):
        axes.spines[name].set_visible(False)
    for position, (label, note) in enumerate(zip(rows.labels, rows.notes, strict=True)):
        _write(axes, rows, position, label, note)
    return figure, axes


def _write(axes: Axes, rows: Rows, position: int, label: str, note: str) -> None:
    where = axes.get_yaxis_transform()
    if rows.size.is_narrow:
        height, vertical = position - 0.5 + 4 / rows.step, "top"
        places = ((0.0, "left"), (1.0, "right"))
        shift = 0.0
    else:
        height, vertical, places, shift = float(position), "center", ((0.0, "right"), (1.0, "left")), 14.0
    for text, (across, side), move in zip((label, note), places, (-shift, shift), strict=True):
        axes.annotate(
            text,
            (across, height),
            xycoords=where,
            xytext=(points(move), 0),
            textcoords="offset points",
            ha=side,
            va=vertical,
            linespacing=1.15,
            color=COLOURS["ink"],
            annotation_clip=False,
        )
