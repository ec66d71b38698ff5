"""Who passes the registration threshold and declares just under it, on the Income Tax or company return.

They never register; what they declare is the same for every tax.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.synthetic.form import Bools
from taxgap.synthetic.threshold import REACH, THRESHOLDS, just_below
from taxgap.synthetic.timeline import LOOKBACK, TAX_YEARS
from taxgap.synthetic.trading import Trading
from taxgap.synthetic.vat.supplies import supplies
from taxgap.tax import vat_law

# Set so that the excess below the threshold, and the drop at it, come near the published ones (assumptions).
_SUPPRESSES = 0.48  # share that suppresses, of those whose true turnover has just passed the threshold
_MOSTLY_TAXABLE = 0.9


def suppresses(trading: Trading) -> Bools:
    """Return who would rather hide turnover than register, by year, shape (firms, years).

    Firms that sell to the public for cash and card and buy little do so more (found, Liu and others 2021; by
    how much is an
    assumption). Nobody hides much: the share fades with what there is to hide.
    """
    share = supplies(trading)["taxable"].to_numpy()
    turnover = trading.annual["turnover"] * share[:, None]
    above = np.maximum(turnover - THRESHOLDS[: trading.columns], 0.0)
    public = trading.firms[["cash", "card"]].sum(axis=1).to_numpy()
    chance = _SUPPRESSES * (0.65 + 1.1 * public) * (share > _MOSTLY_TAXABLE)
    would = trading.streams.uniform("vat stays below")[:, None]
    return np.asarray(would < np.minimum(chance, 0.95)[:, None] * np.exp(-above / REACH))


def find_below(trading: Trading, registered: Bools) -> pd.DataFrame:
    """List the years in which a firm should be registered and declares just less than the threshold instead.

    Parameters
    ----------
    trading : Trading
    registered : ndarray of bool, shape (firms, years)
        Years in which a firm is registered in some month.

    Returns
    -------
    DataFrame
        One row a firm and year: `row` (of the firms), `entity`, `year` (position in `ALL_YEARS`), `turnover`
        (true), `declared` (as on the Income Tax or company return) and `tax_lost` (the VAT), in GBP.
    """
    shares, turnover = supplies(trading), trading.annual["turnover"]
    taxable = turnover * shares["taxable"].to_numpy()[:, None]
    hides = trading.remember("vat suppresses", suppresses) & (taxable > THRESHOLDS[: trading.columns])
    hides &= ~registered
    row, column = np.nonzero(hides[:, LOOKBACK:])
    column = column + LOOKBACK
    streams = trading.streams[row]
    declared = just_below(THRESHOLDS[column], streams, column - LOOKBACK)
    rate = vat_law(TAX_YEARS[0]).standard_rate
    bought = (trading.annual["goods"] + trading.annual["overheads"])[row, column]
    value = (
        turnover[row, column] * shares["standard"].to_numpy()[row] - bought * shares["taxed"].to_numpy()[row]
    )
    return pd.DataFrame(
        {
            "row": row,
            "entity": trading.firms["entity"].to_numpy()[row],
            "year": column - LOOKBACK,
            "turnover": turnover[row, column].round(),
            "declared": np.minimum(declared, 0.98 * turnover[row, column]).round(),
            "tax_lost": (np.maximum(value, 0.0) * rate / (1 + rate)).round(
                2
            ),  # prices to the public hold the tax
        }
    )
