"""What a mapping will say of a table: where each column comes from, how sure it is, and what is doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxgap.records.suggestion.days import needs_mention
from taxgap.records.suggestion.fit import Fit
from taxgap.records.suggestion.kinds import MOST, Observed, tax_year_label
from taxgap.records.suggestion.match import FLOOR, Candidate, Match, names_of
from taxgap.records.suggestion.names import plain
from taxgap.records.suggestion.sources import Group
from taxgap.records.suggestion.units import (
    Unit,
    money_unit,
    related_units,
    settle_days,
    share_unit,
)
from taxgap.schemas import TABLES
from taxgap.schemas.table import always_there, describe_columns

SURE = 0.8
"""From here on a line stands without a comment, unless there is something to say of it."""

_SHOWN, _LEAST_CODES = 12, 3
_YES_NO = frozenset(["true", "yes", "y", "t", "1", "false", "no", "n", "f", "0"])
_PURPOSE = {
    "received_on": "when each row became known; without it nothing can be seen as it stood at a date",
    "taxpayer_id": "the number by which all tables know a taxpayer",
    "period": "the period that a row belongs to",
    "period_start": "the first day of the period",
    "period_end": "the last day of the period",
}


@dataclass(frozen=True)
class Line:
    """What the draft says of a column of the schema.

    Attributes
    ----------
    column : str
    entry : str or dict
        What stands behind the name of the column: a column of the source, or a table with ``from``.
    confidence : float or None
        None where it is no guess from names and values.
    in_force : bool
        Whether it stands as a line, or as a comment only.
    note : str
        Why it is doubtful, or what to check.
    unknown : tuple of str
        Codes of the source that are like no level.
    """

    column: str
    entry: str | dict[str, Any]
    confidence: float | None = None
    in_force: bool = True
    note: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableDraft:
    """What the draft says of a table.

    Attributes
    ----------
    table : str
        Of the schema.
    group : Group
        The files that it comes from.
    read : dict
        How text is written in them.
    lines : tuple of Line
        In the order of the schema.
    needed, absent, unused : tuple of str
        Columns of the schema without a source that it cannot do without, and others; columns of the source
        that nothing takes.
    matches : tuple of Match
        What was matched, sure or not.
    units : dict of str to Unit
    """

    table: str
    group: Group
    read: dict[str, Any]
    lines: tuple[Line, ...]
    needed: tuple[str, ...]
    absent: tuple[str, ...]
    unused: tuple[str, ...]
    matches: tuple[Match, ...]
    units: dict[str, Unit]


def draft_table(group: Group, chosen: Candidate) -> TableDraft:
    """Say what a mapping will say of a table."""
    model = TABLES[chosen.table]
    described = {column["column"]: column for column in describe_columns(model)}
    matches = {match.column: match for match in chosen.matches}
    columns = {name: group.columns[match.name] for name, match in matches.items()}
    units = _units(chosen.table, group, matches, described)
    days = settle_days({name: columns[name] for name in columns if described[name]["type"] == "date"})
    read = _read(group, {match.name for match in matches.values() if match.confidence >= FLOOR}, days)
    lines = {
        name: _line(
            match, columns[name], described[name], units.get(name, Unit()), _dates(days.get(name), read)
        )
        for name, match in matches.items()
    }
    lines |= _derived(lines, described)
    in_force = {name for name, line in lines.items() if line.in_force}
    needed = [name for name in always_there(model) if name not in in_force]
    taken = {match.name for name, match in matches.items() if name in lines and lines[name].in_force}
    doubtful = {match.name for name, match in matches.items() if name in lines and not lines[name].in_force}
    return TableDraft(
        table=chosen.table,
        group=group,
        read=read,
        lines=tuple(lines[name] for name in described if name in lines),
        needed=tuple(needed),
        absent=tuple(name for name in described if name not in lines and name not in needed),
        unused=tuple(name for name in group.columns if name not in taken and name not in doubtful),
        matches=chosen.matches,
        units=units,
    )


def _units(
    table: str, group: Group, matches: Mapping[str, Match], described: Mapping[str, Any]
) -> dict[str, Unit]:
    named = {name.text: name.unit for name in names_of(group)}
    columns = {name: group.columns[match.name] for name, match in matches.items()}
    money = {name: o for name, o in columns.items() if described[name]["unit"] == "GBP" and o.filled}
    units = {name: money_unit(o, named[o.name]) for name, o in money.items()}
    units |= related_units(table, money, units)
    shares = {name: o for name, o in columns.items() if described[name]["unit"] == "fraction" and o.filled}
    return units | {name: share_unit(o, named[o.name]) for name, o in shares.items()}


def _read(group: Group, taken: set[str], days: Mapping[str, tuple[tuple[str, ...], str]]) -> dict[str, Any]:
    """Say how text is written in the files: what most of the columns have in common."""
    observed = [group.columns[name] for name in group.columns if name in taken]
    read: dict[str, Any] = {}
    if group.encoding:
        read["encoding"] = group.encoding
    parts = [o.numbers for o in observed if o.numbers.share >= MOST and not o.typed and o.numbers.whole < 1]
    if parts:
        read["decimal"] = "," if any(numbers.decimal == "," for numbers in parts) else "."
    forms = [tuple(form for form in each if needs_mention(form)) for each, _ in days.values()]
    forms = [each for each in forms if each]
    if forms:
        read["dates"] = list(Counter(forms).most_common(1)[0][0])
    nothing = sorted({text for o in observed for text in o.nothing})
    if nothing:
        read["empty"] = ["", *nothing]
    return read


def _line(
    match: Match,
    observed: Observed,
    column: Mapping[str, Any],
    unit: Unit,
    dates: tuple[list[str], str],
) -> Line:
    entry: dict[str, Any] = {"from": match.name}
    notes = _reasons(match, observed)
    if unit.unit and unit.unit != "pounds":
        entry["unit"] = unit.unit
    notes += [unit.reason] if unit.reason else []
    if dates[0]:
        entry["dates"] = dates[0]
    notes += [dates[1]] if dates[1] else []
    codes, unknown = _codes(match.fit, observed, column)
    if codes:
        entry["codes"] = codes
    if unknown:
        notes.append(f"{len(unknown)} codes are not known")
    return Line(
        column=match.column,
        entry=entry if len(entry) > 1 else match.name,
        confidence=match.confidence,
        in_force=match.confidence >= FLOOR,
        note="; ".join(notes),
        unknown=unknown,
    )


def _dates(days: tuple[tuple[str, ...], str] | None, read: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return the forms of days that a column must name for itself, and what to say of them."""
    forms = [form for form in days[0] if needs_mention(form)] if days else []
    return ([] if forms == read.get("dates") else forms), (days[1] if days else "")


