"""Fold scores: a model that saw its cases would make the interval too narrow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap import combine_folds, estimate_total


def _nearest(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a model that knows its own cases by heart."""
    order = np.argsort(x)
    return y[order][np.clip(np.searchsorted(x[order], at), 0, len(x) - 1)]


def test_fold_scores_keep_the_interval_honest():
    rng = np.random.default_rng(0)
    population = rng.random(5000)
    amounts = np.where(rng.random(5000) < 0.3, rng.exponential(1000, 5000), 0.0)
    covered, seen = [], []
    for _ in range(40):
        s = rng.choice(5000, 400, replace=False)
        x, y, fold = population[s], amounts[s], rng.permutation(np.arange(400) % 5)
        models = [(x[fold != k], y[fold != k]) for k in range(5)]
        own, everyone = combine_folds(
            np.stack([_nearest(*m, x) for m in models], axis=1),
            fold,
            np.stack([_nearest(*m, population) for m in models], axis=1),
        )
        found = estimate_total(y, 400 / 5000, own, everyone, method="difference")
        covered.append(found.low <= amounts.sum() <= found.high)
        seen.append(np.abs(y - _nearest(x, y, x)).max())
    # Scored by a model that saw them, the cases would have no residuals and the interval no width.
    assert max(seen) == 0
    assert np.mean(covered) >= 0.85


@pytest.mark.parametrize(
    ("case_scores", "folds", "population", "error"),
    [
        (np.ones((4, 2)), [0, 1, 2, 0], np.ones((9, 2)), InvalidDataError),
        (np.ones((4, 2)), [0, 0, 0, 0], np.ones((9, 2)), InvalidDataError),
        (np.ones((4, 2)), [0, 1, 0, 1], np.ones((9, 3)), UsageError),
        (np.ones(4), [0, 1, 0, 1], np.ones((9, 2)), UsageError),
        (np.ones((4, 2)), [0, 1, 0.5, 1], np.ones((9, 2)), InvalidDataError),
        (
            pd.DataFrame(np.ones((4, 2))),
            pd.Series([0, 1, 0, 1], index=[3, 2, 1, 0]),
            np.ones((9, 2)),
            UsageError,
        ),
        (np.full((4, 2), np.nan), [0, 1, 0, 1], np.ones((9, 2)), InvalidDataError),
    ],
)
def test_folds_that_do_not_fit_are_refused(case_scores, folds, population, error):
    with pytest.raises(error):
        combine_folds(case_scores, folds, population)
