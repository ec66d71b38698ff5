from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, NotIdentifiedError, TaxGapError, UsageError
from taxgap.risk.outcomes import Given, Outcomes, Rules, check_outcomes, read_classes, stabilise_weights


def check(amount: Any, y: Any = None, **options: Any) -> Outcomes:
    rules = {
        name: options.pop(name) for name in ("material", "calibrate_on", "fewest_cases") if name in options
    }
    rows = 200 if amount is None else len(amount)
    return check_outcomes(pd.RangeIndex(rows), Given(y=y, amount=amount, **options), Rules(**rules))


@pytest.fixture
def amount() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.where(rng.random(200) < 0.3, 2000.0, np.where(rng.random(200) < 0.3, 100.0, 0.0))


def test_material_follows_from_the_amount(amount: np.ndarray) -> None:
    assert np.array_equal(check(amount).material, amount >= 1000)
    assert np.array_equal(check(amount, material=50.0).material, amount >= 50)


def test_the_given_label_counts(amount: np.ndarray) -> None:
    y = np.arange(200) % 2
    assert np.array_equal(check(amount, y).material, y == 1)


def test_only_random_cases_carry_a_design_weight(amount: np.ndarray) -> None:
    random, own = np.arange(200) < 100, np.full(200, 0.02)
    outcomes = check(amount, random=random, inclusion_probability=np.full(200, 0.5), random_probability=own)
    assert np.array_equal(outcomes.design, np.where(random, 50.0, 0.0))
    assert np.allclose(outcomes.weight, 1.0)


BAD: list[tuple[dict[str, Any], type[TaxGapError], str]] = [
    ({"amount": None}, UsageError, "Neither labels nor amounts"),
    ({"amount": [0.0, 5.0, None] * 50}, InvalidDataError, "amount is missing"),
    ({"amount": [0.0, 5000.0, -1.0] * 50}, InvalidDataError, "negative in 50 cases"),
    ({"amount": [0.0, 5000.0] * 20}, InvalidDataError, "at least 100 closed cases; there are 40"),
    ({"amount": [0.0] * 200}, InvalidDataError, "No tax was found"),
    ({"amount": [2.0, 0.0] * 100}, InvalidDataError, "found in no case: one class"),
    ({"amount": [2000.0] * 200}, InvalidDataError, "found in every case: one class"),
    ({"amount": [0.0, 5000.0] * 100, "y": [0, None] * 100}, InvalidDataError, "y is missing"),
    (
        {"amount": [0.0, 5000.0] * 100, "y": [0, 3, 5, 3] * 50},
        InvalidDataError,
        "labels have 3 values; their type is multiclass",
    ),
    ({"amount": [0.0, 5000.0] * 100, "y": [0.0, np.nan] * 100}, InvalidDataError, "y is missing or inf"),
    ({"amount": [0.0, 5000.0] * 100, "y": [1] * 200}, InvalidDataError, "label '1': with one class only"),
    ({"amount": [0.0, 5000.0] * 100, "y": [0, 1] * 99}, UsageError, "y has 198 rows; 200 were"),
    ({"amount": [0.0, 5000.0] * 100, "hours": [-1.0] * 200}, InvalidDataError, "hours are negative in 200"),
    (
        {"amount": [0.0, 5000.0] * 100, "calibrate_on": "weighted"},
        UsageError,
        "needs the probability with which each was opened",
    ),
    ({"amount": [0.0, 5000.0] * 5}, InvalidDataError, "at least 100 closed cases; there are 10"),
    ({"amount": [0.0, 5000.0] * 100, "inclusion_probability": [0.0, 1.0] * 100}, InvalidDataError, "above 0"),
    ({"amount": [0.0, 5000.0] * 100, "random": [False] * 200}, NotIdentifiedError, "None of the cases"),
    (
        {"amount": [0.0, 5000.0] * 100, "random": [True] * 40 + [False] * 160},
        NotIdentifiedError,
        "at least 50 random enquiries; there are 40",
    ),
    (
        {"amount": [0.0] * 100 + [5000.0] * 100, "random": [True] * 105 + [False] * 95},
        NotIdentifiedError,
        "at least 10 random enquiries in which tax was found",
    ),
    (
        {"amount": [50.0] * 50 + [0.0] * 50 + [5000.0] * 100, "random": [True] * 105 + [False] * 95},
        NotIdentifiedError,
        "with a material under-declaration, and as many without; there are 5 among 105",
    ),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_cases_that_cannot_carry_a_model_are_refused_in_words(
    options: dict[str, Any], error: type[TaxGapError], message: str
) -> None:
    with pytest.raises(error, match=message):
        check(**options)


@settings(deadline=None)
@given(st.lists(st.floats(1e-4, 1.0), min_size=2, max_size=50), st.floats(0, 1), st.floats(0.5, 1))
def test_weights_have_mean_1_and_fall_with_the_probability(
    probability: list[float], power: float, quantile: float
) -> None:
    p = np.array(probability)
    weight = stabilise_weights(p, power=power, cap_quantile=quantile)
    assert weight.mean() == pytest.approx(1.0)
    order = np.argsort(p)
    assert (np.diff(weight[order]) <= 1e-9).all()


def test_full_power_is_the_inverse_probability() -> None:
    weight = stabilise_weights(np.array([0.1, 0.2, 0.4]), power=1.0, cap_quantile=1.0)
    assert weight / weight[2] == pytest.approx([4, 2, 1])


def test_weighted_cases_all_carry_the_calibration(amount: np.ndarray) -> None:
    chance = np.linspace(0.1, 0.9, 200)
    outcomes = check(amount, inclusion_probability=chance, calibrate_on="weighted", random=[False] * 200)
    assert outcomes.carries.all()
    assert np.allclose(outcomes.design, 1 / chance)


def test_labels_may_be_any_two_values() -> None:
    for labels in (["b", "a"] * 3, [2, 1] * 3, [True, False] * 3, pd.Series([1, 0] * 3, dtype="Int64")):
        classes, flags = read_classes(labels, pd.RangeIndex(6))
        assert classes.tolist() == sorted(set(labels))
        assert flags.tolist() == [True, False] * 3


def test_labels_must_be_those_of_the_frame() -> None:
    with pytest.raises(UsageError, match="rows of y are not those"):
        read_classes(pd.Series([0, 1], index=["b", "a"]), pd.Index(["a", "b"]))


def test_amounts_are_not_needed_for_a_probability() -> None:
    outcomes = check(None, [0, 1] * 100)
    assert outcomes.amount is None
    assert outcomes.material.sum() == 100
