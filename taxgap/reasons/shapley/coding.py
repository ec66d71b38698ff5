"""Codes: every value of a feature as the number of its cell, within which no split tells values apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taxgap.reasons.shapley.arrays import Bools, Codes, Floats, Integers, Whole
from taxgap.reasons.shapley.jit import kernel
from taxgap.reasons.shapley.trees import MISSING_NAN, MISSING_ZERO, Trees

ZERO = float(np.float32(1e-35))
"""LightGBM takes what is no further from zero than this as zero, whatever the thresholds."""


_CHUNK = 256
_LEVELS = 2_147_483_648.0


@dataclass(frozen=True)
class Coding:
    """How values become codes, one column a feature that some split uses.

    Attributes
    ----------
    used : ndarray of int64
        The features, by their position.
    cuts : ndarray of float64
        Thresholds in ascending order, all columns one after another: ``x <= cuts[k]`` iff ``code <= k``. Of a
        categorical column, the levels that any split names.
    start : ndarray of int64
        Where the cuts of each column begin.
    classes : ndarray of int64
        Beside the cuts: of a categorical column, the code of each level.
    cells : ndarray of int64
        How many codes a column has. The last of a numeric one stands for missing; the first of a categorical
        one for missing and for all levels that no split names.
    categorical : ndarray of bool
    """

    used: Integers
    cuts: Floats
    start: Integers
    classes: Integers
    cells: Integers
    categorical: Bools

    def encode(self, X: Floats) -> Codes:
        """Return the codes of rows, shape (columns, rows)."""
        kind = np.uint16 if self.cells.max(initial=0) < np.iinfo(np.uint16).max else np.uint32
        codes = np.empty((len(self.used), len(X)), dtype=kind)
        _encode(X, self.used, self.cuts, self.start, self.classes, self.categorical, codes)
        return codes


class Splits(NamedTuple):
    """The splits of all trees in terms of codes, as the compiled functions read them.

    Attributes
    ----------
    node_start, leaf_start, left, right, rows, leaf_rows, leaf_value : ndarray
        As `Trees`.
    column : ndarray of int64
        Of each node, its column of the codes.
    cut : ndarray of int64
        Of a numeric node, the last code that goes left.
    missing_left, zero_left, zero_is_missing : ndarray of bool
        Of a numeric node, where a missing value and zero go, and whether zero counts as missing.
    row : ndarray of int64
        Of a categorical node, where its row in `goes_left` begins.
    goes_left : ndarray of bool
        Rows of categorical nodes, one value a code.
    cells, categorical : ndarray
        As `Coding`.
    zero_from, zero_to : ndarray of int64
        Of each column, the codes that stand for zero: from, and up to but not including. None where no split
        takes zero as missing.
    """

    node_start: Integers
    leaf_start: Integers
    left: Integers
    right: Integers
    rows: Floats
    leaf_rows: Floats
    leaf_value: Floats
    column: Integers
    cut: Integers
    missing_left: Bools
    zero_left: Bools
    zero_is_missing: Bools
    row: Integers
    goes_left: Bools
    cells: Integers
    categorical: Bools
    zero_from: Integers
    zero_to: Integers


def code_splits(trees: Trees) -> tuple[Coding, Splits]:
    """Find the cells that the splits of a model tell apart, and what each split makes of them."""
    used = np.unique(trees.feature)
    column = np.searchsorted(used, trees.feature).astype(np.int64)
    zero_is_missing = trees.missing == MISSING_ZERO
    categorical = np.zeros(len(used), dtype=np.bool_)
    cut, row = np.zeros_like(column), np.zeros_like(column)
    cells, zero_from, zero_to = (np.zeros(len(used), dtype=np.int64) for _ in range(3))
    cuts: list[Floats] = []
    classes: list[Integers] = []
    tables, length = [np.zeros(0, dtype=np.bool_)], 0
    for place in range(len(used)):
        nodes = np.flatnonzero(column == place)
        if trees.categorical[nodes[0]]:
            levels, codes, table = _classify([trees.levels[int(node)] for node in nodes])
            own = levels.astype(np.float64)
            categorical[place], cells[place] = True, table.shape[1]
            row[nodes] = length + np.arange(len(nodes)) * table.shape[1]
            tables.append(table.ravel())
            length += table.size
        else:
            own = _find_cuts(trees.threshold[nodes], zero=bool(zero_is_missing[nodes].any()))
            codes = np.zeros(len(own), dtype=np.int64)
            cut[nodes], cells[place] = np.searchsorted(own, trees.threshold[nodes]), len(own) + 2
            if zero_is_missing[nodes].any():
                zero_from[place], zero_to[place] = np.searchsorted(own, [-ZERO, np.nextafter(ZERO, np.inf)])
        cuts.append(own)
        classes.append(codes)
    zero_left = np.where(zero_is_missing, trees.default_left, trees.threshold >= 0.0)
    start = np.cumsum([0, *(len(own) for own in cuts)]).astype(np.int64)
    coding = Coding(used, _join(cuts, np.float64), start, _join(classes, np.int64), cells, categorical)
    return coding, Splits(
        **{name: getattr(trees, name) for name in _CARRIED},
        column=column,
        cut=cut,
        # Where missing values do not count as missing, they are read as zero.
        missing_left=np.where(trees.missing == MISSING_NAN, trees.default_left, zero_left),
        zero_left=zero_left,
        zero_is_missing=zero_is_missing,
        row=row,
        goes_left=np.concatenate(tables),
        cells=cells,
        categorical=categorical,
        zero_from=zero_from,
        zero_to=zero_to,
    )


_CARRIED = ("node_start", "leaf_start", "left", "right", "rows", "leaf_rows", "leaf_value")


def _join(parts: list[NDArray[Any]], dtype: type[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0), *parts]).astype(dtype)


def _find_cuts(thresholds: Floats, *, zero: bool) -> Floats:
    """Return the distinct thresholds, with the bounds of what LightGBM takes as zero where it matters."""
    bounds = [np.nextafter(-ZERO, -np.inf), ZERO] if zero else []
    return np.unique(np.concatenate([thresholds, bounds]))


def _classify(sets: list[Integers]) -> tuple[Integers, Integers, Bools]:
    """Return the levels named, the code of each, and by set and code whether it goes left.

    Code 0 is for levels that are in no set.
    """
    levels = np.unique(np.concatenate(sets))
    member = np.zeros((len(sets), len(levels) + 1), dtype=np.bool_)
    for place, own in enumerate(sets):
        member[place, 1 + np.searchsorted(levels, own)] = True
    packed = np.packbits(member, axis=0).T
    _, first, code = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return levels, rank[code.ravel()][1:], member[:, np.sort(first)]


@kernel
def _encode(
    X: Floats,
    used: Integers,
    cuts: Floats,
    start: Integers,
    classes: Integers,
    categorical: Bools,
    codes: Codes,
) -> None:
    for first in range(0, len(X), _CHUNK):  # rows that stay in the cache while column after column is read
        for place in range(len(used)):
            own = cuts[start[place] : start[place + 1]]
            named = classes[start[place] : start[place + 1]]
            last = min(first + _CHUNK, len(X))
            if categorical[place]:
                for row in range(first, last):
                    codes[place, row] = _find_class(X[row, used[place]], own, named)
            else:
                _encode_numbers(X[first:last, used[place]], own, codes[place, first:last])


@kernel
def _encode_numbers(numbers: Floats, cuts: Floats, codes: Codes) -> None:
    """Encode four numbers at a time: each halving waits for the one before, but not for the neighbours'."""
    missing = len(cuts) + 1
    row = 0
    while row + 4 <= len(numbers):
        a, b = _snap(numbers[row]), _snap(numbers[row + 1])
        c, d = _snap(numbers[row + 2]), _snap(numbers[row + 3])
        at_a, at_b, at_c, at_d, rest = 0, 0, 0, 0, len(cuts)
        while rest > 0:
            half = (rest + 1) >> 1
            at_a += half if cuts[at_a + half - 1] < a else 0
            at_b += half if cuts[at_b + half - 1] < b else 0
            at_c += half if cuts[at_c + half - 1] < c else 0
            at_d += half if cuts[at_d + half - 1] < d else 0
            rest -= half
        codes[row] = missing if np.isnan(a) else at_a
        codes[row + 1] = missing if np.isnan(b) else at_b
        codes[row + 2] = missing if np.isnan(c) else at_c
        codes[row + 3] = missing if np.isnan(d) else at_d
        row += 4
    while row < len(numbers):
        x = _snap(numbers[row])
        codes[row] = missing if np.isnan(x) else _count_below(x, cuts)
        row += 1


@kernel
def _snap(x: float) -> float:
    return 0.0 if abs(x) <= ZERO else x


@kernel
def _find_class(x: float, levels: Floats, classes: Integers) -> Whole:
    # LightGBM cuts a level to a whole number, towards zero; missing is in no class.
    if not -1.0 < x < _LEVELS:
        return 0
    level = np.floor(x) if x > 0.0 else 0.0
    at = _count_below(level, levels)
    return classes[at] if at < len(levels) and levels[at] == level else 0


@kernel
def _count_below(x: float, values: Floats) -> int:
    """Count how many ascending values are below x, by halving without a branch to guess wrong."""
    at, rest = 0, len(values)
    while rest > 0:
        half = (rest + 1) >> 1
        at += half if values[at + half - 1] < x else 0
        rest -= half
    return at
