"""Measures of a ranking on weighted cases, for many bootstrap draws at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Bools, Floats, Integers

ERROR = "_error"
"""Ends the names of measures that are not for show: rough standard errors, to studentise intervals with."""


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
    hours : ndarray, optional
        Officer hours a case; with them yield per hour is measured.

    Notes
    -----
    Weights come as an array of shape (draws, cases), in the order of the arguments. AUC counts a tie as one
    half; average precision takes tied cases together (both as scikit-learn does). At a coverage, cases are
    taken from the top until they weigh that share of all; of the last case the part that is still needed.
    Whole orders are summed once a draw; all else needs only the material cases or the top of the order.

    Examples
    --------
    >>> ranking = Ranking(np.array([3.0, 2.0, 1.0]), np.arange(3), np.array([500.0, 4000.0, 0.0]), 1000.0)
    >>> measured = ranking.measure(np.ones((1, 3)), [0.5])
    >>> {name: round(float(value[0]), 3) for (name, _), value in measured.items() if not name.endswith(ERROR)}
    {'auc': 0.5, 'average_precision': 0.5, 'strike_rate': 1.0, 'precision': 0.333, 'share_of_gap': 0.556}
    """

    def __init__(
        self, score: Floats, key: Integers, amount: Floats, material: float, hours: Floats | None = None
    ) -> None:
        self.order = np.lexsort((key, -score))
        self._amount = amount[self.order]
        self._hours = None if hours is None else hours[self.order]
        self._is_material = self._amount >= material
        self._found = (self._amount > 0).astype(np.float64)
        self._ties = _Ties.find(score[self.order], self._is_material)

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
        ordered = np.take(weights, self.order, axis=1)
        total = np.cumsum(ordered, axis=1)
        measured = self._ties.measure(ordered, total)
        if coverages:
            self._measure_top(ordered, total, coverages, measured)
        return measured

    def take(self, weights: Floats, coverage: float) -> tuple[Integers, Floats]:
        """Return the cases at the top of the order, and how much of each is taken in each draw.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            As for `measure`.
        coverage : float
            Share of all cases that is taken.

        Returns
        -------
        cases : ndarray of int
            Places of the cases in the arguments.
        taken : ndarray, shape (draws, places)
            The weight taken.
        """
        ordered = np.take(weights, self.order, axis=1)
        total = np.cumsum(ordered, axis=1)
        place = _Place.find(total, coverage * total[:, -1])
        last = int(place.position.max()) + 1
        taken = ordered[:, :last] * (np.arange(last) < place.position[:, None])
        rows = np.arange(len(taken))
        taken[rows, place.position] = np.nan_to_num(place.part) * ordered[rows, place.position]
        return self.order[:last], taken

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

    def _measure_top(
        self,
        ordered: Floats,
        total: Floats,
        coverages: Sequence[float],
        measured: dict[tuple[str, float | None], Floats],
    ) -> None:
        places = {coverage: _Place.find(total, coverage * total[:, -1]) for coverage in coverages}
        last = max(int(place.position.max()) for place in places.values()) + 1
        top = ordered[:, :last]
        sums = {name: np.cumsum(top * values[:last], axis=1) for name, values in self._summed().items()}
        all_tax = np.einsum("ij,j->i", ordered, self._amount)
        all_squares = np.einsum("ij,j->i", ordered, self._amount**2)
        for coverage, place in places.items():
            taken = coverage * total[:, -1]
            within = {name: place.read(values) for name, values in sums.items()}
            measured["strike_rate", coverage] = within["found"] / taken
            measured["precision", coverage] = within["material"] / taken
            share = divide(within["tax"], all_tax)
            measured["share_of_gap", coverage] = share
            rest = np.maximum(all_squares - within["squares"], 0.0)
            spread = np.sqrt((1 - share) ** 2 * within["squares"] + share**2 * rest)
            measured[f"share_of_gap{ERROR}", coverage] = divide(spread, all_tax)
            if "hours" in within:
                measured["yield_per_hour", coverage] = divide(within["tax"], within["hours"])
                spread = np.sqrt(np.maximum(within["squares"], 0.0))
                measured[f"yield_per_hour{ERROR}", coverage] = divide(spread, within["hours"])

    def _summed(self) -> dict[str, Floats]:
        summed = {
            "material": self._is_material.astype(np.float64),
            "found": self._found,
            "tax": self._amount,
            "squares": self._amount**2,
        }
        return summed if self._hours is None else summed | {"hours": self._hours}


