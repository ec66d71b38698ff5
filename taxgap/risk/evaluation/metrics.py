"""Measures of a ranking on weighted cases, for many bootstrap draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers


class Ranking:
    """Cases in the order of one score, ready to be measured under any weights.

    Parameters
    ----------
    score : ndarray
        Larger comes first.
    key : ndarray of int
        Breaks ties of the order; a key that does not depend on place or outcome, see `make_key`.
    amount : ndarray
        Tax (GBP): found by the enquiry, or lost in truth.
    material : float
        Amount from which an under-declaration is material (GBP).

    Notes
    -----
    Weights come as an array of shape (draws, cases), in the order of the arguments. AUC counts a tie as one
    half; average precision takes tied cases together (both as scikit-learn does). At a coverage, cases are
    taken from the top until they weigh that share of all; of the last case the part that is still needed.

    Examples
    --------
    >>> ranking = Ranking(np.array([3.0, 2.0, 1.0]), np.arange(3), np.array([500.0, 4000.0, 0.0]), 1000.0)
    >>> measured = ranking.measure(np.ones((1, 3)), [0.5])
    >>> {name: round(float(value[0]), 3) for (name, _), value in measured.items()}
    {'auc': 0.5, 'average_precision': 0.5, 'strike_rate': 1.0, 'precision': 0.333, 'share_of_gap': 0.556}
    """

    def __init__(self, score: Floats, key: Integers, amount: Floats, material: float) -> None:
        self.order = np.lexsort((key, -score))
        ordered = score[self.order]
        self._tie_ends = np.append(np.flatnonzero(np.diff(ordered) != 0), len(ordered) - 1)
        self._amount = amount[self.order]
        self._material = (self._amount >= material).astype(np.float64)
        self._found = (self._amount > 0).astype(np.float64)

    def measure(self, weights: Floats, coverages: Sequence[float]) -> dict[tuple[str, float | None], Floats]:
        """Return each measure, one value a draw.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            Design weights times how often the case was drawn.
        coverages : sequence of float
            Shares of all cases that are taken.

        Returns
        -------
        dict of (metric, coverage) to ndarray
        """
        ordered = weights[:, self.order]
        total = np.cumsum(ordered, axis=1)
        material = np.cumsum(ordered * self._material, axis=1)
        measured = self._measure_order(total, material)
        if not coverages:
            return measured
        # Only the top of the order has to be summed case by case.
        last = int((total < max(coverages) * total[:, -1:]).sum(axis=1).max()) + 1
        found = np.cumsum(ordered[:, :last] * self._found[:last], axis=1)
        tax = np.cumsum(ordered[:, :last] * self._amount[:last], axis=1)
        all_tax = average(self._amount, ordered) * total[:, -1]
        for coverage in coverages:
            taken = coverage * total[:, -1]
            place = _Place.find(total, taken)
            measured["strike_rate", coverage] = place.read(found) / taken
            measured["precision", coverage] = place.read(material) / taken
            measured["share_of_gap", coverage] = _divide(place.read(tax), all_tax)
        return measured

    def trace_gain(self, weight: Floats, shares: Floats) -> Floats:
        """Return the share of all tax that the cases hold which are taken first.

        Parameters
        ----------
        weight : ndarray
            One weight a case.
        shares : ndarray
            Shares of all cases that are taken, 0 to 1.

        Returns
        -------
        ndarray
        """
        ordered = weight[self.order]
        taken, tax = np.cumsum(ordered), np.cumsum(ordered * self._amount)
        if tax[-1] <= 0:
            return np.full(len(shares), np.nan)
        gained: Floats = np.interp(shares * taken[-1], np.append(0.0, taken), np.append(0.0, tax)) / tax[-1]
        return gained

    def _measure_order(self, total: Floats, material: Floats) -> dict[tuple[str, float | None], Floats]:
        hits, seen = material[:, self._tie_ends], total[:, self._tie_ends]
        misses = seen - hits
        gained = np.diff(hits, axis=1, prepend=0.0)
        # Each material case beats what comes after it, and half of what it is tied with.
        before = misses - np.diff(misses, axis=1, prepend=0.0) / 2
        beaten = (gained * (misses[:, -1:] - before)).sum(axis=1)
        precision = _divide(hits, seen)
        return {
            ("auc", None): _divide(beaten, hits[:, -1] * misses[:, -1]),
            ("average_precision", None): _divide((gained * precision).sum(axis=1), hits[:, -1]),
        }


def make_key(index: pd.Index) -> Integers:
    """Return a key that breaks ties by the label of a case, not by its place or its outcome.

    Parameters
    ----------
    index : pandas.Index
        Labels of the cases, such as (taxpayer_id, period).

    Returns
    -------
    ndarray of int
        A fixed hash of each label.
    """
    hashed = pd.util.hash_pandas_object(index, index=False).to_numpy(dtype=np.uint64)
    key: Integers = hashed.view(np.int64)
    return key


def draw_counts(cases: int, draws: int, rng: np.random.Generator) -> Floats:
    """Return how often each case is drawn, with replacement, one row a draw."""
    drawn = rng.integers(0, cases, size=(draws, cases))
    drawn += np.arange(draws)[:, None] * cases
    return np.bincount(drawn.ravel(), minlength=draws * cases).reshape(draws, cases).astype(np.float64)


def average(values: Floats | Bools, weights: Floats) -> Floats:
    """Return the weighted mean of one column, one value a draw."""
    # Summed without BLAS, whose last digits depend on the number of threads.
    return _divide(np.einsum("ij,j->i", weights, values.astype(np.float64)), weights.sum(axis=1))


class _Place(NamedTuple):
    """Where the cases taken end in each draw: whole cases before a position, and a part of the one there."""

    position: Integers
    part: Floats

    @classmethod
    def find(cls, total: Floats, taken: Floats) -> _Place:
        rows = np.arange(len(total))
        position = np.array([np.searchsorted(row, t) for row, t in zip(total, taken, strict=True)])
        position = np.minimum(position, total.shape[1] - 1)
        before = np.where(position > 0, total[rows, position - 1], 0.0)
        return cls(position, _divide(taken - before, total[rows, position] - before))

    def read(self, gained: Floats) -> Floats:
        rows = np.arange(len(gained))
        before = np.where(self.position > 0, gained[rows, self.position - 1], 0.0)
        values: Floats = before + self.part * (gained[rows, self.position] - before)
        return values


def _divide(above: Floats, below: Floats) -> Floats:
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out
