"""Income Tax of a year: allowances and reliefs around the charge on taxable income (ITA 2007 s.23)."""

from __future__ import annotations

import numpy as np

from taxgap.tax.allocation import least_charge
from taxgap.tax.amounts import Amounts
from taxgap.tax.charge import Streams
from taxgap.tax.incomes import Incomes
from taxgap.tax.law import IncomeTaxLaw


def income_tax(incomes: Incomes, law: IncomeTaxLaw) -> Amounts:
    """Return the Income Tax of each person.

    Parameters
    ----------
    incomes : Incomes
        Incomes and reliefs of the year.
    law : IncomeTaxLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds, not rounded.
    """
    extension = incomes.gift_aid + relieved_contributions(incomes, law)
    streams = Streams(incomes.non_savings(), incomes.interest, incomes.dividends, extension, incomes.scottish)
    allowance = personal_allowance(streams.total() - extension, law)
    tax = least_charge(streams, allowance, law)
    reduction = finance_cost_reduction(
        incomes.finance_costs, incomes.property, streams.non_savings - allowance, law
    )
    return np.maximum(tax - reduction, 0.0)


def relieved_contributions(incomes: Incomes, law: IncomeTaxLaw) -> Amounts:
    """Return the gross pension contributions that get relief: up to earnings, or GBP 3,600 if these are less.

    Notes
    -----
    Finance Act 2004 s.190. Relevant UK earnings are pay and trading profits before losses brought forward.
    """
    earnings = incomes.employment + incomes.self_employment
    return np.minimum(incomes.pension_contributions, np.maximum(earnings, law.pension_basic_amount))


def personal_allowance(adjusted_net_income: Amounts, law: IncomeTaxLaw) -> Amounts:
    """Return the personal allowance, less GBP 1 for every GBP 2 of adjusted net income above the limit.

    Parameters
    ----------
    adjusted_net_income : numpy.ndarray
        Net income less gross gifts and contributions relieved at source (Income Tax Act 2007 s.58), pounds.
    law : IncomeTaxLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Whole pounds, rounded up (s.35), never below 0.

    Examples
    --------
    >>> from taxgap.tax.law import tax_law
    >>> personal_allowance(np.array([90_000.0, 100_003.0, 130_000.0]), tax_law("2023-24").income_tax).tolist()
    [12570.0, 12569.0, 0.0]
    """
    excess = np.maximum(adjusted_net_income - law.allowance_income_limit, 0.0)
    left = law.personal_allowance - law.allowance_withdrawal_rate * excess
    # Rounded to a hundredth of a penny first, or a sum that misses a whole pound by a hair would be rounded
    # up past it.
    return np.maximum(np.ceil(np.round(left, 4)), 0.0)


def finance_cost_reduction(costs: Amounts, profits: Amounts, income: Amounts, law: IncomeTaxLaw) -> Amounts:
    """Return the tax reduction for finance costs of residential property.

    Parameters
    ----------
    costs : numpy.ndarray
        Finance costs that may not be deducted from profits, this year's and those brought forward, pounds.
    profits : numpy.ndarray
        Property profits, pounds.
    income : numpy.ndarray
        Net income other than savings and dividends less the whole personal allowance, pounds; below 0 counts
        as 0.
    law : IncomeTaxLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        The basic rate on the least of the three, pounds (Income Tax (Trading and Other Income) Act 2005
        s.274AA). What is not relieved is carried forward, which is for the caller to do.
    """
    relieved = np.minimum(np.minimum(costs, profits), np.maximum(income, 0.0))
    return law.finance_cost_rate * relieved
