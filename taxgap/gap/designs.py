"""Designs of a random programme: strata on a score, how many cases in each, and everyone's probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.checks import check_same_rows, check_whole
from taxgap.gap.streams import stream
from taxgap.risk.arrays import Column, Floats, Integers, to_floats

FLOOR = 0.25
"""Share of the cases that is spread over everyone alike, so that no return is hardly ever looked at (a
choice of ours: what a score overlooks must be found with a weight that does not carry the whole estimate)."""

STRATA = 20
FEWEST = 10
"""Cases a stratum has at least; strata and cases are choices of ours."""

_STEEPEST = 1.5
_PRIOR_GROUPS = 10


@dataclass(frozen=True)
class Design:
    """A stratified random sample that can be drawn.

    Parameters
    ----------
    stratum : ndarray of int
        Stratum of everyone, from 0, by rising score; the last one may be taken whole.
    sizes, cases : ndarray
        Population and sample by stratum.
    kind : str
        ``neyman`` or ``proportional``.
    """

    stratum: Integers
    sizes: Integers
    cases: Integers
    kind: str

    @property
    def probability(self) -> Floats:
        """Everyone's probability of being drawn."""
        return np.asarray((self.cases / self.sizes)[self.stratum], dtype=np.float64)

    @property
    def certainty_cases(self) -> int:
        """How many cases are taken with certainty."""
        return int(self.cases[self.cases == self.sizes].sum())

    def draw(self, seed: int) -> Integers:
        """Return the positions of the cases of one sample, in rising order.

        Parameters
        ----------
        seed : int
            The same seed draws the same cases. They have nothing to do with numbers that were drawn with
            ``numpy.random.default_rng(seed)``.

        Returns
        -------
        ndarray of int
        """
        key = stream(seed, "draw of a design").random(len(self.stratum))
        order = np.lexsort((key, self.stratum))
        start = np.cumsum(self.sizes) - self.sizes
        place = np.arange(len(order)) - np.repeat(start, self.sizes)
        return np.sort(order[place < np.repeat(self.cases, self.sizes)])

    def to_frame(self) -> pd.DataFrame:
        """Return one row a stratum: population, cases, probability."""
        columns = {"population": self.sizes, "cases": self.cases, "probability": self.cases / self.sizes}
        return pd.DataFrame(columns, index=pd.RangeIndex(len(self.sizes), name="stratum"))


