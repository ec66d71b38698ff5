"""One partition tallied for the quality profile: filled, valid and repeated cells, rules, days of delay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.schemas import RETURN_TABLES, Table
from taxgap.schemas.table import column_names, known_later, row_key
from taxgap.validation.duplicates import DUPLICATE_KEY
from taxgap.validation.quality.cells import Cells, Places, Scope
from taxgap.validation.quality.counts import CELL, QualityCounts, TableCounts, tag
from taxgap.validation.rule import Mask
from taxgap.validation.table_part import Failure, TablePart
from taxgap.validation.texts import Texts

LAGS = {
    **dict.fromkeys((*RETURN_TABLES, "third_party", "third_party_unmatched"), ("period_end", "received_on")),
    "obligations": ("due_on", "met_on"),
    "payments": ("due_on", "received_on"),
    "registrations": ("applied_on", "received_on"),
    "links": ("since", "received_on"),
    "enquiries": ("opened_on", "received_on"),
}
"""From which date to which the days of delay run."""

MOST_DAYS = 3_650
"""Longer delays, either way, count as this."""

_BY_COLUMN = ("expected", "filled", "judged", "valid")
_BY_TABLE = ("rows", "keyed", "unique", "ruled", "consistent", "due", "on_time")


def tally_parts(parts: Mapping[str, TablePart], texts: Texts, scope: Scope) -> QualityCounts:
    """Count what the quality profile needs of one partition.

    Parameters
    ----------
    parts : mapping of str to TablePart
        All tables, once every rule has judged them.
    texts : Texts
        Of the same parts.
    scope : Scope

    Returns
    -------
    QualityCounts
    """
    places = Places(parts, texts, scope)
    return QualityCounts(
        {name: _tally(part, places.cells(part), scope) for name, part in parts.items() if part.readable}
    )


_OF_CELLS = frozenset(
    {"value_type", "unknown_code", "empty_value", "not_finite", "out_of_range", "form_of_text"}
)
_OF_FILES = frozenset({"missing_column", "extra_column", "column_type", "unreadable_file"})


@cache
def cell_rules(model: type[Table]) -> frozenset[str]:
    """Return the codes of the rules that hold one cell against the schema of its table."""
    checks = [check for column in model.to_schema().columns.values() for check in column.checks]
    return _OF_CELLS.union(str(check.name) for check in checks)


def _tally(part: TablePart, cells: Cells, scope: Scope) -> TableCounts:
    rows = cells.count()
    used = np.flatnonzero(rows)
    counts = _columns(part, cells, rows)
    counts |= {what: np.zeros_like(rows) for what in _BY_TABLE} | {"rows": rows}
    repeated = _mask(part, [item for item in part.failures if item.wording.code == DUPLICATE_KEY.code])
    if part.complete:
        fit = part.judged(row_key(part.model))
        counts["keyed"] = cells.count(fit)
        counts["unique"] = cells.count(fit & ~repeated)
        counts["ruled"] = rows
        counts["consistent"] = rows - cells.count(_mask(part, _across(part)))
    if part.name == "obligations" and part.complete:
        due, on_time = _due(part, scope)
        counts["due"], counts["on_time"] = cells.count(due), cells.count(on_time)
    index = pd.MultiIndex.from_frame(cells.labels.iloc[used])
    frame = pd.DataFrame({name: values[used] for name, values in counts.items()}).set_axis(index)
    return TableCounts(frame, _days(part, cells))


def _columns(part: TablePart, cells: Cells, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    counts = {}
    nothing = np.zeros_like(rows)
    date_of = {name: date for date, names in known_later(part.model).items() for name in names}
    for name in column_names(part.model):
        found = name in part.raw
        empty = part.raw[name].isna().to_numpy() if found else np.ones(len(part), dtype=np.bool_)
        filled = rows - cells.count(empty) if empty.any() else rows
        # A column that complete records lack was declared absent: nothing is expected of it.
        expected, present = rows if found or not part.complete else nothing, filled
        if date_of.get(name, name) != name and date_of[name] in part.raw:
            known = part.raw[date_of[name]].notna().to_numpy()
            expected, present = cells.count(known), cells.count(known & ~empty)
        judged = filled if part.complete else nothing
        unfit = part.unfit.get(name)
        valid = judged if unfit is None else judged - cells.count(unfit & ~empty)
        for what, values in zip(_BY_COLUMN, (expected, present, judged, valid), strict=True):
            counts[tag(what, name)] = values
    return counts


def _across(part: TablePart) -> list[Failure]:
    others = cell_rules(part.model) | _OF_FILES | {DUPLICATE_KEY.code}
    return [
        item for item in part.failures if item.wording.code not in others and not item.wording.consequence
    ]


def _mask(part: TablePart, failures: Iterable[Failure]) -> Mask:
    mask = np.zeros(len(part), dtype=np.bool_)
    for failure in failures:
        mask[failure.rows] = True
    return mask


def _due(part: TablePart, scope: Scope) -> tuple[Mask, Mask]:
    due_on, met_on = (part.content[name].to_numpy() for name in ("due_on", "met_on"))
    due: Mask = due_on <= np.datetime64(scope.as_of.date())
    return due, due & (met_on <= due_on)


def _days(part: TablePart, cells: Cells) -> pd.Series:
    names = [*CELL, "day"]
    if part.name not in LAGS or not len(part) or not set(LAGS[part.name]).issubset(part.content):
        return pd.Series([], index=pd.MultiIndex.from_arrays([[]] * 4, names=names), dtype="int64")
    begin, end = (part.content[name].to_numpy().astype("datetime64[D]") for name in LAGS[part.name])
    known = ~np.isnat(begin) & ~np.isnat(end)
    if "version" in part.content:  # an amendment is no late return
        known &= part.content["version"].to_numpy() == 0
    day = (end[known] - begin[known]).astype(np.int64).clip(-MOST_DAYS, MOST_DAYS) + MOST_DAYS
    pairs, numbers = np.unique(cells.number[known] * (2 * MOST_DAYS + 1) + day, return_counts=True)
    cell, day = np.divmod(pairs, 2 * MOST_DAYS + 1)
    labels = cells.labels.iloc[cell].assign(day=day - MOST_DAYS)
    return pd.Series(numbers, index=pd.MultiIndex.from_frame(labels), dtype="int64")
