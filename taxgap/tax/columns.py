"""Columns of the frames that come in: which must be there, and how they become arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax.amounts import Amounts, Days, to_amounts


def check_columns(frame: pd.DataFrame, required: Sequence[str], optional: Sequence[str], where: str) -> None:
    """Refuse what is no frame, and a frame in which a column is missing or stands twice.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a person, a period or whatever is taxed.
    required, optional : sequence of str
        The columns that are looked at.
    where : str
        What the frame holds, for the message.

    Raises
    ------
    UsageError
        If it is not a DataFrame.
    InvalidDataError
        If a required column is missing, or a column stands there more than once.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"{where.capitalize()} must be a pandas DataFrame, not {type(frame).__name__}.",
            available=required,
            remedy="Build a frame with one row each and these columns.",
        )
    names = list(frame.columns)
    missing = [name for name in required if name not in names]
    if missing:
        others = f" Optional: {', '.join(optional)}." if optional else ""
        raise InvalidDataError(
            f"Columns are missing: {', '.join(missing)}.",
            where=where,
            available=map(str, names),
            remedy=f"Add them, zero where there was nothing.{others}",
        )
    repeated = [name for name in (*required, *optional) if names.count(name) > 1]
    if repeated:
        raise InvalidDataError(
            f"Columns stand there more than once: {', '.join(repeated)}.",
            where=where,
            remedy="Keep one column of each name.",
        )


def read_amounts(frame: pd.DataFrame, name: str, where: str) -> Amounts:
    """Return a column of numbers as an array, zeros where it is absent; refuse anything but numbers."""
    if name not in frame.columns:
        return np.zeros(len(frame))
    try:
        return to_amounts(frame[name])
    except TypeError as error:
        raise InvalidDataError(
            f"Column {name} holds something other than numbers.",
            where=where,
            remedy="Convert it to numbers first, for instance with pandas.to_numeric.",
        ) from error


def read_days(frame: pd.DataFrame, name: str, where: str) -> Days:
    """Return a column of dates as an array of whole days; refuse anything but dates without a time zone."""
    column = frame[name]
    if not pd.api.types.is_datetime64_dtype(column.dtype):
        raise InvalidDataError(
            f"Column {name} holds something other than dates.",
            where=where,
            remedy="Convert it to dates first, for instance with pandas.to_datetime.",
        )
    days: Days = column.to_numpy().astype("datetime64[D]")
    return days