def _reasons(match: Match, observed: Observed) -> list[str]:
    """Say why a match is doubtful."""
    if match.confidence >= SURE:
        return []
    if not observed.filled:
        return ["by its name alone, the sample holds no value"]
    if match.fit.fit < 0.8:
        like = "the name fits" if match.likeness >= SURE else "the name is not unlike"
        return [f"{like}, the values ({observed.kind}) less so"]
    return ["the values fit, the name hardly" if match.fit.evidence else "the name fits in part"]


def _codes(fit: Fit, observed: Observed, column: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the codes that a mapping must name, and those of which nothing is known."""
    if fit.levels is None:
        return (_period_codes(observed) if column["column"] == "period" else {}), ()
    known = {code: level for code, level in fit.levels.codes.items() if not _is_read_anyway(code, level)}
    # What stands there only once or twice may be no code at all: it is not written down.
    unknown = tuple(
        code for code in fit.levels.unknown if observed.codes[code] >= _LEAST_CODES and _is_code(code)
    )
    return (known or {}), unknown[:_SHOWN]


def _is_read_anyway(code: str, level: str | bool) -> bool:
    if isinstance(level, bool):
        return code.lower() in _YES_NO
    return plain(code).replace(" ", "") == plain(level).replace(" ", "")


def _is_code(text: str) -> bool:
    return len(text) <= 20 and sum(map(str.isdigit, text)) < 6 and "@" not in text


def _period_codes(observed: Observed) -> dict[str, str]:
    labels = {code: tax_year_label(code) for code in observed.codes}
    months = {
        code: f"{code[:4]}-{code[4:]}"
        for code in labels
        if observed.forms.get("month", 0.0) >= MOST and len(code) == 6
    }
    found = months or {code: label for code, label in labels.items() if label is not None}
    return {code: label for code, label in found.items() if code != label}


def _derived(lines: Mapping[str, Line], described: Mapping[str, Any]) -> dict[str, Line]:
    """Draft the columns that follow from others, or may be the same for all rows."""
    in_force = {name for name, line in lines.items() if line.in_force}
    found = {}
    title = described.get("period", {}).get("title", "")
    if "period" in described and "period_end" in in_force and title != "Period":
        kind = "tax_year_of" if title == "Tax year" else "month_of"
        written = lines.get("period")
        if written is None or not written.in_force:
            found["period"] = Line("period", {kind: "period_end"})
        elif isinstance(written.entry, dict):
            note = "the source writes its labels in another way"
            found["period"] = Line("period", {kind: "period_end"}, written.confidence, note=note)
    if "nation" in described and "region" in in_force and "nation" not in in_force:
        found["nation"] = Line("nation", {"nation_of": "region"})
    if "version" in described and "version" not in in_force:
        note = "no column gives it: check that there is one row a return"
        found["version"] = Line("version", {"value": 0}, note=note)
    return found


def purpose(column: str) -> str:
    """Say why a table cannot do without a column."""
    return _PURPOSE.get(column, "it is part of what tells one row from another")
