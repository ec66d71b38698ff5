"""The one look of the page: colours, type and sizes, for the style sheet and the pictures alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# The Analysis Function's palette; text and line colours are dark enough to be read on white.
COLOURS = {
    "ink": "#0b0c0c",
    "quiet": "#505a5f",
    "line": "#b1b4b6",
    "wash": "#f3f2f1",
    "paper": "#ffffff",
    "link": "#1a65a6",
    "main": "#12436D",
    "second": "#28A197",
    "third": "#801650",
    "alert": "#F46A25",
    "sixth": "#A285D1",
    "grey": "#6f777b",
    "band": "#d9dfe5",
}
"""Every colour of the page, by what it is for."""

SCREEN_FONT = "Arial, 'Helvetica Neue', Helvetica, sans-serif"
"""What text is shown in: fonts that the reader's machine has."""

PIXELS = 96
"""CSS pixels in an inch."""

_DRAWING_FONT = "DejaVu Sans"  # comes with matplotlib, so text is measured alike on every machine
_POINTS = 0.75  # one CSS pixel
_OURS = {
    "font.family": _DRAWING_FONT,
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["ink"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "axes.grid": False,
    "text.parse_math": False,  # a "$" in a label is a dollar sign
    "axes.unicode_minus": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "taxgap",
    "svg.image_inline": True,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Size:
    """The width a picture is drawn for.

    Attributes
    ----------
    name : str
    width : int
        In CSS pixels.
    text : int
        Height of its text, in CSS pixels.
    """

    name: str
    width: int
    text: int

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.name == "narrow"


WIDE = Size("wide", width=860, text=16)
NARROW = Size("narrow", width=358, text=14)
SIZES = (WIDE, NARROW)
"""A picture is drawn once for each, so that its text stays readable on a phone."""


def points(pixels: float) -> float:
    """Turn CSS pixels into the points that pictures are measured in.

    Examples
    --------
    >>> points(16)
    12.0
    """
    return pixels * _POINTS


@contextmanager
def drawing(size: Size) -> Iterator[None]:
    """Draw in the page's style, whatever the user's own settings of matplotlib are, and leave those alone.

    Parameters
    ----------
    size : Size
    """
    settings: Any = _settings() | _OURS | {"font.size": points(size.text)}
    with mpl.rc_context(settings):
        yield


def new_figure(size: Size, height: float) -> Figure:
    """Make an empty figure of a size, `height` CSS pixels high."""
    return Figure(figsize=(size.width / PIXELS, height / PIXELS), dpi=PIXELS)


def _settings() -> dict[str, Any]:
    with as_file(files("afcharts") / "afcharts.mplstyle") as path:
        settings = mpl.rc_params_from_file(path, use_default_template=True)
    return {name: settings[name] for name in settings if not name.startswith(("backend", "interactive"))}
