"""scikit-learn's own checks of an estimator."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from taxgap.risk import RiskModel

# The checks fit a few dozen rows of noise, which the model would refuse for good reasons.
MODELS = [
    RiskModel(
        style=style,
        fewest_cases=2,
        folds=2,
        n_estimators=20,
        learning_rate=0.3,
        path_smooth=1.0,
        min_child_samples=2,
        allow_constant=True,
    )
    for style in ("ensemble", "scorecard")
]


@parametrize_with_checks(MODELS)
def test_the_model_is_an_estimator(estimator: RiskModel, check: Any) -> None:
    if "array_api" in str(check):
        pytest.skip("The model turns every array into numpy's.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)
