"""The page of a tax gap estimate: the gap with its interval, the chain behind it, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taxgap.gap.chain import GapEstimate
from taxgap.publication.gap_bounds import (
    ASSUMED,
    WARNING,
    judge_bounds,
    list_bound_figures,
    say_bounds,
    tabulate_bounds,
)
from taxgap.publication.gap_groups import Breakdown, describe_groups
from taxgap.publication.gap_intervals import Intervals, describe_intervals, tabulate_truth
from taxgap.publication.gap_making import Making, describe_making
from taxgap.publication.gap_multipliers import Multipliers, describe_multipliers, say_assumed
from taxgap.publication.gap_pictures import picture_sensitivity, picture_waterfall
from taxgap.publication.gap_tables import Totalled, tabulate_links, tabulate_taxes
from taxgap.publication.gap_words import (
    ALL,
    Unit,
    choose_unit,
    has_hidden_economy,
    per_cent,
    say_level,
    say_taxes,
    say_years,
    years_of,
)
from taxgap.publication.headline import KeyFigure
from taxgap.publication.picture import Picture
from taxgap.publication.tables import Table
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.publication.wording import day, money, number_of, share
from taxgap.records.files import write_text

PAGE_NAME = "index.html"
"""What the page is called in the folder of an estimate."""

TITLES = {False: "The tax gap, estimated from random enquiries", True: "Bounds of the tax gap"}
"""The heading of the page: of an estimate, and of bounds."""

MARKS = {
    True: "Every taxpayer behind this page is made up",
    False: "Totals of real records: handle them by your rules",
}
"""What the banner says of the records: made up, and real."""

KNOWN = {
    True: "Known only because these records are made up",
    False: "The truth, as it was told by somebody who knows it",
}
"""How it comes that the truth is known: of records made up, and of real ones."""


@dataclass(frozen=True)
class Chain:
    """The chain of an estimate, which bounds do not have.

    Parameters
    ----------
    waterfall : Picture
    links : Table or None
        The chain by tax, where there are several.
    intervals : Intervals
    sensitivity : Picture or None
    breakdowns : tuple of Breakdown
        None at all where none was asked for.
    """

    waterfall: Picture
    links: Table | None
    intervals: Intervals
    sensitivity: Picture | None
    breakdowns: tuple[Breakdown, ...]


@dataclass(frozen=True)
class GapPage:
    """What the page says.

    Parameters
    ----------
    title, mark, lead, subject : str
    bounds : bool
    warning : str
        What must not be overlooked; empty where there is nothing.
    figures : tuple of KeyFigure
    known : str
        How it comes that the truth is known, where it is.
    verdicts : tuple of str
        Where the truth lies; none where it is not known.
    taxes : Totalled
    assumed : tuple of str
        What each bound assumes.
    told : Table or None
        What was said to be true.
    chain : Chain or None
        None for bounds.
    hidden : bool
        Whether an amount for the hidden economy is part of the gap.
    multipliers : Multipliers or None
        None where none is known.
    making : Making
    """

    title: str
    mark: str
    lead: str
    subject: str
    bounds: bool
    warning: str
    figures: tuple[KeyFigure, ...]
    known: str
    verdicts: tuple[str, ...]
    taxes: Totalled
    assumed: tuple[str, ...]
    told: Table | None
    chain: Chain | None
    hidden: bool
    multipliers: Multipliers | None
    making: Making


def write_gap_page(path: str | Path, estimate: GapEstimate, *, synthetic: bool = False) -> Path:
    """Write the page of an estimate: one HTML file that opens without a network and can be printed.

    Parameters
    ----------
    path : str or Path
        The file to write. It appears whole or not at all, and replaces one that stands there.
    estimate : GapEstimate
        From `taxgap.estimate_gap`: an estimate or bounds, with or without the truth beside it.
    synthetic : bool, default False
        Whether the records are made up: only then does the page say so.

    Returns
    -------
    Path
        The file. The same estimate gives the same bytes.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    return write_text(Path(path), render_gap_page(estimate, synthetic=synthetic))


def render_gap_page(estimate: GapEstimate, *, synthetic: bool = False) -> str:
    """Return the page of an estimate as HTML.

    Parameters
    ----------
    estimate : GapEstimate
    synthetic : bool, default False

    Returns
    -------
    str
    """
    page = describe_gap(estimate, synthetic=synthetic)
    template = make_environment().get_template("gap_estimate.html")
    return template.render(
        page=page, title=page.title, lead=page.lead, figures=page.figures, colours=COLOURS, font=SCREEN_FONT
    )


