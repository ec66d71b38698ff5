from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import LeakError
from taxgap.risk import check_leaks

ROWS = 900


@pytest.fixture(scope="module")
def label() -> np.ndarray:
    return np.random.default_rng(0).random(ROWS) < 0.3


KEYS = {
    "running numbers": lambda _rng: np.arange(ROWS) + 5000,
    "running numbers in thousandths": lambda rng: rng.permutation(ROWS) / 1000 + 0.0005,
    "a ten digit reference": lambda rng: rng.integers(10**9, 10**10, ROWS).astype(float),
    "a hash of sixty bits": lambda rng: rng.integers(0, 2**60, ROWS).astype(float),
    "a text": lambda _rng: [f"ref {i:05d}" for i in range(ROWS)],
}
MEASURES = {
    "turnover in whole pounds": lambda rng: rng.lognormal(12, 1.2, ROWS).round(0),
    "a ratio": lambda rng: rng.random(ROWS),
    "pence": lambda rng: rng.exponential(4000, ROWS).round(2),
    "a year": lambda rng: rng.integers(1940, 2000, ROWS),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_found(label: np.ndarray, name: str) -> None:
    with pytest.raises(LeakError, match=r"^1 feature.*reference \(key (1.000|0.99)"):
        check_leaks(pd.DataFrame({"reference": KEYS[name](np.random.default_rng(1))}), label)


@pytest.mark.parametrize("name", MEASURES)
def test_measures_that_hardly_repeat_pass(label: np.ndarray, name: str) -> None:
    assert check_leaks(pd.DataFrame({"measure": MEASURES[name](np.random.default_rng(1))}), label).empty


def test_what_never_changes_for_a_taxpayer_and_is_his_alone_is_a_key(label: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(ROWS // 3), 3)
    index = pd.MultiIndex.from_arrays(
        [people, np.tile([1, 2, 3], ROWS // 3)], names=["taxpayer_id", "period"]
    )
    X = pd.DataFrame(
        {"hash": rng.random(ROWS // 3)[people], "turnover": rng.lognormal(12, 1, ROWS)}, index=index
    )
    X["birth_year"] = rng.integers(1940, 2000, ROWS // 3)[people]
    with pytest.raises(LeakError, match=r"^1 feature\(s\) give the label away: hash \(key 1.000\)"):
        check_leaks(X, label)
    assert check_leaks(X.reset_index(drop=True), label).empty


def test_the_order_of_sorted_rows_is_found() -> None:
    rng = np.random.default_rng(3)
    # Batches were appended: the middle third holds nearly all that was found.
    label = rng.random(ROWS) < np.where(np.abs(np.arange(ROWS) - ROWS / 2) < ROWS / 6, 0.8, 0.03)
    X = pd.DataFrame({"minutes": np.cumsum(rng.exponential(1.7, ROWS)), "margin": rng.normal(size=ROWS)})
    with pytest.raises(LeakError, match=r"^1 feature.*minutes \(row order 0.99|1.000"):
        check_leaks(X, label)
    assert check_leaks(X, rng.permutation(label)).empty


def test_a_level_that_tells_where_the_case_came_from_is_found() -> None:
    rng = np.random.default_rng(4)
    hospital = rng.integers(0, 60, ROWS)
    label = rng.random(ROWS) < np.where(hospital % 3 == 0, 0.99, 0.01)
    for values in (hospital.astype(float), [f"ward {i}" for i in hospital]):
        with pytest.raises(LeakError, match=r"hospital \(auc 0.9"):
            check_leaks(pd.DataFrame({"hospital": values}), label)
