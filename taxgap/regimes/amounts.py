"""The few sums of which most measures are made: ratios and shortfalls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = Mapping[str, Floats]


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; missing where the whole is not above zero.

    Examples
    --------
    >>> ratio(np.array([1.0, 3.0, 1.0]), np.array([2.0, 1.0, 0.0])).tolist()
    [0.5, 3.0, nan]
    """
    return np.asarray(part / np.where(whole > 0, whole, np.nan))


def shortfall(reported: Floats, declared: Floats, ignore: Floats | float = 0.0) -> Floats:
    """Return the share of what is reported that the amount declared does not cover.

    Parameters
    ----------
    reported, declared : ndarray of float64
        Pounds.
    ignore : ndarray of float64 or float, default 0
        Reports up to this amount count as covered.

    Returns
    -------
    ndarray of float64
        From 0 to 1.

    Examples
    --------
    >>> shortfall(np.array([0.0, 100.0, 100.0]), np.array([0.0, 25.0, 300.0])).tolist()
    [0.0, 0.75, 0.0]
    """
    share = np.clip(1 - declared / np.where(reported > 0, reported, np.nan), 0.0, 1.0)
    return np.where(reported <= ignore, 0.0, share)


def round_share(boxes: Floats, fewest: int) -> Floats:
    """Return the share of the boxes filled in that show round hundreds.

    Parameters
    ----------
    boxes : ndarray of float64, shape (rows, boxes)
        Pounds.
    fewest : int
        With fewer boxes filled in, nothing is said.

    Examples
    --------
    >>> round_share(np.array([[500.0, 123.0, 0.0], [500.0, 0.0, 0.0]]), fewest=2).tolist()
    [0.5, nan]
    """
    filled = (boxes > 0).sum(axis=1)
    hundreds = ((boxes > 0) & (boxes % 100 == 0)).sum(axis=1)
    return np.where(filled >= fewest, hundreds / np.maximum(filled, 1), np.nan)
