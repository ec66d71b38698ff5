"""Bands of numbers, and the fewest returns of a group."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats

FEWEST = 30
"""Groups with fewer returns are left out, or put together."""


def band(values: Floats, ends: tuple[float, ...]) -> pd.Categorical:
    """Put numbers from 0 up into bands, named by their ends; missing where the number is.

    Examples
    --------
    >>> band(np.array([0.0, 0.1, 3.0, np.nan]), (0.1, 1.0)).tolist()
    ['under 0.1', '0.1 to 1', '1 and more', nan]
    """
    between = [f"{low:g} to {high:g}" for low, high in pairwise(ends)]
    names = [f"under {ends[0]:g}", *between, f"{ends[-1]:g} and more"]
    codes = np.where(np.isnan(values), -1, np.searchsorted(ends, np.nan_to_num(values), side="right"))
    return pd.Categorical.from_codes(codes, names, ordered=True)
