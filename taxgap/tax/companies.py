"""Corporation Tax of a frame of accounting periods, and the tax on loans to participators."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax.amounts import Amounts, Days, Flags, describe_rows, find_problems, raise_problems
from taxgap.tax.columns import check_columns, read_amounts, read_days
from taxgap.tax.dated import DatedLaw, When, change_days, law_on, read_history, refuse_early, to_day

COLUMNS = ("period_start", "period_end", "profit", "associated_companies")
_EPOCH = date(1970, 1, 1)
_LEAP_DAYS = np.array(
    [date(year, 2, 29) for year in range(2020, 2400) if isleap(year)], dtype="datetime64[D]"
)


@dataclass(frozen=True, slots=True)
class CompanyLaw(DatedLaw):
    """The figures of Corporation Tax on a day; units and sources stand in ``companies.toml``."""

    small_rate: float
    main_rate: float
    lower_limit: float
    upper_limit: float
    marginal_fraction: float


def company_law(when: When) -> CompanyLaw:
    """Return the rates and limits of Corporation Tax on a day.

    Parameters
    ----------
    when : str, datetime.date or numpy.datetime64
        A day, or the label of a tax year, which stands for its first day.

    Returns
    -------
    CompanyLaw
        The figures in force; ``projected`` from 1 April 2026 on.

    Raises
    ------
    UsageError
        If it is no day, or one before 1 April 2020.

    Examples
    --------
    >>> company_law("2023-03-31").main_rate, company_law("2023-04-01").main_rate
    (0.19, 0.25)
    """
    return law_on(CompanyLaw, "companies", when)


def company_tax(periods: pd.DataFrame) -> pd.DataFrame:
    """Return the Corporation Tax of companies on the profits of their accounting periods.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row an accounting period, with ``period_start`` and ``period_end`` (dates, both days included, at
        most 12 months apart), ``profit`` (taxable total profits, GBP, finite and not negative) and
        ``associated_companies`` (how many others share the limits, a whole number). Other columns are
        ignored.

    Returns
    -------
    pandas.DataFrame
        ``corporation_tax``, after marginal relief, and ``marginal_relief``, in GBP and not rounded, on the
        index of ``periods``.

    Raises
    ------
    UsageError
        If periods are not a DataFrame, or one begins before 1 April 2020.
    InvalidDataError
        If columns are missing, amounts or dates cannot be used, or a period ends before it begins or after
        12 months.

    Notes
    -----
    Corporation Tax Act 2010 ss.18A to 18D. Limits are divided by associated companies and one, and in a
    period of d days, shorter than 12 months, multiplied by d / 365. Up to the lower limit the small profits
    rate is charged; above it the main rate, less the marginal fraction of what is missing to the upper
    limit. A period across a change of law is charged as if its parts were periods, profits and limits
    divided by days; the charge is proportional, so that this is the charge of the whole period under each
    law, weighted by days. Profits are taken to include no exempt distributions, so that augmented profits
    are taxable profits.

    Examples
    --------
    >>> periods = pd.DataFrame(
    ...     {
    ...         "period_start": pd.to_datetime(["2023-04-01", "2024-01-01"]),
    ...         "period_end": pd.to_datetime(["2024-03-31", "2024-12-31"]),
    ...         "profit": [100_000, 40_000],
    ...         "associated_companies": [0, 1],
    ...     }
    ... )
    >>> company_tax(periods)
       corporation_tax  marginal_relief
    0          22750.0           2250.0
    1           8725.0           1275.0
    """
    check_columns(periods, COLUMNS, (), "periods")
    profit, companies = (read_amounts(periods, name, "periods") for name in COLUMNS[2:])
    raise_problems(_find_bad_amounts(profit, companies), "periods")
    starts, ends = (read_days(periods, name, "periods") for name in COLUMNS[:2])
    _check_periods(starts, ends)
    first_day, last_day = starts.view(np.int64), ends.view(np.int64)
    days = last_day - first_day + 1
    # 366 days are 12 months, not more of the limits than a year.
    share_of_limits = np.minimum(days / 365.0, 1.0) / (companies + 1.0)
    tax, relief = np.zeros(len(profit)), np.zeros(len(profit))
    for law, start, end in _stretches():
        inside = np.minimum(last_day, end) - np.maximum(first_day, start) + 1
        weight = np.maximum(inside, 0) / days
        charged, relieved = _charge(profit, share_of_limits, law)
        tax += weight * charged
        relief += weight * relieved
    return pd.DataFrame({"corporation_tax": tax, "marginal_relief": relief}, index=periods.index, copy=False)


@overload
def loan_tax_rate(day: When) -> float: ...
@overload
def loan_tax_rate(day: pd.Series | npt.NDArray[np.datetime64]) -> Amounts: ...
def loan_tax_rate(day: When | pd.Series | npt.NDArray[np.datetime64]) -> float | Amounts:
    """Return the rate of tax on a close company's loan to a participator (Corporation Tax Act 2010 s.455).

    Parameters
    ----------
    day : str, datetime.date, numpy.datetime64, or a Series or array of datetime64
        The day of the loan, not before 6 April 2016; the label of a tax year stands for its first day.

    Returns
    -------
    float or numpy.ndarray
        The tax as a fraction of what is still owed nine months after the period: one for one day, an array
        for many.

    Raises
    ------
    UsageError
        If something is no day, or one before 6 April 2016.

    Examples
    --------
    >>> loan_tax_rate("2022-04-05"), loan_tax_rate("2022-04-06")
    (0.325, 0.3375)
    """
    if isinstance(day, pd.Series | np.ndarray):
        return _rates_on(np.asarray(day))
    return float(_rates_on(np.array([to_day(day)], dtype="datetime64[D]"))[0])


def _rates_on(values: Days) -> Amounts:
    if values.dtype.kind != "M" or np.isnat(values).any():
        raise UsageError(
            "Days of loans must be dates, and none missing.",
            remedy="Convert them first, for instance with pandas.to_datetime.",
        )
    history = read_history("companies", "loan_rate")
    changes = np.array(list(history), dtype="datetime64[D]")
    positions = np.searchsorted(changes, values.astype("datetime64[D]"), side="right") - 1
    if (positions < 0).any():
        raise refuse_early("loans to participators", next(iter(history)))
    return np.array(list(history.values()), dtype=np.float64)[positions]


def _charge(profit: Amounts, share_of_limits: Amounts, law: CompanyLaw) -> tuple[Amounts, Amounts]:
    """Return tax and marginal relief of whole periods under one law."""
    small = profit <= law.lower_limit * share_of_limits
    short = np.maximum(law.upper_limit * share_of_limits - profit, 0.0)
    relief = np.where(small, 0.0, law.marginal_fraction * short)
    return np.where(small, law.small_rate, law.main_rate) * profit - relief, relief


def _stretches() -> Iterator[tuple[CompanyLaw, int, int]]:
    """Yield each law with the first and the last day on which it holds, as days since 1970."""
    changes = change_days(CompanyLaw, "companies")
    for change, following in zip(changes, [*changes[1:], date.max], strict=True):
        yield company_law(change), (change - _EPOCH).days, (following - _EPOCH).days - 1


def _find_bad_amounts(profit: Amounts, companies: Amounts) -> Iterator[str]:
    yield from find_problems("profit", profit)
    yield from find_problems("associated_companies", companies)
    broken: Flags = np.isfinite(companies) & (np.floor(companies) != companies)
    if broken.any():
        yield describe_rows("associated_companies: {} not whole", broken)


def _check_periods(starts: Days, ends: Days) -> None:
    kinds = {
        "without a first or last day": np.isnat(starts) | np.isnat(ends),
        "that end before they begin": ends < starts,
        "longer than 12 months": _exceeds_a_year(starts, ends),
    }
    found = [describe_rows(f"{{}} {kind}", bad) for kind, bad in kinds.items() if bad.any()]
    if found:
        raise InvalidDataError(
            f"Accounting periods that cannot be taxed: {'; '.join(found)}.",
            where="periods",
            remedy="Rows count from 0. Divide a longer period of account as the law does, at 12 months.",
        )
    first = change_days(CompanyLaw, "companies")[0]
    if (starts < np.datetime64(first)).any():
        raise refuse_early("companies", first)


def _exceeds_a_year(starts: Days, ends: Days) -> Flags:
    days = (ends - starts).astype(np.int64) + 1
    rows = np.flatnonzero(days == 366)
    # 366 days are 12 months where one of them is a 29 February.
    passed = np.searchsorted(_LEAP_DAYS, starts[rows]) < np.searchsorted(_LEAP_DAYS, ends[rows], side="right")
    exceeds: Flags = days > 366
    exceeds[rows] = ~passed
    return exceeds
