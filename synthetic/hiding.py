"""Hiding: the share of its true turnover that a firm leaves out, the same on every return that it files.

A company that hides a sale hides it from every tax: its accounts and its VAT returns leave out the same. Sole
traders and partnerships take it for VAT alone; what they leave out of Self Assessment is drawn by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from taxgap.synthetic.streams import Floats, Streams

# All of these are assumptions, set so that small companies' tax gap comes near the published one.
_RATE, _LEANING, _DISPOSITION, _VISIBILITY = -1.35, 0.75, 0.70, -1.0
_TINY, _SMALLER = 1.0, 150_000.0  # what smallness takes off: there is little to hide
_SIZE, _LARGER = -0.50, 1_000_000.0  # what size takes off the log-odds, above a turnover in GBP
_PERSISTENCE = 0.88  # share of the variance of the habit that is the firm's own
_MIDDLE, _SPREAD = 0.15, 1.0  # the median share left out at the typical size, and its spread in log-odds
_TYPICAL, _FADES = 100_000.0, 0.28  # turnover in GBP at which they hold; larger firms leave out less of it
_MOST = 0.60

_WITH_COSTS = 0.5

_CASH_RATE = -0.85
_CASH_MIDDLE, _CASH_SPREAD = 0.45, 1.1


def hidden_share(
    streams: Streams,
    year: ArrayLike,
    *,
    disposition: ArrayLike,
    lean: ArrayLike,
    size: ArrayLike,
    covered: ArrayLike,
) -> Floats:
    """Return the share of true turnover that firms leave out, whichever way customers paid.

    Parameters
    ----------
    streams : Streams
        One firm a row.
    year : array-like of int
        Position of the tax year in `ALL_YEARS`; -1 for the lookback year.
    disposition : array-like of float
        Standard normal; larger is less careful.
    lean : array-like of float
        The lean of the trade, in log-odds.
    size : array-like of float
        Usual turnover in GBP a year (`gross`), the same in every year.
    covered : array-like of float
        Share of turnover, 0 to 1, that third parties report.

    Returns
    -------
    ndarray of float64
        From 0 to 0.6; zero for most firms.

    Notes
    -----
    A firm hides where ``Phi(sqrt(r) own + sqrt(1 - r) now) < expit(a + b lean + c disposition + d covered
    + e log(max(size / 1,000,000, 1))
    + g log(min(size / 150,000, 1)))``. The share has the log-odds ``m + s (0.85 own + 0.35 now +
    0.35 disposition) - f log(size / 100,000)`` and is less where third parties report. The constants are
    assumptions.

    Examples
    --------
    >>> few = Streams(7, range(1000))
    >>> share = hidden_share(few, 2, disposition=0.0, lean=0.0, size=1e5, covered=0.3)
    >>> bool(share.max() < 0.6), bool(0.05 < (share > 0).mean() < 0.5)
    (True, True)
    """
    odds = _odds(_RATE, disposition, lean, size) + _VISIBILITY * np.asarray(covered)
    share = _severity(streams, year, "hides", (_MIDDLE, _SPREAD), disposition=disposition, size=size)
    share = share * (1 - 0.6 * np.asarray(covered))
    return np.where(_is_habit(streams, year, "hides", odds), np.minimum(share, _MOST), 0.0)


def hidden_cash_share(
    streams: Streams,
    year: ArrayLike,
    *,
    disposition: ArrayLike,
    lean: ArrayLike,
    size: ArrayLike,
    cash: ArrayLike,
) -> Floats:
    """Return the share of true turnover that firms leave out of sales for cash, beside `hidden_share`.

    Parameters
    ----------
    streams, year, disposition, lean, size
        As for `hidden_share`.
    cash : array-like of float
        Share of turnover, 0 to 1, that is paid in cash.

    Returns
    -------
    ndarray of float64
        From 0 to `cash`; zero where less than 3% is paid in cash.

    Examples
    --------
    >>> share = hidden_cash_share(Streams(7, range(9)), 2, disposition=0.0, lean=0.0, size=1e5, cash=0.02)
    >>> float(share.sum())
    0.0
    """
    cash = np.asarray(cash)
    odds = _odds(_CASH_RATE, disposition, lean, size)
    usual = _CASH_MIDDLE, _CASH_SPREAD
    share = cash * _severity(streams, year, "hides cash", usual, disposition=disposition, size=size)
    return np.where(_is_habit(streams, year, "hides cash", odds) & (cash >= 0.03), share, 0.0)


def hides_costs_too(streams: Streams, difficulty: float = 1.0) -> NDArray[np.bool_]:
    """Return who leaves out what the hidden sales cost as well, so that his margins look like anyone's.

    Examples
    --------
    >>> bool(0.4 < hides_costs_too(Streams(7, range(1000))).mean() < 0.6)
    True
    """
    return streams.happens(min(_WITH_COSTS * difficulty, 0.95), "hides costs too")


def _odds(rate: float, disposition: ArrayLike, lean: ArrayLike, size: ArrayLike) -> Floats:
    character = _LEANING * np.asarray(lean) + _DISPOSITION * np.asarray(disposition)
    size = np.maximum(np.asarray(size, dtype=np.float64), 1_000.0)
    large, small = np.log(np.maximum(size / _LARGER, 1.0)), np.log(np.minimum(size / _SMALLER, 1.0))
    return np.asarray(rate + character + _SIZE * large + _TINY * small)


def _severity(
    streams: Streams,
    year: ArrayLike,
    name: str,
    usual: tuple[float, float],
    *,
    disposition: ArrayLike,
    size: ArrayLike,
) -> Floats:
    middle, spread = usual
    own, now = streams.normal(f"{name} how much"), streams.normal(f"{name} how much", _counter(year))
    shift = 0.85 * own + 0.35 * now + 0.35 * np.asarray(disposition)
    return np.asarray(expit(np.log(middle / (1 - middle)) + spread * shift - _FADES * _relative(size)))


def _is_habit(streams: Streams, year: ArrayLike, name: str, odds: Floats) -> NDArray[np.bool_]:
    own, now = streams.normal(name), streams.normal(name, _counter(year))
    return np.asarray(ndtr(np.sqrt(_PERSISTENCE) * own + np.sqrt(1 - _PERSISTENCE) * now) < expit(odds))


def _relative(size: ArrayLike) -> Floats:
    return np.asarray(np.log(np.maximum(np.asarray(size, dtype=np.float64), 0.1 * _TYPICAL) / _TYPICAL))


def _counter(year: ArrayLike) -> NDArray[np.int64]:
    # The lookback year is -1, which is the counter of draws that are made once for all.
    return np.asarray(year, dtype=np.int64) + 1
