"""Intervals for answers that share participants and cases: a bootstrap by both, and Wilson's where few.

Answers of one participant are alike, and so are answers on one case. Both are therefore drawn: each gets a
random weight, and an answer counts by the product of the two. Such draws vary too much, since the noise of
single answers enters three times. They are drawn in to the sum of three parts of the variance: what cases
add, what participants add, and single answers. The parts are those of two-way cluster-robust variances
(Cameron, Gelbach and Miller 2011), none below zero; Student's t with one less than the fewer of participants
and cases stands for the normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import norm, t

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.evaluation.intervals import find_percentiles, widen_proportion

FEWEST = 5
"""With fewer participants or cases than this, or with answers that are all the same, nothing can be drawn."""

BOOTSTRAP = "bootstrap by participant and case"
WILSON = "Wilson, answers taken as independent"
NOTHING = "none: too few participants or cases"
ALIKE = "none: the answers do not vary"


@dataclass(frozen=True)
class Variance:
    """The variance of an estimate by what it comes from; all in squared units of the estimate.

    Attributes
    ----------
    answers, participants, cases : float
        What single answers, what differences between participants, and what differences between cases add.
    n_participants, n_cases : int
        How many there are.
    """

    answers: float
    participants: float
    cases: float
    n_participants: int
    n_cases: int

    @property
    def total(self) -> float:
        """The variance of the estimate."""
        return self.answers + self.participants + self.cases

    @property
    def design_effect(self) -> float:
        """How many times the variance is that of as many independent answers."""
        return self.total / self.answers if self.answers > 0 else float("nan")


@dataclass(frozen=True)
class Measured:
    """An estimate with its interval, how that was found, and the parts of its variance."""

    value: float
    low: float
    high: float
    n: int
    interval: str
    variance: Variance | None = None


@dataclass(frozen=True, eq=False)
class Crossed:
    """Participants and cases of answers, with the draws that all estimates share.

    Attributes
    ----------
    participant, case : ndarray of int
        Of each answer, numbered from 0.
    draws : int
    seed : int
    confidence : float
    """

    participant: Integers
    case: Integers
    draws: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def mean(self, values: Floats, *, share: bool = True) -> Measured:
        """Estimate the mean of some answers; missing ones do not count.

        Parameters
        ----------
        values : ndarray
            One an answer.
        share : bool, default True
            Whether it is a proportion.
        """
        there = np.flatnonzero(~np.isnan(values))
        y = values[there]
        if not len(y):
            return Measured(np.nan, np.nan, np.nan, 0, NOTHING)
        value = float(y.mean())
        parts = self._split((y - value) / len(y), there, spent=1)
        if self._few(parts):
            if not share:
                return Measured(value, np.nan, np.nan, len(y), self._lacking(parts))
            low, high = widen_proportion((value, value), value, len(y), self.confidence)
            return Measured(value, low, high, len(y), WILSON)
        by_person, by_case = self._weights
        weight = by_person[:, self.participant[there]] * by_case[:, self.case[there]]
        low, high = self._interval(value, (weight @ y) / weight.sum(axis=1), parts)
        if share:
            low, high = max(low, 0.0), min(high, 1.0)
            worth = value * (1 - value) / parts.total if parts.total > 0 else len(y)
            low, high = widen_proportion((low, high), value, min(worth, len(y)), self.confidence)
        return Measured(value, low, high, len(y), BOOTSTRAP, parts)

    def difference(self, values: Floats, first: Bools, second: Bools) -> Measured:
        """Estimate how much larger the mean of some answers is than of others, case by case.

        Parameters
        ----------
        values : ndarray
            One an answer; missing ones do not count.
        first, second : ndarray of bool
            Which answers are compared.

        Notes
        -----
        Only cases with answers of both kinds count, all alike.
        """
        there = ~np.isnan(values)
        counts = [self._by_case(there & arm) for arm in (first, second)]
        paired = (counts[0] > 0) & (counts[1] > 0)
        n_cases = int(paired.sum())
        if not n_cases:
            return Measured(np.nan, np.nan, np.nan, 0, NOTHING)
        rows = np.flatnonzero(there & (first | second) & paired[self.case])
        y, case, one = values[rows], self.case[rows], first[rows]
        means = [
            self._by_case(there & arm, values) / np.maximum(n, 1)
            for arm, n in zip((first, second), counts, strict=True)
        ]
        value = float((means[0] - means[1])[paired].mean())
        sign = np.where(one, 1.0, -1.0)
        own = np.where(one, counts[0][case], counts[1][case])
        expected = (means[0] + means[1])[case] / 2 + sign * value / 2
        parts = self._split(sign * (y - expected) / (n_cases * own), rows, spent=n_cases + 1)
        if self._few(parts):
            return Measured(value, np.nan, np.nan, n_cases, self._lacking(parts))
        low, high = self._interval(value, self._draw_differences(y, rows, one, paired), parts)
        return Measured(value, low, high, n_cases, BOOTSTRAP, parts)

    def _by_case(self, there: Bools, values: Floats | None = None) -> Floats:
        weights = None if values is None else values[there]
        size = int(self.case.max(initial=-1)) + 1
        return np.bincount(self.case[there], weights, size).astype(np.float64)

    def _split(self, influence: Floats, rows: Integers, *, spent: int) -> Variance:
        """Part the variance of an estimate by what each answer adds to its error."""
        n = len(rows)
        alone = float((influence**2).sum()) * n / max(n - spent, 1)
        parts, numbers = [], []
        for whose in (self.participant, self.case):
            _, place = np.unique(whose[rows], return_inverse=True)
            sums = np.bincount(place, influence)
            clustered = float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1)
            parts.append(max(clustered - alone, 0.0))
            numbers.append(len(sums))
        return Variance(alone, parts[0], parts[1], numbers[0], numbers[1])

    @staticmethod
    def _few(parts: Variance) -> bool:
        return min(parts.n_participants, parts.n_cases) < FEWEST or parts.total <= 1e-15

    @staticmethod
    def _lacking(parts: Variance) -> str:
        return NOTHING if min(parts.n_participants, parts.n_cases) < FEWEST else ALIKE

    @cached_property
    def _weights(self) -> tuple[Floats, Floats]:
        random = np.random.default_rng([self.seed, 2])
        people = random.exponential(size=(self.draws, int(self.participant.max()) + 1))
        return people, random.exponential(size=(self.draws, int(self.case.max()) + 1))

    def _draw_differences(self, y: Floats, rows: Integers, one: Bools, paired: Bools) -> Floats:
        by_person, by_case = self._weights
        weight = by_person[:, self.participant[rows]]
        belongs = np.eye(len(paired))[self.case[rows]]
        means = [
            ((weight * arm * y) @ belongs)[:, paired] / ((weight * arm) @ belongs)[:, paired]
            for arm in (one, ~one)
        ]
        by = by_case[:, paired]
        drawn: Floats = ((means[0] - means[1]) * by).sum(axis=1) / by.sum(axis=1)
        return drawn

    def _interval(self, value: float, drawn: Floats, parts: Variance) -> tuple[float, float]:
        spread = float(drawn.std(ddof=1))
        if spread <= 0:
            return float("nan"), float("nan")
        upper = (1 + self.confidence) / 2
        freedom = min(parts.n_participants, parts.n_cases) - 1
        scale = np.sqrt(parts.total) / spread * t.ppf(upper, freedom) / norm.ppf(upper)
        low, high = find_percentiles(drawn - drawn.mean(), self.confidence)
        return value + scale * low, value + scale * high
