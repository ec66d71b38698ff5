"""From weighed pairs to people: how likely each link is, which to make, and how many are wrong or missed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from taxgap.risk.arrays import Floats, Integers

_ROUNDS = 500
_CLOSE = 1e-9
_START, _HOME = 1e-4, 1e-6
_SURE = 10.0  # log odds beyond which a pair is no more certain


@dataclass(frozen=True)
class Kinds:
    """Which two lists a pair of records is of; both may be the same.

    Parameters
    ----------
    which : list of tuple of int
        The two lists of each kind.
    possible : ndarray
        How many pairs there are of each.
    """

    which: list[tuple[int, int]]
    possible: Floats

    def codes(self, first: Integers, second: Integers) -> Integers:
        """Return the kind of each pair of lists."""
        table = np.zeros((max(two for _, two in self.which) + 1,) * 2, dtype=np.int64)
        for number, (one, two) in enumerate(self.which):
            table[one, two] = table[two, one] = number
        return np.asarray(table[first, second])


def kinds_of(lists: Integers) -> Kinds:
    """Return the kinds of pairs of some records, given the list of each."""
    sizes = np.bincount(lists).astype(np.float64)
    which = list(combinations_with_replacement(range(len(sizes)), 2))
    possible = [sizes[a] * (sizes[a] - 1) / 2 if a == b else sizes[a] * sizes[b] for a, b in which]
    return Kinds(which, np.maximum(possible, 1.0))


def find_chances(pairs: pd.DataFrame, lists: Integers) -> Floats:
    """Return how likely each pair of records is one person.

    Parameters
    ----------
    pairs : DataFrame
        From `score_pairs`.
    lists : ndarray of int
        The list of each record, from zero on.

    Returns
    -------
    ndarray, shape (pairs,)

    Notes
    -----
    Three kinds of pairs: one person, two people of one household (who share place and last name, and for the
    rest agree as two people do), two people. The share of the first is fitted for each two lists, that of the
    second for all, by expectation and maximisation over the pairs that share a key.
    """
    fields = [name for name in pairs.columns if name not in ("left", "right")]
    one = np.exp2(np.minimum(pairs[fields].sum(axis=1).to_numpy(dtype=np.float64), 300))
    shared = [name for name in ("last", "place") if name in fields]
    home = np.zeros(len(pairs))
    if len(shared) == 2:
        home = np.exp2(pairs[shared].sum(axis=1).to_numpy(dtype=np.float64))
        home[(pairs["last"] <= 0) | (pairs["place"] <= 0)] = 0.0
    kinds = kinds_of(lists)
    kind = kinds.codes(lists[pairs["left"]], lists[pairs["right"]])
    possible = kinds.possible
    share, at_home = np.full(len(possible), _START), _HOME if home.any() else 0.0
    chance = np.zeros(len(pairs))
    for _ in range(_ROUNDS):
        mine = share[kind] * one
        whole = mine + at_home * home + 1 - share[kind] - at_home
        before, chance = chance, mine / whole
        share = np.minimum(np.bincount(kind, chance, len(possible)) / possible, 0.5)
        at_home = min(float((at_home * home / whole).sum()) / float(possible.sum()), 0.4)
        if len(chance) == 0 or np.abs(chance - before).max() < _CLOSE:
            break
    return chance


def choose_threshold(chances: Floats, most_false: float) -> float:
    """Return the lowest chance from which on at most a given share of links is expected to be wrong.

    Parameters
    ----------
    chances : ndarray
    most_false : float
        Share of links, such as 0.01.

    Returns
    -------
    float
        At least 0.5: below it a pair is more likely two people.
    """
    ranked = np.sort(chances[chances >= 0.5])[::-1]
    wrong = np.cumsum(1 - ranked) / np.arange(1, len(ranked) + 1)
    kept = ranked[wrong <= most_false]
    return float(kept[-1]) if len(kept) else 1.0


def group_records(pairs: pd.DataFrame, chances: Floats, threshold: float, count: int) -> Integers:
    """Return the person of each record: records joined by links, directly or through others.

    Returns
    -------
    ndarray of int, shape (count,)
        Numbered in the order of each person's first record.

    Notes
    -----
    Where links join records that were themselves compared and found apart, links are made one by one, the
    likeliest first, and only while the records on both sides are more likely one person than two, by the mean
    of their log odds: one doubtful link does not make two people one.
    """
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    made = chances >= threshold
    joined = coo_array((np.ones(int(made.sum())), (left[made], right[made])), shape=(count, count))
    found = connected_components(joined, directed=False)[1].astype(np.int64)
    inside = found[left] == found[right]
    doubtful = np.isin(found, found[left[inside & ~made]])
    rows = np.flatnonzero(inside & doubtful[left])
    found[doubtful] = count + np.flatnonzero(doubtful)
    for record, person in _join_carefully(left[rows], right[rows], chances[rows], threshold).items():
        found[record] = count + person
    return np.asarray(pd.factorize(found)[0], dtype=np.int64)


def _join_carefully(left: Integers, right: Integers, chances: Floats, threshold: float) -> dict[int, int]:
    """Return the person of each record of some pairs, named by one of his records."""
    odds = np.clip(
        np.log(np.maximum(chances, 1e-30)) - np.log1p(-np.minimum(chances, 1 - 1e-15)), -_SURE, _SURE
    )
    person = {record: record for record in (*left.tolist(), *right.tolist())}
    records = {record: [record] for record in person}
    beside: dict[int, dict[int, float]] = {record: {} for record in person}
    for one, two, mine in zip(left.tolist(), right.tolist(), odds.tolist(), strict=True):
        beside[one][two] = beside[two][one] = mine
    for place in np.lexsort((right, left, -chances)):
        one, two = person[int(left[place])], person[int(right[place])]
        if chances[place] < threshold or one == two or beside[one][two] < 0:
            continue
        if len(records[one]) < len(records[two]):
            one, two = two, one
        for record in records.pop(two):
            person[record] = one
            records[one].append(record)
        for other, mine in beside.pop(two).items():
            del beside[other][two]
            if other != one:
                beside[one][other] = beside[other][one] = beside[one].get(other, 0.0) + mine
    return person
