"""Supplies: at which rates of VAT a firm sells, and what its purchases bear."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import TAX_YEARS
from taxgap.synthetic.trading import Trading
from taxgap.tax import vat_law

_STANDARD_RATE = vat_law(TAX_YEARS[0]).standard_rate

RATES = ("standard", "reduced", "zero", "exempt")
"""How sales divide: what is charged at each rate, and what is outside the tax."""

# All assumptions: firms of one trade differ, and those that sell nothing taxable or nearly everything at the
# zero rate stand apart. The shares of the trade hold on average.
_WHOLLY_EXEMPT = 0.80  # of the exempt sales of a trade, the part that firms make who sell nothing else
_MOSTLY_ZERO = 0.50  # likewise of sales at the zero rate
_NEARLY_ALL = 0.97
_LEAST_EXEMPT = 0.20  # share of exempt sales from which a trade has firms that are wholly exempt
_IMPORTERS = 0.35  # share of the firms of a trade that import at all

# Large firms sell abroad and to each other at the zero rate until this is what they pay, as a share of
# turnover: set so that net VAT of traders above GBP 10m comes near the published figure.
_NET_VAT, _NET_SPREAD = 0.058, 0.35
_GROWING, _LARGE = 3e6, 3e7  # turnover in GBP from which this begins to hold, and at which it holds wholly
_EU_TRADERS = 0.30  # share of the firms in Northern Ireland that buy goods from the EU, or sell to it


def supplies(trading: Trading) -> pd.DataFrame:
    """Draw what a firm sells and buys in the eyes of VAT.

    Parameters
    ----------
    trading : Trading

    Returns
    -------
    DataFrame
        One row a firm: `RATES` (shares of sales, summing to one), `taxable` (share of sales that counts
        towards the threshold), `taxed` (share of purchases that bears the standard rate), `imports` and
        `from_eu` (shares of goods), `to_eu` (share of sales).
    """
    return trading.remember("vat supplies", _draw_supplies)


def _draw_supplies(trading: Trading) -> pd.DataFrame:
    streams, trade = trading.streams, trading.firms["trade"].to_numpy()
    usual = trades()[["standard", "reduced", "zero", "taxed", "imports"]].to_numpy()[trade]
    table = _divide(usual[:, :3], streams)
    table["taxable"] = 1.0 - table["exempt"]
    odds = np.log(usual[:, 3] / (1 - usual[:, 3])) + 0.55 * streams.normal("vat taxed")
    table["taxed"] = 1 / (1 + np.exp(-odds))
    abroad = streams.happens(_IMPORTERS, "vat imports")
    spread = np.exp(0.5 * streams.normal("vat imports") - 0.125)
    table["imports"] = np.where(abroad, np.minimum(usual[:, 4] / _IMPORTERS * spread, 0.9), 0.0)
    _export(table, trading)
    northern = (trading.firms["nation"] == "Northern Ireland").to_numpy()
    for name, most in (("from_eu", 0.35), ("to_eu", 0.25)):
        some = northern & streams.happens(_EU_TRADERS, f"vat {name}")
        table[name] = np.where(some, most * streams.uniform(f"vat {name}"), 0.0)
    table["from_eu"] = np.minimum(table["from_eu"], 0.95 - table["imports"])
    table["to_eu"] = np.minimum(table["to_eu"], table["zero"])
    return table


def _export(table: pd.DataFrame, trading: Trading) -> None:
    """Move sales of large firms between the standard and the zero rate, until they pay what is usual."""
    gross = trading.firms["gross"].to_numpy()
    size = np.clip(np.log(np.maximum(gross, 1.0) / _GROWING) / np.log(_LARGE / _GROWING), 0.0, 1.0)
    turnover = np.maximum(trading.annual["turnover"].sum(axis=1), 1.0)
    goods, costs = (trading.annual[name].sum(axis=1) / turnover for name in ("goods", "overheads"))
    worn = trading.annual["depreciation"].sum(axis=1) / turnover
    bought = goods * (1 - table["imports"]) + np.maximum(costs - worn, 0.0)
    reclaimed = table["taxed"] * bought * table["taxable"]
    noise = np.exp(_NET_SPREAD * trading.streams.normal("vat exports") - _NET_SPREAD**2 / 2)
    wanted = np.clip(reclaimed + _NET_VAT / _STANDARD_RATE * noise, 0.0, 0.98 * table["taxable"])
    able = (table["standard"] + table["zero"]).to_numpy()
    moved = size * (table["standard"] - np.minimum(wanted, able)).to_numpy()
    table["standard"] -= moved
    table["zero"] += moved


def _divide(usual: Floats, streams: Streams) -> pd.DataFrame:
    exempt = 1.0 - usual.sum(axis=1)
    zero = usual[:, 2]
    wholly = _WHOLLY_EXEMPT * exempt * (exempt > _LEAST_EXEMPT)
    mostly = _MOSTLY_ZERO * zero
    others = np.column_stack(
        [usual[:, :2], (zero - _NEARLY_ALL * mostly) / (1 - mostly), (exempt - wholly) / (1 - wholly)]
    )
    noise = np.column_stack([streams.normal(f"vat {name}") for name in RATES])
    share = np.maximum(others, 0.0) * np.exp(0.5 * noise)
    share /= share.sum(axis=1, keepdims=True)
    left = 1 - _NEARLY_ALL
    share = np.where(
        streams.happens(mostly, "vat mostly zero")[:, None], [left, 0.0, _NEARLY_ALL, 0.0], share
    )
    share = np.where(streams.happens(wholly, "vat wholly exempt")[:, None], [0.0, 0.0, 0.0, 1.0], share)
    return pd.DataFrame(share, columns=list(RATES))
