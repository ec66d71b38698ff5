"""AUC of a score on labels and on what random enquiries found, on the same bootstrap draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Bools, Column, Floats, Integers, to_flags
from taxgap.risk.crossfit import TAXPAYER, assign_folds
from taxgap.risk.evaluation.metrics import draw_counts
from taxgap.risk.selection.columns import read_known

_FEWEST = 10
_CELLS = 4_000_000


@dataclass(frozen=True)
class Labels:
    """The labels, what random enquiries found, and bootstrap draws by taxpayer that all checks share."""

    y: Bools
    reference: Bools
    random: Bools
    counts: Floats
    fold: Integers
    tails: tuple[float, float]

    @property
    def comparable(self) -> bool:
        """Whether there are enough random cases of both kinds to compare with."""
        hits = int(self.reference[self.random].sum())
        return min(hits, int(self.random.sum()) - hits) >= _FEWEST

    def compare(self, score: Floats) -> tuple[Floats, Floats]:
        """Return the AUC of a score on the labels, and on what random enquiries found: point, then draws."""
        return self.area(score), _areas(score, self.reference, self.counts * self.random)

    def area(self, score: Floats) -> Floats:
        """Return the AUC of a score on the labels: point, then draws."""
        return _areas(score, self.y, self.counts)

    def find_interval(self, drawn: Floats) -> tuple[float, float, float]:
        """Return a point and its percentile interval."""
        low, high = np.nanquantile(drawn[1:], self.tails)
        return float(drawn[0]), float(low), float(high)


def read_labels(
    index: pd.Index,
    y: Column,
    amount: Column | None,
    random: Column | None,
    *,
    material: float,
    folds: int,
    confidence: float,
    draws: int,
    seed: int,
) -> Labels:
    """Check labels, and draw what all checks share; arguments as in `check_labels`."""
    flags = to_flags(y, "y", index=index)
    if min(flags.sum(), (~flags).sum()) < _FEWEST:
        raise InvalidDataError(
            f"{int(flags.sum())} of {len(flags)} labels are positive: one class only, or nearly.", where="y"
        )
    drawn = np.zeros(len(flags), bool) if random is None else to_flags(random, "random", index=index)
    reference = flags
    if amount is not None:
        reference = read_known(amount, "amount", drawn, index=index, fill=0.0) >= material
    whose = index.get_level_values(TAXPAYER) if TAXPAYER in index.names else index
    taxpayer = pd.factorize(whose)[0]
    taxpayers = int(taxpayer.max()) + 1
    times = draw_counts(taxpayers, min(draws, max(20, _CELLS // taxpayers)), np.random.default_rng([seed, 6]))
    counts = np.concatenate([np.ones((1, len(flags))), times[:, taxpayer]])
    fold = assign_folds(index, flags.astype(np.int64), folds, seed)
    tail = (1 - confidence) / 2
    return Labels(flags, reference, drawn, counts, fold, (tail, 1 - tail))


def _areas(score: Floats, event: Bools, weights: Floats) -> Floats:
    """Return the AUC under each row of weights; ties count one half."""
    order = np.argsort(score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order]) != 0), len(score) - 1)
    drawn = weights[:, order]
    hits = np.diff(np.cumsum(drawn * event[order], axis=1)[:, ends], axis=1, prepend=0.0)
    misses = np.cumsum(drawn * ~event[order], axis=1)[:, ends]
    below = misses - np.diff(misses, axis=1, prepend=0.0) / 2
    pairs = hits.sum(axis=1) * misses[:, -1]
    areas: Floats = np.divide(
        (hits * below).sum(axis=1), pairs, out=np.full(len(pairs), np.nan), where=pairs > 0
    )
    return areas
