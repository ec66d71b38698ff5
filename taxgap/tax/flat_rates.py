"""The Flat Rate Scheme: which percentage of turnover a trade pays as VAT."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax.amounts import describe_rows
from taxgap.tax.law import read_figures

OTHER = "Any other activity not listed elsewhere"
_SIC = re.compile(r"[0-9]{5}")


def flat_rate(sic2007: pd.Series) -> pd.Series:
    """Return the flat-rate percentage of each trade, as a fraction of turnover with VAT.

    Parameters
    ----------
    sic2007 : pandas.Series
        Trades as text, SIC 2007 with five digits; missing where the trade is not known.

    Returns
    -------
    pandas.Series
        Fractions between 0 and 1, named ``flat_rate``, on the same index; missing where the trade is.

    Raises
    ------
    UsageError
        If it is not a Series.
    InvalidDataError
        If a trade is not a code of five digits.

    Notes
    -----
    Value Added Tax Regulations 1995 reg.55K, with the percentages from 4 January 2011. The sector of a trade
    is an assumption: the published list names sectors, not codes. A trade that none of its prefixes names
    is "any other activity". Builders are taken to supply materials: labour-only building (below 10% of
    turnover) cannot be told from the code. The lower percentages for hospitality from 15 July 2020 to 31
    March 2022 are left out.

    Examples
    --------
    >>> flat_rate(pd.Series(["56302", "56101", "69201", None])).tolist()
    [0.065, 0.125, 0.145, nan]
    """
    if not isinstance(sic2007, pd.Series):
        raise UsageError(
            f"Trades must be a pandas Series, not {type(sic2007).__name__}.",
            remedy="Pass one column of a frame.",
        )
    codes, trades = pd.factorize(sic2007)
    bad = [not isinstance(trade, str) or not _SIC.fullmatch(trade) for trade in trades]
    if any(bad):
        wrong = np.append(bad, False)[codes].astype(np.bool_)
        raise InvalidDataError(
            describe_rows("sic2007: {} not a code of five digits", wrong) + ".",
            remedy="Rows count from 0. Give SIC 2007 codes as text, with their leading zero.",
        )
    # A missing trade has code -1 and so falls on the NaN appended last.
    rates = np.array([*(sector_rates()[find_sector(trade)] for trade in trades), np.nan])
    return pd.Series(rates[codes], index=sic2007.index, name="flat_rate")


def find_sector(trade: str) -> str:
    """Return the sector of the Flat Rate Scheme that a SIC 2007 code belongs to, by its longest known prefix.

    Examples
    --------
    >>> find_sector("56302"), find_sector("56101"), find_sector("01621")
    ('Pubs', 'Catering services including restaurants and takeaways', 'Boarding or care of animals')
    """
    sectors = read_figures("flat_rates")["trades"]["sectors"]
    known = (sectors[trade[:length]] for length in range(len(trade), 1, -1) if trade[:length] in sectors)
    found: str = next(known, OTHER)
    return found


@cache
def sector_rates() -> dict[str, float]:
    """Return the fraction of each sector, those found in the source and those from memory together."""
    figures = read_figures("flat_rates")
    return {**figures["found"]["rates"], **figures["memory"]["rates"]}