def describe_gap(estimate: GapEstimate, *, synthetic: bool = False) -> GapPage:
    """Turn an estimate into words, tables and pictures.

    Parameters
    ----------
    estimate : GapEstimate
    synthetic : bool, default False

    Returns
    -------
    GapPage
    """
    unit, bounds = choose_unit(estimate), estimate.bounds
    years = say_years(years_of(estimate.made))
    chain = None if bounds else _describe_chain(estimate, unit)
    return GapPage(
        title=TITLES[bounds],
        mark=MARKS[synthetic],
        lead=say_bounds(estimate, years) if bounds else _say_gap(estimate, years),
        subject=_say_subject(estimate),
        bounds=bounds,
        warning=WARNING if bounds else "",
        figures=list_bound_figures(estimate) if bounds else _list_figures(estimate),
        known=KNOWN[synthetic],
        verdicts=judge_bounds(estimate) if chain is None else chain.intervals.verdicts,
        taxes=Totalled(tabulate_bounds(estimate, unit), (False,) * len(estimate.table))
        if bounds
        else tabulate_taxes(estimate, unit),
        assumed=ASSUMED if bounds else (),
        told=tabulate_truth(estimate),
        chain=chain,
        hidden=has_hidden_economy(estimate),
        multipliers=describe_multipliers(estimate.made),
        making=describe_making(estimate, synthetic=synthetic),
    )


def _describe_chain(estimate: GapEstimate, unit: Unit) -> Chain:
    return Chain(
        waterfall=picture_waterfall(estimate, unit),
        links=tabulate_links(estimate, unit),
        intervals=describe_intervals(estimate, unit),
        sensitivity=picture_sensitivity(estimate, unit),
        breakdowns=describe_groups(estimate, unit),
    )


def _say_gap(estimate: GapEstimate, years: str) -> str:
    level = say_level(estimate.made.get("level", 0.95))
    percent = ""
    if per_cent(estimate.percent):
        percent = (
            f": {per_cent(estimate.percent)} of theoretical liability ({per_cent(estimate.percent_low)} to "
            f"{per_cent(estimate.percent_high)})"
        )
    said = (
        f"The net tax gap of {years} is {money(estimate.value)} ({level} interval {money(estimate.low)} to "
        f"{money(estimate.high)}){percent}."
    )
    return f"{said} {say_assumed(estimate.made)}".strip()


def _list_figures(estimate: GapEstimate) -> tuple[KeyFigure, ...]:
    level = say_level(estimate.made.get("level", 0.95))
    known = bool(per_cent(estimate.percent))
    return (
        KeyFigure(
            money(estimate.value),
            "net tax gap",
            f"{level} interval: {money(estimate.low)} to {money(estimate.high)}",
        ),
        KeyFigure(
            per_cent(estimate.percent) or "not known",
            "of theoretical liability",
            f"{level} interval: {per_cent(estimate.percent_low)} to {per_cent(estimate.percent_high)}"
            if known
            else "tax declared is not known",
        ),
        KeyFigure(
            money(estimate.gross),
            "gross tax gap, before compliance yield",
            f"{level} interval: {money(estimate.gross_low)} to {money(estimate.gross_high)}",
        ),
    )


def _say_subject(estimate: GapEstimate) -> str:
    table = estimate.table
    if estimate.bounds:
        whose = f"From {number_of(table['cases'].sum(), 'closed enquiry', 'closed enquiries')} into "
        return f"{whose}{say_taxes(estimate)}, as the records stood on {_day(estimate)}."
    last = table[table["regime"] == ALL] if (table["regime"] == ALL).any() else table.tail(1)
    cases, still = (float(last[name].iloc[0]) for name in ("cases", "open_cases"))
    filed = "" if has_hidden_economy(estimate) else " The gap is that of the returns on file."
    settled = f" {share(still / cases)} of them are still open." if still else ""
    return (
        f"From {number_of(cases, 'enquiry', 'enquiries')} into {say_taxes(estimate)}, opened at random or "
        f"with a probability that is known, as the records stood on {_day(estimate)}.{settled}{filed}"
    )


def _day(estimate: GapEstimate) -> str:
    return day(str(estimate.made.get("as_of", "a day that is not known")))
