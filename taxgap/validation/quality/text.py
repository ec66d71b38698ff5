"""The quality profile as plain text that fits on one screen, and the words that its page shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from taxgap.validation.plain_text import WIDTH, place_of
from taxgap.validation.quality.cells import ALL, GROUPED_BY

if TYPE_CHECKING:
    from taxgap.validation.quality.profile import QualityProfile

SHARES = ("completeness", "validity", "uniqueness", "timeliness", "consistency")
DAYS = ("days_median", "days_most")
NOTHING = "-"
MINUS = "\N{MINUS SIGN}"

_HEADS = ("table", "rows", "complete", "valid", "unique", "on time", "consistent", "median", "9 of 10")
_FIRST = 10  # changes that are named
_SILENT = 4  # sources gone silent that are named
_WORDS = {
    "completeness": "filled",
    "validity": "valid",
    "uniqueness": "unique",
    "timeliness": "on time",
    "consistency": "consistent",
}


def to_plain_text(profile: QualityProfile) -> str:
    """Write the measures of each table, and the first changes for the worse."""
    tables = overview(profile)
    body = [[row["table"], f"{row['rows']:,}", *cells_of(row)] for row in tables.to_dict("records")]
    worse = worse_of(profile)
    lines = [verdict(profile), "", *_columns([_HEADS, *body])]
    lines += ["Complete is of required cells; days from the end of the period, or as the documentation says."]
    silent = silent_lines(profile)
    if silent:
        lines += ["", *map(_shortened, silent[:_SILENT])]
    if len(worse):
        lines += ["", *(_shortened(in_words(row)) for row in worse.head(_FIRST).to_dict("records"))]
    if len(worse) > _FIRST:
        lines += [f"{len(worse) - _FIRST:,} more: see `changes()` of the profile."]
    return "\n".join(lines) + "\n"


def verdict(profile: QualityProfile) -> str:
    """Say in one line how much was compared and how much got worse."""
    changes = profile.changes()
    worse, left_out = int(changes["worse"].sum()), profile.left_out
    return (
        f"Quality of records at {profile.as_of.date()}: {worse:,} of {len(changes):,} comparisons worse; "
        f"{left_out:,} left out (under 30 cases)."
    )


def overview(profile: QualityProfile) -> pd.DataFrame:
    """Return the measures of each table as a whole."""
    frame = profile.measures
    whole = (frame["column"] == "") & (frame["group"] == ALL) & (frame["year"] == ALL)
    return frame[whole & (frame["nation"] == ALL)]


def worse_of(profile: QualityProfile) -> pd.DataFrame:
    """Return what got worse, the largest difference first."""
    changes = profile.changes()
    return changes[changes["worse"].astype(bool)]


def silent_lines(profile: QualityProfile) -> list[str]:
    """Say in one line each which kinds of rows hardly came in the latest year."""
    return [
        f"{_kind(row['table'], row['group'])}: {row['rows']:,} rows in {row['year']}, "
        f"at least {row['fewest_before']:,} in each year before"
        for row in profile.silent.to_dict("records")
    ]


def cells_of(row: dict[str, Any]) -> list[str]:
    """Write the measures of a row as texts."""
    return [in_percent(row[name]) for name in SHARES] + [in_days(row[name]) for name in DAYS]


def in_days(days: float) -> str:
    """Write a number of days; early ones are negative."""
    return NOTHING if pd.isna(days) else f"{days:.0f}".replace("-", MINUS)


def in_percent(share: float) -> str:
    """Write a share in percent; only what is whole reads 100%, and only nothing 0%.

    Examples
    --------
    >>> in_percent(0.99999), in_percent(1.0), in_percent(0.5)
    ('99.9%', '100%', '50.0%')
    """
    if pd.isna(share):
        return NOTHING
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    return f"{min(max(100 * share, 0.1), 99.9):.1f}%"


def subject(row: dict[str, Any]) -> str:
    """Name what a change is about: table, column, kind of row and place."""
    parts = [_kind(row["table"], row["group"], row["column"])]
    if row["nation"] != ALL:
        parts.append(row["nation"] if row["region"] == ALL else row["region"])
    return ", ".join(parts)


def comparison(row: dict[str, Any]) -> str:
    """Say between what and what a change is."""
    year = "all years" if row["year"] == ALL else row["year"]
    return f"{year}, before" if row["by"] == "year" else f"{year}, other regions"


def what(row: dict[str, Any]) -> str:
    """Name the measure of a change."""
    word = _WORDS[row["measure"]]
    return word if pd.isna(row["days"]) else f"received within {row['days'] + 7:.0f} days"


def points(row: dict[str, Any]) -> str:
    """Write a difference and its interval, in percentage points."""
    low, high = (_signed(row[name]) for name in ("low", "high"))
    return f"{_signed(row['difference'])} ({low} to {high})"


def in_words(row: dict[str, Any]) -> str:
    """Write a change in one line."""
    share, before = in_percent(row["share"]), in_percent(row["share_before"])
    return f"{subject(row)}: {share} {what(row)} in {comparison(row)} {before}"


def _kind(table: str, group: str, column: str = "") -> str:
    place = place_of(table, column)
    return place if group == ALL else f"{place}, {GROUPED_BY.get(table, 'legal_form')} {group}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", MINUS)


def _shortened(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."


def _columns(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
