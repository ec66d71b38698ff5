"""The kernel held against the definition of Shapley values, LightGBM's own code, and a second algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import lightgbm as lgb
import numpy as np
import pandas as pd

from taxgap.peers import GROUPS
from taxgap.reasons.audit.faithfulness.model_texts import make_symmetric, take_trees
from taxgap.reasons.audit.figures import Estimate
from taxgap.reasons.audit.material import Material
from taxgap.reasons.audit.twins.pairs import pair_values
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.families import family_of, family_values
from taxgap.reasons.shapley import compile_model, shapley_values
from taxgap.reasons.shapley.trees import read_trees
from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.boosting import score_raw
from taxgap.risk.model import RiskModel

BRUTE_RETURNS, BRUTE_PEERS = 12, 40
"""Every coalition of families is tried for so many returns, against so many peers."""

PATH_RETURNS = 300
"""So many returns are held against LightGBM's pred_contrib, which is slow."""

PAIR_RETURNS = 8
"""So many are worked out again, pair by pair with all of their peers."""

FEW_TREES = 10
"""So many trees leave features unasked."""

MOST_PLAYERS = 13
SINGLE_TREES = 3
"""So many trees are taken alone, the largest that ask about no more than so many features."""


def check_kernel(material: Material, model: RiskModel) -> dict[str, Estimate]:
    """Hold the library's own contributions against their definition and against other code.

    Parameters
    ----------
    material : Material
        Explained by the library.
    model : RiskModel

    Returns
    -------
    dict of str to Estimate
        The largest difference (log units), by the name of the rule.
    """
    baseline = PeerBaseline(model, material.regime, material.subject.peers)
    random = np.random.default_rng([material.settings.seed, 24])
    booster = model.booster("expected_tax")
    matrix = model.encode(material.seen[list(model.feature_names_in_)])
    places = baseline.place(material.seen)
    some = random.permutation(len(matrix))
    few = random.permutation(np.unique(places, return_index=True)[1])  # one a group
    behind = baseline.background(int(places[few[0]]))
    alike = matrix[places == places[few[0]]][:PATH_RETURNS]
    return {
        "additivity": _check_additivity(material, booster, matrix, (places, baseline)),
        "dummy": _join(
            check_given_dummies(material, model),
            _check_dummies(take_trees(booster, 0, FEW_TREES), alike, behind),
        ),
        "symmetry": _check_symmetry(booster, model.frame_.categorical, alike, behind),
        "path": _check_path(booster, matrix[some[:PATH_RETURNS]]),
        "brute_families": _check_families(material, model, few[:BRUTE_RETURNS]),
        "brute_features": _check_trees(booster, alike[:6], behind[:6]),
        "pairs": _check_pairs(material, booster, matrix, (places, baseline), few[:PAIR_RETURNS]),
    }


def _check_additivity(
    material: Material, booster: lgb.Booster, matrix: Floats, peers: tuple[Integers, PeerBaseline]
) -> Estimate:
    places, baseline = peers
    numbers, which = np.unique(places, return_inverse=True)
    baseline.hold(numbers)
    backgrounds = [baseline.background(int(number)) for number in numbers]
    lengths = np.array([len(own) for own in backgrounds])
    theirs = score_raw(booster, np.concatenate(backgrounds))
    mean = np.add.reduceat(theirs, np.cumsum(lengths) - lengths) / lengths
    total = material.contributions.to_numpy(dtype=np.float64).sum(axis=1)
    return _largest(score_raw(booster, matrix) - mean[which] - total)


def check_given_dummies(material: Material, model: RiskModel) -> Estimate:
    """Find the largest contribution of a feature that the model does not have, or never asks about."""
    names = [str(name) for name in model.feature_names_in_]
    used = {names[place] for place in np.unique(read_trees(model.booster("expected_tax")).feature)}
    unused = [name for name in material.contributions.columns if name not in used]
    return _largest(material.contributions[unused].to_numpy(dtype=np.float64))


def _check_dummies(booster: lgb.Booster, matrix: Floats, behind: Floats) -> Estimate:
    used = np.unique(read_trees(booster).feature)
    unused = np.setdiff1d(np.arange(matrix.shape[1]), used)
    return _largest(shapley_values(booster, matrix, behind)[:, unused])


def _check_symmetry(
    booster: lgb.Booster, categorical: Sequence[int], matrix: Floats, behind: Floats
) -> Estimate:
    asked = np.bincount(read_trees(booster).feature, minlength=matrix.shape[1])
    asked[list(categorical)] = -1
    one, other = (int(place) for place in np.argsort(-asked, kind="stable")[:2])
    if asked[one] <= 0 or asked[other] < 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    rows, theirs = matrix.copy(), behind.copy()
    rows[:, other], theirs[:, other] = rows[:, one], theirs[:, one]
    found = shapley_values(make_symmetric(booster, one, other), rows, theirs)
    return _largest(found[:, one] - found[:, other])


