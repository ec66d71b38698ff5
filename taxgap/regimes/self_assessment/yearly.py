"""A tax year in figures that can be held against another year's, however many months its accounts cover."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from taxgap.regimes.self_assessment.amounts import Floats, per_year, ratio, within_a_year
from taxgap.tax.law import AllowanceLaw, tax_law, tax_years

# GBP of taxable turnover in twelve months, by the first tax year it holds for (VATA 1994 Sch.1 para.1; the
# limit of 90,000 is from 1 April 2024).
VAT_THRESHOLDS = {"2017-18": 85_000.0, "2024-25": 90_000.0}

JUST_BELOW = 0.9
"""An amount is just below a threshold from this share of it upwards."""


def summarise_years(returns: Mapping[str, Floats], periods: pd.Series) -> dict[str, Floats]:
    """Bring each return to figures that compare between years.

    Parameters
    ----------
    returns : mapping of str to ndarray
        The boxes of the returns, and `vat_share`.
    periods : Series of str
        The tax year of each.

    Returns
    -------
    dict of str to ndarray
        Pounds a year: `turnover`, `expenses`, `rents`, `interest`, `dividends`; `margin`, turnover less
        expenses as a share of turnover; and 1 or 0, missing where there is no such income: `loss`,
        `below_vat_threshold`, `within_trading_allowance`, `within_property_allowance`.
    """
    months, spent = returns["accounts_months"], returns["total_expenses"]
    turnover = per_year(returns["turnover"], months)
    trades = (returns["turnover"] > 0) | (spent > 0) | (returns["net_profit"] != 0)
    receipts = within_a_year(returns["turnover"] + returns["other_business_income"], months)
    property_allowance = by_period(periods, lambda year: _allowances(year).property_allowance)
    below_vat = _just_below(turnover, by_period(periods, vat_threshold)) * (returns["vat_share"] == 0)
    return {
        "turnover": turnover,
        "expenses": per_year(spent, months),
        "margin": ratio(returns["turnover"] - spent, returns["turnover"]),
        **{box: returns[box] for box in ("rents", "interest", "dividends")},
        "loss": np.where(trades, returns["net_profit"] < 0, np.nan),
        "below_vat_threshold": below_vat,
        "within_trading_allowance": _just_below(receipts, trading_allowance(periods), reached=True),
        "within_property_allowance": _just_below(returns["rents"], property_allowance, reached=True),
    }


def trading_allowance(periods: pd.Series) -> Floats:
    """Return the trading allowance of each tax year in pounds."""
    return by_period(periods, lambda year: _allowances(year).trading_allowance)


def vat_threshold(period: str) -> float:
    """Return the VAT registration threshold of a tax year in pounds.

    Examples
    --------
    >>> vat_threshold("2023-24"), vat_threshold("2024-25")
    (85000.0, 90000.0)
    """
    return VAT_THRESHOLDS[
        max((year for year in VAT_THRESHOLDS if year <= period), default=min(VAT_THRESHOLDS))
    ]


def by_period(periods: pd.Series, figure: Callable[[str], float]) -> Floats:
    """Look a figure of the law up for each return, once a tax year."""
    codes, labels = pd.factorize(periods)
    figures = np.array([figure(label) for label in labels], dtype=np.float64)
    return np.asarray(figures[codes])


def _allowances(period: str) -> AllowanceLaw:
    # The year before the first one held is looked at for its income only; the allowances were the same.
    return tax_law(max(period, tax_years()[0])).allowances


def _just_below(amount: Floats, threshold: Floats, *, reached: bool = False) -> Floats:
    near = (amount >= JUST_BELOW * threshold) & ((amount < threshold) | (reached & (amount == threshold)))
    return np.where(amount > 0, near, np.nan)
