"""The threshold at which VAT begins, and those who truly trade less so as to stay just below it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxgap.synthetic.streams import Floats, Streams
from taxgap.synthetic.timeline import ALL_YEARS, LOOKBACK, TAX_YEARS
from taxgap.tax import vat_law

_LABELS = ("2020-21", *ALL_YEARS)
_USUAL = LOOKBACK + len(TAX_YEARS)
THRESHOLDS = np.array([vat_law(label).registration_threshold for label in _LABELS])
"""As `THRESHOLD`, for all the years that can be generated."""

LIMITS = np.array([vat_law(label).deregistration_limit for label in _LABELS])
"""As `LIMIT`, for all the years that can be generated."""

THRESHOLD = THRESHOLDS[:_USUAL]
"""The threshold in GBP of taxable turnover in twelve months: the lookback year, then `TAX_YEARS`."""

LIMIT = LIMITS[:_USUAL]
"""The turnover in GBP below which a trader may leave the register, likewise."""

REACH = 4_500.0
"""GBP above the threshold over which the wish to stay below it fades (assumption)."""

_HOLDS_BACK = 0.16  # share of those just above the threshold who would rather trade less (assumption)
_GAP = 1_100.0  # GBP by which they stay below, on average (assumption)


def hold_back(turnover: Floats, year: NDArray[np.int64], streams: Streams) -> Floats:
    """Return what firms truly turn over that would pass the threshold by little and trade less instead.

    Parameters
    ----------
    turnover : ndarray of float64
        What they could turn over in GBP a year.
    year : ndarray of int64
        Positions in `ALL_YEARS`; -1 for the year before.
    streams : Streams
        One entity a row.

    Returns
    -------
    ndarray of float64
        As given, or just below the threshold of the year.

    Examples
    --------
    >>> hold_back(np.array([50_000.0]), np.array([2]), Streams(7, [1])).tolist()
    [50000.0]
    """
    limit = THRESHOLDS[year + LOOKBACK]
    above = turnover - limit
    share = np.where(above > 0, _HOLDS_BACK * np.exp(-np.maximum(above, 0.0) / REACH), 0.0)
    holds = streams.uniform("vat holds back") < share
    return np.where(holds, just_below(limit, streams, year), turnover)


def just_below(limit: Floats, streams: Streams, year: NDArray[np.int64]) -> Floats:
    """Return an amount just below a limit, in GBP."""
    return np.asarray(limit + _GAP * np.log(streams.uniform("vat how far below", year)) - 1.0)
