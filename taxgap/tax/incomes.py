"""What a person received and paid in a tax year: the frame that comes in, checked and turned into arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.tax.amounts import Amounts, Flags, describe_rows, find_problems, raise_problems
from taxgap.tax.columns import check_columns, read_amounts

NATIONS = ("England", "Northern Ireland", "Scotland", "Wales")
REQUIRED_AMOUNTS = ("employment", "self_employment", "property", "interest", "dividends")
OPTIONAL_AMOUNTS = (
    "pension",
    "foreign_income",
    "other_income",
    "finance_costs",
    "pension_contributions",
    "gift_aid",
    "losses",
)
REQUIRED_COLUMNS = (*REQUIRED_AMOUNTS, "nation")
OPTIONAL_COLUMNS = (*OPTIONAL_AMOUNTS, "over_state_pension_age")


@dataclass(frozen=True, slots=True)
class Incomes:
    """The incomes and reliefs of many people, one array a column of the frame, pounds a year."""

    employment: Amounts
    self_employment: Amounts
    property: Amounts
    interest: Amounts
    dividends: Amounts
    pension: Amounts
    foreign_income: Amounts
    other_income: Amounts
    finance_costs: Amounts
    pension_contributions: Amounts
    gift_aid: Amounts
    losses: Amounts
    over_state_pension_age: Flags
    scottish: Flags

    # `property` is a column's name here, as in the frame, and hides the decorator of that name in the class
    # body.

    def trading_profit(self) -> Amounts:
        """Return the profit after losses brought forward (ITA 2007 s.83; SSCBA 1992 Sch.2 para.3)."""
        return np.maximum(self.self_employment - self.losses, 0.0)

    def non_savings(self) -> Amounts:
        """Return the income that is neither savings nor dividends."""
        others = self.property + self.pension + self.foreign_income + self.other_income
        return self.employment + self.trading_profit() + others


def read_incomes(frame: pd.DataFrame) -> Incomes:
    """Check a frame of incomes and return it as arrays.

    Parameters
    ----------
    frame : pandas.DataFrame
        The columns that `taxgap.tax.personal_tax` documents. Not modified; other columns are not looked at.

    Returns
    -------
    Incomes
        One array a column, zeros for an absent optional one.

    Raises
    ------
    UsageError
        If it is not a DataFrame.
    InvalidDataError
        If a column is missing or stands there twice, an amount is not a number, missing, infinite or
        negative, a nation is unknown, or a flag is neither true nor false. All bad amounts are named at once.
    """
    check_columns(frame, REQUIRED_COLUMNS, OPTIONAL_COLUMNS, "incomes")
    amounts = {name: read_amounts(frame, name, "incomes") for name in (*REQUIRED_AMOUNTS, *OPTIONAL_AMOUNTS)}
    raise_problems(
        (text for name, array in amounts.items() for text in find_problems(name, array)), "incomes"
    )
    return Incomes(**amounts, over_state_pension_age=_read_flags(frame), scottish=_read_scottish(frame))


def _read_flags(frame: pd.DataFrame) -> Flags:
    name = "over_state_pension_age"
    if name not in frame.columns:
        return np.zeros(len(frame), dtype=np.bool_)
    column = frame[name]
    if pd.api.types.is_bool_dtype(column.dtype) and not column.isna().any():
        flags: Flags = column.to_numpy(dtype=np.bool_)
        return flags
    bad = ~column.isin([True, False]).to_numpy()
    if bad.any():
        raise InvalidDataError(
            describe_rows(f"Column {name}: {{}} neither true nor false", bad) + ".",
            where="incomes",
            remedy="Give true where State Pension age was reached by the 6 April that begins the tax year.",
        )
    return np.asarray(column.to_numpy() == 1, dtype=np.bool_)


def _read_scottish(frame: pd.DataFrame) -> Flags:
    # A nation is looked up once a level, not once a row: frames arrive with thousands of rows and four
    # nations.
    nation = frame["nation"]
    if not isinstance(nation.dtype, pd.CategoricalDtype):
        nation = nation.astype("category")
    levels, codes = nation.cat.categories, nation.cat.codes.to_numpy()
    # A missing value has code -1 and so falls on the False appended last.
    known = np.asarray(np.append(levels.isin(NATIONS), False)[codes], dtype=np.bool_)
    if not known.all():
        raise InvalidDataError(
            describe_rows("Column nation: {} missing or not a nation of the United Kingdom", ~known) + ".",
            where="incomes",
            available=NATIONS,
            remedy="Use these names; nation follows from region.",
        )
    return np.asarray(np.append(levels == "Scotland", False)[codes], dtype=np.bool_)
