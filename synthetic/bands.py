"""Amounts drawn from a published table of bands: log-uniform within a band, Pareto above the last."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from taxgap.synthetic.streams import Floats


def draw_from_bands(
    rank: Floats, lower: ArrayLike, counts: ArrayLike, *, floor: float, tail: float, cap: float
) -> Floats:
    """Turn ranks into amounts that fill published bands.

    Parameters
    ----------
    rank : ndarray of float64
        Numbers in (0, 1); larger ranks give larger amounts.
    lower : array-like of float
        Lower limit of each band in GBP, ascending.
    counts : array-like of float
        Persons in each band.
    floor : float
        The least amount in the first band, in GBP.
    tail : float
        Pareto index above the last limit; the mean there is ``tail / (tail - 1)`` times the limit.
    cap : float
        The largest amount, in GBP.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> draw_from_bands(np.array([0.25, 0.5]), [0, 100], [1, 1], floor=1, tail=2, cap=1e6).round()
    array([ 10., 100.])
    """
    steps = np.concatenate([[0.0], np.cumsum(counts) / np.sum(counts)])
    limits = np.log(np.maximum(np.asarray(lower, dtype=float), floor))
    inside = np.exp(np.interp(rank, steps[:-1], limits))
    above = np.exp(limits[-1]) * ((1 - rank) / (1 - steps[-2])) ** (-1 / tail)
    return np.asarray(np.minimum(np.where(rank < steps[-2], inside, above), cap))
