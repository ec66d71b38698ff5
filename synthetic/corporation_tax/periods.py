"""Accounting periods of companies: when accounts end, which returns are filed, and what falls in each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.synthetic.register import FORMS, Integers
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS, FIRST, LOOKBACK
from taxgap.synthetic.trading import Trading

YEAR = 12
"""Months that a return covers at most."""

_CHANGES = 0.05  # share of companies that change their year end within the panel (assumption)
_MOST_ADDED = 6  # accounts may run for eighteen months
_SHORT = 4  # new companies with a first stretch below so many months often make long accounts instead
_MAKES_LONG = 0.5  # share of them that do (assumption)
_APRIL = 4
_EVER = 10**6


def accounting_periods(trading: Trading) -> pd.DataFrame:
    """Lay out the returns that companies file, with those that end in the lookback year.

    Parameters
    ----------
    trading : Trading
        Firms of all legal forms; only companies file.

    Returns
    -------
    DataFrame
        One row a return, sorted by firm and time: `firm` (row of the firms), `first`, `last` (months by
        number), `accounts_end` (the month in which the accounts end that it belongs to).

    Notes
    -----
    Accounts for more than twelve months are divided into a return of twelve and one of the rest (Corporation
    Tax Act 2009 s.10). A company's first and last accounts can be short.
    """
    firm = np.flatnonzero((trading.firms["legal_form"] == FORMS.index("company")).to_numpy())
    firms, streams = trading.firms.iloc[firm], trading.streams[firm]
    begins, ceases = _first_and_last_month(firms)
    ends = _accounts_ends(firms, streams, begins, ceases, trading.columns)
    starts = np.maximum(np.column_stack([np.zeros_like(begins), ends[:, :-1] + 1]), begins[:, None])
    split = np.minimum(ends, starts + YEAR - 1)
    table = pd.DataFrame(
        {
            "firm": np.repeat(firm, 2 * ends.shape[1]),
            "first": np.stack([starts, split + 1], axis=2).ravel(),
            "last": np.stack([split, ends], axis=2).ravel(),
            "accounts_end": np.repeat(ends.ravel(), 2),
        }
    )
    there = (table["last"] >= table["first"]) & (table["last"] < trading.months)
    return table[there].reset_index(drop=True)


def shares_of_years(trading: Trading, periods: pd.DataFrame) -> Floats:
    """Return the share of each year's amounts that falls in each period, shape (periods, years).

    An amount of a period is the sum of the yearly amounts by these shares: the same as `Trading.over`.
    """
    running = np.concatenate([np.zeros((len(trading), 1)), np.cumsum(trading.season, axis=1)], axis=1)
    firm, first, last = (periods[name].to_numpy() for name in ("firm", "first", "last"))
    year = YEAR * np.arange(trading.columns)
    start = np.clip(first[:, None], year, year + YEAR)
    end = np.clip(last[:, None] + 1, year, year + YEAR)
    return np.asarray(running[firm[:, None], end] - running[firm[:, None], start])


def _first_and_last_month(firms: pd.DataFrame) -> tuple[Integers, Integers]:
    first, last = firms["first_year"].to_numpy(), firms["last_year"].to_numpy()
    begins = np.where(first >= 0, YEAR * (first + LOOKBACK), 0)
    return begins, np.where(last < len(ALL_YEARS), YEAR * (last + LOOKBACK + 1) - 1, _EVER)


def _accounts_ends(
    firms: pd.DataFrame, streams: Streams, begins: Integers, ceases: Integers, columns: int
) -> Integers:
    within = (firms["year_end"].to_numpy() - _APRIL) % YEAR
    number = np.arange(columns + 1)
    ends = within[:, None] + YEAR * number
    changes = streams.happens(_CHANGES, "corporation tax year end changes")
    since = 1 + np.floor((columns - 1) * streams.uniform("corporation tax year end changes in"))
    added = 1 + np.floor(_MOST_ADDED * streams.uniform("corporation tax year end moves by"))
    ends = ends + np.where(changes[:, None] & (number >= since[:, None]), added[:, None], 0)
    # A new company whose first year end is near can go on to the next.
    short = (ends >= begins[:, None]) & (ends < begins[:, None] + _SHORT - 1) & (begins > 0)[:, None]
    longer = streams.happens(_MAKES_LONG, "corporation tax long first accounts") & ~changes
    ends = np.where(short & longer[:, None], begins[:, None] - 1, ends)
    return np.asarray(np.minimum(ends, ceases[:, None]), dtype=np.int64)


def began_on(firms: pd.DataFrame, streams: Streams) -> NDArray[np.datetime64]:
    """Return the day on which each company began; those older than the panel up to thirty years before it."""
    first = firms["first_year"].to_numpy()
    ago = 1 + np.floor(30 * streams.uniform("corporation tax began") ** 2).astype(np.int64)
    year = np.where(first >= 0, FIRST + first, FIRST - LOOKBACK - ago)
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(_APRIL - 1, "M")
    return np.asarray(months.astype("datetime64[D]"))
