"""Which cases a fixed budget takes: in rank order, until it is used up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taxgap.risk.arrays import Bools, Floats, Integers

# Held back above the budget's share of the order, so that bootstrap draws seldom reach further down.
_ROOM, _LEAST = 1.5, 200


@dataclass(frozen=True, eq=False)
class Budget:
    """What may be spent, and what each case costs.

    Parameters
    ----------
    rate : float
        Budget a case of the population: the share of all cases, or officer hours over all cases.
    cost : ndarray
        Cost of each case: 1, or its officer hours.
    """

    rate: float
    cost: Floats


@dataclass(frozen=True, eq=False)
class Queue:
    """Cases in the order of one score, taken until the budget is used up.

    Parameters
    ----------
    score : ndarray
        Larger comes first; a missing one comes last.
    key : ndarray of int
        Breaks ties; see `taxgap.risk.evaluation.metrics.make_key`.
    budget : Budget

    Notes
    -----
    Of the last case only the part is taken that the budget still pays for, so that the budget is used up
    exactly on every bootstrap draw.

    Examples
    --------
    >>> queue = Queue(np.array([1.0, 3.0, 2.0]), np.arange(3), Budget(0.5, np.ones(3)))
    >>> places, taken = queue.take(np.ones((1, 3)))
    >>> places.tolist(), taken.tolist()
    ([1, 2, 0], [[1.0, 0.5, 0.0]])
    """

    score: Floats
    key: Integers
    budget: Budget

    @cached_property
    def order(self) -> Integers:
        """Places of the cases, best first."""
        ordered: Integers = np.lexsort((self.key, -np.nan_to_num(self.score, nan=-np.inf, neginf=-np.inf)))
        return ordered

    def take(self, weights: Floats) -> tuple[Integers, Floats]:
        """Return the places at the top of the order, and the weight taken of each, draw by draw.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            Weights of all cases.

        Returns
        -------
        places : ndarray of int
            Those that any draw may reach.
        taken : ndarray, shape (draws, places)
        """
        spent = self.budget.rate * weights.sum(axis=1)
        cases = weights.shape[1]
        length = min(
            cases, int(_ROOM * min(self.budget.rate / self.budget.cost.mean(), 1.0) * cases) + _LEAST
        )
        while True:
            places = self.order[:length]
            cost = self.budget.cost[places]
            dear = np.take(weights, places, axis=1) * cost
            total = np.cumsum(dear, axis=1)
            if length == cases or (total[:, -1] >= spent).all():
                break
            length = min(cases, 2 * length)
        taken = np.clip(spent[:, None] - (total - dear), 0.0, dear) / cost
        return places, taken


@dataclass(frozen=True, eq=False)
class Chosen:
    """Cases that have been chosen already, whatever the budget.

    Parameters
    ----------
    flags : ndarray of bool
    """

    flags: Bools

    def take(self, weights: Floats) -> tuple[Integers, Floats]:
        """Return the places of the chosen cases, and their weights; see `Queue.take`."""
        places = np.flatnonzero(self.flags)
        return places, np.take(weights, places, axis=1)
