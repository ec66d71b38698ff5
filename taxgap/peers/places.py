"""Where a return belongs: its trade group and its size band."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

GROUPS = ("trade_group", "size_band")
"""The two columns that say who a return's peers are."""

SIZE_BANDS = {
    "under_10k": 0,
    "10k_20k": 10_000,
    "20k_30k": 20_000,
    "30k_50k": 30_000,
    "50k_90k": 50_000,
    "90k_150k": 90_000,
    "150k_300k": 150_000,
    "300k_1m": 300_000,
    "1m_10m": 1_000_000,
    "10m_plus": 10_000_000,
}
"""The frozen size bands and where each begins, in pounds a year."""


@cache
def trade_groups() -> tuple[str, ...]:
    """Return the trade groups in their frozen order; the last is ``none``.

    Examples
    --------
    >>> trade_groups()[:2], trade_groups()[-1]
    (('farming', 'making'), 'none')
    """
    return tuple(_prefixes())


def trade_group_of(sic2007: pd.Series) -> pd.Series:
    """Find the trade group of each SIC 2007 code.

    Parameters
    ----------
    sic2007 : Series of str
        Five digits, or missing for those without a trade.

    Returns
    -------
    Series of category
        Levels as in `trade_groups`, always all of them; never missing.

    Examples
    --------
    >>> trade_group_of(pd.Series(["43390", "49320", None])).tolist()
    ['building_trades', 'passenger_transport', 'none']
    """
    positions, distinct = pd.factorize(sic2007)
    levels = trade_groups()
    codes = [levels.index(_match(str(code))) for code in distinct]
    found = np.array([*codes, levels.index("none")])[positions]  # a missing code has position -1, the last
    return pd.Series(pd.Categorical.from_codes(found, list(levels)), index=sic2007.index, name=GROUPS[0])


def size_band(amount: pd.Series) -> pd.Series:
    """Put each amount into its size band.

    Parameters
    ----------
    amount : Series of float64
        The size of the return in pounds a year; a missing or negative one counts as nothing.

    Returns
    -------
    Series of category
        Ordered levels as in `SIZE_BANDS`, always all of them; a band includes its lower end.

    Examples
    --------
    >>> size_band(pd.Series([0.0, 10_000.0, 1e9])).tolist()
    ['under_10k', '10k_20k', '10m_plus']
    """
    known = np.nan_to_num(amount.to_numpy(dtype=np.float64), nan=0.0)
    codes = np.searchsorted(list(SIZE_BANDS.values()), np.maximum(known, 0.0), side="right") - 1
    bands = pd.Categorical.from_codes(codes, list(SIZE_BANDS), ordered=True)
    return pd.Series(bands, index=amount.index, name=GROUPS[1])


@cache
def _prefixes() -> dict[str, Any]:
    text = files("taxgap.peers").joinpath("trade_groups.toml").read_text("utf-8")
    groups: dict[str, Any] = tomllib.loads(text)["groups"]
    return groups


def _match(code: str) -> str:
    fits = [
        (len(p), group) for group, prefixes in _prefixes().items() for p in prefixes if code.startswith(p)
    ]
    return max(fits, default=(0, "other_services"))[1]
