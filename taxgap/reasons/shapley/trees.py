"""LightGBM's trees as flat arrays, read from the text of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from taxgap.errors import IncompatibleError
from taxgap.reasons.shapley.arrays import Bools, Floats, Integers

CATEGORICAL, DEFAULT_LEFT = 1, 2
MISSING_NONE, MISSING_ZERO, MISSING_NAN = 0, 1, 2


@dataclass(frozen=True)
class Trees:
    """All trees of a model, one after another.

    Attributes
    ----------
    n_features : int
    feature_names : tuple of str
    node_start, leaf_start : ndarray of int64, shape (trees + 1,)
        Where the nodes and the leaves of each tree begin.
    feature : ndarray of int64
        Of each node.
    threshold : ndarray of float64
        Of each node; of a categorical one, nothing.
    categorical, default_left : ndarray of bool
    missing : ndarray of int64
        What counts as missing at a node: `MISSING_NONE`, `MISSING_ZERO`, `MISSING_NAN`.
    left, right : ndarray of int64
        Children, counted within the tree; a leaf is written ``-1 - leaf``.
    rows, leaf_rows : ndarray of float64
        Training rows of each node and leaf.
    leaf_value : ndarray of float64
    levels : dict of int to ndarray of int64
        The levels that go left, of each categorical node.
    """

    n_features: int
    feature_names: tuple[str, ...]
    node_start: Integers
    leaf_start: Integers
    feature: Integers
    threshold: Floats
    categorical: Bools
    default_left: Bools
    missing: Integers
    left: Integers
    right: Integers
    rows: Floats
    leaf_rows: Floats
    leaf_value: Floats
    levels: dict[int, Integers]

    @property
    def n_trees(self) -> int:
        """How many trees there are."""
        return len(self.node_start) - 1


def read_trees(booster: lgb.Booster) -> Trees:
    """Read the trees that `booster.predict` uses.

    Raises
    ------
    IncompatibleError
        The model has several outputs or linear trees.
    """
    head, *sections = booster.model_to_string(importance_type="split").split("\nTree=")
    facts = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    if int(facts["num_tree_per_iteration"]) != 1:
        raise IncompatibleError(
            f"The model has {facts['num_tree_per_iteration']} outputs; one can be explained.",
            remedy="Explain one model for each class.",
        )
    if sections:
        sections[-1] = sections[-1].split("\nend of trees")[0]
    trees = [dict(line.split("=", 1) for line in text.splitlines() if "=" in line) for text in sections]
    if any(tree.get("is_linear") == "1" for tree in trees):
        raise IncompatibleError(
            "The model has linear trees, whose leaves are no constants.",
            remedy="Train it without linear_tree.",
        )
    return _join(trees, facts)


def _join(trees: list[dict[str, str]], facts: dict[str, str]) -> Trees:
    leaves = np.array([int(tree["num_leaves"]) for tree in trees], dtype=np.int64)
    levels: dict[int, Integers] = {}
    nodes = 0
    for tree, size in zip(trees, leaves, strict=True):
        levels |= {nodes + node: found for node, found in _levels(tree).items()}
        nodes += int(size) - 1
    decision = _column(trees, "decision_type", np.int64)
    return Trees(
        n_features=int(facts["max_feature_idx"]) + 1,
        feature_names=tuple(facts["feature_names"].split(" ")),
        node_start=_starts(leaves - 1),
        leaf_start=_starts(leaves),
        feature=_column(trees, "split_feature", np.int64),
        threshold=_column(trees, "threshold", np.float64),
        categorical=(decision & CATEGORICAL) > 0,
        default_left=(decision & DEFAULT_LEFT) > 0,
        missing=(decision >> 2) & 3,
        left=_column(trees, "left_child", np.int64),
        right=_column(trees, "right_child", np.int64),
        rows=_column(trees, "internal_count", np.float64),
        leaf_rows=_leaf_counts(trees),
        leaf_value=_column(trees, "leaf_value", np.float64),
        levels=levels,
    )


def _column(trees: list[dict[str, str]], name: str, dtype: type[Any]) -> NDArray[Any]:
    parts = [text for tree in trees if (text := tree.get(name, ""))]
    return np.array(" ".join(parts).split(), dtype=dtype)


def _leaf_counts(trees: list[dict[str, str]]) -> Floats:
    # A tree of one leaf may come without counts, and needs none.
    texts = [tree.get("leaf_count", "") if tree["num_leaves"] != "1" else "1" for tree in trees]
    return np.array(" ".join(texts).split(), dtype=np.float64)


def _starts(sizes: Integers) -> Integers:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _levels(tree: dict[str, str]) -> dict[int, Integers]:
    """Return, by categorical node, the levels whose bit is set."""
    if tree.get("num_cat", "0") == "0":
        return {}
    decision = np.array(tree["decision_type"].split(), dtype=np.int64)
    which = np.array(tree["threshold"].split(), dtype=np.float64)
    bounds = np.array(tree["cat_boundaries"].split(), dtype=np.int64)
    words = np.array(tree["cat_threshold"].split(), dtype=np.uint32)
    found = {}
    for node in np.flatnonzero(decision & CATEGORICAL):
        own = int(which[node])
        bits = np.unpackbits(
            words[bounds[own] : bounds[own + 1]].astype("<u4").view(np.uint8), bitorder="little"
        )
        found[int(node)] = np.flatnonzero(bits).astype(np.int64)
    return found
