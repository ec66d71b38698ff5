"""The page of a caseload: how many cases and why, what they take, who bears it; nobody is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from taxgap.cases import Caseload
from taxgap.publication.caseload_pictures import picture_burdens, picture_chances
from taxgap.publication.caseload_tables import tabulate_limits, tabulate_reasons, tabulate_treatments
from taxgap.publication.headline import KeyFigure
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.publication.wording import count, day, in_words, money, number_of, share
from taxgap.records.files import write_text

PAGE_NAME = "index.html"
"""What the page is called in the folder of a caseload."""

SOON = 90
"""Days within which a window is said to end soon (a choice of ours)."""

MARKS = {
    True: "Every taxpayer behind this page is made up",
    False: "Totals of real records: no taxpayer is shown",
}
"""What the banner says of the records: made up, and real."""


def write_caseload_page(path: str | Path, caseload: Caseload, *, synthetic: bool = False) -> Path:
    """Write the page of a caseload: one HTML file that opens without a network and shows no personal row.

    Parameters
    ----------
    path : str or Path
        The file to write. It appears whole or not at all, and replaces one that stands there.
    caseload : Caseload
        From `taxgap.select_cases`.
    synthetic : bool, default False
        Whether the records are made up: only then does the page say so.

    Returns
    -------
    Path
        The file. The same caseload gives the same bytes.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    return write_text(Path(path), render_caseload(caseload, synthetic=synthetic))


def render_caseload(caseload: Caseload, *, synthetic: bool = False) -> str:
    """Return the page of a caseload as HTML; the parameters are those of `write_caseload_page`."""
    told, limits = caseload.to_dict(), tabulate_limits(caseload)
    return (
        make_environment()
        .get_template("caseload.html")
        .render(
            title="The caseload",
            mark=MARKS[synthetic],
            lead=f"{count(told['cases'])} of {number_of(told['returns'], 'return')} are to be worked: "
            f"{count(told['certain'])} for certain and {count(told['chance'])} drawn by chance.",
            estimable=told["estimable"],
            figures=_list_figures(caseload),
            reasons=tabulate_reasons(caseload),
            treatments=tabulate_treatments(caseload),
            limits=limits,
            limits_left=0 if limits is None else len(caseload.limits) - len(limits.rows),
            chances=picture_chances(caseload),
            burdens=picture_burdens(caseload),
            windows=_list_windows(caseload),
            settings=_list_settings(caseload),
            notes=caseload.notes,
            colours=COLOURS,
            font=SCREEN_FONT,
        )
    )


def _list_figures(caseload: Caseload) -> tuple[KeyFigure, ...]:
    frame, given = caseload.frame, caseload.settings.get("hours")
    cases = frame[frame["selected"]]
    tax, all_tax = float(cases["expected_tax"].sum()), float(frame["expected_tax"].sum())
    hours = sum(given.values()) if isinstance(given, Mapping) else given
    drawn = float(frame["inclusion_probability"].gt(0).sum())
    return (
        KeyFigure(count(len(cases)), "cases", f"{count(drawn)} returns might have been drawn"),
        KeyFigure(count(caseload.hours), "hours that they take", f"of {count(hours)} given" if hours else ""),
        KeyFigure(
            money(tax),
            "tax expected of them",
            f"{share(tax / all_tax)} of what is expected of all returns" if all_tax else "",
        ),
    )


def _list_windows(caseload: Caseload) -> tuple[tuple[str, str], ...]:
    frame = caseload.frame
    cases, as_of = frame[frame["selected"]], caseload.settings.get("as_of")
    if as_of is None or frame["discovery"].isna().all():
        return ()
    window, past = cases["window_ends"], cases["discovery"].fillna(False).astype(bool)
    left = (window - pd.Timestamp(str(as_of))).dt.days
    return (
        ("Cases that may be enquired into", count((window.notna() & ~past).sum())),
        (f"Of these within {SOON} days only", count(left.between(0, SOON).sum())),
        ("Past the window: as a discovery", count(past.sum())),
        ("Cases of taxes without a window", count(window.isna().sum())),
        ("Returns out of time, not considered", count((frame["reason"] == "out_of_time").sum())),
    )


def _list_settings(caseload: Caseload) -> tuple[tuple[str, str], ...]:
    given = {name: value for name, value in caseload.settings.items() if value is not None}
    asked = [(in_words(name), _say(value)) for name, value in given.items()]
    return (("Design", in_words(caseload.design)), *asked, ("Seed", str(caseload.seed)))


def _say(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_say(each)}" for name, each in value.items())
    return f"{value:,g}" if isinstance(value, int | float) else day(str(value))
