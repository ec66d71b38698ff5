"""Everything that a return is held against, gathered row by row: the year before, reports, registrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.regimes.base import Tables
from taxgap.regimes.inputs import previous_period
from taxgap.regimes.self_assessment.amounts import Floats, within_a_year
from taxgap.regimes.self_assessment.yearly import summarise_years
from taxgap.schemas.codes import REPORT_SOURCES

KEY = ["taxpayer_id", "period"]

Columns = Mapping[str, Floats]


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
    every = _latest_versions(tables["self_assessment"])
    every["vat_share"] = _vat_share(every, tables["registrations"])
    keys = pd.MultiIndex.from_frame(every[KEY])
    years = summarise_years(_arrays(every), every["period"])
    wanted = np.flatnonzero(every["period"].isin(list(periods)))
    returns, index = every.iloc[wanted], keys[wanted]
    reports = tables["third_party"]
    rows = index.get_indexer(pd.MultiIndex.from_frame(reports[KEY]))
    return Panel(
        index=index,
        periods=returns["period"],
        returns=_arrays(returns),
        now={name: values[wanted] for name, values in years.items()},
        before=_take(years, keys.get_indexer(_year_before(index))),
        reports=_sum_by_source(reports, "amount", rows, len(index)),
        taxed=_sum_by_source(reports, "tax_deducted", rows, len(index)),
        delay=_delay(returns, tables["obligations"]),
        sic2007=_trade(returns, tables["taxpayers"]),
    )


def _latest_versions(table: pd.DataFrame) -> pd.DataFrame:
    ordered = table.sort_values([*KEY, "version"], kind="stable")
    originals = ordered.drop_duplicates(KEY)["received_on"].to_numpy()
    latest = ordered.drop_duplicates(KEY, keep="last").assign(first_received_on=originals)
    return latest.reset_index(drop=True)


def _arrays(returns: pd.DataFrame) -> Columns:
    numbers = returns.select_dtypes(["number", "bool"])
    return {str(name): numbers[name].to_numpy(dtype=np.float64) for name in numbers}


def _take(years: Columns, rows: NDArray[np.intp]) -> Columns:
    # A return without a year before has row -1, which takes the missing value put last.
    return {name: np.append(values, np.nan)[rows] for name, values in years.items()}


def _year_before(index: pd.MultiIndex) -> pd.MultiIndex:
    labels = [previous_period(label) for label in index.levels[1]]
    return index.set_levels(labels, level=1, verify_integrity=False)


def _vat_share(returns: pd.DataFrame, registrations: pd.DataFrame) -> Floats:
    vat = registrations[registrations["regime"] == "vat"]
    years = returns[["taxpayer_id", "period_start", "period_end"]].assign(row=np.arange(len(returns)))
    spells = years.merge(vat[["taxpayer_id", "effective_from", "deregistered_on"]], on="taxpayer_id")
    first = spells["effective_from"].clip(lower=spells["period_start"])
    last = spells["deregistered_on"].fillna(spells["period_end"]).clip(upper=spells["period_end"])
    days = (spells["period_end"] - spells["period_start"]).dt.days + 1
    share = ((last - first).dt.days + 1).clip(lower=0) / days
    return np.minimum(np.bincount(spells["row"], share, minlength=len(returns)), 1.0)


def _sum_by_source(reports: pd.DataFrame, column: str, rows: NDArray[np.intp], length: int) -> Columns:
    amounts = reports[column].to_numpy(dtype=np.float64)
    sums = {}
    for source in REPORT_SOURCES:
        own = (rows >= 0) & (reports["source"] == source).to_numpy()
        sums[source] = np.bincount(rows[own], amounts[own], minlength=length).astype(np.float64)
    return sums


def _delay(returns: pd.DataFrame, obligations: pd.DataFrame) -> Floats:
    due = obligations.loc[obligations["regime"] == "self_assessment", [*KEY, "due_on"]].drop_duplicates(KEY)
    dates = returns[[*KEY, "first_received_on"]].merge(due, on=KEY, how="left")
    return np.asarray((dates["first_received_on"] - dates["due_on"]).dt.days, dtype=np.float64)


def _trade(returns: pd.DataFrame, taxpayers: pd.DataFrame) -> pd.Series:
    register = taxpayers.drop_duplicates("taxpayer_id")[["taxpayer_id", "sic2007"]]
    return returns[["taxpayer_id"]].merge(register, on="taxpayer_id", how="left")["sic2007"]
