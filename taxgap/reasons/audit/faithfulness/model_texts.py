"""Models made from the text of another: fewer trees, or others."""

from __future__ import annotations

import re
from collections.abc import Callable

import lightgbm as lgb
import numpy as np

from taxgap.reasons.shapley.trees import CATEGORICAL

_SIZES = re.compile(r"^tree_sizes=.*\n", flags=re.MULTILINE)
_TREE = re.compile(r"^Tree=\d+\n", flags=re.MULTILINE)
_LEAVES = re.compile(r"^leaf_value=(.*)$", flags=re.MULTILINE)
_SPLITS = re.compile(r"^split_feature=(.*)$", flags=re.MULTILINE)

Swap = tuple[str, str, str]  # feature, threshold, decision


def take_trees(booster: lgb.Booster, first: int, count: int = 1) -> lgb.Booster:
    """Return a model of some of the trees alone.

    Parameters
    ----------
    booster : lightgbm.Booster
    first, count : int
        The first of them, from 0, and how many.

    Returns
    -------
    lightgbm.Booster
    """
    return lgb.Booster(model_str=booster.model_to_string(start_iteration=first, num_iteration=count))


def make_symmetric(booster: lgb.Booster, one: int, other: int) -> lgb.Booster:
    """Return the same trees twice, the second time with two features in each other's place.

    Parameters
    ----------
    booster : lightgbm.Booster
    one, other : int
        Two features of the same kind, by their place.

    Returns
    -------
    lightgbm.Booster
        It treats both alike: where they are equal, they must have equal parts.
    """
    exchange = {str(one): str(other), str(other): str(one)}

    def swap(line: re.Match[str]) -> str:
        return "split_feature=" + " ".join(exchange.get(each, each) for each in line[1].split())

    return _rebuild(booster, lambda trees: [*trees, *(_SPLITS.sub(swap, tree) for tree in trees)])


def permute_leaves(booster: lgb.Booster, random: np.random.Generator) -> lgb.Booster:
    """Return the model with the values of each tree's leaves in another order.

    Parameters
    ----------
    booster : lightgbm.Booster
    random : numpy.random.Generator

    Returns
    -------
    lightgbm.Booster
        Its splits are those that were learned, and what they lead to is chance.

    Examples
    --------
    >>> X = np.arange(100.0)[:, np.newaxis]
    >>> data = lgb.Dataset(X, X[:, 0])
    >>> booster = lgb.train({"num_leaves": 4, "verbose": -1}, data, 1)
    >>> other = permute_leaves(booster, np.random.default_rng(1))
    >>> bool(np.allclose(np.unique(other.predict(X)), np.unique(booster.predict(X))))
    True
    """

    def permute(line: re.Match[str]) -> str:
        return "leaf_value=" + " ".join(random.permutation(line[1].split()).tolist())

    return _rebuild(booster, lambda trees: [_LEAVES.sub(permute, tree) for tree in trees])


def randomise_splits(booster: lgb.Booster, random: np.random.Generator) -> lgb.Booster:
    """Return the model with other features at its splits.

    Parameters
    ----------
    booster : lightgbm.Booster
    random : numpy.random.Generator

    Returns
    -------
    lightgbm.Booster
        Every numeric split asks about a feature drawn from all that the model asks about, each alike, at one
        of its own thresholds, and half of all splits change sides. Splits on levels keep their feature, for
        their levels are kept elsewhere.
    """
    known: dict[str, list[Swap]] = {}

    def look(trees: list[str]) -> list[str]:
        for tree in trees:
            for split in _read_splits(tree):
                if not int(split[2]) & CATEGORICAL:
                    known.setdefault(split[0], []).append(split)
        return trees

    _rebuild(booster, look)
    names = sorted(known)

    def draw(split: Swap) -> Swap:
        if int(split[2]) & CATEGORICAL:
            return split
        options = known[names[int(random.integers(len(names)))]]
        return options[int(random.integers(len(options)))]

    def redraw(tree: str) -> str:
        return _change_sides(_write_splits(tree, [draw(each) for each in _read_splits(tree)]), random)

    return _rebuild(booster, lambda trees: [redraw(tree) for tree in trees])


def _read_splits(tree: str) -> list[Swap]:
    facts = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
    columns = (facts.get(name, "").split() for name in ("split_feature", "threshold", "decision_type"))
    return list(zip(*columns, strict=True))


def _write_splits(tree: str, splits: list[Swap]) -> str:
    for place, name in enumerate(("split_feature", "threshold", "decision_type")):
        line = f"{name}=" + " ".join(split[place] for split in splits)
        tree = re.sub(rf"^{name}=.*$", line, tree, flags=re.MULTILINE)
    return tree


def _change_sides(tree: str, random: np.random.Generator) -> str:
    # Children that stay in their place keep the direction that was learned, whatever the feature.
    facts = dict(line.split("=", 1) for line in tree.splitlines() if "=" in line)
    children = np.array([facts.get(side, "").split() for side in ("left_child", "right_child")])
    changed = np.where(random.random(children.shape[1]) < 0.5, children[::-1], children)
    for side, line in zip(("left_child", "right_child"), changed.tolist(), strict=True):
        tree = re.sub(rf"^{side}=.*$", f"{side}={' '.join(line)}", tree, flags=re.MULTILINE)
    return tree


def _rebuild(booster: lgb.Booster, edit: Callable[[list[str]], list[str]]) -> lgb.Booster:
    text = _SIZES.sub("", str(booster.model_to_string(num_iteration=-1)))
    head, *trees = _TREE.split(text)
    if not trees:
        return lgb.Booster(model_str=text)
    trees[-1], tail = trees[-1].split("end of trees", 1)
    numbered = "".join(f"Tree={number}\n{tree}" for number, tree in enumerate(edit(trees)))
    return lgb.Booster(model_str=f"{head}{numbered}end of trees{tail}")
