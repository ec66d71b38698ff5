"""Random draws that depend on who draws and why, never on the order of drawing.

Every draw is a hash of (seed, purpose, entity, counter). A population therefore comes out the same whatever
the number of partitions or workers, and either end of a link can recompute what the other end drew.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

ONCE = -1
"""The counter of draws that are made once for an entity, whatever the year."""

# Multipliers of the 64-bit finaliser of MurmurHash3, whose every output bit depends on every input bit.
_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(33)


class Streams:
    """The random numbers of a set of entities.

    Parameters
    ----------
    seed : int
        The seed of the population.
    entity : array-like of int, shape (n,)
        A number for each entity; one draw is made for each.

    Examples
    --------
    >>> both = Streams(7, [1, 2]).uniform("height")
    >>> bool(both[1] == Streams(7, [2]).uniform("height")[0])
    True
    """

    def __init__(self, seed: int, entity: ArrayLike) -> None:
        self.seed = seed
        self.entity = np.asarray(entity, dtype=np.uint64)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Streams:
        return Streams(self.seed, self.entity[rows])

    def uniform(self, purpose: str, counter: ArrayLike = ONCE) -> Floats:
        """Draw from the open interval (0, 1).

        Parameters
        ----------
        purpose : str
            What the draw is for; another purpose gives independent draws.
        counter : array-like of int, optional
            Distinguishes repeated draws of an entity for the same purpose, such as the year. Without it the
            draw is the entity's once and for all.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        if counter is ONCE and len(self._runs[0]) < len(self.entity):
            return self._spread(_draw(self.seed, purpose, self._runs[0], counter))
        return _draw(self.seed, purpose, self.entity, counter)

    def normal(self, purpose: str, counter: ArrayLike = ONCE) -> Floats:
        """Draw from the standard normal distribution, at the rank that `uniform` draws for this purpose."""
        if counter is ONCE and len(self._runs[0]) < len(self.entity):
            return self._spread(ndtri(_draw(self.seed, purpose, self._runs[0], counter)))
        return np.asarray(ndtri(self.uniform(purpose, counter)), dtype=np.float64)

    def happens(self, probability: ArrayLike, purpose: str, counter: ArrayLike = ONCE) -> NDArray[np.bool_]:
        """Draw events of the given probabilities, independent of the amounts drawn for the same purpose."""
        return self.uniform(f"{purpose}?", counter) < np.asarray(probability)

    def choice(self, weights: ArrayLike, purpose: str, counter: ArrayLike = ONCE) -> NDArray[np.int64]:
        """Draw a position from weights that need not sum to one.

        Parameters
        ----------
        weights : array-like of float, shape (k,)
        purpose : str
        counter : array-like of int, optional

        Returns
        -------
        ndarray of int64, shape (n,)
            Positions from 0 to k - 1.
        """
        steps = np.cumsum(np.asarray(weights, dtype=np.float64))
        position = np.searchsorted(steps / steps[-1], self.uniform(f"{purpose}#", counter), side="right")
        return position.astype(np.int64)

    # The rows of one entity mostly follow each other: what is drawn once for all is drawn once for them.
    @cached_property
    def _runs(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        if not len(self.entity):
            return self.entity, np.zeros(0, dtype=np.int64)
        starts = np.flatnonzero(np.r_[True, self.entity[1:] != self.entity[:-1]])
        return self.entity[starts], np.diff(np.r_[starts, len(self.entity)])

    def _spread(self, values: Floats) -> Floats:
        return np.repeat(values, self._runs[1])


def _draw(seed: int, purpose: str, entity: NDArray[np.uint64], counter: ArrayLike) -> Floats:
    first, second = _keys(seed, purpose)
    with np.errstate(over="ignore"):  # wrapping around is what the hash is made of
        state = _mix((entity + np.uint64(1)) * _GOLDEN ^ first)
        state = _mix(state + (np.asarray(counter).astype(np.uint64) * _GOLDEN ^ second))
    return ((state >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52  # 53 bits would round to one


def _keys(seed: int, purpose: str) -> tuple[np.uint64, np.uint64]:
    digest = blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    first, second = np.frombuffer(digest, dtype="<u8")
    return first, second


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    for multiplier in (_M1, _M2):
        state = (state ^ (state >> _SHIFT)) * multiplier
    return state ^ (state >> _SHIFT)
