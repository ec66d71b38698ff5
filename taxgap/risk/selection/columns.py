"""Columns that are known for some returns only: read where they are, and never elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Bools, Column, Floats, to_floats


def read_known(
    values: Column, name: str, known: Bools, *, index: pd.Index | None = None, fill: float
) -> Floats:
    """Return a column with what stands where it is not known replaced.

    Parameters
    ----------
    values : array-like
        One value a return; anything, such as missing, where not known.
    name : str
        What the column is called in an error.
    known : ndarray of bool
        Where to read.
    index : pandas.Index, optional
        A Series must carry this index.
    fill : float
        What to put elsewhere.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    UsageError
        If the rows do not match.
    InvalidDataError
        If a value that should be known is missing or infinite.

    Examples
    --------
    >>> read_known([5.0, None], "amount", np.array([True, False]), fill=0.0)
    array([5., 0.])
    """
    if len(values) != len(known):
        raise UsageError(f"{name} has {len(values)} rows; {len(known)} were expected.", where=name)
    if index is not None and isinstance(values, pd.Series) and not values.index.equals(index):
        raise UsageError(f"The rows of {name} are not those of the returns.", where=name)
    column = pd.Series(np.asarray(pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)))
    return to_floats(column.where(known, fill), name)
