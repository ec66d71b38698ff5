"""The few sums of which most measures are made: ratios, shortfalls, and amounts brought to a year."""

from __future__ import annotations

import numpy as np
import pandas as pd


def ratio(part: pd.Series, whole: pd.Series, limit: float = 5.0) -> pd.Series:
    """Divide, cut off at plus and minus `limit`; missing where the whole is not above zero.

    Examples
    --------
    >>> ratio(pd.Series([1.0, 90.0, 1.0]), pd.Series([2.0, 1.0, 0.0])).tolist()
    [0.5, 5.0, nan]
    """
    return (part / whole.where(whole > 0)).clip(-limit, limit)


def shortfall(reported: pd.Series, declared: pd.Series, ignore: float | pd.Series = 0.0) -> pd.Series:
    """Return the share of what is reported that the amount declared does not cover.

    Parameters
    ----------
    reported, declared : Series of float64
        Pounds.
    ignore : float or Series of float64, default 0
        Reports up to this amount count as covered.

    Returns
    -------
    Series of float64
        From 0 to 1.

    Examples
    --------
    >>> shortfall(pd.Series([0.0, 100.0, 100.0]), pd.Series([0.0, 25.0, 300.0])).tolist()
    [0.0, 0.75, 0.0]
    """
    share = (1 - declared / reported.where(reported > 0)).clip(0.0, 1.0)
    return share.mask(reported <= np.maximum(ignore, 0.0), 0.0)


def per_year(amount: pd.Series, months: pd.Series) -> pd.Series:
    """Bring an amount of some months of trading to twelve, so that years of any length compare.

    Multiplying first keeps it exact: the accounts of 20 months of a steady trade give exactly those of 12.
    """
    return amount * 12 / months


def within_a_year(amount: pd.Series, months: pd.Series) -> pd.Series:
    """Bring an amount of more than twelve months of trading down to twelve.

    What others report covers the tax year, while in the year of transition to tax-year basis (2023-24)
    accounts cover up to 23 months. Accounts of fewer than twelve months stand as they are: the trade began
    or ended within the year, and so did the reports.
    """
    return amount * 12 / months.clip(lower=12.0)
