"""Payroll: how a firm's wages divide over its employees, and the tax and contributions on them."""

from __future__ import annotations

import numpy as np

from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK
from taxgap.tax import payroll_tax

STEPS = np.array([0.42, 0.70, 0.95, 1.25, 1.68])
"""A firm's pay by fifths of its employees, relative to their mean (assumption)."""

_LEAST_PAY, _MOST_PAY = 12_000.0, 60_000.0


def usual_pay(trade: np.ndarray) -> Floats:
    """Return the usual mean pay in a trade, GBP a year (assumption: a base and a sixth of turnover)."""
    head = trades()["head"].to_numpy(dtype=np.float64)[trade]
    return np.asarray(np.clip(8_000.0 + 0.165 * head, _LEAST_PAY, _MOST_PAY))


def payroll_of(wages: Floats, employees: Floats) -> dict[str, Floats]:
    """Work out what is deducted from and due on wages.

    Parameters
    ----------
    wages, employees : ndarray of float64, shape (firms, years)
        Pay in GBP and number of employees.

    Returns
    -------
    dict of str to ndarray
        `tax_deducted`, `employee_nics`, `employer_nics` in GBP, of the same shape.
    """
    mean = np.divide(wages, employees, out=np.zeros_like(wages), where=employees > 0)
    totals = {name: np.zeros_like(wages) for name in ("income_tax", "employee_nics", "employer_nics")}
    for column in range(wages.shape[1]):
        label = ALL_YEARS[max(column - LOOKBACK, 0)]
        charged = payroll_tax((mean[:, column, None] * STEPS).ravel(), label)
        for name, total in totals.items():
            each = charged[name].to_numpy().reshape(-1, len(STEPS)).mean(axis=1)
            total[:, column] = each * employees[:, column]
    totals["tax_deducted"] = totals.pop("income_tax")
    return totals


def payroll_of_directors(pay: Floats, directors: Floats, others: Floats) -> dict[str, Floats]:
    """Work out what is deducted from and due on the pay of directors.

    Parameters
    ----------
    pay, directors : ndarray of float64, shape (firms, years)
        Pay of all directors in GBP, and how many have any.
    others : ndarray of float64, shape (firms, years)
        What each director but the first has, in GBP; the first has the rest.

    Returns
    -------
    dict of str to ndarray
        As from `payroll_of`. Directors have an annual earnings period.

    Examples
    --------
    >>> pay, two = np.full((1, 5), 21_670.0), np.full((1, 5), 2.0)
    >>> due = payroll_of_directors(pay, two, np.full((1, 5), 9_100.0))  # the owner and a spouse
    >>> due["tax_deducted"][0].max().item(), due["employer_nics"][0, 3].round(2).item()
    (0.0, 478.86)
    """
    more = np.maximum(directors - 1, 0.0)
    first = np.maximum(pay - more * others, 0.0)
    totals = {name: np.zeros_like(pay) for name in ("tax_deducted", "employee_nics", "employer_nics")}
    for column in range(pay.shape[1]):
        label = ALL_YEARS[max(column - LOOKBACK, 0)]
        one, another = payroll_tax(first[:, column], label), payroll_tax(others[:, column], label)
        for name, total in totals.items():
            box = "income_tax" if name == "tax_deducted" else name
            total[:, column] = one[box].to_numpy() + more[:, column] * another[box].to_numpy()
    return totals
