"""What follows from rejected rows, worked out row by row: a second reading of the rules.

Nothing of the library is used but the names of its tables, so that both can be wrong, but not alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from typing import Any, TypeAlias

import pandas as pd

Frames: TypeAlias = dict[str, pd.DataFrame]
Findings: TypeAlias = dict[tuple[str, str], list[int]]
Rejected: TypeAlias = dict[str, set[int]]
Lookup: TypeAlias = dict[Any, Any]

RETURNS = ("self_assessment", "vat", "corporation_tax", "employer_paye")
CHILDREN = (
    "registrations",
    "obligations",
    "links",
    "identities",
    *RETURNS,
    "third_party",
    "enquiries",
    "payments",
)
MONTHLY = ("vat", "corporation_tax")
POINTERS = (
    ("links", "other_id", "link_without_other_end"),
    ("third_party", "reporter_id", "reporter_unknown"),
)
MIRRORED = {"director_of": "directed_by", "partner_in": "has_partner", "sells_to": "buys_from"}
MIRRORED |= {there: here for here, there in MIRRORED.items()}
MIRRORED |= {"shares_address": "shares_address", "shares_account": "shares_account"}
MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}

_WORD = re.compile(r"\S+")
_YEAR = re.compile(r"20[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


def visible(frames: Frames, as_of: str) -> Frames:
    """Leave out rows that are received after a date: records do not show them."""
    seen = {}
    for name, frame in frames.items():
        dated = "received_on" in frame and frame["received_on"].dtype.kind == "M"
        seen[name] = frame[~(frame["received_on"] > as_of)] if dated else frame
    return seen


def add_consequences(frames: Frames, expected: set[str], rejected: Rejected) -> Findings:
    """Find the rows that are rejected, or warned of, because of others.

    Parameters
    ----------
    frames : dict of str to DataFrame
        As damaged.
    expected : set of str
        The tables that must be there.
    rejected : dict of str to set of int
        The rows that are rejected for reasons of their own; those rejected in consequence are added.

    Returns
    -------
    dict
        Table and rule to rows.
    """
    found: Findings = defaultdict(list)
    for child in (name for name in CHILDREN if name in frames):
        _refer_to_taxpayers(child, frames, expected, rejected, found)
        if child == "enquiries":
            _refer_to_returns(frames, expected, rejected, found)
        _reject(found, child, rejected)
    if "adjustments" in frames:
        _refer_to_enquiries(frames, expected, rejected, found)
        _reject(found, "adjustments", rejected)
    _warn(frames, rejected, found)
    return {finding: sorted(set(rows)) for finding, rows in found.items()}


def _warn(frames: Frames, rejected: Rejected, found: Findings) -> None:
    for table in RETURNS:
        if table in frames and "registrations" in frames:
            _look_for_registrations(table, frames, rejected, found)
    if "corporation_tax" in frames:
        _look_for_gaps(frames, rejected, found)
    for pointer in POINTERS:
        if pointer[0] in frames and "taxpayers" in frames:
            _look_for_nobody(pointer, frames, rejected, found)
    if "links" in frames:
        _look_for_other_ends(frames, rejected, found)


def _reject(found: Findings, table: str, rejected: Rejected) -> None:
    for (name, _), rows in list(found.items()):
        if name == table:
            rejected.setdefault(table, set()).update(rows)


def _refer_to_taxpayers(
    child: str, frames: Frames, expected: set[str], rejected: Rejected, found: Findings
) -> None:
    if "taxpayers" not in frames and "taxpayers" not in expected:
        return
    known, kept = _parents(frames, "taxpayers", ["taxpayer_id"], rejected)
    for row in _rows(frames[child], "taxpayer_id"):
        if _is_word(row[1]):
            _judge((row[1],), row[0], known, kept, found, names=(child, "taxpayer"))


def _refer_to_returns(frames: Frames, expected: set[str], rejected: Rejected, found: Findings) -> None:
    first: Lookup = {}
    sets = {}
    for table in RETURNS:
        if table in frames or table in expected:
            sets[table] = _parents(frames, table, ["taxpayer_id", "period"], rejected)
        if table in frames:
            _note_first(table, frames[table], rejected.get(table, set()), first)
    for label, person, period, regime, opened in _rows(
        frames["enquiries"], "taxpayer_id", "period", "regime", "opened_on"
    ):
        if regime in sets and _is_word(person) and _is_label(period, "enquiries"):
            _judge((person, period), label, *sets[regime], found, names=("enquiries", "return"))
            received = first.get((regime, person, period))
            if received is not None and _is_day(opened) and opened < received:
                found["enquiries", "opened_before_return"].append(label)


def _note_first(table: str, frame: pd.DataFrame, rejected: set[int], first: Lookup) -> None:
    for label, person, period, received in _rows(frame, "taxpayer_id", "period", "received_on"):
        if label not in rejected:
            case = (table, person, period)
            first[case] = min(received, first.get(case, received))


def _refer_to_enquiries(frames: Frames, expected: set[str], rejected: Rejected, found: Findings) -> None:
    if "enquiries" not in frames and "enquiries" not in expected:
        return
    known, kept = _parents(frames, "enquiries", ["enquiry_id"], rejected)
    cases: Lookup = {}
    if "enquiries" in frames:
        for _, enquiry, person, period in _rows(frames["enquiries"], "enquiry_id", "taxpayer_id", "period"):
            fit = _is_word(person) and _is_label(period, "enquiries")
            cases.setdefault(enquiry, (person, period) if fit else None)
    for label, enquiry, person, period in _rows(frames["adjustments"], "enquiry_id", "taxpayer_id", "period"):
        if _is_word(enquiry):
            _judge((enquiry,), label, known, kept, found, names=("adjustments", "enquiry"))
            fit = _is_word(person) and _is_label(period, "adjustments")
            if fit and cases.get(enquiry) is not None and cases[enquiry] != (person, period):
                found["adjustments", "adjustment_of_another_case"].append(label)


def _judge(
    key: tuple[Any, ...],
    label: int,
    known: set[Any],
    kept: set[Any],
    found: Findings,
    *,
    names: tuple[str, str],
) -> None:
    table, noun = names
    if key not in known:
        found[table, f"no_{noun}"].append(label)
    elif key not in kept:
        found[table, f"{noun}_rejected"].append(label)


def _parents(
    frames: Frames, table: str, key: list[str], rejected: Rejected
) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    known, kept = set(), set()
    lost = rejected.get(table, set())
    for label, *cells in _rows(frames[table], *key) if table in frames else ():
        if all(
            _is_label(c, table) if k == "period" else _is_word(c) for k, c in zip(key, cells, strict=True)
        ):
            known.add(tuple(cells))
            if label not in lost:
                kept.add(tuple(cells))
    return known, kept


def _look_for_registrations(table: str, frames: Frames, rejected: Rejected, found: Findings) -> None:
    spans = defaultdict(list)
    for label, person, regime, *span in _rows(
        frames["registrations"], "taxpayer_id", "regime", "effective_from", "deregistered_on", "frequency"
    ):
        if regime == table and label not in rejected.get("registrations", set()):
            spans[person].append(span)
    for label, person, start, end in _rows(frames[table], "taxpayer_id", "period_start", "period_end"):
        if label in rejected.get(table, set()):
            continue
        holding = [span for span in spans[person] if span[0] <= end and not span[1] < start]
        if not holding:
            found[table, "outside_registration"].append(label)
        elif table == "vat" and not any(_agrees(start, end, span) for span in holding):
            found["vat", "period_length"].append(label)


def _agrees(start: Any, end: Any, span: list[Any]) -> bool:
    since, until, frequency = span
    months = round(((end - start).days + 1) / (365.25 / 12))
    return start <= since or until <= end or MONTHS.get(frequency, months) == months


def _look_for_gaps(frames: Frames, rejected: Rejected, found: Findings) -> None:
    ends = defaultdict(list)
    kept = rejected.get("corporation_tax", set())
    returns = [
        row
        for row in _rows(frames["corporation_tax"], "taxpayer_id", "period_start", "period_end")
        if row[0] not in kept
    ]
    for _, person, _, end in returns:
        ends[person].append(end)
    for label, person, regime, end in (
        _rows(frames["obligations"], "taxpayer_id", "regime", "period_end") if "obligations" in frames else ()
    ):
        if regime == "corporation_tax" and label not in rejected.get("obligations", set()):
            ends[person].append(end)
    for label, person, start, _ in returns:
        before = [end for end in ends[person] if end < start]
        if before and (start - max(before)).days > 1:
            found["corporation_tax", "gap_between_periods"].append(label)


def _look_for_nobody(
    pointer: tuple[str, str, str], frames: Frames, rejected: Rejected, found: Findings
) -> None:
    table, column, rule = pointer
    known = set(frames["taxpayers"]["taxpayer_id"].astype(object))
    for label, other in _rows(frames[table], column):
        if isinstance(other, str) and other not in known and label not in rejected.get(table, set()):
            found[table, rule].append(label)


def _look_for_other_ends(frames: Frames, rejected: Rejected, found: Findings) -> None:
    rows = list(_rows(frames["links"], "taxpayer_id", "kind", "other_id"))
    here = {tuple(row[1:]) for row in rows if all(isinstance(cell, str) for cell in row[1:])}
    known = set(frames["taxpayers"]["taxpayer_id"].astype(object)) if "taxpayers" in frames else None
    for label, person, kind, other in rows:
        alone = (other, MIRRORED.get(kind), person) not in here
        if alone and label not in rejected.get("links", set()) and (known is None or other in known):
            found["links", "link_one_sided"].append(label)


def _rows(frame: pd.DataFrame, *columns: str) -> Any:
    return zip(frame.index, *(frame[column].astype(object) for column in columns), strict=True)


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and _WORD.fullmatch(cell) is not None


def _is_label(cell: Any, table: str) -> bool:
    pattern = _MONTH if table in MONTHLY else _YEAR
    return isinstance(cell, str) and pattern.fullmatch(cell) is not None


def _is_day(cell: Any) -> bool:
    return isinstance(cell, datetime) and cell is not pd.NaT and cell.tzinfo is None and cell.hour == 0
