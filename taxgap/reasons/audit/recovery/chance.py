"""What an explanation that knows nothing scores, in closed form: the level that every figure is read against.

Such an explanation ranks all that there is to choose from, codes or features or families, in random order.
"""

from __future__ import annotations

from math import comb

import numpy as np

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats, Integers


def chance_recall(size: int, relevant: Integers, k: int) -> Floats:
    r"""Return the chance that one of the first k is among those that can reveal a mechanism.

    Parameters
    ----------
    size : int
        How many there are to choose from.
    relevant : ndarray of int
        How many of them can reveal each mechanism; from 0 to `size`.
    k : int
        How many are named, from 0; at most all.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    UsageError
        A number is out of range.

    Notes
    -----
    Hypergeometric, of e relevant ones among p: :math:`1 - \binom{p - e}{k} / \binom{p}{k}`.

    Examples
    --------
    >>> chance_recall(30, np.array([0, 1, 3]), 3).round(3).tolist()
    [0.0, 0.1, 0.28]
    """
    _check(size, relevant, k)
    k = min(k, size)
    return _look_up([1 - comb(size - few, k) / comb(size, k) for few in range(size + 1)], relevant)


def chance_precision(size: int, relevant: Integers) -> Floats:
    """Return the mean share of relevant ones among those named.

    It is the same however many are named, so it is that of precision@k and of R-precision. It is that of the
    mass too, where the positive scores are in random order.

    Parameters
    ----------
    size : int
        How many there are to choose from.
    relevant : ndarray of int
        How many of them are relevant.

    Returns
    -------
    ndarray of float64

    Examples
    --------
    >>> chance_precision(30, np.array([3])).tolist()
    [0.1]
    """
    _check(size, relevant, 0)
    return relevant / size


def chance_reciprocal_rank(size: int, relevant: Integers, most: int) -> Floats:
    r"""Return the mean reciprocal rank of the first relevant one; 0 where it comes after the first `most`.

    Parameters
    ----------
    size : int
        How many there are to choose from.
    relevant : ndarray of int
        How many of them are relevant.
    most : int
        How many are looked at, from 0; at most all.

    Returns
    -------
    ndarray of float64

    Notes
    -----
    Of e relevant ones among p, the first has rank r with probability
    :math:`\frac{e}{p - r + 1} \binom{p - e}{r - 1} / \binom{p}{r - 1}`.

    Examples
    --------
    >>> chance_reciprocal_rank(3, np.array([1]), 3).round(4).tolist()  # (1 + 1/2 + 1/3) / 3
    [0.6111]
    """
    _check(size, relevant, most)
    ranks = range(1, min(most, size) + 1)
    return _look_up(
        [
            sum(
                few / (size - rank + 1) * comb(size - few, rank - 1) / comb(size, rank - 1) / rank
                for rank in ranks
            )
            for few in range(size + 1)
        ],
        relevant,
    )


def _check(size: int, relevant: Integers, k: int) -> None:
    if size < 1 or k < 0:
        raise UsageError(f"Nothing can be drawn: {k} of {size}.", where="size, k")
    if len(relevant) and not (relevant.min() >= 0 and relevant.max() <= size):
        raise UsageError(f"From 0 to {size} can be relevant.", where="relevant")


def _look_up(table: list[float], places: Integers) -> Floats:
    found: Floats = np.array(table, dtype=np.float64)[places]
    return found
