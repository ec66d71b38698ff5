"""Levels whose rate differs from the rest by more than chance, with the number of looks counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from taxgap.risk.arrays import Floats
from taxgap.risk.evaluation.metrics import divide

COLUMNS = ("ranking", "dimension", "level", "metric", "difference", "low", "high", "p", "q", "departs")


def hold_against_rest(above: Floats, below: Floats) -> Floats:
    """Return the rate of each level less the rate of all other cases, one row a draw.

    Parameters
    ----------
    above, below : ndarray, shape (draws, levels)
        Weighted sums whose quotient is the rate; the first column is everybody.

    Returns
    -------
    ndarray
        Missing in the first column.

    Examples
    --------
    >>> hold_against_rest(np.array([[3.0, 2.0]]), np.array([[10.0, 4.0]])).round(3).tolist()
    [[nan, 0.333]]
    """
    others_above, others_below = above[:, :1] - above, below[:, :1] - below
    others_below = np.where(others_below > 1e-9, others_below, 0.0)
    difference: Floats = divide(above, below) - divide(others_above, others_below)
    difference[:, 0] = np.nan
    return difference


def find_p(difference: Floats, share: float, worth: Floats) -> Floats:
    """Return the two-sided p-value of each difference, under equal rates.

    Parameters
    ----------
    difference : ndarray, shape (1 + draws, levels)
        From `hold_against_rest`; the first row is of the cases as they are.
    share : float
        The rate of everybody.
    worth : ndarray
        How many cases each level's rate rests on; first everybody.

    Returns
    -------
    ndarray

    Notes
    -----
    Normal, with the larger of two standard errors: of the bootstrap by taxpayer, and of two proportions that
    are equal. The second keeps a level in which by chance nothing was found from looking certain.
    """
    rest = np.maximum(worth[0] - worth, 1.0)
    pooled = np.sqrt(share * (1 - share) * (1 / np.maximum(worth, 1.0) + 1 / rest))
    drawn = np.where(np.isnan(difference[1:]), 0.0, difference[1:]).std(axis=0, ddof=1)
    error = np.maximum(drawn, pooled)
    value = np.abs(difference[0])
    p: Floats = 2 * norm.sf(np.divide(value, error, out=np.zeros(len(value)), where=error > 0))
    p[np.isnan(value)] = np.nan
    return p


def adjust(p: Floats) -> Floats:
    """Adjust p-values for the number of looks, after Benjamini and Hochberg (1995).

    Parameters
    ----------
    p : ndarray
        Missing ones stay missing and are no look.

    Returns
    -------
    ndarray
        The smallest false discovery rate at which each would be reported.

    Examples
    --------
    >>> adjust(np.array([0.01, 0.04, 0.03, np.nan])).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raised = p[order] * len(order) / np.arange(1, len(order) + 1)
    q = np.full(len(p), np.nan)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q


def count_looks(table: pd.DataFrame, rate: float) -> pd.DataFrame:
    """Add ``q`` and ``departs`` to the looks of each ranking and measure."""
    q = np.full(len(table), np.nan)
    family = table.groupby(["ranking", "metric"], sort=False).ngroup().to_numpy()
    p = table["p"].to_numpy(dtype=np.float64)
    for number in np.unique(family):
        own = family == number
        q[own] = adjust(p[own])
    return table.assign(q=q, departs=q <= rate)[list(COLUMNS)]
