"""Everything that a return is held against, gathered row by row: the year before, reports, registrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.records.periods import shift_tax_year
from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.base import Tables
from taxgap.regimes.register import registered_share
from taxgap.regimes.returns import (
    KEY,
    days_late,
    latest_versions,
    number_columns,
    take_rows,
    trade_of,
)
from taxgap.regimes.self_assessment.amounts import within_a_year
from taxgap.regimes.self_assessment.yearly import summarise_years
from taxgap.regimes.spans import Spans
from taxgap.schemas.codes import REPORT_SOURCES


@dataclass(frozen=True)
class Panel:
    """Returns and what they are held against: arrays of one value a return, in the order of the index.

    Attributes
    ----------
    index : MultiIndex
        (taxpayer_id, period), sorted.
    periods : Series of str
        The tax year of each return.
    returns : mapping of str to ndarray
        The boxes of the latest version, and `vat_share`, the share of the year's days on which the taxpayer
        was registered for VAT.
    now, before : mapping of str to ndarray
        The year in figures that can be compared with another year, and the same of the year before
        (`taxgap.regimes.self_assessment.yearly`).
    reports, taxed : mapping of str to ndarray
        What others report and the tax that they took off, in pounds, by kind of reporter.
    delay : ndarray of float64
        Days from the day the return was due to the day its original came.
    sic2007 : Series of str
        The trade on the register.
    """

    index: pd.MultiIndex
    periods: pd.Series
    returns: Columns
    now: Columns
    before: Columns
    reports: Columns
    taxed: Columns
    delay: Floats
    sic2007: pd.Series

    @property
    def size(self) -> Floats:
        """Pounds a year: business receipts and rents, or all other income where there are none."""
        known = {name: np.nan_to_num(values) for name, values in self.returns.items()}
        trading = known["turnover"] + known["other_business_income"]
        receipts = within_a_year(trading, known["accounts_months"]) + known["rents"]
        others = ("employment_pay", "pension", "interest", "dividends", "foreign_income", "other_income")
        return np.where(receipts > 0, receipts, np.sum([known[name] for name in others], axis=0))


def build_panel(tables: Tables, periods: Sequence[str]) -> Panel:
    """Gather the returns of some tax years and what they are held against.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `self_assessment`, `third_party`, `registrations`, `obligations`, `taxpayers`, with the years before.
    periods : sequence of str
        The tax years.

    Returns
    -------
    Panel
    """
    every = latest_versions(tables["self_assessment"])
    every["vat_share"] = _vat_share(every, tables["registrations"])
    keys = pd.MultiIndex.from_frame(every[KEY])
    years = summarise_years(number_columns(every), every["period"])
    wanted = np.flatnonzero(every["period"].isin(list(periods)))
    returns, index = every.iloc[wanted], keys[wanted]
    reports = tables["third_party"]
    rows = index.get_indexer(pd.MultiIndex.from_frame(reports[KEY]))
    return Panel(
        index=index,
        periods=returns["period"],
        returns=number_columns(returns),
        now={name: values[wanted] for name, values in years.items()},
        before=take_rows(years, keys.get_indexer(_year_before(index))),
        reports=_sum_by_source(reports, "amount", rows, len(index)),
        taxed=_sum_by_source(reports, "tax_deducted", rows, len(index)),
        delay=days_late(returns, tables["obligations"], "self_assessment"),
        sic2007=trade_of(returns, tables["taxpayers"]),
    )


def _year_before(index: pd.MultiIndex) -> pd.MultiIndex:
    labels = [shift_tax_year(label, -1) for label in index.levels[1]]
    return index.set_levels(labels, level=1, verify_integrity=False)


def _vat_share(returns: pd.DataFrame, registrations: pd.DataFrame) -> Floats:
    people = pd.Index(returns["taxpayer_id"].unique())
    years = Spans.of(returns, people, "period_start", "period_end")
    return registered_share(years, people, registrations, "vat")


def _sum_by_source(reports: pd.DataFrame, column: str, rows: NDArray[np.intp], length: int) -> Columns:
    amounts = reports[column].to_numpy(dtype=np.float64)
    sums = {}
    for source in REPORT_SOURCES:
        own = (rows >= 0) & (reports["source"] == source).to_numpy()
        sums[source] = np.bincount(rows[own], amounts[own], minlength=length).astype(np.float64)
    return sums
