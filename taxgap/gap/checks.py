"""What estimates ask of arguments: a level, numbers above 0, whole numbers, rows that belong together."""

from __future__ import annotations

from math import isfinite
from numbers import Real

import pandas as pd

from taxgap.errors import UsageError


def check_level(level: float) -> None:
    """Refuse a confidence level that is not between 0 and 1.

    Parameters
    ----------
    level : float
        Confidence, for example 0.95.

    Raises
    ------
    UsageError
        If it is no number, missing, or not above 0 and below 1.

    Examples
    --------
    >>> check_level(0.95)
    """
    if not (isinstance(level, Real) and 0 < level < 1):
        raise UsageError(
            f"The level is {level}, not between 0 and 1.", where="level", remedy="Give for example 0.95."
        )


def check_positive(value: float, name: str, *, where: str | None = None) -> float:
    """Return a number, if it is finite and above 0.

    Parameters
    ----------
    value : float
        The number.
    name : str
        What it is called in an error.
    where : str, optional
        The argument it came with; by default its name.

    Returns
    -------
    float

    Raises
    ------
    UsageError
        If it is no number, missing, infinite, or not above 0.

    Examples
    --------
    >>> check_positive(5000, "largest_amount")
    5000.0
    """
    if not (isinstance(value, Real) and isfinite(value) and value > 0):
        raise UsageError(f"{name} is {value}, not a finite number above 0.", where=where or name)
    return float(value)


def check_whole(value: float, name: str, *, least: int = 1) -> int:
    """Return a whole number, if it is one and large enough.

    Parameters
    ----------
    value : int, or float without a fraction
        The number.
    name : str
        What it is called in an error.
    least : int, default 1
        The smallest that is allowed.

    Returns
    -------
    int

    Raises
    ------
    UsageError
        If it is no number, missing, has a fraction, or is too small.

    Examples
    --------
    >>> check_whole(500.0, "cases")
    500
    """
    if not (isinstance(value, Real) and isfinite(value) and value == int(value) and value >= least):
        raise UsageError(f"{name} is {value}, not a whole number of at least {least}.", where=name)
    return int(value)


def check_same_rows(**columns: object) -> None:
    """Refuse columns that carry different indexes.

    Parameters
    ----------
    **columns : Series, DataFrame, array or None
        Columns that are read row by row, by the name of their argument. Those with an index must have the
        same one, in the same order; arrays and lists have none and are matched by position.

    Raises
    ------
    UsageError
        If two indexes differ. It names both columns.

    Examples
    --------
    >>> check_same_rows(y=pd.Series([1.0, 2.0]), scores=[3.0, 4.0], strata=None)
    """
    labelled = {
        name: column for name, column in columns.items() if isinstance(column, pd.Series | pd.DataFrame)
    }
    first = next(iter(labelled), "")
    for name, column in labelled.items():
        if not column.index.equals(labelled[first].index):
            raise UsageError(
                f"The rows of {name} are not those of {first}: their indexes differ.",
                where=name,
                remedy=f"Align it with {name}.reindex({first}.index), or give {name}.to_numpy() to match by "
                "position.",
            )
