"""Amounts of accounts brought to a year."""

from __future__ import annotations

import numpy as np

from taxgap.regimes.amounts import Floats


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
