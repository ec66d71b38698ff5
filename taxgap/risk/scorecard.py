"""A simple choice: a few readable rules of one feature each, in the same form as the full model.

A scorecard is an ensemble whose trees have two leaves: it is a sum over features, each of which adds a step
function that never turns. Whatever explains, stores or scores the full model does the same for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth, Objective, grow, read_booster
from taxgap.risk.frames import FrameSpec

Style = Literal["ensemble", "scorecard"]

# Few thresholds a feature can be read, and in three populations they found as much as many.
_MOST_BINS = 8
_RATE = 0.1
_SMOOTHING = 30.0
# So many points double the tax expected, or the odds.
DOUBLING = 10
# LightGBM writes the two sides of zero so, and a threshold above all that is known so.
_ZERO, _ABOVE_ALL = 1.0000000180025095e-35, 1e299


def simplify(growth: Growth) -> Growth:
    """Return how the trees of a scorecard grow: two leaves each, few thresholds, every feature every time.

    Parameters
    ----------
    growth : Growth
        How those of the full model grow; the number of trees, seed and threads stay.

    Returns
    -------
    Growth
    """
    return replace(
        growth,
        num_leaves=2,
        max_bin=min(growth.max_bin, _MOST_BINS),
        learning_rate=_RATE,
        path_smooth=_SMOOTHING,
        feature_fraction=1.0,
    )


def choose_features(
    matrix: Floats,
    target: Floats,
    weight: Floats,
    *,
    spec: FrameSpec,
    objective: Objective,
    directions: list[int],
    growth: Growth,
    most: int,
) -> tuple[list[int], list[int]]:
    """Choose the features of a scorecard: those that gain most, among those whose direction is known.

    Parameters
    ----------
    matrix, target, weight, spec, objective
        As for `taxgap.risk.boosting.grow`.
    directions : list of int
        One of 1, -1, 0 a feature. Where none is known, each feature takes that of its correlation with the
        target.
    growth : Growth
        As `simplify` gives it.
    most : int
        The most features.

    Returns
    -------
    chosen : list of int
        Positions of the features, by falling gain.
    directions : list of int
        The direction of each feature of the frame; 0 where it is not chosen.
    """
    known = directions if any(directions) else _find_directions(spec, matrix, target, weight)
    candidates = [place for place, direction in enumerate(known) if direction]
    text = grow(
        keep_only(matrix, candidates),
        target,
        weight,
        objective=objective,
        spec=spec,
        directions=known,
        growth=growth,
    )
    gain = read_booster(text).feature_importance("gain")
    order = [place for place in np.argsort(-gain, kind="stable").tolist() if gain[place] > 0][:most]
    return order, [direction if place in order else 0 for place, direction in enumerate(known)]


def keep_only(matrix: Floats, chosen: list[int]) -> Floats:
    """Return the matrix with all other features constant, so that no tree looks at them."""
    kept = np.zeros_like(matrix)
    kept[:, chosen] = matrix[:, chosen]
    return kept


def list_rules(booster: lgb.Booster, spec: FrameSpec) -> pd.DataFrame:
    """Read the rules of a scorecard off its trees.

    Parameters
    ----------
    booster : lightgbm.Booster
        Grown as `simplify` says.
    spec : FrameSpec
        Names and levels.

    Returns
    -------
    DataFrame
        ``feature, rule, factor, points``: one row a step, by feature in falling order of what they move. The
        factor multiplies the expected tax (or the odds) against the feature's lowest step; ten points double
        it.

    Notes
    -----
    The model uses the exact sums; the table is rounded for reading.
    """
    steps: dict[int, list[tuple[float, float, float]]] = {}
    for tree in booster.dump_model()["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" in root:
            steps.setdefault(int(root["split_feature"]), []).append(_read_step(root))
    tables = [_tabulate(spec, place, found) for place, found in steps.items()]
    tables.sort(key=lambda table: -float(table["points"].max()))
    columns = ["feature", "rule", "factor", "points"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def find_base(booster: lgb.Booster) -> float:
    """Return the raw score where every feature of a scorecard stands on its lowest step."""
    total = 0.0
    steps: dict[int, list[tuple[float, float, float]]] = {}
    for tree in booster.dump_model()["tree_info"]:
        root = tree["tree_structure"]
        total += float(root["left_child"]["leaf_value"] if "left_child" in root else root["leaf_value"])
        if "split_feature" in root:
            steps.setdefault(int(root["split_feature"]), []).append(_read_step(root))
    return total + sum(float(_sum_steps(found)[1].min()) for found in steps.values())


def _find_directions(spec: FrameSpec, matrix: Floats, target: Floats, weight: Floats) -> list[int]:
    away = weight * (target - np.average(target, weights=weight))
    found = []
    for place in range(matrix.shape[1]):
        ranks = pd.Series(matrix[:, place]).rank().fillna(0.0).to_numpy()
        known = ~np.isnan(matrix[:, place])
        slope = float(np.sum((ranks - ranks[known].mean()) * away * known)) if known.any() else 0.0
        found.append(0 if place in spec.categorical else int(np.sign(slope)))
    return found


def _read_step(root: dict[str, Any]) -> tuple[float, float, float]:
    """Return a threshold, and what lies above it, and what is missing, over what lies below."""
    low, high = float(root["left_child"]["leaf_value"]), float(root["right_child"]["leaf_value"])
    threshold = float(root["threshold"])
    missing_left = root["default_left"] if root["missing_type"] == "NaN" else threshold >= 0.0
    return threshold, high - low, 0.0 if missing_left else high - low


def _tabulate(spec: FrameSpec, place: int, steps: list[tuple[float, float, float]]) -> pd.DataFrame:
    edges, values = _sum_steps(steps)
    name = spec.names[place]
    rules = [_word(spec, name, low, high) for low, high in zip([None, *edges], [*edges, None], strict=True)]
    values = values - values.min()
    return pd.DataFrame(
        {
            "feature": name,
            "rule": [*rules, "not known"],
            "factor": np.exp(values).round(2),
            "points": np.rint(values * DOUBLING / np.log(2.0)).astype(np.int64),
        }
    )


def _sum_steps(steps: list[tuple[float, float, float]]) -> tuple[Floats, Floats]:
    """Return the edges of a feature's steps, and the height of each step and, last, of what is missing."""
    table = pd.DataFrame(steps, columns=["threshold", "rise", "missing"])
    rises = table.groupby("threshold", sort=True)["rise"].sum()
    rises = rises[rises.index < _ABOVE_ALL]
    heights = np.concatenate([[0.0], rises.cumsum().to_numpy(), [table["missing"].sum()]])
    return rises.index.to_numpy(dtype=np.float64), heights


def _word(spec: FrameSpec, name: str, low: float | None, high: float | None) -> str:
    if name in spec.ordered:
        levels = spec.levels[name]
        first = 0 if low is None else int(np.floor(low)) + 1
        last = len(levels) - 1 if high is None else int(np.floor(high))
        return levels[first] if first == last else f"{levels[first]} to {levels[last]}"
    if low == -_ZERO and high == _ZERO:
        return "0"
    parts = []
    if low is not None:
        parts.append("0 or more" if low == -_ZERO else f"above {_round(low)}")
    if high is not None:
        parts.append("below 0" if high == -_ZERO else f"up to {_round(high)}")
    return ", ".join(parts) if parts else "any"


def _round(edge: float) -> str:
    return "0" if abs(edge) <= _ZERO else f"{edge:.4g}"
