"""Days: what rows of different tables say of the same days of the same taxpayer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taxgap.regimes.amounts import Columns, Floats

LEAST_COVER = 0.2
"""The least share of the days that must be covered for a comparison."""

Positions: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Spans:
    """Rows that each cover days of one taxpayer.

    Attributes
    ----------
    who : ndarray of int
        Position of the taxpayer among those measured; -1 for anybody else.
    first, last : ndarray of float64
        Days since 1970, both included; missing where the table does not say.
    """

    who: Positions
    first: Floats
    last: Floats

    @classmethod
    def of(cls, table: pd.DataFrame, people: pd.Index, first: str, last: str) -> Spans:
        """Take the spans from two columns of dates."""
        ids = pd.Index(table["taxpayer_id"])
        return cls(people.get_indexer(ids), to_days(table[first]), to_days(table[last]))

    @property
    def days(self) -> Floats:
        """How many days each row covers."""
        return np.asarray(self.last - self.first + 1)

    def take(self, rows: Positions) -> Spans:
        """Keep some rows."""
        return Spans(self.who[rows], self.first[rows], self.last[rows])


class Overlap(NamedTuple):
    """Pairs of rows of one taxpayer that share days."""

    left: Positions
    right: Positions
    days: Floats


def to_days(dates: pd.Series) -> Floats:
    """Turn dates into days since 1970.

    Examples
    --------
    >>> to_days(pd.Series(pd.to_datetime(["1970-01-03", None]))).tolist()
    [2.0, nan]
    """
    days = dates.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.float64))


def find_overlap(left: Spans, right: Spans) -> Overlap:
    """Pair the rows of the same taxpayer that share at least a day.

    Examples
    --------
    >>> one = Spans(np.array([0]), np.array([0.0]), np.array([89.0]))
    >>> two = Spans(np.array([0, 0, 1]), np.array([80.0, 95.0, 0.0]), np.array([94.0, 99.0, 9.0]))
    >>> find_overlap(one, two).days.tolist()
    [10.0]
    """
    order = np.argsort(right.who, kind="stable")
    people = max(left.who.max(initial=-1), right.who.max(initial=-1)) + 1
    each = np.bincount(right.who[right.who >= 0], minlength=people)
    first = np.cumsum(each) - each + np.count_nonzero(right.who < 0)
    counts = np.where(left.who >= 0, np.append(each, 0)[left.who], 0)
    starts = np.append(first, 0)[left.who]
    before = np.cumsum(counts) - counts
    rows = np.repeat(np.arange(len(counts)), counts)
    others = order[np.arange(len(rows)) + np.repeat(starts - before, counts)]
    days = np.minimum(left.last[rows], right.last[others]) - np.maximum(left.first[rows], right.first[others])
    shared = np.flatnonzero(days >= 0)
    return Overlap(rows[shared], others[shared], days[shared] + 1)


def add_up(pairs: Overlap, values: Floats, length: int) -> Floats:
    """Sum one value a pair for each left row."""
    return np.bincount(pairs.left, values, minlength=length).astype(np.float64)


def sum_on_days(own: Spans, other: Spans, amounts: Columns) -> tuple[dict[str, Floats], Floats]:
    """Sum what other rows say of the days of each own row, in proportion to the days shared.

    Parameters
    ----------
    own, other : Spans
    amounts : mapping of str to ndarray
        Of the other rows, in pounds.

    Returns
    -------
    sums : dict of str to ndarray
        One value an own row.
    share : ndarray of float64
        The share of its days that other rows cover, from 0 to 1; rows of the very same days count once.
    """
    pairs, length = find_overlap(own, other), len(own.who)
    part = pairs.days / other.days[pairs.right]
    sums = {name: add_up(pairs, values[pairs.right] * part, length) for name, values in amounts.items()}
    covered = add_up(pairs, pairs.days * ~repeated(other)[pairs.right], length)
    return sums, np.minimum(covered / own.days, 1.0)


def bring_to_days(amount: Floats, share: Floats) -> Floats:
    """Scale an amount of own days down to the share that is covered; missing where too little is."""
    return np.where(share >= LEAST_COVER, amount * share, np.nan)


def repeated(spans: Spans) -> NDArray[np.bool_]:
    """Tell which rows cover exactly the days that a row before them covers."""
    order = np.lexsort((spans.last, spans.first, spans.who))
    again = np.zeros(len(order), dtype=bool)
    again[order[1:]] = np.all(
        [
            values[order[1:]] == values[order[:-1]]
            for values in (spans.who.astype(np.float64), spans.first, spans.last)
        ],
        axis=0,
    )
    return again
