"""The calibration's page: how near a population comes to published figures, and why where it does not."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from taxgap.calibration import Calibration, calibrate
from taxgap.calibration.comparison import Progress
from taxgap.publication.calibration_basis import Basis, describe_basis
from taxgap.publication.calibration_chapters import CHAPTERS, OTHER, chapter_of
from taxgap.publication.calibration_content import content_of
from taxgap.publication.calibration_overview import draw_chapters
from taxgap.publication.compared_group import ComparedGroup, describe_group
from taxgap.publication.headline import KeyFigure
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Cell
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.publication.wording import count, day, listing, number_of, share
from taxgap.records import Records, Truth
from taxgap.records.files import new_folder, write_json

TITLE = "How near the population comes to published figures"
"""The heading of the page."""

DATA = "calibration.json"
"""The file with the same figures for machines."""

UNEXPLAINED = "Outside, not explained"
"""The mark of a miss for which no reason is given."""

_FEW = 5
_PICTURED = "The tax gap"  # the chapter whose groups have pictures of their own


@dataclass(frozen=True)
class Chapter:
    """Groups that belong together."""

    key: str
    name: str
    sentence: str
    groups: tuple[ComparedGroup, ...]


@dataclass(frozen=True)
class CalibrationPage:
    """What the page says.

    Attributes
    ----------
    lead : str
        Overall accuracy in a sentence.
    key_figures : tuple of KeyFigure
    warning : str
        Names the misses without an explanation; empty where there is none.
    overview : Picture or None
    chapters : tuple of Chapter
    basis : Basis
        What the figures rest on, and the quantities that nothing published tells.
    """

    lead: str
    key_figures: tuple[KeyFigure, ...]
    warning: str
    overview: Picture | None
    chapters: tuple[Chapter, ...]
    basis: Basis


def write_calibration(
    folder: str | Path,
    records: Records,
    truth: Truth | None = None,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Compare a population with published figures, and write a page and its data.

    Parameters
    ----------
    folder : str or Path
        The folder to make. It receives ``index.html``, which needs nothing else, and ``calibration.json``.
    records : Records
        A synthetic population.
    truth : Truth, optional
        Without it nothing is said of the tax gap.
    replace : bool, default False
        Replace the folder if it exists.
    progress : callable, optional
        Called with how many partitions are done, and of how many.

    Returns
    -------
    Calibration
        The same population gives the same bytes.

    Raises
    ------
    UsageError
        The folder exists, or cannot be written.
    """
    with new_folder(Path(folder), replace=replace, marker=DATA) as made:
        calibration = calibrate(records, truth, progress=progress)
        text = render_calibration(calibration)
        (made / "index.html").write_text(text, "utf-8", newline="\n")
        write_json(made / DATA, content_of(calibration))
    return calibration


def render_calibration(calibration: Calibration) -> str:
    """Return the page of a calibration as HTML.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    str
    """
    page = describe_calibration(calibration)
    template = make_environment().get_template("calibration.html")
    return template.render(title=TITLE, page=page, about=calibration.about, colours=COLOURS, font=SCREEN_FONT)


def describe_calibration(calibration: Calibration) -> CalibrationPage:
    """Turn a calibration into words, tables and pictures.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    CalibrationPage
    """
    figures = calibration.figures.assign(chapter=calibration.figures["group"].map(chapter_of))
    targets = figures[figures["is_target"].astype(bool)]
    return CalibrationPage(
        lead=_lead(targets, calibration),
        key_figures=_key_figures(figures, targets),
        warning=_warn(targets),
        overview=draw_chapters(targets),
        chapters=tuple(_chapters(figures)),
        basis=describe_basis(calibration),
    )


def is_unexplained(figures: pd.DataFrame) -> pd.Series:
    """Return which figures are targets outside tolerance without an explanation."""
    missed = figures["is_target"].astype(bool) & ~figures["within"].astype(bool)
    return missed & (figures["explanation"] == "")


def _lead(targets: pd.DataFrame, calibration: Calibration) -> str:
    inside, about = int(targets["within"].sum()), calibration.about
    part = share(inside / len(targets)) if len(targets) else "none"
    return (
        f"Overall accuracy: {count(inside)} of {number_of(len(targets), 'target')} within tolerance "
        f"({part}). A made-up population of {number_of(about['taxpayers'], 'taxpayer')}, as it stood on "
        f"{day(about['as_of'])}, beside published statistics of the United Kingdom."
    )


def _key_figures(figures: pd.DataFrame, targets: pd.DataFrame) -> tuple[KeyFigure, ...]:
    missed = targets[~targets["within"].astype(bool)]
    explained = int((missed["explanation"] != "").sum())
    others = figures[~figures["is_target"].astype(bool)]
    return (
        KeyFigure(
            f"{count(targets['within'].sum())} of {count(len(targets))}",
            "targets are within tolerance",
            "targets: figures that the population was made to meet",
        ),
        KeyFigure(
            f"{count(explained)} of {count(len(missed))}",
            "misses are explained",
            "one sentence each, beside the figure",
        ),
        KeyFigure(
            f"{count(others['within'].sum())} of {count(len(others))}",
            "other published figures are within tolerance",
            "nothing was set to meet them",
        ),
    )


def _warn(targets: pd.DataFrame) -> str:
    missed = targets[is_unexplained(targets)]
    if missed.empty:
        return ""
    verb = "has" if len(missed) == 1 else "have"
    if len(missed) <= _FEW:
        names = "; ".join(f"{row.group}: {row.target}" for row in missed.itertuples())
    else:
        counts = missed.groupby("chapter", sort=False).size()
        names = listing([f"{count(number)} under “{chapter}”" for chapter, number in counts.items()])
    return f"{number_of(len(missed), 'miss', 'misses')} {verb} no explanation yet: {names}."


def _chapters(figures: pd.DataFrame) -> Iterator[Chapter]:
    number = 0
    for name in (*CHAPTERS, OTHER):
        rows = figures[figures["chapter"] == name]
        if rows.empty:
            continue
        number += 1
        groups = tuple(
            describe_group(
                f"chapter-{number}-{place}",
                str(group),
                _tally(members),
                members,
                _result,
                pictured=name == _PICTURED,
            )
            for place, (group, members) in enumerate(rows.groupby("group", sort=False), start=1)
        )
        yield Chapter(f"chapter-{number}", name, _tally(rows), groups)


def _tally(rows: pd.DataFrame) -> str:
    targets = rows["is_target"].astype(bool)
    parts = []
    for chosen, one, many in (
        (rows[targets], "target", "targets"),
        (rows[~targets], "other figure", "other figures"),
    ):
        if len(chosen):
            whole = number_of(len(chosen), one, many)
            parts.append(f"{count(chosen['within'].sum())} of {whole} within tolerance.")
    return " ".join(parts)


def _result(row: Mapping[Hashable, Any]) -> Cell:
    if row["within"]:
        return Cell("Within")
    if row["is_target"] and not row["explanation"]:
        return Cell("", tag=UNEXPLAINED)
    return Cell("", tag="Outside", note=row["explanation"])
