"""The few amounts of law that measures refer to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from taxgap.regimes.amounts import Floats
from taxgap.tax.companies import company_law, loan_tax_rate
from taxgap.tax.vat import vat_law

VAT_RATE = vat_law("2021-22").standard_rate
"""The standard rate of VAT, the same in all years held."""

LOAN_TAX_RATE = loan_tax_rate("2021-22")
"""The lowest of the rates of tax on loans to directors: on which day a loan was made is not known."""

# GBP an hour from the April in which the tax year begins (National Living Wage; from memory).
LIVING_WAGES = {"2021-22": 8.91, "2022-23": 9.50, "2023-24": 10.42, "2024-25": 11.44, "2025-26": 12.21}

FULL_TIME_HOURS = 35.0 * 52
"""Hours of a full-time year (assumption)."""

JUST_BELOW = 0.9
"""An amount is just below a threshold from this share of it upwards."""


def by_period(periods: pd.Series, figure: Callable[[str], float]) -> Floats:
    """Look a figure of the law up for each return, once a tax year."""
    codes, labels = pd.factorize(periods)
    figures = np.array([figure(label) for label in labels], dtype=np.float64)
    return np.asarray(figures[codes])


def vat_threshold(period: str) -> float:
    """Return the VAT registration threshold of a tax year in pounds.

    Examples
    --------
    >>> vat_threshold("2023-24"), vat_threshold("2024-25")
    (85000.0, 90000.0)
    """
    return vat_law(period).registration_threshold


def flat_rate_limit(period: str) -> float:
    """Return the sales with VAT in twelve months, in pounds, above which the flat rate scheme is left."""
    return vat_law(period).flat_rate_leave_limit


def small_profits_limit(period: str) -> float:
    """Return the profits a year, in pounds, up to which a lone company pays the small profits rate.

    Examples
    --------
    >>> small_profits_limit("2021-22"), small_profits_limit("2023-24")
    (0.0, 50000.0)
    """
    return company_law(max(period, "2020-21")).lower_limit


def full_time_pay(period: str) -> float:
    """Return what a full-time year at the National Living Wage comes to, in pounds.

    Examples
    --------
    >>> round(full_time_pay("2023-24"))
    18964
    """
    year = max((year for year in LIVING_WAGES if year <= period), default=min(LIVING_WAGES))
    return LIVING_WAGES[year] * FULL_TIME_HOURS


def just_below(amount: Floats, threshold: Floats | float, *, reached: bool = False) -> Floats:
    """Tell (1 or 0) which amounts end just below a threshold; missing where there is no amount.

    Examples
    --------
    >>> just_below(np.array([0.0, 80.0, 95.0, 100.0]), 100.0).tolist()
    [nan, 0.0, 1.0, 0.0]
    """
    near = (amount >= JUST_BELOW * threshold) & ((amount < threshold) | (reached & (amount == threshold)))
    return np.where(amount > 0, near, np.nan)
