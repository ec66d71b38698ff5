"""Synthetic identifiers: right in form and check digit, one for each person, marked as synthetic.

A number that passes the check can belong to a real person. Files and manifest therefore say that they are
synthetic, and National Insurance numbers bear the official dummy prefix QQ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxgap.synthetic.register import form_of, number_of

_UTR_WEIGHTS = np.array([6, 7, 8, 9, 10, 5, 4, 3, 2])
_UTR_CHECKS = np.array(list("21987654321"))
_VRN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2])


def taxpayer_ids(entity: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return each taxpayer's identifier: ``T00000042`` for a person, C for a company, P for a partnership."""
    ids = np.empty(len(entity), dtype=object)
    form, number = form_of(entity), number_of(entity)
    for position, letter in enumerate("TCP"):
        mine = form == position
        ids[mine] = [f"{letter}{n:08d}" for n in number[mine].tolist()]
    return ids


def utrs(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a Unique Taxpayer Reference for each person: nine digits after their check digit."""
    body = _scatter(entity, seed, 10**9)
    digits = body[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = _UTR_CHECKS[(digits * _UTR_WEIGHTS).sum(axis=1) % 11]
    return np.array([f"{c}{b:09d}" for c, b in zip(check.tolist(), body.tolist(), strict=True)], dtype=object)


def ninos(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a dummy National Insurance number for each person; they repeat beyond four million."""
    body = _scatter(entity, seed, 4 * 10**6)
    return np.array([f"QQ{b % 10**6:06d}{'ABCD'[b // 10**6]}" for b in body.tolist()], dtype=object)


def vrns(entity: NDArray[np.int64], seed: int) -> NDArray[np.object_]:
    """Return a VAT registration number for each taxpayer: seven digits and two check digits.

    They repeat beyond three million taxpayers of a legal form.
    """
    body = 10**6 + _scatter(form_of(entity) * 3 * 10**6 + number_of(entity), seed, 9 * 10**6 - 1)
    digits = body[:, None] // 10 ** np.arange(6, -1, -1) % 10
    check = 97 - (digits * _VRN_WEIGHTS).sum(axis=1) % 97
    return np.array(
        [f"{b:07d}{c:02d}" for b, c in zip(body.tolist(), check.tolist(), strict=True)], dtype=object
    )


def company_numbers(entity: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return a number at the companies register: it begins with 99, where none has been issued."""
    return np.array([f"99{n % 10**6:06d}" for n in number_of(entity).tolist()], dtype=object)


def employer_references(entity: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return an employer's PAYE reference: office 999, and the employer's identifier."""
    return np.array([f"999/{name}" for name in taxpayer_ids(entity)], dtype=object)


def _scatter(entity: NDArray[np.int64], seed: int, size: int) -> NDArray[np.int64]:
    # A one-to-one map of the numbers below `size`: the multiplier is a prime that divides none of the sizes.
    return (np.asarray(entity, dtype=np.int64) * 15_485_863 + seed % size) % size
