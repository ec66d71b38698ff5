from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.evaluation import fit_logistic


def test_it_comes_near_the_best_possible_where_the_truth_is_a_line(cases: Any, later: Any) -> None:
    score = fit_logistic(cases.X, cases.material, None, later.X)
    best = roc_auc_score(later.material, later.chance)
    assert roc_auc_score(later.material, score) > best - 0.03


def test_the_same_cases_give_the_same_scores(cases: Any) -> None:
    one, other = (fit_logistic(cases.X, cases.material, np.ones(1500), cases.X[:50]) for _ in range(2))
    assert np.array_equal(one, other)


def test_gaps_infinities_and_unknown_levels_are_taken(cases: Any) -> None:
    X = cases.X.assign(empty=np.nan)
    odd = X[:4].copy()
    odd["trade_group"] = ["mining", None, "shops", "none"]
    odd.loc[odd.index[0], "expenses"] = np.inf
    odd.loc[odd.index[1], "margin"] = 1e12
    score = fit_logistic(X, cases.material, None, odd, penalty=0.1)
    assert np.isfinite(score).all()
    assert np.abs(score).max() < 20


def test_weights_count(cases: Any) -> None:
    heavy = np.where(cases.material, 50.0, 1.0)
    plain, weighted = (
        fit_logistic(cases.X, cases.material, weight, cases.X, penalty=1.0) for weight in (None, heavy)
    )
    assert weighted.mean() > plain.mean() + 1


def test_a_regression_on_too_little_is_refused(cases: Any) -> None:
    with pytest.raises(UsageError, match="other columns"):
        fit_logistic(cases.X, cases.material, None, cases.X[["margin"]])
    with pytest.raises(InvalidDataError, match="one kind has 0"):
        fit_logistic(cases.X, np.zeros(1500), None, cases.X)
    with pytest.raises(UsageError, match="material has 2 rows"):
        fit_logistic(cases.X, pd.Series([True, False]), None, cases.X)
