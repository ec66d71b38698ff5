"""Amounts of money as arrays: what is accepted, what is refused, and how finely amounts are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError

Amounts: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Days: TypeAlias = npt.NDArray[np.datetime64]

# The law speaks in pounds and pence. Sums of binary fractions miss a threshold by less than a billionth of a
# penny, which matters only where the tax jumps at the threshold; there, amounts within half a penny are the
# same.
HALF_PENNY = 0.005


def to_amounts(values: npt.ArrayLike) -> Amounts:
    """Return values as an array of float64, missing ones as NaN.

    Parameters
    ----------
    values : array_like
        Numbers, as a pandas Series, an array, a list or a single number.

    Returns
    -------
    numpy.ndarray
        Of float64, one-dimensional; a view of the input where possible, so it is not to be written to.

    Raises
    ------
    TypeError, ValueError
        If the values are not numbers in a row. Text is not read as a number, nor a date as its distance
        from 1970.
    """
    column = values if isinstance(values, pd.Series) else pd.Series(np.atleast_1d(np.asarray(values)))
    if len(column) and not pd.api.types.is_numeric_dtype(column.dtype):
        raise TypeError(f"{column.dtype} is not a type of number")
    amounts: Amounts = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return amounts


def find_problems(name: str, amounts: Amounts) -> list[str]:
    """Say what is wrong with amounts that must be finite and not negative.

    Parameters
    ----------
    name : str
        What the amounts are called, for the message.
    amounts : numpy.ndarray
        Pounds.

    Returns
    -------
    list of str
        One clause for each kind of problem: the number of rows and the position of the first, no amounts.

    Examples
    --------
    >>> find_problems("interest", np.array([10.0, np.nan, -1.0, -2.0]))
    ['interest: 1 missing or infinite (first at row 1)', 'interest: 2 negative (first at row 2)']
    """
    finite = np.isfinite(amounts)
    kinds = {"missing or infinite": ~finite, "negative": finite & (amounts < 0)}
    return [describe_rows(f"{name}: {{}} {kind}", bad) for kind, bad in kinds.items() if bad.any()]


def describe_rows(sentence: str, bad: Flags) -> str:
    """Fill the number of bad rows into a sentence and add the position of the first."""
    return f"{sentence.format(np.count_nonzero(bad))} (first at row {int(np.argmax(bad))})"


def raise_problems(problems: Iterable[str], where: str) -> None:
    """Raise all problems in one error, if there are any.

    Raises
    ------
    InvalidDataError
        If there is a problem.
    """
    found = list(problems)
    if found:
        raise InvalidDataError(
            f"Amounts that cannot be taxed: {'; '.join(found)}.",
            where=where,
            remedy="Rows count from 0. Give every amount in GBP, finite and not below 0.",
        )


def checked_amounts(where: str, **named: npt.ArrayLike) -> list[Amounts]:
    """Return named amounts as arrays of one shape, all finite and none negative.

    Parameters
    ----------
    where : str
        The function asking, for the message.
    **named : array_like
        Amounts in pounds.

    Returns
    -------
    list of numpy.ndarray
        In the order given, broadcast against each other.

    Raises
    ------
    UsageError
        If something is not a number or the lengths differ.
    InvalidDataError
        If an amount is missing, infinite or negative.
    """
    try:
        arrays = {name: to_amounts(values) for name, values in named.items()}
        broadcast = np.broadcast_arrays(*arrays.values())
    except (TypeError, ValueError) as error:
        raise UsageError(
            "Amounts must be numbers, all of one length or single.",
            where=where,
            available=named,
            remedy="Pass Series, arrays or lists of equal length.",
        ) from error
    raise_problems((text for name, array in arrays.items() for text in find_problems(name, array)), where)
    return list(broadcast)
