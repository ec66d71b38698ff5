"""Everything that a VAT return is held against: its year, the returns before it, and the registration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Tables
from taxgap.regimes.ledgers import Ledger, vat_ledger
from taxgap.regimes.register import latest_registration
from taxgap.regimes.returns import Returns, take_rows
from taxgap.regimes.spans import LEAST_COVER, Spans

YEAR = 365.0


@dataclass(frozen=True)
class Panel:
    """VAT returns and what they are held against: one value a return, in the order of `own`.

    Attributes
    ----------
    tables : mapping of str to DataFrame
    own : Returns
        The returns that are measured.
    every : Ledger
        All returns of the same traders, with those before and after.
    year : Spans
        The twelve months that end with each return.
    now, previous, year_ago : mapping of str to ndarray
        Amounts a day: of the return, of the one before it, of the same months a year before.
    yearly, usual : mapping of str to ndarray
        Amounts a day: of the twelve months that end with the return, of those that end before it.
    registration : DataFrame
        `flat`, `flat_rate`, `late`, `age` (days).
    claims : ndarray of float64
        1 where a repayment is claimed, of every return.
    """

    tables: Tables
    own: Returns
    every: Ledger
    year: Spans
    now: Columns
    previous: Columns
    year_ago: Columns
    yearly: Columns
    usual: Columns
    registration: pd.DataFrame
    claims: Floats

    @property
    def standard(self) -> Floats:
        """1 where box 6 is without VAT and input tax is reclaimed; missing under the flat rate scheme."""
        return np.where(self.now["flat"] > 0, np.nan, 1.0)

    @property
    def size(self) -> Floats:
        """Sales without VAT, in pounds a year."""
        sales = np.where(np.isnan(self.yearly["net"]), self.now["net"], self.yearly["net"])
        return np.asarray(sales * YEAR)


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
    returns = Returns.of(tables["vat"])
    every = vat_ledger(returns, tables["registrations"])
    rows = returns.rows_of(periods)
    own = returns.take(rows)
    spans = own.spans
    year = Spans(spans.who, spans.last - (YEAR - 1), spans.last)
    before = Spans(spans.who, spans.first - YEAR, spans.first - 1)
    daily = {name: values / every.spans.days for name, values in every.amounts.items()}
    daily |= {"flat": every.amounts["flat"]}
    return Panel(
        tables=tables,
        own=own,
        every=every,
        year=year,
        now=take_rows(daily, rows),
        previous=take_rows(daily, returns.previous()[rows]),
        year_ago=take_rows(daily, returns.year_ago()[rows]),
        yearly=_a_day(every, year),
        usual=_a_day(every, before),
        registration=latest_registration(spans, own.people, tables["registrations"], "vat"),
        claims=np.where(returns.boxes["net_vat"] < 0, 1.0, 0.0),
    )


def _a_day(ledger: Ledger, spans: Spans) -> Columns:
    sums, share = ledger.on_days(spans)
    days = np.where(share >= LEAST_COVER, share, np.nan) * spans.days
    return {name: values / days for name, values in sums.items()}
