"""What is due on the pay of employees: tax and contributions deducted, and the employer's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax.amounts import Amounts, checked_amounts, describe_rows
from taxgap.tax.income_tax import personal_allowance
from taxgap.tax.law import TaxLaw, tax_law
from taxgap.tax.national_insurance import class_1, class_1_secondary

Labels: TypeAlias = pd.Series | pd.Categorical | npt.NDArray[np.str_] | npt.NDArray[np.object_] | list[str]
Rows: TypeAlias = npt.NDArray[np.intp] | slice


def payroll_tax(
    pay: npt.ArrayLike, tax_year: str | Labels, *, months: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Return what is due on the pay of employees: PAYE and Class 1 of employee and employer.

    Parameters
    ----------
    pay : array_like
        Pay of each employee from one employment in the tax year, GBP, not negative.
    tax_year : str or array_like of str
        A label such as ``2023-24``, or one for each employee. A year after the last enacted one gets the
        last enacted law.
    months : array_like, optional
        Months of the year in which the employee was paid, above 0 and up to 12; 12 when not given.

    Returns
    -------
    pandas.DataFrame
        ``income_tax``, ``employee_nics`` and ``employer_nics`` (before the employment allowance), in GBP and
        not rounded, on the index of ``pay`` where it is a Series.

    Raises
    ------
    UsageError
        If a tax year cannot be used, something is not a number or lengths differ.
    InvalidDataError
        If pay is missing, infinite or negative, a label is missing, or months are not above 0 and up to 12.

    Notes
    -----
    Income Tax Act 2007 ss.6 to 10 and 35: the standard allowance, withdrawn above GBP 100,000, and the bands
    of England. Social Security Contributions and Benefits Act 1992 ss.8 and 9: category A, by an annual
    earnings period, with the averaged rates that the law gives for 2022-23 and 2023-24. For m months every
    allowance, band and threshold is m / 12 of a year's, which is an assumption: an employee is taken to be
    paid evenly and to have used the rest of the allowance elsewhere.

    Examples
    --------
    >>> payroll_tax([30_000, 110_000], ["2024-25", "2025-26"]).round(2)
       income_tax  employee_nics  employer_nics
    0      3486.0         1394.4         2884.2
    1     33432.0         4210.6        15750.0
    """
    amounts, paid_months = checked_amounts("payroll_tax", pay=pay, months=12.0 if months is None else months)
    share = None if months is None else _share_of_year(paid_months)
    due = np.empty((3, len(amounts)))
    for law, rows in split_by_year(tax_year, len(amounts)):
        if share is None:
            due[:, rows] = _whole_year(amounts[rows], law)
        else:
            due[:, rows] = _whole_year(amounts[rows] / share[rows], law) * share[rows]
    names = ("income_tax", "employee_nics", "employer_nics")
    index = pay.index if isinstance(pay, pd.Series) and len(pay) == len(amounts) else None
    return pd.DataFrame(dict(zip(names, due, strict=True)), index=index, copy=False)


@overload
def employment_allowance(tax_year: str) -> float: ...
@overload
def employment_allowance(tax_year: Labels) -> Amounts: ...
def employment_allowance(tax_year: str | Labels) -> float | Amounts:
    """Return the employment allowance: how much of its secondary contributions an employer need not pay.

    Parameters
    ----------
    tax_year : str or array_like of str
        A label such as ``2023-24``, or many.

    Returns
    -------
    float or numpy.ndarray
        GBP a year: one for one label, an array for many. Who may claim it is for the caller to decide: not a
        company whose only paid employee is a director, and one allowance for connected employers.

    Raises
    ------
    UsageError
        If a tax year cannot be used.
    InvalidDataError
        If a label is missing.

    Examples
    --------
    >>> employment_allowance("2025-26")
    10500.0
    >>> employment_allowance(["2021-22", "2022-23"]).tolist()
    [4000.0, 5000.0]
    """
    if isinstance(tax_year, str):
        return tax_law(tax_year).employers.employment_allowance
    allowances = np.empty(len(tax_year))
    for law, rows in split_by_year(tax_year, len(allowances)):
        allowances[rows] = law.employers.employment_allowance
    return allowances


def split_by_year(tax_year: str | Labels, rows: int) -> Iterator[tuple[TaxLaw, Rows]]:
    """Yield the law of each tax year with the rows it concerns.

    Parameters
    ----------
    tax_year : str or array_like of str
        One label for all rows, or one for each.
    rows : int
        How many rows there are.

    Yields
    ------
    tuple of TaxLaw and the positions of rows

    Raises
    ------
    UsageError
        If a tax year cannot be used, or there are not as many labels as rows.
    InvalidDataError
        If a label is missing.
    """
    if isinstance(tax_year, str):
        yield tax_law(tax_year), slice(None)
        return
    labels = (
        tax_year if isinstance(tax_year, pd.Series | pd.Categorical) else np.asarray(tax_year, dtype=object)
    )
    if len(labels) != rows:
        raise UsageError(
            f"There are {len(labels)} tax years for {rows} rows.",
            remedy="Give one label for all, or one for each row.",
        )
    codes, years = pd.factorize(labels)
    if (codes < 0).any():
        raise InvalidDataError(
            describe_rows("tax_year: {} missing", codes < 0) + ".",
            remedy="Rows count from 0. Give each row its tax year, such as '2023-24'.",
        )
    for code, year in enumerate(years):
        yield tax_law(year), np.flatnonzero(codes == code)


def _share_of_year(months: Amounts) -> Amounts:
    bad = (months <= 0) | (months > 12)
    if bad.any():
        raise InvalidDataError(
            describe_rows("months: {} not above 0 and up to 12", bad) + ".",
            where="payroll_tax",
            remedy="Rows count from 0. Leave out employees who were not paid in the year.",
        )
    return months / 12.0


def _whole_year(pay: Amounts, law: TaxLaw) -> Amounts:
    """Return income tax, employee's and employer's contributions on the pay of 12 months."""
    allowance = personal_allowance(pay, law.income_tax)
    return np.stack(
        [
            law.income_tax.main_scale.tax(np.maximum(pay - allowance, 0.0)),
            class_1(pay, np.zeros(1, dtype=np.bool_), law.national_insurance),
            class_1_secondary(pay, law.employers),
        ]
    )
