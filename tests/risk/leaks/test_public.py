from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import LeakError
from taxgap.risk import check_leaks

DATA = Path(__file__).parent / "data"


def _find(X: pd.DataFrame, y: np.ndarray, **given: object) -> tuple[set[str], str]:
    """Return the columns that the error names, and the error."""
    try:
        check_leaks(X, y, **given)
    except LeakError as error:
        told = error.message.partition(": ")[2].partition(" Here ")[0]
        return {name for name in X.columns if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", told)}, told
    return set(), ""


def _clean(X: pd.DataFrame, y: np.ndarray, **given: object) -> tuple[pd.DataFrame, list[set[str]]]:
    """Leave out what is named, again and again until the check passes."""
    named: list[set[str]] = []
    while (found := _find(X, y, **given)[0]) and len(found) < X.shape[1]:
        named.append(found)
        X = X.drop(columns=list(found))
    return X, named


def _measure(X: pd.DataFrame, y: np.ndarray) -> float:
    """Return the area of a small LightGBM on cases held out, five times."""
    fold = np.random.default_rng(0).permutation(len(y)) % 5
    scores = np.empty(len(y))
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 0}
    for k in range(5):
        train = lgb.Dataset(X[fold != k].to_numpy(), y[fold != k].astype(float))
        scores[fold == k] = lgb.train(options, train, 40).predict(X[fold == k].to_numpy())
    return float(roc_auc_score(y, scores))


@pytest.fixture(scope="module")
def audits() -> tuple[pd.DataFrame, np.ndarray]:
    data = pd.read_csv(DATA / "audit_risk.csv")
    return data.drop(columns="Risk"), data["Risk"].to_numpy() == 1


def test_the_audit_data_name_their_own_scores(audits: tuple[pd.DataFrame, np.ndarray]) -> None:
    X, y = audits
    named, told = _find(X, y)
    assert {"Audit_Risk", "Inherent_Risk"} <= named
    assert "Audit_Risk (auc 1.000" in told


def test_the_product_and_the_sum_behind_the_audit_score_are_named(
    audits: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = audits
    parts = ["Risk_A", "Risk_B", "Risk_C", "Risk_D", "RiSk_E", "Risk_F", "CONTROL_RISK"]
    several, told = _find(X[parts], y)
    assert {"Risk_B", "Risk_D", "CONTROL_RISK"} <= several
    assert "function 1.000" in told


def test_what_passes_of_the_audit_data_is_no_longer_perfect(
    audits: tuple[pd.DataFrame, np.ndarray],
) -> None:
    X, y = audits
    assert _measure(X, y) > 0.99
    rest, named = _clean(X, y)
    assert named
    assert rest.shape[1] >= 5
    assert _measure(rest, y) < 0.95


def _rebuild_credit_cards(rows: int = 1300) -> tuple[pd.DataFrame, np.ndarray]:
    """Rebuild the structure of CreditCard of the R package AER; every value here is made up.

    Who has no card spends nothing with it; the share is the yearly spending over income, or 0.0012 of it.
    """
    rng = np.random.default_rng(0)
    income, reports = rng.lognormal(1.1, 0.45, rows), rng.poisson(0.45, rows)
    y = rng.random(rows) < 1 / (1 + np.exp(1.5 * reports - 2 - 0.3 * (income - 3)))
    spent = np.where(y & (rng.random(rows) < 0.98), rng.gamma(1.0, 240.0, rows), 0.0)
    share = np.maximum(12 * spent / (10_000 * income), 0.0012 / income)
    X = {"reports": reports, "age": rng.normal(33, 10, rows), "income": income, "share": share}
    return pd.DataFrame({**X, "expenditure": spent, "months": rng.exponential(55, rows).round()}), y


def _rebuild_loans(rows: int = 2000) -> tuple[pd.DataFrame, np.ndarray]:
    """Rebuild the structure of published tables of loans; every value here is made up.

    What was repaid is known at the end alone: it is what was due unless the loan failed. Recoveries follow.
    """
    rng = np.random.default_rng(1)
    due, grade = rng.lognormal(9, 0.6, rows).round(2), rng.integers(0, 6, rows)
    y = rng.random(rows) < 0.06 + 0.04 * grade
    paid = np.where(y, due * rng.uniform(0.05, 0.9, rows), due).round(2)
    recovered = np.where(y & (rng.random(rows) < 0.6), rng.exponential(500, rows), 0.0)
    X = {"due": due, "grade": grade, "income": rng.lognormal(10.3, 0.5, rows), "total_paid": paid}
    return pd.DataFrame({**X, "recoveries": recovered}), y


@pytest.mark.parametrize(
    ("rebuild", "leaks"),
    [
        (_rebuild_credit_cards, {"expenditure", "share"}),
        (_rebuild_loans, {"total_paid", "recoveries"}),
    ],
)
def test_the_leaks_of_rebuilt_public_data_are_named(
    rebuild: Callable[[], tuple[pd.DataFrame, np.ndarray]], leaks: set[str]
) -> None:
    X, y = rebuild()
    assert _measure(X, y) > 0.97
    rest, named = _clean(X, y)
    assert leaks <= set().union(*named)
    assert _measure(rest, y) < 0.8
