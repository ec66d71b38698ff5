"""What was known when: rows and outcomes that came later are hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from taxgap.errors import UsageError


def hide_future(
    table: pd.DataFrame, as_of: pd.Timestamp | pd.Series, later: Mapping[str, tuple[str, ...]]
) -> pd.DataFrame:
    """Drop rows received after a date (or each after its own), and empty what became known after it."""
    # A date that is missing or of a wrong type hides nothing: to say so is the work of validation.
    future = is_after(table, "received_on", as_of)
    if future.any():
        table = table[~future]
        as_of = as_of[~future] if isinstance(as_of, pd.Series) else as_of
    for date, columns in later.items():
        unknown = is_after(table, date, as_of)
        if unknown.any():
            present = [column for column in columns if column in table.columns]
            table = table.assign(**{column: table[column].mask(unknown) for column in present})
    return table


def is_after(table: pd.DataFrame, column: str, as_of: pd.Timestamp | pd.Series) -> pd.Series:
    """Tell which rows have a date after another; none where the column is absent or holds no dates."""
    if not holds_dates(table, column):
        return pd.Series(False, table.index)
    return table[column] > as_of


def holds_dates(table: pd.DataFrame, column: str) -> bool:
    """Tell whether a table has a column of dates."""
    return (
        column in table.columns
        and isinstance(table[column].dtype, np.dtype)
        and table[column].dtype.kind == "M"
    )


def to_date(as_of: str | pd.Timestamp) -> pd.Timestamp:
    """Read a date that a caller gives.

    Raises
    ------
    UsageError
        It is none, or is written in another way than 2026-09-30.
    """
    # Other ways of writing a date are read by guesswork: 03/04/2025 would be the fourth of March.
    wrong = UsageError(f"'{as_of}' is no date.", remedy="Write it as 2026-09-30.")
    if isinstance(as_of, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", as_of):
        raise wrong
    try:
        return pd.Timestamp(as_of)
    except ValueError as error:
        raise wrong from error
