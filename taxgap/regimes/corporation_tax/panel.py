"""Everything that a company's return is held against: the period before, reports, VAT returns, payroll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Tables
from taxgap.regimes.register import registered_share
from taxgap.regimes.returns import Returns, take_rows
from taxgap.schemas.corporation_tax import COST_LINES

YEAR = 365.0


@dataclass(frozen=True)
class Panel:
    """Company returns and what they are held against: one value a return, in the order of `own`.

    Attributes
    ----------
    tables : mapping of str to DataFrame
    own : Returns
        The returns that are measured.
    now, before : mapping of str to ndarray
        The boxes, with `costs`, all costs of the accounts; those of the accounting period before.
    days, days_before : ndarray of float64
        Days of the period, and of the one before.
    vat_share : ndarray of float64
        The share of the days on which the company was registered for VAT.
    """

    tables: Tables
    own: Returns
    now: Columns
    before: Columns
    days: Floats
    days_before: Floats
    vat_share: Floats

    @property
    def size(self) -> Floats:
        """Turnover, or other income where there is none, in pounds a year."""
        turnover, other = self.now["turnover"], np.nan_to_num(self.now["other_income"])
        return np.asarray(np.where(turnover > 0, turnover, other) / self.days * YEAR)


def build_panel(tables: Tables, periods: Sequence[str]) -> Panel:
    """Gather the returns of some tax years and what they are held against.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The tables that the features need, with the years around.
    periods : sequence of str
        The tax years.

    Returns
    -------
    Panel
    """
    every = Returns.of(tables["corporation_tax"])
    rows = every.rows_of(periods)
    own, previous = every.take(rows), every.previous()[rows]
    boxes = {**every.boxes, "days": every.spans.days}
    boxes["costs"] = np.sum([boxes[name] for name in COST_LINES], axis=0)
    before = take_rows(boxes, previous)
    return Panel(
        tables=tables,
        own=own,
        now=take_rows(boxes, rows),
        before=before,
        days=own.spans.days,
        days_before=before["days"],
        vat_share=registered_share(own.spans, own.people, tables["registrations"], "vat"),
    )
