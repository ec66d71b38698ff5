"""Shapley values of rows that each have a background row of their own: paths branch where the two part."""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import NamedTuple

import lightgbm as lgb
import numpy as np

from taxgap.errors import UsageError
from taxgap.reasons.shapley.arrays import Codes, Floats, Integers
from taxgap.reasons.shapley.coding import Coding, Splits, code_splits
from taxgap.reasons.shapley.grouping import goes_left
from taxgap.reasons.shapley.jit import kernel
from taxgap.reasons.shapley.trees import read_trees

_ROWS = 16_384  # a block, so that codes stay small


class Weights(NamedTuple):
    """What a leaf is worth to each player, by how many players it needs from the row and from its pair.

    Attributes
    ----------
    joins : ndarray of float64
        To a player whose value in the row leads to the leaf: ``(a - 1)! b! / (a + b)!``.
    leaves : ndarray of float64
        To one whose value in the other row does: ``a! (b - 1)! / (a + b)!``, which is taken away.
    """

    joins: Floats
    leaves: Floats


def pair_values(booster: lgb.Booster, X: Floats, others: Floats) -> Floats:
    r"""Split the difference between each row's raw score and that of its pair into exact Shapley values.

    Parameters
    ----------
    booster : lightgbm.Booster
        With one output, and constants in its leaves.
    X, others : ndarray of float64, shape (rows, features)
        Rows, and the one background row of each.

    Returns
    -------
    ndarray of float64, shape (rows, features)
        A row adds up to the raw score of the row less that of its pair. A feature on which no split tells
        the two apart gets exactly zero.

    Raises
    ------
    UsageError
        The shapes differ, or are not the booster's.
    IncompatibleError
        The model has several outputs, or linear trees.

    Notes
    -----
    The interventional game with a single background row. A leaf that coalitions reach exactly if they hold a
    players and lack b others gives :math:`\frac{(a-1)!\,b!}{(a+b)!}` of its value to each of the former, and
    takes :math:`\frac{a!\,(b-1)!}{(a+b)!}` from each of the latter. Only leaves that some mixture of the two
    rows reaches are visited, so that the work grows with what differs, not with the model.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 3))
    >>> booster = lgb.train({"num_leaves": 8, "verbose": -1}, lgb.Dataset(X, X[:, 0] * X[:, 1]), 10)
    >>> parts = pair_values(booster, X[:250], X[250:])
    >>> score = booster.predict(X, raw_score=True)
    >>> bool(np.allclose(parts.sum(axis=1), score[:250] - score[250:]))
    True
    """
    if X.shape != others.shape or X.shape[1:] != (booster.num_feature(),):
        raise UsageError(
            f"Rows of shape {X.shape} and {others.shape}; the model takes {booster.num_feature()} columns.",
            where="others",
        )
    coding, splits, weights = _read(booster)
    values = np.zeros(X.shape)
    for start in range(0, len(X), _ROWS):
        block = slice(start, start + _ROWS)
        own, pair = coding.encode(_lay(X[block])), coding.encode(_lay(others[block]))
        totals = np.zeros((own.shape[1], len(coding.used)))
        if len(coding.used):
            _add_pairs(splits, own, pair, weights, totals)
        values[block, coding.used] = totals
    return values


def _lay(X: Floats) -> Floats:
    return np.ascontiguousarray(X, dtype=np.float64)


@lru_cache(maxsize=4)
def _read(booster: lgb.Booster) -> tuple[Coding, Splits, Weights]:
    coding, splits = code_splits(read_trees(booster))
    return coding, splits, _weigh(len(coding.used))


def _weigh(players: int) -> Weights:
    size = players + 1
    ways = np.array([[float(comb(a + b, a)) for b in range(size)] for a in range(size)])
    count = np.arange(size, dtype=np.float64)
    with np.errstate(divide="ignore"):  # nobody joins where nobody is needed: never looked up
        return Weights(1 / (count[:, np.newaxis] * ways), 1 / (count[np.newaxis, :] * ways))


class _Path(NamedTuple):
    """The way down a tree: which players were decided, for whom, and where other branches wait.

    Attributes
    ----------
    side : ndarray of int64
        By column: 0 while both rows agree, 1 where the row's value leads on, 2 where its pair's does.
    decided : ndarray of int64
        The columns that are not 0, in the order in which they were decided.
    waiting, depth, column : ndarray of int64
        Branches for later: the node, how many columns were decided before it, and the one it decides.
    """

    side: Integers
    decided: Integers
    waiting: Integers
    depth: Integers
    column: Integers


@kernel
def _add_pairs(splits: Splits, own: Codes, pair: Codes, weights: Weights, totals: Floats) -> None:
    places = len(splits.cells) + 1
    path = _Path(
        np.zeros(places, dtype=np.int64),
        np.zeros(places, dtype=np.int64),
        np.zeros(places, dtype=np.int64),
        np.zeros(places, dtype=np.int64),
        np.zeros(places, dtype=np.int64),
    )
    for tree in range(len(splits.node_start) - 1):
        if splits.node_start[tree + 1] > splits.node_start[tree]:
            for row in range(len(totals)):
                _walk(splits, tree, (own[:, row], pair[:, row]), path, (weights, totals[row]))


@kernel
def _walk(
    splits: Splits, tree: int, rows: tuple[Codes, Codes], path: _Path, to: tuple[Weights, Floats]
) -> None:
    """Visit every leaf that a mixture of both rows reaches: first by the row's values, then by its pair's."""
    # In one piece: functions that pass the path on to others were thirty times slower.
    first, leaf_first = splits.node_start[tree], splits.leaf_start[tree]
    own, pair = rows
    weights, totals = to
    node, decided, joined, waiting = 0, 0, 0, 0
    while waiting >= 0:
        while node >= 0:
            column = splits.column[first + node]
            left = goes_left(splits, first + node, own[column])
            if path.side[column] != 1 and own[column] != pair[column]:
                theirs = goes_left(splits, first + node, pair[column])
                if path.side[column] == 2:
                    left = theirs
                elif theirs != left:
                    path.waiting[waiting] = (
                        splits.left[first + node] if theirs else splits.right[first + node]
                    )
                    path.depth[waiting], path.column[waiting] = decided, column
                    path.side[column], path.decided[decided] = 1, column
                    waiting, decided, joined = waiting + 1, decided + 1, joined + 1
            node = splits.left[first + node] if left else splits.right[first + node]
        value = splits.leaf_value[leaf_first - 1 - node]
        for place in range(decided):
            column = path.decided[place]
            if path.side[column] == 1:
                totals[column] += value * weights.joins[joined, decided - joined]
            else:
                totals[column] -= value * weights.leaves[joined, decided - joined]
        waiting -= 1
        while decided > path.depth[max(waiting, 0)] * (waiting >= 0):
            decided -= 1
            joined -= path.side[path.decided[decided]] == 1
            path.side[path.decided[decided]] = 0
        if waiting >= 0:
            node, column = path.waiting[waiting], path.column[waiting]
            path.side[column], path.decided[decided] = 2, column
            decided += 1
