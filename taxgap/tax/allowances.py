"""The allowances of GBP 1,000 that may stand in for the actual expenses of a trade or of let property."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taxgap.tax.amounts import Amounts, checked_amounts
from taxgap.tax.law import tax_law


def trading_allowance(turnover: npt.ArrayLike, expenses: npt.ArrayLike, tax_year: str) -> Amounts:
    """Return the deduction from trading receipts: expenses or the trading allowance, whichever is more.

    Parameters
    ----------
    turnover : array_like
        Receipts of all the person's trades, GBP a year, not negative.
    expenses : array_like
        Allowable expenses and capital allowances of those trades, GBP a year, not negative.
    tax_year : str
        A label such as ``2023-24``.

    Returns
    -------
    numpy.ndarray
        The deduction in GBP. Taxable profit is turnover less this. The allowance never makes a loss;
        expenses may.

    Raises
    ------
    UsageError
        If the tax year cannot be used, something is not a number or lengths differ.
    InvalidDataError
        If an amount is missing, infinite or negative.

    Notes
    -----
    Income Tax (Trading and Other Income) Act 2005 Part 6A: receipts within the allowance are not taxed
    (s.783AF), larger ones may be reduced by the allowance instead of by expenses (s.783AI). A person with a
    loss is taken to elect for actual expenses (s.783AL). The allowance is not given to partners, nor on
    income from one's own employer or close company.

    Examples
    --------
    >>> trading_allowance([800, 5_000, 5_000, 600], [100, 300, 2_000, 900], "2023-24").tolist()
    [800.0, 1000.0, 2000.0, 900.0]
    """
    receipts, costs = checked_amounts("trading_allowance", turnover=turnover, expenses=expenses)
    return np.maximum(costs, np.minimum(receipts, tax_law(tax_year).allowances.trading_allowance))


def property_allowance(
    rents: npt.ArrayLike, expenses: npt.ArrayLike, tax_year: str, *, finance_costs: npt.ArrayLike = 0.0
) -> Amounts:
    """Return the deduction from rents: actual expenses or the property allowance, whichever saves more.

    Parameters
    ----------
    rents : array_like
        Receipts of all the person's property businesses outside rent-a-room relief, GBP a year, not negative.
    expenses : array_like
        Allowable expenses, without residential finance costs, GBP a year, not negative.
    tax_year : str
        A label such as ``2023-24``.
    finance_costs : array_like, default 0
        Residential finance costs, GBP a year, not negative. Whoever uses the allowance forgoes the tax
        reduction for them (s.783BL), so the allowance is used only where it exceeds expenses and finance
        costs together; for a basic rate taxpayer that is the cheaper choice, for others it is a rule of
        thumb.

    Returns
    -------
    numpy.ndarray
        The deduction in GBP. Taxable profit is rents less this. Where it exceeds the expenses the allowance
        was used, and finance costs must be left out of `personal_tax`. The allowance never makes a loss;
        expenses may.

    Raises
    ------
    UsageError
        If the tax year cannot be used, something is not a number or lengths differ.
    InvalidDataError
        If an amount is missing, infinite or negative.

    Notes
    -----
    Income Tax (Trading and Other Income) Act 2005 Part 6A: rents within the allowance are not taxed
    (s.783BF), larger ones may be reduced by the allowance instead of by expenses (s.783BH).

    Examples
    --------
    >>> property_allowance([900, 8_000, 8_000], [0, 400, 400], "2023-24", finance_costs=[0, 0, 3_000])
    array([ 900., 1000.,  400.])
    """
    receipts, costs, interest = checked_amounts(
        "property_allowance", rents=rents, expenses=expenses, finance_costs=finance_costs
    )
    allowance = np.minimum(receipts, tax_law(tax_year).allowances.property_allowance)
    return np.where(allowance > costs + interest, allowance, costs)
