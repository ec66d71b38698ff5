from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from taxgap.errors import LeakError, UsageError
from taxgap.risk import check_leaks

Plant = Callable[[np.random.Generator, np.ndarray, np.ndarray], Any]


@pytest.fixture(scope="module")
def outcome() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    found = np.where(rng.random(2000) < 0.2, 1000 + rng.exponential(3000, 2000), 0.0).round(2)
    return found >= 1000, found


HONEST: dict[str, Plant] = {
    "area of 0.75": lambda rng, y, _: rng.normal(size=len(y)) + 0.95 * y,
    "area of 0.85": lambda rng, y, _: rng.normal(size=len(y)) - 1.47 * y,
    "known for half": lambda rng, y, _: np.where(
        rng.random(len(y)) < 0.5, rng.normal(size=len(y)) + y, np.nan
    ),
    "missing more often when right": lambda rng, y, _: np.where(
        rng.random(len(y)) < 0.3 + 0.4 * y, 1.0, np.nan
    ),
    "follows the amount loosely": lambda rng, _, found: np.log1p(found) + rng.normal(0, 8, len(found)),
    "a count": lambda rng, y, _: rng.poisson(1 + y),
    "whole pounds": lambda rng, y, _: rng.integers(0, 3000, len(y)).astype(float),
    "a group": lambda rng, y, _: pd.Categorical.from_codes(rng.integers(0, 8, len(y)), list("abcdefgh")),
    "a constant": lambda _rng, y, _: np.ones(len(y)),
    "nothing known": lambda _rng, y, _: np.full(len(y), np.nan),
}

LEAKS: dict[str, tuple[Plant, str]] = {
    "the label": (lambda _rng, y, _: y.astype(float), "auc 1.000"),
    "the label turned round": (lambda _rng, y, _: 1.0 - y, "auc 1.000"),
    "the label with noise": (lambda rng, y, _: y + rng.normal(0, 0.3, len(y)), "auc 0.98"),
    "known only when something is found": (lambda _rng, y, _: np.where(y, 1.0, np.nan), "auc 1.000"),
    "not monotone": (lambda rng, y, _: np.where(y, 0.5, rng.choice([0.0, 1.0], len(y))), "auc 1.000"),
    "a level": (lambda _rng, y, _: pd.Categorical(np.where(y, "settled", "closed")), "auc 1.000"),
    "half of those found": (
        lambda rng, y, _: np.where(y & (rng.random(len(y)) < 0.5), 1.0, 0.0),
        "purity 1.000",
    ),
    "half of the amounts": (
        lambda rng, _, found: np.where(rng.random(len(found)) < 0.5, found, np.nan),
        "equality 1.000",
    ),
    "a transformed amount": (
        lambda rng, _, found: np.where(found > 0, ndtr(np.log(found + 1) / 9), rng.random(len(found))),
        "correlation 1.000",
    ),
    "a running number": (lambda rng, y, _: rng.permutation(len(y)).astype(float), "key 1.000"),
    "an identifier": (lambda _rng, y, _: pd.Categorical([f"T{i}" for i in range(len(y))]), "key 1.000"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_features_pass(outcome: tuple[np.ndarray, np.ndarray], name: str) -> None:
    feature = HONEST[name](np.random.default_rng(1), *outcome)
    assert check_leaks(pd.DataFrame({"feature": feature}), *outcome).empty


@pytest.mark.parametrize("name", LEAKS)
def test_planted_leaks_are_caught(outcome: tuple[np.ndarray, np.ndarray], name: str) -> None:
    plant, message = LEAKS[name]
    X = pd.DataFrame({"margin": np.random.default_rng(2).normal(size=2000)})
    X["leaky"] = plant(np.random.default_rng(1), *outcome)
    with pytest.raises(LeakError, match=f"1 feature.*leaky .*{message}"):
        check_leaks(X, *outcome)


def test_every_leak_is_named_at_once(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    y, found = outcome
    X = pd.DataFrame({"one": y * 1.0, "fine": np.random.default_rng(0).normal(size=2000), "two": found})
    with pytest.raises(LeakError, match=r"2 feature\(s\).*one \(.*two \(") as caught:
        check_leaks(X, y, found)
    assert "fine" not in str(caught.value)


def test_waived_leaks_pass_and_are_recorded(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    y, found = outcome
    X = pd.DataFrame({"known_before": y * 1.0, "other": found})
    with pytest.raises(LeakError, match=r"1 feature\(s\).*other"):
        check_leaks(X, y, found, waive=["known_before"])
    waived = check_leaks(X, y, found, waive=["known_before", "other"])
    assert set(waived["feature"]) == {"known_before", "other"}
    assert list(waived.columns) == ["feature", "check", "value", "limit", "standing"]
    assert set(waived["standing"]) == {"waived"}
    assert (waived["value"] >= waived["limit"]).all()


def test_a_waived_name_must_exist(outcome: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(UsageError, match="No such feature to waive: typo"):
        check_leaks(pd.DataFrame({"margin": np.arange(2000) / 7}), *outcome, waive=["typo"])


def test_the_simulated_features_are_honest(cases: Any) -> None:
    assert check_leaks(cases.X, cases.material, cases.amount).empty
