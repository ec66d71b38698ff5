"""All that is left together: a small booster that is too good on cases held out, whatever the function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import lightgbm as lgb
import numpy as np

from taxgap.risk.leaks.areas import CHANCE, bound_chance, measure_area
from taxgap.risk.leaks.columns import AUC_LIMIT
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.report import Finding

GAIN_SHARE = 0.1
"""A column is named if it brings this share of what all bring."""

_ROWS = 500
_ROUNDS = 40
_FOLDS = 5
_OPTIONS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 5,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbose": -1,
}


def examine_together(evidence: Evidence, columns: Sequence[int]) -> Iterator[Finding]:
    """Yield the columns that carry a model which tells the label of cases it has not seen.

    Parameters
    ----------
    evidence : Evidence
        The cases.
    columns : sequence of int
        Columns in which nothing was found.

    Yields
    ------
    Finding

    Notes
    -----
    Each fifth of the cases is measured by a booster that the others taught.
    """
    if not evidence.judged or len(columns) < 2:
        return
    chosen = list(columns)
    rows = np.concatenate([evidence.draw(half, _ROWS) for half in (0, 1)])
    numbers, material = evidence.numbers[rows][:, chosen], evidence.material[rows]
    scores, gain, fold = np.empty(len(rows)), np.zeros(len(chosen)), np.arange(len(rows)) % _FOLDS
    for k in range(_FOLDS):
        data = lgb.Dataset(numbers[fold != k], material[fold != k].astype(np.float64), params=_OPTIONS)
        booster = lgb.train(_OPTIONS, data, _ROUNDS)
        scores[fold == k] = np.asarray(booster.predict(numbers[fold == k]))
        gain += booster.feature_importance("gain")
    area, hits = measure_area(scores, material), float(material.sum())
    if area < AUC_LIMIT or bound_chance(area, hits, len(rows) - hits) > CHANCE:
        return
    order = np.argsort(-gain, kind="stable")
    told = [chosen[i] for i in order if gain[i] >= GAIN_SHARE * gain.sum()] or [chosen[order[0]]]
    names = tuple(evidence.names[i] for i in told)
    yield Finding(names, " & ".join(names), "together", area, AUC_LIMIT)
