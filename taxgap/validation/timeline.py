"""Taxpayers and days as one line of numbers, on which what came before can be looked up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxgap.validation.rule import Mask

_EVER = 1 << 22  # days from 1970 that no date reaches, so that two taxpayers never meet on one line of days


def line(taxpayers: NDArray[np.intp], when: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return taxpayers and days as one number each, in the order of taxpayers and, of one taxpayer, of days.

    Examples
    --------
    >>> days = np.array(["2024-01-02", "2024-01-01"], dtype="datetime64[D]")
    >>> numbers = line(np.array([0, 1]), days)
    >>> bool(numbers[0] < numbers[1])
    True
    """
    number = np.where(np.isnat(when), -_EVER, when.astype("datetime64[D]").astype(np.int64))
    places: NDArray[np.int64] = taxpayers.astype(np.int64) * (2 * _EVER)
    places += np.clip(number, -_EVER, _EVER - 1)
    return places


def place_before(keys: NDArray[np.int64], asked: NDArray[np.int64]) -> tuple[NDArray[np.intp], Mask]:
    """Find for each number asked the last key of the same taxpayer that lies before it.

    Parameters
    ----------
    keys, asked : ndarray of int
        As `line` gives them; the keys in ascending order.

    Returns
    -------
    places : ndarray of int
        Positions among the keys; of no meaning where nothing was found.
    found : ndarray of bool

    Examples
    --------
    >>> place_before(np.array([3, 5, 9]), np.array([3, 6]))
    (array([-1,  1]), array([False,  True]))
    """
    places = np.searchsorted(keys, asked) - 1
    if not len(keys):
        return places, np.zeros(len(asked), dtype=np.bool_)
    same = (keys[places] + _EVER) // (2 * _EVER) == (asked + _EVER) // (2 * _EVER)
    found: Mask = (places >= 0) & same
    return places, found
