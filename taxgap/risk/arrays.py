"""Columns that stand beside a feature frame: checked, aligned and turned into plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Integers: TypeAlias = npt.NDArray[np.int64]
Column: TypeAlias = Sequence[Any] | npt.NDArray[Any] | pd.Series


def to_floats(values: Column, name: str, *, index: pd.Index | None = None, rows: int | None = None) -> Floats:
    """Return a column as float64, one finite number a row.

    Parameters
    ----------
    values : sequence, array or Series
        The column. A Series must carry the same index as the frame, in the same order.
    name : str
        What the column is called in an error.
    index : pandas.Index, optional
        The index of the frame that the column stands beside.
    rows : int, optional
        How many rows are expected, where there is no index.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    UsageError
        If the rows are not those of the frame.
    InvalidDataError
        If a value is missing, infinite or not a number.

    Examples
    --------
    >>> to_floats([1, 2], "amount", rows=2)
    array([1., 2.])
    """
    _check_rows(values, name, index, rows)
    column = pd.Series(values)
    words = len(column) > 0 and pd.api.types.is_string_dtype(column)
    if words or pd.api.types.is_datetime64_any_dtype(column):
        raise InvalidDataError(f"{name} must hold numbers only.", where=name)
    try:
        array = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"{name} must hold numbers only.", where=name) from error
    unusable = int((~np.isfinite(array)).sum())
    if unusable:
        raise InvalidDataError(
            f"{name} is missing or infinite in {unusable} of {len(array)} rows.",
            where=name,
            remedy="Leave those rows out, or give their values.",
        )
    return np.ascontiguousarray(array, dtype=np.float64)


def to_flags(values: Column, name: str, *, index: pd.Index | None = None, rows: int | None = None) -> Bools:
    """Return a column of true and false (or 1 and 0) as booleans.

    Parameters
    ----------
    values, name, index, rows
        As for `to_floats`.

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> to_flags([0, 1, True], "random", rows=3)
    array([False,  True,  True])
    """
    array = to_floats(values, name, index=index, rows=rows)
    if not np.isin(array, (0.0, 1.0)).all():
        raise InvalidDataError(f"{name} must be true or false (1 or 0) in every row.", where=name)
    return array.astype(np.bool_)


def to_probabilities(
    values: Column, name: str, *, index: pd.Index | None = None, rows: int | None = None
) -> Floats:
    """Return a column of probabilities above 0 and up to 1.

    Parameters
    ----------
    values, name, index, rows
        As for `to_floats`.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> to_probabilities([0.25, 1.0], "inclusion_probability", rows=2)
    array([0.25, 1.  ])
    """
    array = to_floats(values, name, index=index, rows=rows)
    outside = int(((array <= 0.0) | (array > 1.0)).sum())
    if outside:
        raise InvalidDataError(
            f"{name} must be above 0 and at most 1; it is not in {outside} of {len(array)} rows.",
            where=name,
            remedy="A case that could not have been drawn cannot stand for others: leave it out.",
        )
    return array


def split_bins(value: Floats, weight: Floats, bins: int) -> Integers:
    """Return the bin of each case: bins of about equal weight, by rising value; equal values share one.

    Parameters
    ----------
    value, weight : ndarray
        What is binned, and how much each case weighs.
    bins : int
        How many bins; some stay empty where many values are equal.

    Returns
    -------
    ndarray of int

    Examples
    --------
    >>> split_bins(np.array([0.1, 0.2, 0.3, 0.4]), np.ones(4), 2)
    array([0, 0, 1, 1])
    """
    order = np.argsort(value, kind="stable")
    ordered = value[order]
    middle = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    label = np.minimum((middle * bins).astype(np.int64), bins - 1)
    label = label[np.searchsorted(ordered, ordered, side="left")]
    result = np.empty(len(value), dtype=np.int64)
    result[order] = label
    return result


def _check_rows(values: Column, name: str, index: pd.Index | None, rows: int | None) -> None:
    expected = len(index) if index is not None else rows
    if expected is not None and len(values) != expected:
        raise UsageError(f"{name} has {len(values)} rows; {expected} were expected.", where=name)
    if index is not None and isinstance(values, pd.Series) and not values.index.equals(index):
        raise UsageError(
            f"The rows of {name} are not those of the feature frame.",
            where=name,
            remedy=f"Align it first, for example with {name}.reindex(X.index).",
        )
