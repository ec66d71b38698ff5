"""The liability of individuals: Income Tax and National Insurance of a frame of people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.tax.income_tax import income_tax
from taxgap.tax.incomes import read_incomes
from taxgap.tax.law import tax_law
from taxgap.tax.national_insurance import class_1, class_2, class_4


def personal_tax(incomes: pd.DataFrame, tax_year: str) -> pd.DataFrame:
    """Return what individuals owe for a tax year, given their incomes.

    Parameters
    ----------
    incomes : pandas.DataFrame
        One row a person. Amounts are GBP a year, finite and not negative; other columns are ignored.

        Required: ``employment`` (pay), ``self_employment`` (trading profits after expenses or the trading
        allowance), ``property`` (profits after expenses or the property allowance, before residential
        finance costs), ``interest``, ``dividends`` and ``nation`` (England, Wales, Scotland or Northern
        Ireland).

        Optional, zero or False when absent: ``pension`` (State and private), ``foreign_income`` and
        ``other_income`` (both taxed as non-savings income), ``finance_costs`` (of residential property, this
        year's and those brought forward), ``pension_contributions`` (GROSS contributions to personal
        pensions with relief at source: what was paid, times 1.25), ``gift_aid`` (GROSS gifts: what was
        given, times 1.25), ``losses`` (trading losses brought forward, set against ``self_employment`` for
        Income Tax, Class 2 and Class 4) and ``over_state_pension_age`` (whether State Pension age was
        reached on or before the 6 April on which the tax year begins; no contributions are due then).
    tax_year : str
        A label such as ``2023-24``. A year after the last enacted one is taxed under the last enacted law.

    Returns
    -------
    pandas.DataFrame
        Columns ``income_tax``, ``nics_class_1``, ``nics_class_2``, ``nics_class_4`` and ``total``, in GBP
        and not rounded, on the index of ``incomes``.

    Raises
    ------
    UsageError
        If the tax year is malformed or lies before the first enacted one, or incomes are not a DataFrame.
    InvalidDataError
        If columns are missing or amounts, nations or flags cannot be used.

    Notes
    -----
    The personal allowance is taken from whatever income leaves the least tax, as the law demands (Income Tax
    Act 2007 s.25(2)). Gifts and contributions widen the bands and lower adjusted net income. Finance costs
    reduce tax, not profits. Class 1 is charged on the year's pay from one employment by an annual earnings
    period. See the package's own text for what is left out.

    Examples
    --------
    >>> people = pd.DataFrame(
    ...     {
    ...         "employment": [60_000, 0],
    ...         "self_employment": [0, 30_000],
    ...         "property": 0,
    ...         "interest": 0,
    ...         "dividends": 0,
    ...         "nation": ["Scotland", "Wales"],
    ...     }
    ... )
    >>> personal_tax(people, "2021-22").round(2)
       income_tax  nics_class_1  nics_class_2  nics_class_4     total
    0    13079.67       5078.84           0.0          0.00  18158.51
    1     3486.00          0.00         158.6       1838.88   5483.48
    """
    law = tax_law(tax_year)
    people = read_incomes(incomes)
    exempt, profits = people.over_state_pension_age, people.trading_profit()
    parts = {
        "income_tax": income_tax(people, law.income_tax),
        "nics_class_1": class_1(people.employment, exempt, law.national_insurance),
        "nics_class_2": class_2(profits, exempt, law.national_insurance),
        "nics_class_4": class_4(profits, people.employment, exempt, law.national_insurance),
    }
    parts["total"] = np.sum(list(parts.values()), axis=0)
    return pd.DataFrame(parts, index=incomes.index)
