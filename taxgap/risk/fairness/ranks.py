"""Places of the cases by income, from 0 for the lowest to 1 for the highest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.metrics import divide


@dataclass(frozen=True, eq=False)
class Ranks:
    """The place of each case by income on each draw, and which cases have one.

    Parameters
    ----------
    place : ndarray, shape (draws, cases)
        Share of all weight that lies below, half of the cases with the same income counted.
    known : ndarray of bool
        Whether the income of a case is known.
    """

    place: Floats
    known: Bools

    def average(self, places: Integers | None, weights: Floats) -> Floats:
        """Return the weighted mean place of some cases, one column; missing where they weigh nothing."""
        place, known = self.place, self.known
        if places is not None:
            place, known = place[:, places], known[places]
        own = np.where(known, weights, 0.0)
        mean: Floats = divide((own * place).sum(axis=1), own.sum(axis=1))[:, None]
        return mean


@dataclass(frozen=True, eq=False)
class IncomeRank:
    """Incomes, sorted once.

    Parameters
    ----------
    income : ndarray
        GBP a year; missing where not known, and then the case has no place.

    Examples
    --------
    >>> IncomeRank(np.array([30.0, 10.0, 10.0, np.nan])).of(np.ones((1, 4))).place.round(3).tolist()
    [[0.833, 0.333, 0.333, 0.0]]
    """

    income: Floats

    @cached_property
    def _known(self) -> Bools:
        return ~np.isnan(self.income)

    @cached_property
    def _order(self) -> Integers:
        order: Integers = np.argsort(self.income, kind="stable")[: int(self._known.sum())]
        return order

    @cached_property
    def _ties(self) -> tuple[Integers, Integers]:
        ordered = self.income[self._order]
        first = np.searchsorted(ordered, ordered, side="left")
        last = np.searchsorted(ordered, ordered, side="right")
        return first, last

    def of(self, weights: Floats) -> Ranks:
        """Return the places under some weights.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)

        Returns
        -------
        Ranks
        """
        total = np.cumsum(np.take(weights, self._order, axis=1), axis=1)
        total = np.concatenate([np.zeros((len(total), 1)), total], axis=1)
        first, last = self._ties
        place = np.zeros(weights.shape)
        middle = (np.take(total, first, axis=1) + np.take(total, last, axis=1)) / 2
        place[:, self._order] = divide(middle, total[:, -1:])
        return Ranks(place, self._known)