def _check_path(booster: lgb.Booster, matrix: Floats) -> Estimate:
    theirs = np.asarray(booster.predict(matrix, pred_contrib=True), dtype=np.float64)
    return _largest(compile_model(booster).explain(matrix) - theirs)


def _check_families(material: Material, model: RiskModel, rows: Integers) -> Estimate:
    regime, seen = material.regime, material.seen.iloc[rows]
    baseline = PeerBaseline(model, regime, material.subject.peers, most=BRUTE_PEERS)
    exact = family_values(model, regime, seen, baseline=baseline)
    of = family_of(regime)
    names = [str(name) for name in model.feature_names_in_]
    member = np.array(
        [[of.get(name) == family for name in names] for family in exact.columns], dtype=np.bool_
    )
    matrix, booster = model.encode(seen[names]), model.booster("expected_tax")
    shared = np.isin(names, GROUPS)
    brute = [
        _try_all(booster, row, baseline.background(int(number)), member, shared)
        for row, number in zip(matrix, baseline.place(seen), strict=True)
    ]
    return _largest(exact.to_numpy(dtype=np.float64) - np.stack(brute))


def _check_trees(booster: lgb.Booster, matrix: Floats, behind: Floats) -> Estimate:
    """Try every coalition of features of a few trees, each alone."""
    trees = read_trees(booster)
    starts = trees.node_start
    asked = [np.unique(trees.feature[starts[tree] : starts[tree + 1]]) for tree in range(trees.n_trees)]
    sizes = np.array([len(own) for own in asked])
    possible = np.flatnonzero((sizes > 1) & (sizes <= MOST_PLAYERS))
    chosen = possible[np.argsort(-sizes[possible], kind="stable")][:SINGLE_TREES]
    differences = [Estimate(np.nan, np.nan, np.nan, 0)]
    for tree in chosen.tolist():
        alone = take_trees(booster, tree)
        member = np.equal.outer(asked[tree], np.arange(matrix.shape[1]))
        brute = np.stack([_try_all(alone, row, behind, member, ~member.any(axis=0)) for row in matrix])
        differences.append(_largest(shapley_values(alone, matrix, behind)[:, asked[tree]] - brute))
    return _join(*differences)


def _try_all(booster: lgb.Booster, row: Floats, behind: Floats, member: Bools, shared: Bools) -> Floats:
    """Return the players' Shapley values from their definition: every coalition against every row behind."""
    players = len(member)
    inside = (np.arange(2**players)[:, np.newaxis] >> np.arange(players) & 1).astype(np.bool_)
    own = (inside.astype(np.float32) @ member.astype(np.float32) > 0) | shared
    mixed = np.where(own[:, np.newaxis], row, behind).reshape(-1, len(row))
    worth = score_raw(booster, mixed).reshape(len(inside), len(behind)).mean(axis=1)
    sizes = inside.sum(axis=1)
    weights = np.array([factorial(s) * factorial(max(players - s - 1, 0)) for s in range(players + 1)])
    weights = weights / factorial(players)
    parts = np.empty(players)
    for player in range(players):
        without = np.flatnonzero(~inside[:, player])
        parts[player] = weights[sizes[without]] @ (worth[without + 2**player] - worth[without])
    return parts


def _check_pairs(
    material: Material,
    booster: lgb.Booster,
    matrix: Floats,
    peers: tuple[Integers, PeerBaseline],
    rows: Integers,
) -> Estimate:
    places, baseline = peers
    backgrounds = [baseline.background(int(places[row])) for row in rows]
    lengths = np.array([len(own) for own in backgrounds])
    values = pair_values(booster, np.repeat(matrix[rows], lengths, axis=0), np.concatenate(backgrounds))
    mean = np.add.reduceat(values, np.cumsum(lengths) - lengths, axis=0) / lengths[:, np.newaxis]
    names = pd.Index(booster.feature_name())
    given = material.contributions.iloc[rows][
        [name for name in material.contributions.columns if name in names]
    ]
    return _largest(given.to_numpy(dtype=np.float64) - mean[:, names.get_indexer(given.columns)])


def _largest(differences: Floats) -> Estimate:
    """Return the largest difference; it is exact, and has no interval. Not a number is larger than any."""
    if not differences.size:
        return Estimate(np.nan, np.nan, np.nan, 0)
    largest = float(np.max(np.abs(differences)))
    return Estimate(np.inf if np.isnan(largest) else largest, np.nan, np.nan, len(differences))


def _join(*found: Estimate) -> Estimate:
    """Return the largest of those that could be measured."""
    told = [each for each in found if each.n]
    return max(told, key=lambda each: each.value) if told else found[0]
