"""How good links are, and what people on several lists would be if all links were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from taxgap.errors import UsageError
from taxgap.risk.arrays import Floats

PAIRS = ((0, 1), (0, 2), (1, 2))
"""The pairs of three lists, in the order of their qualities."""


@dataclass(frozen=True)
class LinkQuality:
    """How good the links between two lists are, or those within one.

    Parameters
    ----------
    sensitivity : float, default 1
        Share of people on both lists who are linked; above 0.
    false : float, default 0
        Linked people who are two people: a number of links, not a share.
    sensitivity_error, false_error : float, default 0
        Standard errors of the two.

    Raises
    ------
    UsageError
        If a number is not possible.

    Notes
    -----
    From a check of links by hand: of 200 people known to be on both lists 188 were linked, so that the
    sensitivity is 0.94 with the error sqrt(0.94 x 0.06 / 200) = 0.017.

    Examples
    --------
    >>> LinkQuality(0.94, sensitivity_error=0.017).false
    0.0
    """

    sensitivity: float = 1.0
    false: float = 0.0
    sensitivity_error: float = 0.0
    false_error: float = 0.0

    def __post_init__(self) -> None:
        errors = (self.sensitivity_error, self.false, self.false_error)
        if not 0 < self.sensitivity <= 1 or not all(0 <= one < float("inf") for one in errors):
            raise UsageError(
                "The sensitivity lies above 0 and is 1 at most; errors and false links are not below 0.",
                where="links",
            )


Qualities: TypeAlias = Mapping[tuple[str, str], LinkQuality]
PERFECT = LinkQuality()


def pick_quality(links: Qualities, first: str, second: str) -> LinkQuality:
    """Return the quality of the links of two lists, in whichever order they are named; perfect if untold."""
    return links.get((first, second)) or links.get((second, first)) or PERFECT


def count_doubles(joined: int, quality: LinkQuality) -> float:
    """Return how many people too many a list has, because records of one person were not joined.

    Parameters
    ----------
    joined : int
        Records of the list less people found on it.
    quality : LinkQuality
        Of links within the list.
    """
    return (max(joined - quality.false, 0.0)) / quality.sensitivity - joined


def correct_three(counts: Floats, qualities: Sequence[LinkQuality]) -> Floats:
    """Return how many people there would be of each pattern if links were right.

    Parameters
    ----------
    counts : ndarray, shape (2, 2, 2)
        People found by being on the first, second and third list; those on none are not read.
    qualities : sequence of LinkQuality
        Of the pairs of lists in the order of `PAIRS`.

    Returns
    -------
    ndarray, shape (2, 2, 2)

    Notes
    -----
    False links are taken apart first, those on three lists to either side alike. Then missed links, on
    average: with sensitivities s and links that are found independently, somebody on all three lists is seen
    as one person if two of his three links are found, as two if one is, and as three if none is.
    """
    seen = _take_apart(counts, [quality.false for quality in qualities])
    s = [quality.sensitivity for quality in qualities]
    miss = [1 - one for one in s]
    whole = s[0] * s[1] + s[0] * s[2] + s[1] * s[2] - 2 * s[0] * s[1] * s[2]
    alone = [s[k] * np.prod([miss[j] for j in range(3) if j != k]) for k in range(3)]
    right = seen.copy()
    right[1, 1, 1] = seen[1, 1, 1] / whole
    for k, pair in enumerate(PAIRS):
        place = _place(pair)
        right[place] = max(seen[place] - alone[k] * right[1, 1, 1], 0.0) / s[k]
    for one in range(3):
        lost = (float(np.prod(miss)) + alone[2 - one]) * right[1, 1, 1]
        lost += sum(miss[k] * right[_place(pair)] for k, pair in enumerate(PAIRS) if one in pair)
        right[_place((one,))] = max(seen[_place((one,))] - lost, 0.0)
    return right


def _take_apart(counts: Floats, false: Sequence[float]) -> Floats:
    seen = np.asarray(counts, dtype=np.float64).copy()
    for pair, wrong in zip(PAIRS, false, strict=True):
        place, third = _place(pair), ({0, 1, 2} - set(pair)).pop()
        linked = counts[place] + counts[1, 1, 1]
        if wrong <= 0 or linked <= 0:
            continue
        two = min(wrong * counts[place] / linked, seen[place])
        three = min(wrong * counts[1, 1, 1] / linked, seen[1, 1, 1])
        seen[place] -= two
        seen[1, 1, 1] -= three
        for one, other in (pair, pair[::-1]):
            seen[_place((one,))] += two + three / 2
            seen[_place((other, third))] += three / 2
    return seen


def _place(lists: Sequence[int]) -> tuple[int, int, int]:
    """Return the pattern of being on some lists and on no other."""
    on = [int(one in lists) for one in range(3)]
    return on[0], on[1], on[2]
