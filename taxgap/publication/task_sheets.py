"""The sheets that participants of a study read, and the form they fill in: pages that tell no truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from taxgap.publication.case_file_history import gather_history, gather_reports
from taxgap.publication.case_file_tables import tabulate_history, tabulate_reports
from taxgap.publication.case_file_words import FLAGGED, NOT_FLAGGED, Told
from taxgap.publication.cases import place_among_peers
from taxgap.publication.tables import Table, make_table
from taxgap.publication.templates import make_environment
from taxgap.publication.theme import COLOURS, SCREEN_FONT
from taxgap.publication.wording import count, factor, in_words, number_of, pounds, share
from taxgap.reasons.audit.people import TaskCases, list_lines
from taxgap.reasons.naming import TAXES, name_size
from taxgap.reasons.telling import ReasonText, describe_reasons
from taxgap.records import Records
from taxgap.records.partitions import partition_of
from taxgap.regimes import Feature, Regime

SURE = ("1 guessing", "2", "3 half sure", "4", "5 certain")
"""The scale of how sure a participant is."""


@dataclass(frozen=True)
class Sheet:
    """What a participant sees of one case.

    Attributes
    ----------
    number : int
        On this form, from 1.
    verdict : str
        Whether the model flags it.
    facts, about : tuple of tuple of str
        What the model says, and who the taxpayer is: term and value.
    reasons : tuple of Told
        Empty where the sheet shows the score alone.
    history : Table
    reports : Table or None
    """

    number: int
    verdict: str
    facts: tuple[tuple[str, str], ...]
    about: tuple[tuple[str, str], ...]
    reasons: tuple[Told, ...]
    history: Table
    reports: Table | None


@dataclass(frozen=True)
class SheetsPage:
    """The sheets of one participant.

    Attributes
    ----------
    form : str
        The name of the form.
    tax : str
    material : str
        The tax from which an enquiry is worth opening.
    rule : str
        When a return is flagged.
    lines : Table
        The codes of the lines.
    sheets : tuple of Sheet
    """

    form: str
    tax: str
    material: str
    rule: str
    lines: Table
    sheets: tuple[Sheet, ...]


def describe_cases(records: Records, regime: Regime, chosen: TaskCases) -> list[dict[str, Sheet]]:
    """Turn cases into sheets, one an arm.

    Parameters
    ----------
    records : Records
    regime : Regime
    chosen : TaskCases

    Returns
    -------
    list of dict of str to Sheet
        By case, in the order of `chosen`: arm to its sheet, without a number yet. The arms differ in the
        reasons alone.
    """
    taxpayers = chosen.facts.index.get_level_values(0)
    home = partition_of(list(taxpayers), len(records.partitions))
    held = {
        int(one): records.hold([regime.name, "third_party"], int(one), taxpayers[home == one])
        for one in sorted(set(home.tolist()))
    }
    return [_describe(held[int(one)], regime, chosen, place) for place, one in enumerate(home)]


def number_sheet(sheet: Sheet, number: int) -> Sheet:
    """Give a sheet its place on a form, and its tables names that no other table of the page has."""
    reports = sheet.reports
    return replace(
        sheet,
        number=number,
        history=replace(sheet.history, key=f"history-{number}"),
        reports=None if reports is None else replace(reports, key=f"reports-{number}"),
    )


def render_sheets(page: SheetsPage) -> str:
    """Return the sheets of one participant as one HTML page that needs nothing else."""
    return _render("task_sheets.html", page)


def render_form(page: SheetsPage) -> str:
    """Return the answer form of one participant as an HTML page to print."""
    return _render("task_form.html", page)


def tabulate_lines(lines: pd.DataFrame) -> Table:
    """Tabulate the codes by which participants name lines."""
    rows = [(row.line, row.title, row.box or "") for row in lines.itertuples(index=False)]
    heads = ["Code", "Line of the return", "Box"]
    return make_table("lines", "Codes of the lines", heads, rows, text=heads[1:])


def _render(template: str, page: SheetsPage) -> str:
    return (
        make_environment()
        .get_template(template)
        .render(page=page, colours=COLOURS, font=SCREEN_FONT, sure=SURE)
    )


def _describe(records: Records, regime: Regime, chosen: TaskCases, place: int) -> dict[str, Sheet]:
    facts, observed = chosen.facts.iloc[place], chosen.observed.iloc[place]
    taxpayer, period = chosen.facts.index[place]
    history = _code_lines(gather_history(records, regime.name, taxpayer, period, 0), regime.name)
    bare = Sheet(
        number=0,
        verdict=FLAGGED if facts["flagged"] else NOT_FLAGGED,
        facts=(
            ("Rank in the tax year", f"{count(facts['rank'])} of {number_of(facts['ranked'], 'return')}"),
            ("Tax expected to be found", pounds(facts["expected_tax"])),
            ("Chance that an enquiry finds tax", share(facts["probability"])),
        ),
        about=(
            ("Return for", str(period)),
            ("Trade", _name(observed["trade_group"])),
            ("Size", name_size(str(observed["size_band"]))),
        ),
        reasons=(),
        history=tabulate_history(history, str(period)),
        reports=tabulate_reports(gather_reports(records, regime.name, taxpayer, 0)),
    )
    expected = float(facts["expected_tax"])
    tables = {"reasons": chosen.given, "wrong_reasons": chosen.misleading}
    told = {arm: _tell(regime, table.iloc[place], expected) for arm, table in tables.items()}
    return {"score": bare} | {arm: replace(bare, reasons=reasons) for arm, reasons in told.items()}


def _code_lines(history: pd.DataFrame, regime: str) -> pd.DataFrame:
    """Put the codes that participants answer with before the lines; totals have none."""
    coded = {row.title: f"{row.line} {row.title}" for row in list_lines(regime).itertuples(index=False)}
    return history.assign(figure=[coded.get(figure, figure) for figure in history["figure"]])


def _name(group: Any) -> str:
    return in_words(str(group)) if isinstance(group, str) else "none"


def _tell(regime: Regime, row: Mapping[str, Any] | pd.Series, expected: float) -> tuple[Told, ...]:
    texts: Sequence[ReasonText] = describe_reasons(regime, row, expected)
    return tuple(_tell_one(regime, text, row, f"reason_{k}_") for k, text in enumerate(texts, start=1))


def suit_title(title: str, feature: Feature, observed: float) -> str:
    """Let the title of a change agree with its sentence: what rose by less than the peers' has not fallen.

    Examples
    --------
    >>> from taxgap.regimes import get_regime
    >>> interest = get_regime("self_assessment").feature["interest_change"]
    >>> suit_title("Fall in savings", interest, 1.45), suit_title("Fall in savings", interest, 0.4)
    ('Small rise in savings', 'Fall in savings')
    """
    still = 0.0 if feature.unit == "points" else 1.0  # else it is held against last year's
    for says, other, side in (("Fall in", "Small rise in", 1), ("Rise in", "Small fall in", -1)):
        if title.startswith(says) and side * (observed - still) > 0:
            return title.replace(says, other, 1)
    return title


def _tell_one(regime: Regime, text: ReasonText, row: Mapping[str, Any] | pd.Series, prefix: str) -> Told:
    low, middle, high, own = (
        float(row[prefix + part]) for part in ("peer_low", "peer_median", "peer_high", "observed")
    )
    return Told(
        title=suit_title(text.title, regime.feature[text.feature], own),
        sentence=text.sentence,
        effect=factor(float(row[f"{prefix}contribution"])),
        money="",
        numbers=(),
        evidence=text.evidence,
        strip=place_among_peers(low, middle, high, own),
        refits="",
    )


def name_tax(regime: str) -> str:
    """Name a tax as people do."""
    return TAXES.get(regime, regime)
