"""A tax year in figures that can be held against another year's, however many months its accounts cover."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from taxgap.regimes.self_assessment.amounts import per_year, ratio
from taxgap.tax.law import AllowanceLaw, tax_law, tax_years

# GBP of taxable turnover in twelve months, by the first tax year it holds for (VATA 1994 Sch.1 para.1; the
# limit of 90,000 is from 1 April 2024).
VAT_THRESHOLDS = {"2017-18": 85_000.0, "2024-25": 90_000.0}

JUST_BELOW = 0.9
"""An amount is just below a threshold from this share of it upwards."""


def summarise_years(returns: pd.DataFrame) -> pd.DataFrame:
    """Bring each return to figures that compare between years.

    Parameters
    ----------
    returns : DataFrame
        Returns indexed by (taxpayer_id, period), with `vat_share`.

    Returns
    -------
    DataFrame
        The index of `returns`; pounds a year: `turnover`, `expenses`, `rents`, `interest`, `dividends`;
        `margin`, turnover less expenses as a share of turnover; and 1 or 0, missing where there is no such
        income: `loss`, `below_vat_threshold`, `within_trading_allowance`, `within_property_allowance`.
    """
    months = returns["accounts_months"]
    turnover = per_year(returns["turnover"], months)
    expenses = per_year(returns["total_expenses"], months)
    receipts = returns["turnover"] + returns["other_business_income"]
    trades = (returns["turnover"] > 0) | (returns["total_expenses"] > 0) | (returns["net_profit"] != 0)
    below_vat = _just_below(turnover, _by_period(returns.index, vat_threshold), reached=False)
    return pd.DataFrame(
        {
            "turnover": turnover,
            "expenses": expenses,
            "margin": ratio(turnover - expenses, turnover),
            "rents": returns["rents"],
            "interest": returns["interest"],
            "dividends": returns["dividends"],
            "loss": (returns["net_profit"] < 0).astype("float64").where(trades),
            "below_vat_threshold": below_vat * (returns["vat_share"] == 0),
            "within_trading_allowance": _just_below(receipts, trading_allowance(returns.index)),
            "within_property_allowance": _just_below(
                returns["rents"], _by_period(returns.index, lambda year: _allowances(year).property_allowance)
            ),
        }
    )


def trading_allowance(index: pd.MultiIndex) -> pd.Series:
    """Return the trading allowance in pounds of each (taxpayer_id, period)."""
    return _by_period(index, lambda year: _allowances(year).trading_allowance)


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


def _allowances(period: str) -> AllowanceLaw:
    # The year before the first one held is looked at for its income only; the allowances were the same.
    return tax_law(max(period, tax_years()[0])).allowances


def _by_period(index: pd.MultiIndex, figure: Callable[[str], float]) -> pd.Series:
    periods = index.get_level_values("period")
    return pd.Series(periods.map({period: figure(period) for period in periods.unique()}), index, "float64")


def _just_below(amount: pd.Series, threshold: pd.Series, *, reached: bool = True) -> pd.Series:
    near = (amount >= JUST_BELOW * threshold) & ((amount <= threshold) if reached else (amount < threshold))
    return near.astype("float64").where(amount > 0)
