"""The few sums of which most measures are made: ratios, shortfalls, and amounts brought to a year."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; missing where the whole is not above zero.

    Examples
    --------
    >>> ratio(np.array([1.0, 3.0, 1.0]), np.array([2.0, 1.0, 0.0])).tolist()
    [0.5, 3.0, nan]
    """
    return np.asarray(part / np.where(whole > 0, whole, np.nan))


def shortfall(reported: Floats, declared: Floats, ignore: Floats | float = 0.0) -> Floats:
    """Return the share of what is reported that the amount declared does not cover.

    Parameters
    ----------
    reported, declared : ndarray of float64
        Pounds.
    ignore : ndarray of float64 or float, default 0
        Reports up to this amount count as covered.

    Returns
    -------
    ndarray of float64
        From 0 to 1.

    Examples
    --------
    >>> shortfall(np.array([0.0, 100.0, 100.0]), np.array([0.0, 25.0, 300.0])).tolist()
    [0.0, 0.75, 0.0]
    """
    share = np.clip(1 - declared / np.where(reported > 0, reported, np.nan), 0.0, 1.0)
    return np.where(reported <= ignore, 0.0, share)


def per_year(amount: Floats, months: Floats) -> Floats:
    """Bring an amount of some months of trading to twelve, so that years of any length compare.

    Multiplying first keeps it exact: the accounts of 20 months of a steady trade give exactly those of 12.
    """
    return amount * 12 / np.where(months > 0, months, np.nan)


def within_a_year(amount: Floats, months: Floats) -> Floats:
    """Bring an amount of more than twelve months of trading down to twelve.

    What others report covers the tax year, while in the year of transition to tax-year basis (2023-24)
    accounts cover up to 23 months. Accounts of fewer than twelve months stand as they are: the trade began or
    ended within the year, and so did the reports.
    """
    return per_year(amount, np.maximum(months, 12.0))
