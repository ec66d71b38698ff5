"""The years and months that a population lives through."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Days = NDArray[np.datetime64]

TAX_YEARS = ("2021-22", "2022-23", "2023-24", "2024-25")
"""The tax years of the usual panel, up to the last whose figures are published."""

ALL_YEARS = (*TAX_YEARS, "2025-26")
"""The tax years that can be generated. The last is a projection: its law is enacted, what people earn in it
is an assumption."""

BASE_YEAR = "2023-24"
"""The year whose published figures the incomes follow; the basis-period transition falls in it."""

FIRST = 2021
"""The calendar year in which the first of `TAX_YEARS` begins."""

LOOKBACK = 1
"""Years before the first that accounts and reports reach into."""

MONTHS = 12 * (len(TAX_YEARS) + LOOKBACK)
"""Months of the usual panel, from the start of the lookback year to the end of the last tax year, numbered
from zero. Months begin on the first: the five days by which a tax year begins later are taken as part of the
month."""

DAY = np.timedelta64(1, "D")
NOT_A_DAY = np.datetime64("NaT", "D")

PERIOD_START = np.array([f"{FIRST + y}-04-06" for y in range(len(ALL_YEARS))], dtype="datetime64[D]")
PERIOD_END = np.array([f"{FIRST + 1 + y}-04-05" for y in range(len(ALL_YEARS))], dtype="datetime64[D]")

_ORIGIN = np.datetime64(f"{FIRST - LOOKBACK}-04", "M")


def first_day(month: NDArray[np.int64]) -> Days:
    """Return the first day of each month by number."""
    return np.asarray((_ORIGIN + month.astype("timedelta64[M]")).astype("datetime64[D]"))


def last_day(month: NDArray[np.int64]) -> Days:
    """Return the last day of each month by number."""
    return np.asarray(first_day(month + 1) - DAY)


_MONTH_LABELS = tuple(str(_ORIGIN + m) for m in range(12 * (len(ALL_YEARS) + LOOKBACK)))

PERIODS = pd.CategoricalDtype(sorted({*ALL_YEARS, *_MONTH_LABELS}))
"""The labels of all periods. Frames hold labels as codes until they are written: texts are slow to move."""

_MONTH_CODES = PERIODS.categories.get_indexer(list(_MONTH_LABELS))
_YEAR_CODES = PERIODS.categories.get_indexer(list(ALL_YEARS))


def month_label(month: NDArray[np.int64]) -> pd.Categorical:
    """Return the label of each month by number, such as ``2023-07``.

    Examples
    --------
    >>> month_label(np.array([0, 12])).tolist()
    ['2020-04', '2021-04']
    """
    return pd.Categorical.from_codes(_MONTH_CODES[month], dtype=PERIODS)


def year_label(year: NDArray[np.int64]) -> pd.Categorical:
    """Return the label of each tax year by its position in `ALL_YEARS`.

    Examples
    --------
    >>> year_label(np.array([2, 0])).tolist()
    ['2023-24', '2021-22']
    """
    return pd.Categorical.from_codes(_YEAR_CODES[year], dtype=PERIODS)


def year_of_month(month: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position in `ALL_YEARS` of the tax year that holds each month; -1 in the lookback year."""
    return np.asarray(month // 12 - LOOKBACK)
