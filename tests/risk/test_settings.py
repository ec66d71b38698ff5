from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from taxgap.errors import UsageError
from taxgap.risk import RiskModel
from taxgap.risk.settings import check_settings


def test_defaults_pass_and_grow_the_trees() -> None:
    growth = check_settings(RiskModel().get_params())
    assert (growth.n_estimators, growth.num_leaves, growth.n_threads) == (200, 31, 1)


def test_numpy_numbers_pass() -> None:
    assert check_settings({"n_estimators": np.int64(7), "threshold": np.float64(0.2)}).n_estimators == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_estimators", 0),
        ("n_estimators", 10.0),
        ("n_estimators", True),
        ("num_leaves", 1),
        ("learning_rate", 0.0),
        ("learning_rate", 1.5),
        ("folds", 1),
        ("material", 0.0),
        ("material", "1000"),
        ("path_smooth", float("inf")),
        ("material", float("nan")),
        ("weight_power", -0.1),
        ("amount_cap_quantile", 0.0),
        ("random_state", None),
        ("n_threads", 0),
        ("threshold", 1.01),
    ],
)
def test_impossible_settings_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=f"{name} must be"):
        check_settings({name: value})


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(UsageError, match=r"folds must be .*; threshold must be"):
        check_settings({"folds": 0, "threshold": 2})
