"""Returns as they stand: latest versions, their days, the one before, when they came, and of which trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.records.periods import tax_year_of
from taxgap.regimes.amounts import Columns, Floats
from taxgap.regimes.spans import Positions, Spans, to_days

KEY = ["taxpayer_id", "period"]

LONGEST_GAP = 31
"""Days that may lie between a return and the one before it."""


@dataclass(frozen=True)
class Returns:
    """The latest version of each return of one tax, sorted by taxpayer and period.

    Attributes
    ----------
    table : DataFrame
        With `first_received_on`, the day on which the original came.
    people : Index
        The distinct taxpayers, sorted.
    spans : Spans
        The days of each return.
    """

    table: pd.DataFrame
    people: pd.Index
    spans: Spans

    @classmethod
    def of(cls, table: pd.DataFrame, people: pd.Index | None = None) -> Returns:
        """Keep the latest versions; of some people only where they are given."""
        if people is not None:
            known = people.get_indexer(pd.Index(table["taxpayer_id"])) >= 0
            table = table[known]
        latest = latest_versions(table)
        own = pd.Index(latest["taxpayer_id"].unique()) if people is None else people
        return cls(latest, own, Spans.of(latest, own, "period_start", "period_end"))

    @cached_property
    def boxes(self) -> Columns:
        """Every number on the return."""
        return number_columns(self.table)

    @cached_property
    def tax_years(self) -> pd.Series:
        """The tax year that each return belongs to."""
        return tax_year_of(self.table["period"])

    @cached_property
    def index(self) -> pd.MultiIndex:
        """(taxpayer_id, period) of each."""
        return pd.MultiIndex.from_frame(self.table[KEY])

    def take(self, rows: Positions) -> Returns:
        """Keep some returns."""
        return Returns(self.table.iloc[rows].reset_index(drop=True), self.people, self.spans.take(rows))

    def rows_of(self, years: Sequence[str]) -> Positions:
        """Find the returns of some tax years, or of some months."""
        wanted = list(years)
        return np.flatnonzero(self.tax_years.isin(wanted) | self.table["period"].isin(wanted))

    def previous(self) -> Positions:
        """Find the return before each, at most a month before it; -1 where there is none."""
        spans = self.spans
        order = np.lexsort((spans.first, spans.who))
        before, after = order[:-1], order[1:]
        gap = spans.first[after] - spans.last[before] - 1
        follows = (spans.who[before] == spans.who[after]) & (gap >= 0) & (gap <= LONGEST_GAP)
        found = np.full(len(order), -1, dtype=np.intp)
        found[after[follows]] = before[follows]
        return found

    def year_ago(self) -> Positions:
        """Find the return for the same months of the year before; -1 where there is none."""
        months = self.table["period_end"].to_numpy(dtype="datetime64[M]").astype(np.int64)
        key = self.spans.who * 100_000 + np.clip(months, 0, 99_999)
        order = np.argsort(key, kind="stable")
        place = np.searchsorted(key[order], key - 12)
        match = order[np.minimum(place, len(order) - 1)]
        return np.where((key[match] == key - 12) & (months > 0), match, -1) if len(key) else order


def latest_versions(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the latest version of each return, sorted; `first_received_on` is when its original came."""
    keys = [pd.factorize(table[name], sort=True)[0] for name in KEY]
    order = np.lexsort((table["version"].to_numpy(dtype=np.float64), *keys[::-1]))
    person, period = (codes[order] for codes in keys)
    changes = (np.diff(person) != 0) | (np.diff(period) != 0)
    first = np.flatnonzero(np.append(np.full(min(len(order), 1), True), changes))
    last = np.append(first[1:], len(order))[: len(first)] - 1
    originals = table["received_on"].iloc[order[first]].to_numpy()
    return table.iloc[order[last]].assign(first_received_on=originals).reset_index(drop=True)


def number_columns(table: pd.DataFrame) -> dict[str, Floats]:
    """Take the columns that hold numbers."""
    numbers = table.select_dtypes(["number", "bool"])
    return {str(name): numbers[name].to_numpy(dtype=np.float64) for name in numbers}


def take_rows(columns: Columns, rows: Positions) -> dict[str, Floats]:
    """Take rows of each column; row -1 is missing."""
    return {name: np.append(values, np.nan)[rows] for name, values in columns.items()}


def days_late(returns: pd.DataFrame, obligations: pd.DataFrame, regime: str) -> Floats:
    """Count the days from the day a return was due to the day its original came; negative if early."""
    due = obligations.loc[obligations["regime"] == regime, [*KEY, "due_on"]].drop_duplicates(KEY)
    dates = returns[[*KEY, "first_received_on"]].merge(due, on=KEY, how="left")
    return to_days(dates["first_received_on"]) - to_days(dates["due_on"])


def trade_of(returns: pd.DataFrame, taxpayers: pd.DataFrame) -> pd.Series:
    """Look up the trade on the register."""
    register = taxpayers.drop_duplicates("taxpayer_id")[["taxpayer_id", "sic2007"]]
    return returns[["taxpayer_id"]].merge(register, on="taxpayer_id", how="left")["sic2007"]
