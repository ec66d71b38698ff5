"""Amounts of a firm that are many times those of its period before: pence in place of pounds, perhaps."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from taxgap.validation.comparisons import JUMP, JUMP_FLOOR
from taxgap.validation.context import Context
from taxgap.validation.labels import days
from taxgap.validation.rule import Mask, Rule, as_mask
from taxgap.validation.timeline import line, place_before
from taxgap.validation.versions import latest_versions

_DAY = np.timedelta64(1, "D")
_YEAR = 365.25
_GAP = np.timedelta64(31, "D")
"""Periods further apart do not follow each other."""

_WORDS = {
    "vat": ("sales_jump", "sales", "Sales"),
    "corporation_tax": ("turnover_jump", "turnover", "Turnover"),
    "employer_paye": ("pay_jump", "pay", "Pay"),
}


def _jumps(table: str, column: str, returns: pd.DataFrame, context: Context) -> Mask:
    rows = latest_versions(context, table, column, "period_start", "period_end")
    ends = days(rows["period_end"])
    keys = line(rows["taxpayer"].to_numpy(), ends)
    order = np.argsort(keys, kind="stable")
    starts = days(returns["period_start"])
    places, found = place_before(keys[order], line(context.key(table, "taxpayer"), starts))
    before = np.full(len(returns), np.nan)
    if found.any():
        places = order[places[found]]
        near = starts[found] - ends[places] <= _GAP
        before[found] = np.where(near, _a_year(rows, column)[places], np.nan)
    return as_mask((before >= JUMP_FLOOR) & (_a_year(returns, column) > JUMP * before))


def _a_year(rows: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    length = (days(rows["period_end"]) - days(rows["period_start"])) / _DAY + 1
    return rows[column].to_numpy() / np.maximum(length, 1.0) * _YEAR  # type: ignore[no-any-return]


RULES = tuple(
    Rule(
        code=code,
        table=table,
        severity="warn",
        columns=(column, "taxpayer_id", "period", "period_start", "period_end"),
        sentence=f"{words} a day are more than twenty times those of the period before."
        if words == "Sales"
        else f"{words} a day is more than twenty times that of the period before.",
        remedy="Look for pence in place of pounds, or a misplaced point.",
        check=partial(_jumps, table, column),
    )
    for table, (code, column, words) in _WORDS.items()
)