class _Ties(NamedTuple):
    """Groups of equal scores that hold a material case: what the two areas under curves are summed over."""

    material: Integers
    """Places of the material cases in the order."""
    first: Integers
    """Of each group, the place of its first case."""
    last: Integers
    """Of each group, the place of its last case."""
    last_material: Integers
    """Of each group, the place of its last material case among the material ones."""

    @classmethod
    def find(cls, ordered: Floats, is_material: Bools) -> _Ties:
        ends = np.append(np.flatnonzero(np.diff(ordered) != 0), len(ordered) - 1)
        starts = np.append(0, ends[:-1] + 1)
        material = np.flatnonzero(is_material)
        until = np.searchsorted(material, ends, side="right")
        holds = np.diff(until, prepend=0) > 0
        return cls(material, starts[holds], ends[holds], until[holds] - 1)

    def measure(self, ordered: Floats, total: Floats) -> dict[tuple[str, float | None], Floats]:
        if not len(self.material):
            undefined = np.full(len(ordered), np.nan)
            return {("auc", None): undefined, ("average_precision", None): undefined.copy()}
        summed = np.cumsum(ordered[:, self.material], axis=1)
        hits, seen = summed[:, self.last_material], total[:, self.last]
        gained = np.diff(hits, axis=1, prepend=0.0)
        unseen = np.where(self.first > 0, total[:, self.first - 1], 0.0)
        all_hits = hits[:, -1]
        all_misses = total[:, -1] - all_hits
        # Each material case beats what comes after it, and half of what it is tied with.
        before = ((seen - hits) + (unseen - (hits - gained))) / 2
        beaten = (gained * (all_misses[:, None] - before)).sum(axis=1)
        precision = (gained * divide(hits, seen, empty=0.0)).sum(axis=1)
        return {
            ("auc", None): divide(beaten, all_hits * all_misses),
            ("average_precision", None): divide(precision, all_hits),
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
    """Return how often each case (or taxpayer) is drawn, with replacement, one row a draw."""
    drawn = rng.integers(0, cases, size=(draws, cases))
    drawn += np.arange(draws)[:, None] * cases
    return np.bincount(drawn.ravel(), minlength=draws * cases).reshape(draws, cases).astype(np.float64)


def average(values: Floats | Bools, weights: Floats) -> Floats:
    """Return the weighted mean of one column, one value a draw."""
    # Summed without BLAS, whose last digits depend on the number of threads.
    return divide(np.einsum("ij,j->i", weights, values.astype(np.float64)), weights.sum(axis=1))


def divide(above: Floats | Integers, below: Floats | Integers, *, empty: float = np.nan) -> Floats:
    """Divide; where nothing is below, the result is `empty`."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), empty)
    np.divide(above, below, out=out, where=below > 0)
    return out


class _Place(NamedTuple):
    """Where the cases taken end in each draw: whole cases before a position, and a part of the one there."""

    position: Integers
    part: Floats

    @classmethod
    def find(cls, total: Floats, taken: Floats) -> _Place:
        rows = np.arange(len(total))
        position = np.array([np.searchsorted(row, t) for row, t in zip(total, taken, strict=True)])
        position = np.minimum(position, total.shape[1] - 1).astype(np.int64)
        before = np.where(position > 0, total[rows, position - 1], 0.0)
        return cls(position, divide(taken - before, total[rows, position] - before))

    def read(self, gained: Floats) -> Floats:
        rows = np.arange(len(gained))
        before = np.where(self.position > 0, gained[rows, self.position - 1], 0.0)
        values: Floats = before + self.part * (gained[rows, self.position] - before)
        return values
