"""How many links are wrong, and how many were missed: by their chances, and by what no key could show."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from taxgap.gap.linking.grouping import Kinds
from taxgap.gap.linking.model import KEYS
from taxgap.risk.arrays import Bools, Floats, Integers

_KEYED = ("first", "last", "born", "postcode")


def expect_false(
    pairs: pd.DataFrame, chances: Floats, people: Integers, lists: Integers, kinds: Kinds
) -> Floats:
    """Return how many people on two lists are expected to be two people, by kind of pair.

    Notes
    -----
    Somebody on two lists is wrong with one less the chance of the best pair of his records on them, or of his
    best pair on any, where a third list joins them. Within a list it is records joined too many.
    """
    own = people[pairs["left"]]
    inside = own == people[pairs["right"]]
    kind = kinds.codes(lists[pairs["left"]], lists[pairs["right"]])
    best = pd.DataFrame({"person": own, "kind": kind, "chance": chances})[inside]
    table = best.pivot_table(values="chance", index="person", columns="kind", aggfunc="max")
    records = _count_records(people, lists)[table.index]
    false = []
    for number, (one, two) in enumerate(kinds.which):
        direct = table[number] if number in table else pd.Series(np.nan, index=table.index)
        wrong = 1 - direct.fillna(table.max(axis=1)).to_numpy(dtype=np.float64)
        joined = records[:, one] - 1 if one == two else (records[:, one] > 0) & (records[:, two] > 0)
        false.append(float((np.maximum(joined, 0) * wrong).sum()))
    return np.array(false)


def expect_missed(
    pairs: pd.DataFrame, chances: Floats, people: Integers, lists: Integers, kinds: Kinds
) -> Floats:
    """Return how many links below the threshold are expected to be right, by kind of pair.

    Notes
    -----
    Two people who were not joined are one with the chance of their best pair; where one could be several
    others, their odds are taken together, for at most one is right. Joining them would put somebody on both
    lists only where neither is on both already; within a list it would leave one person less.
    """
    first, second = people[pairs["left"]], people[pairs["right"]]
    apart = first != second
    kind = kinds.codes(lists[pairs["left"]], lists[pairs["right"]])
    best = pd.DataFrame(
        {"low": np.minimum(first, second), "high": np.maximum(first, second), "kind": kind, "chance": chances}
    )[apart]
    best = best.groupby(["low", "high", "kind"], as_index=False)["chance"].max()
    low, high = best["low"].to_numpy(), best["high"].to_numpy()
    own = best["kind"].to_numpy()
    chance = best["chance"].to_numpy(dtype=np.float64)
    odds = chance / np.maximum(1 - chance, 1e-12)
    size = (int(people.max()) + 1) * len(kinds.which)
    rivals = sum(
        np.bincount(end * len(kinds.which) + own, odds, size)[end * len(kinds.which) + own]
        for end in (low, high)
    )
    chance = odds / (1 + rivals - odds)
    on = _count_records(people, lists) > 0
    missed = []
    for number, (one, two) in enumerate(kinds.which):
        mine = own == number
        both = (on[low] & on[high]).any(axis=1)
        if one != two:
            mine &= ~both
        missed.append(float(chance[mine].sum()))
    return np.array(missed)


def share_compared(people: pd.DataFrame, lists: Integers, agree: Mapping[str, float], kinds: Kinds) -> Floats:
    """Return which share of pairs of one person agree in a key at all, by kind of pair.

    Notes
    -----
    Fields are taken to be written alike independently of each other (the assumption of the model), where both
    records have them.
    """
    known = people[list(_KEYED)].notna().to_numpy()
    shares = [_count_patterns(known[lists == number]) for number in range(int(lists.max()) + 1)]
    swapped = agree.get("swapped", 0.0)
    result = []
    for one, two in kinds.which:
        total = 0.0
        for (mine, weight), (yours, other) in product(shares[one], shares[two]):
            there = np.array(mine) & np.array(yours)
            turned = swapped if there[0] and there[1] else 0.0
            total += weight * other * (turned + (1 - turned) * _agrees_in_key(there, agree))
        result.append(total)
    return np.array(result)


def _agrees_in_key(there: Bools, agree: Mapping[str, float]) -> float:
    alike = [agree.get(name, 0.0) if known else 0.0 for name, known in zip(_KEYED, there, strict=True)]
    total = 0.0
    for pattern in product((False, True), repeat=len(_KEYED)):
        same = {name for name, yes in zip(_KEYED, pattern, strict=True) if yes}
        if any(same.issuperset(key) for key in KEYS):
            total += float(np.prod([p if yes else 1 - p for p, yes in zip(alike, pattern, strict=True)]))
    return total


def _count_patterns(known: Bools) -> list[tuple[tuple[bool, ...], float]]:
    patterns, counts = np.unique(known, axis=0, return_counts=True)
    return [(tuple(row.tolist()), count / len(known)) for row, count in zip(patterns, counts, strict=True)]


def _count_records(people: Integers, lists: Integers) -> Integers:
    table = np.zeros((int(people.max()) + 1, int(lists.max()) + 1), dtype=np.int64)
    np.add.at(table, (people, lists), 1)
    return table
