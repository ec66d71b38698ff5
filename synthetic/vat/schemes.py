"""Schemes: under which rules a registered firm works out its VAT, and how often it files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.schemas.codes import FREQUENCIES
from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats
from taxgap.synthetic.timeline import TAX_YEARS
from taxgap.synthetic.trading import Trading
from taxgap.tax import flat_rate, vat_law

# All assumptions, set so that 176,100 of 2.3 million traders use the flat rate (found). How often traders
# file by
# kind is not published.
_USES_FLAT_RATE = 0.80  # of firms with no costs at all; the share falls with costs
_FALLS = 4.2
_MONTHLY_FOR_REPAYMENT, _MONTHLY_IF_LARGE, _ANNUAL_IF_SMALL = 0.60, 0.15, 0.015
_LARGE, _SMALL = 1e7, 1.35e6


def draw_schemes(trading: Trading, shares: pd.DataFrame) -> pd.DataFrame:
    """Draw the scheme of each firm.

    Parameters
    ----------
    trading : Trading
        Registered firms.
    shares : DataFrame
        From `supplies`.

    Returns
    -------
    DataFrame
        One row a firm: `flat` (whether it uses the flat rate), `sector_rate` (that of its trade), `rate`
        (the one that
        is right for it, which for a limited cost trader is higher), `frequency` (position in `FREQUENCIES`),
        `stagger` (0 to 2 for quarters that end in April, May and June; 0 to 11 for years).
    """
    streams, law = trading.streams, vat_law(TAX_YEARS[0])
    turnover = _mean(trading.annual["turnover"])
    bought = _mean(trading.annual["goods"] + trading.annual["overheads"])
    costs = bought / np.maximum(turnover, 1.0)
    normal = ((shares["zero"] < 0.3) & (shares["exempt"] < 0.3)).to_numpy()
    eligible = (turnover * shares["taxable"].to_numpy() <= law.flat_rate_join_limit) & normal & (turnover > 0)
    table = pd.DataFrame(
        {"flat": streams.happens(eligible * _USES_FLAT_RATE * np.exp(-_FALLS * costs), "vat flat rate")}
    )
    codes = trading.firms["trade"].to_numpy()
    table["sector_rate"] = flat_rate(trades()["sic2007"]).to_numpy()[codes]
    goods = _mean(trading.annual["goods"])
    least = np.maximum(law.limited_cost_share * turnover * (1 + law.standard_rate), law.limited_cost_minimum)
    table["rate"] = np.where(goods < least, law.limited_cost_rate, table["sector_rate"])
    reclaims = costs * shares["taxed"] > shares["standard"]
    monthly = np.where(
        reclaims, _MONTHLY_FOR_REPAYMENT, np.where(turnover > _LARGE, _MONTHLY_IF_LARGE, 0.005)
    )
    rank = streams.uniform("vat frequency")
    yearly = (rank > 1 - _ANNUAL_IF_SMALL) & (turnover < _SMALL)
    names = np.where((rank < monthly) & ~table["flat"], "monthly", np.where(yearly, "annual", "quarterly"))
    table["frequency"] = pd.Index(FREQUENCIES).get_indexer(names)
    table["stagger"] = np.floor(np.where(names == "annual", 12, 3) * streams.uniform("vat stagger")).astype(
        np.int64
    )
    return table


def _mean(values: Floats) -> Floats:
    """Return the mean of the years in which there is anything."""
    years = np.maximum((values > 0).sum(axis=1), 1)
    return np.asarray(values.sum(axis=1) / years)
