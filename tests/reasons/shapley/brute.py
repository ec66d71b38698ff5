"""Shapley values from their definition: every coalition is tried. Slow, short, and nobody's kernel.

The game against a background asks LightGBM's own ``predict`` for every coalition and every background row.
The path-dependent game walks the trees of ``dump_model`` as the TreeSHAP paper's EXPVALUE does.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Coalitions: TypeAlias = NDArray[np.bool_]

ZERO = float(np.float32(1e-35))  # LightGBM's constant is written as a float
CLIPPED = 1e300  # dump_model writes an infinite threshold so; the model's text says inf
MOST_ROWS = 200_000


def brute_against(booster: lgb.Booster, X: Floats, background: Floats, players: Any = None) -> Floats:
    """Shapley values of each row against all background rows; the last column is the base value."""
    players = _players_of(booster, players)
    inside = coalitions(players.max() + 1)[:, players]
    whole = np.empty((len(inside), len(X)))
    step = max(1, MOST_ROWS // (len(inside) * len(background)))
    for start in range(0, len(X), step):
        rows = X[start : start + step, np.newaxis, np.newaxis, :]
        mixed = np.where(inside[np.newaxis, :, np.newaxis, :], rows, background)
        found = booster.predict(mixed.reshape(-1, X.shape[1]), raw_score=True, num_threads=1)
        whole[:, start : start + step] = np.reshape(found, mixed.shape[:3]).mean(axis=2).T
    return share(whole)


def brute_by_path(booster: lgb.Booster, X: Floats, players: Any = None) -> Floats:
    """Shapley values of each row where features outside the coalition follow the cover of the training."""
    players = _players_of(booster, players)
    inside = coalitions(players.max() + 1)[:, players]
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    whole = sum((expected_value(tree, X, inside) for tree in trees), np.zeros((len(inside), len(X))))
    return share(np.asarray(whole))


def expected_value(node: Mapping[str, Any], X: Floats, inside: Coalitions) -> Floats:
    """The tree's value for every coalition (rows) and every row of X (columns)."""
    if "split_feature" not in node:
        return np.full((len(inside), len(X)), float(node["leaf_value"]))
    left, right = (expected_value(node[side], X, inside) for side in ("left_child", "right_child"))
    share_left = cover(node["left_child"]) / cover(node)
    feature = node["split_feature"]
    known = np.where(goes_left(node, X[:, feature]), left, right)
    return np.where(inside[:, [feature]], known, share_left * left + (1 - share_left) * right)


def cover(node: Mapping[str, Any]) -> int:
    return int(node["internal_count"] if "internal_count" in node else node["leaf_count"])


def goes_left(node: Mapping[str, Any], x: Floats) -> NDArray[np.bool_]:
    """LightGBM's decision at a split; what is almost zero is read as zero before it comes here."""
    x = np.where(np.abs(x) <= ZERO, 0.0, x)
    if node["decision_type"] == "==":
        level = np.where(np.isfinite(x), np.trunc(np.where(np.isfinite(x), x, 0)), -1)
        return np.isin(level, [int(each) for each in str(node["threshold"]).split("||")]) & (level >= 0)
    missing = {"NaN": np.isnan(x), "Zero": np.isnan(x) | (x == 0), "None": np.zeros(len(x), bool)}
    threshold = node["threshold"] if node["threshold"] < CLIPPED else np.inf
    below = np.where(np.isnan(x), 0.0, x) <= threshold
    return np.where(missing[node["missing_type"]], node["default_left"], below)


def coalitions(players: int) -> Coalitions:
    """Every subset of the players, one a row; player j is in subset s where bit j of s is set."""
    return (np.arange(2**players)[:, np.newaxis] >> np.arange(players) & 1).astype(np.bool_)


def share(whole: Floats) -> Floats:
    """Share out what each coalition (rows) is worth to each case (columns) by Shapley's formula."""
    players = int(np.log2(len(whole)))
    inside = coalitions(players)
    sizes = inside.sum(axis=1)
    parts = np.empty((whole.shape[1], players + 1))
    for player in range(players):
        without = np.flatnonzero(~inside[:, player])
        weights = np.array(
            [factorial(s) * factorial(players - s - 1) / factorial(players) for s in sizes[without]]
        )
        parts[:, player] = weights @ (whole[without + 2**player] - whole[without])
    parts[:, -1] = whole[0]
    return parts


def _players_of(booster: lgb.Booster, players: Any) -> NDArray[np.int64]:
    return np.arange(booster.num_feature()) if players is None else np.asarray(players)
