"""Measures of a population from weighted outcomes, each with what every row adds to its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from taxgap.risk.arrays import Bools, Floats, Integers


@dataclass(frozen=True)
class Measured:
    """A measure with its interval.

    Parameters
    ----------
    value, low, high : float
        The measure, and the ends of its interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """An outcome of each row and how many returns the row stands for.

    Parameters
    ----------
    mass : ndarray
        1 for every return, or weights of cases, 0 for those without a label.
    value : ndarray
        The outcome, or the doubly-robust pseudo-outcome; anything where mass is 0.
    cluster : ndarray of int
        Rows of one taxpayer err together.
    confidence : float
        Confidence of the intervals.
    """

    mass: Floats
    value: Floats
    cluster: Integers
    confidence: float

    @property
    def reach(self) -> float:
        """How many standard errors an interval reaches to each side."""
        return float(ndtri(0.5 + self.confidence / 2))

    def find_error(self, influence: Floats) -> float:
        """Return the standard error of a measure from what each row adds: sqrt of the sum over clusters."""
        return float(np.sqrt((np.bincount(self.cluster, weights=influence) ** 2).sum()))

    def close(
        self, value: float, influence: Floats, *, least: float = -np.inf, most: float = np.inf
    ) -> Measured:
        """Return a measure with its normal interval, cut at its natural limits."""
        reach = self.reach * self.find_error(influence)
        return Measured(value, max(least, value - reach), min(most, value + reach))

    def average(self, *, most: float = np.inf) -> Measured:
        """Return the mean: sum(m v) / sum(m)."""
        total = self.mass.sum()
        mean = float((self.mass * self.value).sum() / total)
        return self.close(mean, self.mass * (self.value - mean) / total, least=0.0, most=most)

    def share_of(self, taken: Floats) -> Measured:
        """Return the share of the total that the taken returns hold.

        Parameters
        ----------
        taken : ndarray
            From 0 (not taken) to 1.
        """
        each = self.mass * self.value
        share = float((taken * each).sum() / each.sum())
        return self.close(share, (taken - share) * each / each.sum(), least=0.0, most=1.0)

    def gain_by(self, policy: Floats) -> Measured:
        """Return the mean tax a return of all that a policy finds: sum(m p v) / sum(m)."""
        each = self.mass * policy * self.value
        mean = float(each.sum() / self.mass.sum())
        return self.close(mean, (each - self.mass * mean) / self.mass.sum(), least=0.0)

    def area(self, score: Floats) -> Measured:
        """Return the AUC: the chance that a return with the event is ranked above one without.

        Ties count one half. A row is never compared with itself, which matters where a pseudo-outcome is
        neither 0 nor 1.
        """
        _, place = np.unique(score, return_inverse=True)
        hit, miss = self.mass * self.value, self.mass * (1 - self.value)
        hits, misses = np.bincount(place, weights=hit), np.bincount(place, weights=miss)
        missed_below = (np.cumsum(misses) - misses / 2)[place]
        hit_above = (hits.sum() - np.cumsum(hits) + hits / 2)[place]
        own = hit * miss
        pairs = hits.sum() * misses.sum() - own.sum()
        auc = float(((hit * missed_below).sum() - own.sum() / 2) / pairs)
        added = hit * missed_below + miss * hit_above - own
        expected = hit * misses.sum() + miss * hits.sum() - 2 * own
        return self.close(auc, (added - auc * expected) / pairs, least=0.0, most=1.0)

    def miscalibration(self, predicted: Floats, bins: Integers) -> Measured:
        """Return the typical error of a prediction by bin, freed of what sampling alone would show.

        ``sqrt(mean over bins of (d^2 - se^2))`` with d the mean of predicted less outcome in a bin.
        """
        held = np.unique(bins[self.mass > 0])
        place = np.minimum(np.searchsorted(held, bins), len(held) - 1)
        size = np.bincount(place, weights=self.mass)
        off = predicted - np.where(self.mass > 0, self.value, predicted)
        gap = np.bincount(place, weights=self.mass * off) / size
        noise = np.bincount(place, weights=(self.mass * (off - gap[place])) ** 2) / size**2
        rng = np.random.default_rng(0)
        drawn = gap + np.sqrt(noise) * rng.normal(size=(2000, len(gap)))
        tail = (1 - self.confidence) / 2
        ends = np.quantile((drawn**2 - 2 * noise).mean(axis=1), [tail, 1 - tail])
        value, low, high = np.sqrt(np.maximum([(gap**2 - noise).mean(), *ends], 0.0))
        return Measured(float(value), float(min(low, value)), float(high))


def take_top(score: Floats, key: Integers, coverage: float) -> Floats:
    """Return which returns a coverage takes: 1, 0, and a part of the last.

    Examples
    --------
    >>> take_top(np.array([1.0, 3.0, 2.0]), np.arange(3), 0.5)
    array([0. , 1. , 0.5])
    """
    order = np.lexsort((key, -score))
    taken = np.empty(len(score))
    taken[order] = np.clip(coverage * len(score) - np.arange(len(score)), 0.0, 1.0)
    return taken


def to_events(amount: Floats, material: float, opened: Bools) -> Floats:
    """Return 1 where an amount is material, 0 elsewhere and where there is no label."""
    events: Floats = (opened & (amount >= material)).astype(np.float64)
    return events
