"""Small LightGBM models with every kind of split, and rows that try their edges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

NUMBER, COUNT, LEVEL, CONSTANT, TWIN = "number", "count", "level", "constant", "twin"
LEVELS = 9
SPLITS = re.compile(r"^split_feature=(.*)$", re.MULTILINE)
MIXED = (NUMBER, LEVEL, COUNT, NUMBER)
SMALL = {
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_leaves": 8,
    "min_data_in_leaf": 3,
    "min_data_in_bin": 1,
    "min_data_per_group": 1,
    "cat_smooth": 1.0,
    "cat_l2": 0.1,
    "learning_rate": 0.3,
    "max_cat_to_onehot": 1,
}
ODD_NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-35, -1e-35, 1e-36, 2e-35, 1e300, -1e300, 1e308)
ODD_LEVELS = (np.nan, -1.0, -7.0, -0.5, 0.0, 2.7, float(LEVELS), 31.0, 32.0, 4_000.0, np.inf)


@dataclass(frozen=True)
class Recipe:
    """How a small model is made: its columns, its settings, and how much of the data is missing."""

    kinds: tuple[str, ...] = MIXED
    settings: Mapping[str, Any] | None = None
    missing: float = 0.15
    trees: int = 4
    rows: int = 300
    target: str = "amount"

    @property
    def levels(self) -> list[int]:
        """The columns that are categorical."""
        kinds = {LEVEL, TWIN} if self.kinds[0] == LEVEL else {LEVEL}
        return [place for place, kind in enumerate(self.kinds) if kind in kinds]

    def data(self, seed: int) -> tuple[Floats, Floats]:
        random = np.random.default_rng(seed)
        X = draw_columns(random, self.kinds, self.rows)
        y = draw_target(random, X, self.target)
        X[(random.random(X.shape) < self.missing) & (np.array(self.kinds) != CONSTANT)] = np.nan
        for place, kind in enumerate(self.kinds):
            X[:, place] = X[:, 0] if kind == TWIN else X[:, place]
        return X, y

    def train(self, seed: int = 0) -> lgb.Booster:
        X, y = self.data(seed)
        parameters = {**SMALL, "seed": seed, **(self.settings or {})}
        data = lgb.Dataset(X, y, categorical_feature=self.levels, params=parameters)
        return lgb.train(parameters, data, num_boost_round=self.trees)


RECIPES: dict[str, Recipe] = {
    "numbers": Recipe((NUMBER,) * 4, missing=0.0),
    "missing numbers": Recipe((NUMBER, NUMBER, COUNT), missing=0.3),
    "levels, many against many": Recipe((LEVEL, LEVEL, NUMBER)),
    "levels, one against all": Recipe((LEVEL, NUMBER, LEVEL), {"max_cat_to_onehot": 100}),
    "levels alone": Recipe((LEVEL, LEVEL, LEVEL), missing=0.0),
    "zero is missing": Recipe((COUNT, NUMBER, COUNT, LEVEL), {"zero_as_missing": True}),
    "missing is not used": Recipe(settings={"use_missing": False}),
    "many bins": Recipe(settings={"max_bin": 1023}),
    "few bins": Recipe(settings={"max_bin": 3}),
    "stumps": Recipe(settings={"num_leaves": 2}, trees=8),
    "deep": Recipe((NUMBER, COUNT, LEVEL), {"num_leaves": 40, "min_data_in_leaf": 1}, trees=3),
    "chains": Recipe((NUMBER, NUMBER), {"num_leaves": 30, "min_data_in_leaf": 1}, trees=2),
    "random thresholds": Recipe(settings={"extra_trees": True}),
    "a forest": Recipe(settings={"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}),
    "dart": Recipe(settings={"boosting": "dart", "drop_rate": 0.5}),
    "poisson": Recipe(settings={"objective": "poisson"}, target="count"),
    "tweedie": Recipe(settings={"objective": "tweedie", "path_smooth": 5.0}, target="count"),
    "binary": Recipe(settings={"objective": "binary"}, target="event"),
    "quantile": Recipe(settings={"objective": "quantile", "alpha": 0.9}),
    "monotone": Recipe((NUMBER, COUNT, NUMBER), {"monotone_constraints": [1, -1, 0]}),
    "twins": Recipe((NUMBER, TWIN, NUMBER, TWIN), {"feature_fraction": 0.6}),
    "constants": Recipe((CONSTANT, NUMBER, CONSTANT, LEVEL)),
    "one feature": Recipe((NUMBER,)),
    "twin levels": Recipe((LEVEL, TWIN, NUMBER), {"feature_fraction": 0.6}),
    "a constant model": Recipe(settings={"min_data_in_leaf": 10_000}),
    "ten features": Recipe((NUMBER, LEVEL, COUNT) * 3 + (NUMBER,), {"num_leaves": 16}, trees=6),
}


def draw_columns(random: np.random.Generator, kinds: tuple[str, ...], rows: int) -> Floats:
    draws = {
        NUMBER: lambda: random.normal(size=rows).round(2),
        COUNT: lambda: random.poisson(1.0, rows) - random.integers(0, 2, rows),
        LEVEL: lambda: random.integers(0, LEVELS, rows),
        CONSTANT: lambda: np.full(rows, 3.0),
        TWIN: lambda: np.zeros(rows),
    }
    return np.column_stack([draws[kind]() for kind in kinds]).astype(np.float64)


def draw_target(random: np.random.Generator, X: Floats, target: str) -> Floats:
    """A target with interactions, of which every column has a part."""
    waves = np.sin(X * (1 + np.arange(X.shape[1]))) + (X > 1) * np.roll(np.cos(2 * X), 1, axis=1)
    risk = waves.sum(axis=1) + random.normal(size=len(X)) / 4
    if target == "event":
        return (risk > 0).astype(np.float64)
    return random.poisson(np.exp(risk.clip(-3, 3))).astype(np.float64) if target == "count" else risk


def edge_rows(booster: lgb.Booster, recipe: Recipe, rows: int, seed: int) -> Floats:
    """Rows of the training kind; half of the cells stand on or beside a threshold, or are odd."""
    random = np.random.default_rng(seed)
    X = recipe.data(seed + 1)[0][:rows].copy()
    thresholds = thresholds_of(booster)
    for place in range(X.shape[1]):
        odd = ODD_LEVELS if place in recipe.levels else ODD_NUMBERS
        edges = thresholds.get(place, [])
        beside = [np.nextafter(edge, way) for edge in edges for way in (-np.inf, np.inf)]
        pool = np.concatenate([odd, edges, beside])
        X[:, place] = np.where(random.random(rows) < 0.5, random.choice(pool, rows), X[:, place])
    return X


def thresholds_of(booster: lgb.Booster) -> dict[int, list[float]]:
    """The thresholds of the numeric splits, by feature."""
    found: dict[int, list[float]] = {}
    waiting = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            waiting += [node["left_child"], node["right_child"]]
            if node["decision_type"] == "<=":
                found.setdefault(node["split_feature"], []).append(node["threshold"])
    return found


def make_symmetric(booster: lgb.Booster, one: int, other: int) -> lgb.Booster:
    """The same trees twice, the second time with two features in each other's place."""
    text = re.sub(r"^tree_sizes=.*\n", "", booster.model_to_string(), flags=re.MULTILINE)
    head, rest = text.split("Tree=0\n", 1)
    trees, tail = rest.split("end of trees", 1)
    blocks = re.split(r"Tree=\d+\n", trees)
    swapped = [SPLITS.sub(lambda line: _swap(line, one, other), block) for block in blocks]
    numbered = "".join(f"Tree={number}\n{block}" for number, block in enumerate([*blocks, *swapped]))
    return lgb.Booster(model_str=f"{head}{numbered}end of trees{tail}")


def _swap(line: re.Match[str], one: int, other: int) -> str:
    exchange = {str(one): str(other), str(other): str(one)}
    return "split_feature=" + " ".join(exchange.get(each, each) for each in line[1].split())
