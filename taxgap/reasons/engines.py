"""Engines: what works out Shapley values, ours and other people's, and where theirs is not right."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.shapley import CompiledModel, compile_model
from taxgap.risk.arrays import Floats, Integers

HELD = 64
"""So many backgrounds are built and kept together."""


@dataclass(frozen=True)
class Question:
    """What an engine is asked: to split the raw scores of a booster over the columns of a matrix.

    Attributes
    ----------
    booster : Booster
    matrix : ndarray of float64
        From `RiskModel.encode`, one row a return.
    baseline : PeerBaseline or None
        The peers to compare with; None for the cases that the model was trained on.
    numbers : ndarray of int64
        The peer group of each row; empty without peers.
    threads : int, optional
        All cores when absent.
    alike : bool, default False
        Whether a return is given the same bits whatever other returns are asked about with it; of the
        library's own kernel.
    """

    booster: lgb.Booster
    matrix: Floats
    baseline: PeerBaseline | None
    numbers: Integers
    threads: int | None
    alike: bool = False


Engine: TypeAlias = Callable[[Question], tuple[Floats, Floats]]


@lru_cache(maxsize=4)
def compile_once(booster: lgb.Booster) -> CompiledModel:
    """Compile a booster, or return what was compiled before: it scores and explains alike."""
    return compile_model(booster)


def explain_with_taxgap(asked: Question) -> tuple[Floats, Floats]:
    """Exact values by this library's kernel, against peers or the cases trained on."""
    compiled = compile_once(asked.booster)
    if asked.baseline is None:
        found = compiled.explain(asked.matrix, threads=asked.threads)
        return found[:, :-1], found[:, -1]
    parts, base = np.empty_like(asked.matrix), np.empty(len(asked.matrix))
    for some in _divide_and_hold(asked.numbers, asked.baseline):
        chosen = np.concatenate([rows for _, rows in some])
        groups = compiled.explain_groups(
            asked.matrix[chosen],
            asked.numbers[chosen],
            asked.baseline.background,
            threads=asked.threads,
            alike=asked.alike,
        )
        for rows, found in groups:
            parts[chosen[rows]], base[chosen[rows]] = found[:, :-1], found[:, -1]
    return parts, base


def explain_with_lightgbm(asked: Question) -> tuple[Floats, Floats]:
    """Path-dependent values by LightGBM's own code."""
    if asked.baseline is not None:
        raise UsageError(
            "The engine 'lightgbm' compares with the cases the model was trained on, never with peers.",
            where="engine",
            remedy="Leave the baseline out, or take engine='taxgap'.",
        )
    found = asked.booster.predict(asked.matrix, pred_contrib=True, num_threads=asked.threads)
    parts = np.asarray(found, dtype=np.float64)
    return parts[:, :-1], parts[:, -1]


def explain_with_shap(asked: Question) -> tuple[Floats, Floats]:
    """Values by the shap package: against peers only where its tree code follows LightGBM's rules."""
    if asked.baseline is None:
        explainer = _load_shap().TreeExplainer(asked.booster, feature_perturbation="tree_path_dependent")
        return _ask_shap(explainer, asked.matrix)
    nodes = asked.booster.trees_to_dataframe().dropna(subset=["split_feature"])
    _refuse_where_shap_is_wrong(nodes, asked.booster, asked.matrix)
    shap = _load_shap()
    parts, base = np.empty_like(asked.matrix), np.empty(len(asked.matrix))
    for number, rows in chain.from_iterable(_divide_and_hold(asked.numbers, asked.baseline)):
        background = asked.baseline.background(number)
        _refuse_where_shap_is_wrong(nodes, asked.booster, background)
        # Without max_samples, shap would cut the background to 100 rows.
        masker = shap.maskers.Independent(background, max_samples=len(background))
        explainer = shap.TreeExplainer(asked.booster, masker, feature_perturbation="interventional")
        parts[rows], base[rows] = _ask_shap(explainer, asked.matrix[rows])
    return parts, base


ENGINES: dict[str, Engine] = {
    "taxgap": explain_with_taxgap,
    "lightgbm": explain_with_lightgbm,
    "shap": explain_with_shap,
}
"""What can work them out: a question to the parts of each row and each row's base value, in raw scores."""


def divide(numbers: Integers) -> Iterator[tuple[int, Integers]]:
    """Yield each number that occurs and the places where it does.

    Examples
    --------
    >>> [(number, places.tolist()) for number, places in divide(np.array([7, 2, 7]))]
    [(2, [1]), (7, [0, 2])]
    """
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order])) + 1
    for places in np.split(order, starts) if len(order) else []:
        yield int(numbers[places[0]]), places


def _divide_and_hold(numbers: Integers, baseline: PeerBaseline) -> Iterator[list[tuple[int, Integers]]]:
    divided = divide(numbers)
    while some := list(islice(divided, HELD)):
        baseline.hold(number for number, _ in some)
        yield some


def _load_shap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its own imports are warned of is not ours to mend
        import shap  # noqa: PLC0415 - heavy, and only for those who ask for it
    return shap


def _ask_shap(explainer: Any, matrix: Floats) -> tuple[Floats, Floats]:
    parts = np.asarray(explainer.shap_values(matrix, check_additivity=False), dtype=np.float64)
    base = float(np.ravel(explainer.expected_value)[-1])
    return parts, np.full(len(matrix), base)


def _refuse_where_shap_is_wrong(nodes: pd.DataFrame, booster: lgb.Booster, matrix: Floats) -> None:
    places = nodes["split_feature"].map({name: i for i, name in enumerate(booster.feature_name())})
    has_missing = np.any(np.isnan(matrix), axis=0, keepdims=True)[0, places.to_numpy(dtype=np.int64)]
    kinds = nodes["missing_type"].astype("str")
    wrong = {
        "splits on categories": nodes["decision_type"] == "==",
        "zeros taken as missing": kinds == "Zero",
        "values missing where training had none": has_missing & (kinds == "None").to_numpy(),
    }
    found = [
        f"{words} ({', '.join(sorted(set(nodes.loc[mask, 'split_feature'])))})"
        for words, mask in wrong.items()
        if np.any(mask)
    ]
    if found:
        raise UsageError(
            f"The engine 'shap' is not right against peers for this model: it has {'; '.join(found)}, "
            "which shap's interventional code reads in another way than LightGBM.",
            where="engine",
            remedy="Take engine='taxgap', or leave the baseline out.",
        )
