"""The groups that fairness is measured by, looked up in the records; never features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import trade_group_of
from taxgap.records import Records
from taxgap.records.periods import tax_year_of, tax_years_among
from taxgap.regimes import get_regime
from taxgap.regimes.returns import KEY, latest_versions
from taxgap.risk.arrays import Floats, split_bins

AGE_BANDS = ("under 25", "25-34", "35-44", "45-54", "55-64", "65+")
"""Bands of age in years at the end of the period."""

AGES = (25, 35, 45, 55, 65)
"""Where each band after the first begins."""

WEALTHY = 200_000.0
"""Total income (GBP a year) above which a person is wealthy: as in the tables of the gap by customer."""

SMALL, MID_SIZED = 10_000_000.0, 200_000_000.0
"""Turnover (GBP a year) from which a business is mid-sized, and large: as in the same tables; the second is
an assumption."""

_SIZE_BOXES = {"self_assessment": "total_income", "vat": "sales", "employer_paye": "pay"}
_BUSINESS = ("turnover", "partnership_profit", "rents")
_YEAR = 365.0


def groups_of(
    records: Records,
    index: pd.MultiIndex,
    *,
    regime: str = "self_assessment",
    as_of: date | str | None = None,
) -> pd.DataFrame:
    """Look up the groups of returns, for measuring only.

    Parameters
    ----------
    records : Records
        With a register ``taxpayers`` and the returns of the regime.
    index : MultiIndex
        (taxpayer_id, period) of the returns.
    regime : str, default "self_assessment"
        The tax.
    as_of : date, optional
        The day on which they are looked up; that of the records where not given.

    Returns
    -------
    DataFrame
        Indexed as given. ``income decile`` of declared total income, for other taxes ``size decile`` of
        turnover, sales or pay a year: among all returns of the same tax year, equal amounts in one decile.
        ``nation``, ``region``, ``legal form``; ``age band`` at the end of the period, where anybody's year of
        birth is known; ``trade group``; ``customer group``: for people wealthy, small business and
        individual, for firms small, mid-sized and large. Missing where not known.

    Raises
    ------
    InvalidDataError
        If the records lack the register or the returns, or hold none of these.

    Notes
    -----
    Income is what the return declares: those who leave out most of it stand too low.
    """
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    returns = _read_returns(view, regime, index)
    register = _read_register(view, index)
    name = "income decile" if regime == "self_assessment" else "size decile"
    people = pd.DataFrame(
        {
            name: _find_deciles(returns, index),
            "nation": register["nation"].to_numpy(),
            "region": register["region"].to_numpy(),
            "age band": _find_ages(register, returns, index),
            "trade group": trade_group_of(register["sic2007"]).to_numpy(),
            "customer group": _find_customers(returns, regime, index),
            "legal form": register["legal_form"].to_numpy(),
        },
        index=index,
    )
    return people if people["age band"].notna().any() else people.drop(columns="age band")


def declared_income(
    records: Records,
    index: pd.MultiIndex,
    *,
    regime: str = "self_assessment",
    as_of: date | str | None = None,
) -> pd.Series:
    """Look up what returns declare: total income, or turnover, sales or pay a year.

    Parameters
    ----------
    records, index, regime, as_of
        As for `groups_of`.

    Returns
    -------
    Series of float64
        GBP a year, indexed as given; missing where there is no return.
    """
    view = records if as_of is None else records.known_at(pd.Timestamp(as_of))
    size = _read_returns(view, regime, index)["size"].reindex(index)
    return pd.Series(size.to_numpy(dtype=np.float64), index=index, name="income")


def band_age(age: Floats) -> pd.Categorical:
    """Return the band of each age in years; missing where the age is.

    Examples
    --------
    >>> band_age(np.array([24.0, 25.0, 70.0, np.nan])).tolist()
    ['under 25', '25-34', '65+', nan]
    """
    codes = np.where(np.isnan(age), -1, np.searchsorted(AGES, np.nan_to_num(age), side="right"))
    return pd.Categorical.from_codes(codes, list(AGE_BANDS), ordered=True)


def _read_returns(records: Records, regime: str, index: pd.MultiIndex) -> pd.DataFrame:
    if list(index.names) != KEY:
        raise UsageError(
            f"The index must be ({', '.join(KEY)}).", where="index", available=map(str, index.names)
        )
    name = get_regime(regime).name
    years = tax_years_among(index.get_level_values("period").unique())
    box = _SIZE_BOXES.get(name, "turnover")
    columns = [*KEY, "version", "received_on", "period_start", "period_end", box]
    columns += [c for c in _BUSINESS if name == "self_assessment"]
    table = latest_versions(records.read(name, columns, periods=years)).set_index(KEY)
    if not table.index.isin(index).any():
        raise InvalidDataError(
            f"The records hold none of these {len(index)} returns.",
            where=name,
            remedy="Check that taxpayer_id and period are written as in the records, and the regime.",
        )
    days = (table["period_end"] - table["period_start"]).dt.days.to_numpy(dtype=np.float64) + 1
    scale = np.ones(len(days)) if name == "self_assessment" else _YEAR / days
    return table.assign(size=table[box].to_numpy(dtype=np.float64) * scale)


def _read_register(records: Records, index: pd.MultiIndex) -> pd.DataFrame:
    columns = ["taxpayer_id", "sic2007", "nation", "region", "legal_form", "birth_year"]
    register = records.read("taxpayers", columns).drop_duplicates("taxpayer_id", keep="last")
    return register.set_index("taxpayer_id").reindex(index.get_level_values("taxpayer_id"))


def _find_deciles(returns: pd.DataFrame, index: pd.MultiIndex) -> pd.Categorical:
    year = tax_year_of(
        returns.index.get_level_values("period").to_series(index=range(len(returns)))
    ).to_numpy()
    size = returns["size"].to_numpy(dtype=np.float64)
    decile = np.zeros(len(returns))
    for label in pd.unique(year):
        own = (year == label) & ~np.isnan(size)
        if not own.any():
            continue
        decile[own] = split_bins(size[own], np.ones(int(own.sum())), 10) + 1
    found = pd.Series(decile, index=returns.index).reindex(index).to_numpy()
    codes = np.where(np.isnan(found), 0, found).astype(np.int64) - 1
    return pd.Categorical.from_codes(codes, [str(number) for number in range(1, 11)], ordered=True)


def _find_ages(register: pd.DataFrame, returns: pd.DataFrame, index: pd.MultiIndex) -> pd.Categorical:
    # Of the year of birth only the year is known: the age is that reached in the year the period ends.
    ends = returns["period_end"].dt.year.reindex(index).to_numpy(dtype=np.float64)
    return band_age(ends - register["birth_year"].to_numpy(dtype=np.float64))


def _find_customers(returns: pd.DataFrame, regime: str, index: pd.MultiIndex) -> pd.Categorical:
    size = returns["size"].to_numpy(dtype=np.float64)
    if regime == "self_assessment":
        business = (returns[list(_BUSINESS)] > 0).any(axis=1).to_numpy()
        codes = np.where(size > WEALTHY, 2, business.astype(np.int64))
        levels: Sequence[str] = ("individual", "small business", "wealthy")
    else:
        codes = np.searchsorted([SMALL, MID_SIZED], size, side="right")
        levels = ("small", "mid-sized", "large")
    found = pd.Series(codes, index=returns.index, dtype="float64").reindex(index).to_numpy()
    return pd.Categorical.from_codes(np.where(np.isnan(found), -1, found).astype(np.int64), list(levels))
