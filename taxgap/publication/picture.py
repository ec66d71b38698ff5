"""Pictures for the page: each drawn at two widths, as text that never changes, with words and a table."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any, TypeAlias

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from taxgap.publication.tables import Table
from taxgap.publication.theme import NARROW, PIXELS, SCREEN_FONT, WIDE, Size, drawing

Draw: TypeAlias = Callable[[Size], Figure]

_NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SPACE = re.compile(r"\s*\n\s*")
_FONT = re.compile(r" font-family: [^;\"]*;")
_NAME = re.compile(r' id="[A-Za-z0-9.]+_[0-9]+"')  # of groups; what is referred to has no underscore
_TURN = re.compile(r' transform="rotate\(-?0 [^"]*"')


@dataclass(frozen=True)
class Drawn:
    """One drawing of a picture.

    Attributes
    ----------
    uri : str
        The whole drawing, as a ``data:`` address.
    width, height : int
        In CSS pixels.
    """

    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A picture, what it shows in words, and the figures behind it.

    Attributes
    ----------
    key : str
        A name that no other picture of the page has.
    title : str
        What the picture says, in a line.
    alt : str
        What someone who cannot see it needs to know.
    reading : str
        How to read it.
    table : Table
        The figures that it shows.
    wide, narrow : Drawn
        For screens and paper, and for phones.
    """

    key: str
    title: str
    alt: str
    reading: str
    table: Table
    wide: Drawn
    narrow: Drawn


def take_picture(key: str, draw: Draw, *, title: str, alt: str, reading: str, table: Table) -> Picture:
    """Draw a picture at both widths.

    Parameters
    ----------
    key, title, alt, reading, table
        As of `Picture`.
    draw : callable
        ``draw(size)`` returns the figure.

    Returns
    -------
    Picture
    """
    wide, narrow = _draw(draw, WIDE), _draw(draw, NARROW)
    return Picture(key, title, alt, reading, table, wide, narrow)


def to_svg(figure: Figure) -> str:
    """Write a figure as SVG: the same figure gives the same text, and nothing in it points elsewhere.

    Parameters
    ----------
    figure : Figure
        Drawn, and written, within `taxgap.publication.theme.drawing`.
    """
    text = StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(text, metadata=_NOTHING)
    svg = _PROLOGUE.sub("", text.getvalue(), count=1)
    for useless in (_COMMENT, _FONT, _NAME, _TURN):
        svg = useless.sub("", svg)
    return _SPACE.sub("\n", svg).replace("</style>", f"text{{font-family:{SCREEN_FONT}}}</style>", 1)


def _draw(draw: Draw, size: Size) -> Drawn:
    with drawing(size):
        figure = draw(size)
        svg = to_svg(figure)
    width, height = (round(side * PIXELS) for side in figure.get_size_inches())
    return Drawn("data:image/svg+xml;base64," + b64encode(svg.encode()).decode(), width, height)
