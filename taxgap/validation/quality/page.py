"""The quality profile as HTML: tables with captions and header cells, shaded where something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from taxgap.validation.quality.cells import ALL, UNKNOWN, year_order
from taxgap.validation.quality.text import (
    SHARES,
    cells_of,
    comparison,
    in_days,
    in_percent,
    overview,
    points,
    silent_lines,
    subject,
    verdict,
    what,
    worse_of,
)

if TYPE_CHECKING:
    from taxgap.validation.quality.profile import QualityProfile

_STYLE = (
    "body{font-family:Arial,Helvetica,sans-serif;line-height:1.5;color:#0b0c0c;max-width:80em;"
    "margin:2em auto;padding:0 1em}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;margin:1em 0}"
    "caption{text-align:left;font-weight:bold;padding:.3em 0}"
    "th,td{border-bottom:1px solid #767676;padding:.25em .7em;text-align:left;vertical-align:top}"
    "th{font-weight:normal}thead th{font-weight:bold;vertical-align:bottom}"
    ".number{text-align:right;font-variant-numeric:tabular-nums}"
    "td.s1{background:#fdf0e6}td.s2{background:#fbd5b8}td.s3{background:#f8ae7c}td.s4{background:#f48447}"
    ".key span{padding:.1em .5em;margin-right:.7em}"
    ".s1k{background:#fdf0e6}.s2k{background:#fbd5b8}.s3k{background:#f8ae7c}.s4k{background:#f48447}"
    "svg{vertical-align:middle}"
)
_STEPS = (0.0, 0.005, 0.02, 0.1)
"""How much must be missing for each of the four shades."""

_NAMES = {
    "completeness": "required cells filled",
    "validity": "filled cells valid",
    "uniqueness": "rows with a key of their own",
    "timeliness": "received by the day they were due",
    "consistency": "rows that no rule across columns or tables touches",
}
_HEADS = (
    "Table",
    "Rows",
    "Complete",
    "Valid",
    "Unique",
    "On time",
    "Consistent",
    "Median days",
    "Nine of ten",
)
_MOST = 50  # changes that the page names
_WIDTH, _HEIGHT = 84, 22  # of a line, in CSS pixels
_LEAST_RANGE = 14.0  # days that fill its height, so that a single day looks like little


class Cell(NamedTuple):
    """A cell of a table: its text or markup, and the class that it is shown with."""

    html: str
    kind: str = ""


def to_page(profile: QualityProfile) -> str:
    """Write the profile as a page of its own."""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Quality of records</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Quality of records</h1>\n{to_fragment(profile)}"
        f"<h2>By year</h2>\n{_KEY}{_heat(profile, 'year')}{_days(profile)}"
        f"<h2>By region</h2>\n{_heat(profile, 'region')}</main>\n</body>\n</html>\n"
    )


def to_fragment(profile: QualityProfile) -> str:
    """Write the verdict, what got worse and the tables as a whole: a part of a page, for a notebook."""
    silent = "".join(f"<p>{escape(line)}.</p>\n" for line in silent_lines(profile))
    return f"<p>{escape(verdict(profile))}</p>\n{silent}{_worse(profile)}{_overview(profile)}"


def _worse(profile: QualityProfile) -> str:
    worse = worse_of(profile)
    if worse.empty:
        return "<p>Nothing got worse beyond noise.</p>\n"
    body = [
        [
            Cell(escape(subject(row))),
            Cell(escape(what(row))),
            Cell(escape(comparison(row))),
            Cell(in_percent(row["share"]), "number"),
            Cell(in_percent(row["share_before"]), "number"),
            Cell(points(row), "number"),
            Cell(f"{row['cases']:,}", "number"),
        ]
        for row in worse.head(_MOST).to_dict("records")
    ]
    interval = "Difference in points (95% interval)"
    heads = ["Where", "Share that is", "Of, against", "Now, here", "Before, elsewhere", interval, "Cases"]
    left = f" The first {_MOST} of {len(worse):,}." if len(worse) > _MOST else ""
    return _table(f"What got worse, the largest difference first.{left}", heads, body)


def _overview(profile: QualityProfile) -> str:
    body = [
        [
            Cell(escape(row["table"])),
            Cell(f"{row['rows']:,}", "number"),
            *(Cell(text, "number") for text in cells_of(row)),
        ]
        for row in overview(profile).to_dict("records")
    ]
    if not body:
        return ""
    note = "Complete is of required cells; days run from the end of the period, or from the due date."
    return _table(f"Each table as a whole. {note}", _HEADS, body)


def _heat(profile: QualityProfile, by: str) -> str:
    frame = profile.measures
    rest = "region" if by == "year" else "year"
    chosen = frame[(frame["column"] == "") & (frame["group"] == ALL) & (frame[rest] == ALL)]
    chosen = chosen[(chosen["nation"] == ALL) if by == "year" else (chosen["region"] != ALL)]
    chosen = chosen[~chosen[by].isin([ALL, UNKNOWN])]
    return "".join(_heat_of(chosen, name, by) for name in SHARES)


def _heat_of(frame: pd.DataFrame, name: str, by: str) -> str:
    known = frame[frame[name].notna()]
    if known.empty:
        return ""
    caption = f"Share of {_NAMES[name]}" if name != "timeliness" else f"Share {_NAMES[name]}"
    whole = known.groupby("table", sort=False)[name].min() == 1.0
    if whole.all():
        return f"<p>{caption}: 100% everywhere.</p>\n"
    if whole.any():
        caption += ". Tables that are not here: 100%"
    known = known[~known["table"].map(whole)]
    wide = known.astype({by: object}).pivot_table(index="table", columns=by, values=name, sort=False)
    columns = sorted(wide.columns, key=year_order) if by == "year" else list(wide.columns)
    body = [
        [
            Cell(escape(str(table))),
            *(Cell(in_percent(row[column]), _shade(row[column])) for column in columns),
        ]
        for table, row in wide.iterrows()
    ]
    return _table(caption, ("Table", *columns), body)


def _days(profile: QualityProfile) -> str:
    frame = profile.measures
    chosen = frame[(frame["column"] == "") & (frame["nation"] == ALL) & frame["days_median"].notna()]
    chosen = chosen[~chosen["year"].isin([ALL, UNKNOWN])]
    split = chosen.loc[chosen["group"] != ALL, "table"].unique()
    chosen = chosen[(chosen["group"] != ALL) | ~chosen["table"].isin(split)]
    wide = chosen.pivot_table(index=["table", "group"], columns="year", values="days_median", sort=False)
    years = sorted(wide.columns, key=year_order)
    body = []
    for (table, group), row in wide.iterrows():
        name = table if group == ALL else f"{table}, {group}"
        values = [row[year] for year in years]
        texts = [in_days(value) for value in values]
        line = _line([value for value in values if not pd.isna(value)], name)
        body.append([Cell(escape(name)), Cell(line), *(Cell(text, "number") for text in texts)])
    return (
        _table("Days within which half of the rows came", ("Table", "Course", *years), body) if body else ""
    )


def _line(values: Sequence[float], name: str) -> str:
    if len(values) < 2:
        return ""
    middle, range_ = (max(values) + min(values)) / 2, max(max(values) - min(values), _LEAST_RANGE)
    across, down = (_WIDTH - 6) / (len(values) - 1), (_HEIGHT - 6) / range_
    places = [
        (3 + number * across, _HEIGHT / 2 + (middle - value) * down) for number, value in enumerate(values)
    ]
    lines = "".join(
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#12436D" stroke-width="2"/>'
        for (x, y), (to_x, to_y) in pairwise(places)
    )
    end = '<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="#12436D"/>'.format(*places[-1])
    words = escape(f"{name}: from {values[0]:.0f} to {values[-1]:.0f} days")
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    return f'<svg {size} role="img" aria-label="{words}">{lines}{end}</svg>'


def _shade(share: float) -> str:
    if pd.isna(share):
        return "number"
    step = sum(1 - share > least for least in _STEPS)
    return f"number s{step}" if step else "number"


def _table(caption: str, heads: Sequence[str], body: Sequence[Sequence[Cell]]) -> str:
    kinds = [cell.kind.split(" ")[0] for cell in body[0]]
    head = "".join(
        f'<th scope="col"{_class(kind)}>{escape(text)}</th>' for text, kind in zip(heads, kinds, strict=True)
    )
    rows = "".join(f"<tr>{_cells(row)}</tr>\n" for row in body)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">\n'
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _cells(row: Sequence[Cell]) -> str:
    return f'<th scope="row">{row[0].html}</th>' + "".join(
        f"<td{_class(cell.kind)}>{cell.html}</td>" for cell in row[1:]
    )


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


_KEY = (
    '<p class="key">Shaded where something is missing: <span class="s1k">up to half a point</span>'
    '<span class="s2k">up to 2 points</span><span class="s3k">up to 10 points</span>'
    '<span class="s4k">more</span></p>\n'
)
