"""Labels of periods: a tax year (``2023-24``), or the month in which a period ends (``2023-07``)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.validation.rule import Mask, as_mask

MONTHLY = ("vat", "corporation_tax")
"""The taxes whose periods bear the month in which they end; those of the others bear the tax year."""

_TAX_YEAR = re.compile(r"([0-9]{4})-([0-9]{2})", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)


def first_day(label: str) -> str:
    """Return the 6 April on which the tax year of a label begins, or ``NaT`` if it names none.

    Examples
    --------
    >>> first_day("2023-24"), first_day("2023-07")
    ('2023-04-06', 'NaT')
    """
    years = _TAX_YEAR.fullmatch(label)
    if years is None or (int(years[1]) + 1) % 100 != int(years[2]):
        return "NaT"
    return f"{years[1]}-04-06"


def end_month(label: str) -> str:
    """Return the month that a label names, or ``NaT`` if it names none.

    Examples
    --------
    >>> end_month("2023-07"), end_month("2023-24")
    ('2023-07', 'NaT')
    """
    return label if _MONTH.fullmatch(label) else "NaT"


def has_months(table: str, rows: pd.DataFrame) -> Mask:
    """Tell for each row of a table whether its label has to be a month, by its tax."""
    if "regime" in rows.columns:
        return as_mask(rows["regime"].isin(MONTHLY))
    return np.full(len(rows), table in MONTHLY)


def last_days(first: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the 5 April on which tax years end, by their first days."""
    following = first.astype("datetime64[Y]") + 1
    return (following.astype("datetime64[M]") + 3).astype("datetime64[D]") + 4


def days(values: pd.Series) -> NDArray[np.datetime64]:
    """Return dates as whole days."""
    return values.to_numpy().astype("datetime64[D]")  # type: ignore[no-any-return]
