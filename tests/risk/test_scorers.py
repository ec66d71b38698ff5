from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from taxgap.errors import UsageError
from taxgap.risk import RiskModel
from taxgap.risk.scorers import share_of_gap_scorer


def test_it_is_the_share_that_the_highest_hold(model: RiskModel, later: Any) -> None:
    scorer = share_of_gap_scorer(later.amount, coverage=0.1)
    order = np.argsort(-model.ranking_score(later.X))[: len(later.X) // 10]
    expected = later.amount.to_numpy()[order].sum() / later.amount.sum()
    assert scorer(model, later.X, None) == pytest.approx(expected)


def test_any_classifier_can_be_scored_in_cross_validation(cases: Any) -> None:
    X = cases.X[["expenses", "margin"]]
    scorer = share_of_gap_scorer(cases.amount, coverage=0.2)
    found = cross_validate(LogisticRegression(), X, cases.material, cv=3, scoring=scorer)
    assert (found["test_score"] > 0.2).all()


def test_rows_without_an_amount_are_refused(model: RiskModel, later: Any) -> None:
    scorer = share_of_gap_scorer(later.amount.iloc[1:])
    with pytest.raises(UsageError, match="amounts of 1 rows are not known"):
        scorer(model, later.X, None)
    with pytest.raises(UsageError, match="must be unique"):
        share_of_gap_scorer(pd.Series([1.0, 2.0], index=["a", "a"]))
    with pytest.raises(UsageError, match="coverage must be"):
        share_of_gap_scorer(later.amount, coverage=0.0)


def test_the_last_step_of_a_pipeline_ranks(model: RiskModel, later: Any) -> None:
    scorer = share_of_gap_scorer(later.amount, coverage=0.1)
    pipeline = Pipeline([("as it is", FunctionTransformer()), ("model", model)])
    assert scorer(pipeline, later.X, None) == scorer(model, later.X, None)


def test_a_model_without_amounts_ranks_by_probability(cases: Any, later: Any, small: dict[str, Any]) -> None:
    model = RiskModel(**small).fit(cases.X, cases.material)
    assert share_of_gap_scorer(later.amount, coverage=0.1)(model, later.X, None) > 0.15


def test_arrays_have_no_labels(model: RiskModel, later: Any) -> None:
    with pytest.raises(UsageError, match="must be a Series"):
        share_of_gap_scorer(later.amount.to_numpy())
    with pytest.raises(UsageError, match="give a DataFrame"):
        share_of_gap_scorer(later.amount)(model, later.X.to_numpy(), None)
