"""A tax year in figures that can be held against another year's, however many months its accounts cover."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from taxgap.regimes.amounts import Floats, ratio
from taxgap.regimes.law import by_period, just_below, vat_threshold
from taxgap.regimes.self_assessment.amounts import per_year, within_a_year
from taxgap.tax.law import AllowanceLaw, tax_law, tax_years


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
        Pounds a year: `turnover`, `expenses`, `rents`, `interest`, `dividends`, `partnership_profit`;
        `margin`, turnover less expenses as a share of turnover; and 1 or 0, missing where there is no such
        income: `loss`, `below_vat_threshold`, `within_trading_allowance`, `within_property_allowance`.
    """
    months, spent = returns["accounts_months"], returns["total_expenses"]
    turnover = per_year(returns["turnover"], months)
    trades = (returns["turnover"] > 0) | (spent > 0) | (returns["net_profit"] != 0)
    receipts = within_a_year(returns["turnover"] + returns["other_business_income"], months)
    property_allowance = by_period(periods, lambda year: _allowances(year).property_allowance)
    below_vat = just_below(turnover, by_period(periods, vat_threshold)) * (returns["vat_share"] == 0)
    return {
        "turnover": turnover,
        "expenses": per_year(spent, months),
        "margin": ratio(returns["turnover"] - spent, returns["turnover"]),
        **{box: returns[box] for box in ("rents", "interest", "dividends", "partnership_profit")},
        "loss": np.where(trades, returns["net_profit"] < 0, np.nan),
        "below_vat_threshold": below_vat,
        "within_trading_allowance": just_below(receipts, trading_allowance(periods), reached=True),
        "within_property_allowance": just_below(returns["rents"], property_allowance, reached=True),
    }


def trading_allowance(periods: pd.Series) -> Floats:
    """Return the trading allowance of each tax year in pounds."""
    return by_period(periods, lambda year: _allowances(year).trading_allowance)


def _allowances(period: str) -> AllowanceLaw:
    # The year before the first one held is looked at for its income only; the allowances were the same.
    return tax_law(max(period, tax_years()[0])).allowances