def design_sample(
    scores: Column,
    cases: int,
    *,
    earlier_scores: Column | None = None,
    earlier_y: Column | None = None,
    strata: int = STRATA,
    floor: float = FLOOR,
) -> Design:
    """Return a stratified design for a random programme.

    Parameters
    ----------
    scores : array-like of float
        Expected amount of everyone, 0 or more (GBP, or anything in proportion).
    cases : int
        How many are drawn.
    earlier_scores, earlier_y : array-like of float, optional
        Scores and amounts of random cases of earlier years: the test of the score. Without them the score
        makes strata of equal probability only. Two Series must have the same index.
    strata : int, default 20
        How many at most.
    floor : float, default 0.25
        Share of the cases that is drawn in proportion to the population, 0 to 1.

    Returns
    -------
    Design

    Raises
    ------
    InvalidDataError, UsageError
        If scores are missing or negative, cases are fewer than 20, more than everyone or no whole number, an
        option is out of its range, or the earlier columns differ in their indexes.

    Notes
    -----
    Tested: with sigma_i the spread predicted from the score (`predict_spread`), returns whose probability
    would pass 1 are taken whole; the others are cut into strata of equal sum of sigma, and the cases are
    allotted n_h = n [ floor N_h / N + (1 - floor) S_h / S ], S_h the sum of sigma (Neyman's allocation,
    1934, with a floor). Untested: strata of equal size, in proportion. Either way at least 10 cases a
    stratum.

    Examples
    --------
    >>> scores = np.random.default_rng(0).lognormal(6, 1, 10_000)
    >>> design_sample(scores, 500).kind
    'proportional'
    >>> tested = design_sample(scores, 500, earlier_scores=scores[:1000], earlier_y=scores[:1000])
    >>> tested.kind, int(tested.cases.sum()), len(tested.draw(seed=1))
    ('neyman', 500, 500)
    """
    values = to_floats(scores, "scores")
    if (values < 0).any():
        raise InvalidDataError("A score is negative.", where="scores", remedy="Give expected amounts.")
    cases = check_whole(cases, "cases", least=2 * FEWEST)
    if cases > len(values):
        raise UsageError(f"{cases} cases of {len(values)} cannot be drawn.", where="cases")
    if not 0 <= floor <= 1:
        raise UsageError(f"The floor is {floor}, not between 0 and 1.", where="floor")
    if (earlier_scores is None) != (earlier_y is None):
        raise UsageError("earlier_scores goes with earlier_y.", where="earlier_y")
    strata = min(check_whole(strata, "strata"), cases // (2 * FEWEST))
    if earlier_scores is None or earlier_y is None:
        return _cut(np.ones(len(values)), values, cases, strata, floor=1.0, kind="proportional")
    spread = predict_spread(values, earlier_scores, earlier_y)
    return _cut(spread, values, cases, strata, floor=floor, kind="neyman")


def predict_spread(scores: Column, earlier_scores: Column, earlier_y: Column) -> Floats:
    """Return the spread of the amount that each score stands for, from earlier random cases.

    Parameters
    ----------
    scores : array-like of float
        Of everyone, 0 or more.
    earlier_scores, earlier_y : array-like of float
        Of the earlier cases, at least 100 of them; scores 0 or more. Two Series must have the same index.

    Returns
    -------
    ndarray
        In proportion to sqrt(E y^2 given the score), above 0.

    Raises
    ------
    InvalidDataError
        If there are fewer than 100 earlier cases, or one of their scores is negative.
    UsageError
        If the earlier columns differ in length or index.

    Notes
    -----
    sigma = f^g. The earlier cases are ranked by score and cut into 10 groups; g is the slope of the log of
    the groups' root mean square on the log of their mean score, between 0 (a score that tells nothing gives
    equal probabilities) and 1.5. Groups without an amount count with the smallest root mean square of the
    others. A power of the score is an assumption; it decides the width only, never the value.

    Examples
    --------
    >>> f = np.linspace(1, 100, 1000)
    >>> spread = predict_spread([10.0, 40.0], f, 7 * f)
    >>> round(float(spread[1] / spread[0]))
    4
    """
    check_same_rows(earlier_scores=earlier_scores, earlier_y=earlier_y)
    known = to_floats(earlier_scores, "earlier_scores")
    if (known < 0).any():
        raise InvalidDataError(
            "An earlier score is negative.", where="earlier_scores", remedy="Give expected amounts."
        )
    amounts = to_floats(earlier_y, "earlier_y", rows=len(known))
    if len(known) < 100:
        raise InvalidDataError(
            f"{len(known)} earlier cases do not test a score.",
            where="earlier_scores",
            remedy="Give at least 100 random cases, or none.",
        )
    values = to_floats(scores, "scores")
    tiny = max(float(np.quantile(known, 0.05)), 1e-3 * float(known.mean()))
    if tiny <= 0:
        return np.ones(len(values))
    order = np.argsort(known, kind="stable")
    group = np.empty(len(known), dtype=np.int64)
    group[order] = np.arange(len(known)) * _PRIOR_GROUPS // len(known)
    counts = np.bincount(group)
    level = np.log(np.maximum(np.bincount(group, known) / counts, tiny))
    square = np.bincount(group, amounts**2) / counts
    if not square.any():
        return np.ones(len(values))
    size = np.log(np.maximum(square, square[square > 0].min())) / 2
    centred = level - level.mean()
    slope = float(centred @ size / (centred @ centred)) if centred.any() else 0.0
    return np.asarray(np.maximum(values, tiny) ** np.clip(slope, 0.0, _STEEPEST), dtype=np.float64)


def _cut(spread: Floats, scores: Floats, cases: int, strata: int, *, floor: float, kind: str) -> Design:
    order = np.lexsort((scores, spread))
    whole = _find_whole(spread[order], cases, floor)
    rest = order[: len(order) - whole]
    reach = np.cumsum(spread[rest])
    code = np.minimum((reach / reach[-1] * strata * (1 - 1e-12)).astype(np.int64), strata - 1)
    code = np.unique(code, return_inverse=True)[1]
    stratum = np.full(len(order), code.max() + 1, dtype=np.int64)
    stratum[rest] = code
    sizes = np.bincount(code)
    shares = floor * sizes / sizes.sum() + (1 - floor) * np.bincount(code, spread[rest]) / reach[-1]
    drawn = _allot(shares * (cases - whole), sizes)
    if whole:
        sizes, drawn = np.append(sizes, whole), np.append(drawn, whole)
    return Design(stratum, sizes, drawn, kind)


def _find_whole(rising: Floats, cases: int, floor: float) -> int:
    """Return how many of the largest are taken with certainty, but never so many that strata run short."""
    whole, left = 0, len(rising)
    total = np.cumsum(rising)
    while whole < cases // 2:
        count = left - whole
        chance = (cases - whole) * (floor / count + (1 - floor) * rising[:count] / total[count - 1])
        more = int((chance >= 1).sum())
        if not more:
            break
        whole = min(whole + more, cases // 2)
    return whole


def _allot(wanted: Floats, sizes: Integers) -> Integers:
    """Return whole numbers that add up to the sum, each at least FEWEST and at most the stratum."""
    total = round(float(wanted.sum()))
    least = np.minimum(FEWEST, sizes)
    cases = np.clip(np.floor(wanted).astype(np.int64), least, sizes)
    while cases.sum() != total:
        step = 1 if cases.sum() < total else -1
        room = np.where(cases < sizes if step > 0 else cases > least, step * (wanted - cases), -np.inf)
        cases[int(np.argmax(room))] += step
    return cases
