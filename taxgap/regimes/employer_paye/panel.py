"""Everything that an employer's year is held against: the year before, accounts, VAT returns, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Tables
from taxgap.regimes.ledgers import accounts_ledger, report_ledger, vat_ledger
from taxgap.regimes.returns import Returns, take_rows
from taxgap.regimes.spans import LEAST_COVER, Spans, sum_on_days


@dataclass(frozen=True)
class Panel:
    """Employers' years and what they are held against: one value a year, in the order of `own`.

    Attributes
    ----------
    tables : mapping of str to DataFrame
    own : Returns
        The years that are measured.
    now, before : mapping of str to ndarray
        The boxes; those of the year before.
    accounts, vat, contractors : mapping of str to ndarray
        What the accounts of the trade, the VAT returns and the reports of contractors say of the year, in
        pounds, brought to the whole of it; missing where they cover too little of it.
    takings : ndarray of float64
        What card processors, platforms and contractors report of the year, in pounds.
    """

    tables: Tables
    own: Returns
    now: Columns
    before: Columns
    accounts: Columns
    vat: Columns
    contractors: Columns
    takings: Floats

    @property
    def size(self) -> Floats:
        """Pay and payments to subcontractors, in pounds a year."""
        return np.asarray(self.now["pay"] + np.nan_to_num(self.now["paid_to_subcontractors"]))

    @property
    def sales(self) -> Floats:
        """Turnover of the accounts, or else sales on the VAT returns."""
        turnover = self.accounts["turnover"]
        return np.where(np.isnan(turnover), self.vat["net"], turnover)

    @property
    def value_added(self) -> Floats:
        """The same less what was bought from others."""
        added = self.accounts["turnover"] - self.accounts["costs"]
        return np.where(np.isnan(added), self.vat["net"] - self.vat["purchases"], added)


def build_panel(tables: Tables, periods: Sequence[str]) -> Panel:
    """Gather the years of employers and what they are held against.

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
    every = Returns.of(tables["employer_paye"])
    rows = every.rows_of(periods)
    own = every.take(rows)
    reports = {
        source: _of_the_year(own.spans, *report_ledger(tables, own.people, source))
        for source in ("card_processor", "platform", "contractor")
    }
    vat = vat_ledger(Returns.of(tables["vat"], own.people), tables["registrations"])
    return Panel(
        tables=tables,
        own=own,
        now=take_rows(every.boxes, rows),
        before=take_rows(every.boxes, every.previous()[rows]),
        accounts=_of_the_year(own.spans, *accounts_ledger(tables, own.people)),
        vat=_of_the_year(own.spans, *vat),
        contractors=reports["contractor"],
        takings=np.asarray(np.sum([np.nan_to_num(found["amount"]) for found in reports.values()], axis=0)),
    )


def _of_the_year(own: Spans, spans: Spans, amounts: Columns) -> Columns:
    sums, share = sum_on_days(own, spans, amounts)
    covered = np.where(share >= LEAST_COVER, share, np.nan)
    return {name: np.asarray(values / covered) for name, values in sums.items()}
