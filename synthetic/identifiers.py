"""Synthetic identifiers: right in form and check digit, one for each person, marked as synthetic.

A number that passes the check can belong to a real person. Files and manifest therefore say that they are
synthetic, and National Insurance numbers bear the official dummy prefix QQ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_UTR_WEIGHTS = np.array([6, 7, 8, 9, 10, 5, 4, 3, 2])
_UTR_CHECKS = np.array(list("21987654321"))
_VRN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2])


def taxpayer_ids(entity: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the identifier of each person, such as ``T00000042``."""
    return np.array([f"T{number:08d}" for number in entity], dtype=object)


def utrs(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a Unique Taxpayer Reference for each person: nine digits after their check digit."""
    body = _scatter(entity, seed, 10**9)
    digits = body[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = _UTR_CHECKS[(digits * _UTR_WEIGHTS).sum(axis=1) % 11]
    return np.array([f"{c}{b:09d}" for c, b in zip(check, body, strict=True)], dtype=object)


def ninos(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a dummy National Insurance number for each person; they repeat beyond four million."""
    body = _scatter(entity, seed, 4 * 10**6)
    return np.array([f"QQ{b % 10**6:06d}{'ABCD'[b // 10**6]}" for b in body], dtype=object)


def vrns(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a VAT registration number for each person: seven digits and two check digits."""
    body = 10**6 + _scatter(entity, seed, 9 * 10**6 - 1)
    digits = body[:, None] // 10 ** np.arange(6, -1, -1) % 10
    check = 97 - (digits * _VRN_WEIGHTS).sum(axis=1) % 97
    return np.array([f"{b:07d}{c:02d}" for b, c in zip(body, check, strict=True)], dtype=object)


def _scatter(entity: NDArray[np.int64], seed: int, size: int) -> NDArray[np.int64]:
    # A one-to-one map of the numbers below `size`: the multiplier is a prime that divides none of the sizes.
    return (np.asarray(entity, dtype=np.int64) * 15_485_863 + seed % size) % size
