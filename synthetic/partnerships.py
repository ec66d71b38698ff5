"""What a partnership's profit means for its partners: the true share, and the one its return states."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from taxgap.synthetic.accounts import trade_partnerships
from taxgap.synthetic.firms import draw_firms
from taxgap.synthetic.published import trades
from taxgap.synthetic.register import PARTNERS
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import LOOKBACK

_TURNOVER_OF_A_PARTNER = 250_000.0  # (assumption)
_HIDES = -0.75  # log-odds that an average partnership leaves part of its profit out (assumption)


def partner_shares(panel: pd.DataFrame, settings: Settings) -> tuple[Floats, Floats]:
    """Return each partner's share of his partnership's profit, true and as stated, in GBP.

    Parameters
    ----------
    panel : DataFrame
        One row a person and year, with `partnership` and `year`.
    settings : Settings

    Returns
    -------
    true, stated : ndarray of float64
        Nothing for those who are no partners and where there is no profit.
    """
    number = panel["partnership"].to_numpy()
    partners = np.flatnonzero(number >= 0)
    true, stated = np.zeros(len(panel)), np.zeros(len(panel))
    if not len(partners):
        return true, stated
    distinct, place = np.unique(number[partners], return_inverse=True)
    trading = trade_partnerships(draw_firms(distinct, "partnership", settings.register), settings)
    profit = np.maximum(trading.annual["profit"], 0.0) / _partners(trading.firms)[:, None]
    share = profit[place, panel["year"].to_numpy()[partners] + LOOKBACK]
    hidden = _hidden(trading.firms, trading.streams)[place]
    true[partners] = share.round()
    stated[partners] = (share * (1 - hidden)).round()
    return true, stated


def _partners(firms: pd.DataFrame) -> Floats:
    # Large partnerships have more partners than the two that this register knows.
    return np.asarray(np.maximum(PARTNERS, np.round(firms["gross"].to_numpy() / _TURNOVER_OF_A_PARTNER)))


def _hidden(firms: pd.DataFrame, streams: Streams) -> Floats:
    lean = trades()["lean"].to_numpy()[firms["trade"]]
    chance = expit(_HIDES + 0.8 * lean + 0.7 * firms["disposition"].to_numpy() - 0.3 * firms["agent"])
    size = np.log(np.maximum(firms["gross"].to_numpy(), 2e4) / 1e5)
    share = expit(-1.6 + 1.2 * streams.normal("hidden share") - 0.48 * size)
    return np.asarray(streams.happens(chance, "hides profit") * share)
