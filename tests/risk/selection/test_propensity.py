from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.boosting import Growth
from taxgap.risk.selection import Propensities, estimate_opening

QUICK = Growth(n_estimators=60, num_leaves=7, learning_rate=0.1, min_child_samples=50)


@pytest.fixture(scope="module")
def estimated(chosen: Any) -> Propensities:
    return estimate_opening(chosen.X, chosen.opened, folds=3, growth=QUICK)


def test_the_estimate_is_near_the_probability_that_was_used(estimated: Propensities, chosen: Any) -> None:
    compared = estimated.compare(pd.Series(chosen.probability, chosen.X.index)[chosen.opened])
    assert compared["n"] == chosen.opened.sum()
    assert compared["rank_correlation"] > 0.9
    assert compared["ratio"] == pytest.approx(1.0, abs=0.08)
    assert compared["error"] < 0.35


def test_the_estimate_is_calibrated(estimated: Propensities, chosen: Any) -> None:
    table = estimated.calibration
    assert table["n"].sum() == len(chosen.X)
    assert (table["predicted"].diff().dropna() > 0).all()
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).sum() >= 8
    assert estimated.probability.mean() == pytest.approx(chosen.opened.mean(), rel=1e-6)
    assert 0.65 < estimated.auc < 0.9


def test_a_choice_blind_to_the_features_looks_blind(chosen: Any) -> None:
    flags = np.random.default_rng(1).random(len(chosen.X)) < 0.05
    found = estimate_opening(chosen.X, flags, folds=3, growth=QUICK)
    assert found.auc == pytest.approx(0.5, abs=0.05)
    assert found.probability.std() < 0.02


def test_two_returns_of_a_taxpayer_are_judged_by_the_same_trees(chosen: Any) -> None:
    twins = chosen.X.iloc[::2].iloc[np.arange(len(chosen.X)) // 2].set_axis(chosen.X.index)
    found = estimate_opening(twins, chosen.opened, folds=3, growth=QUICK).probability.to_numpy()
    assert np.array_equal(found[::2], found[1::2])


def test_opened_returns_alone_tell_no_probability(chosen: Any) -> None:
    with pytest.raises(InvalidDataError, match="of all returns, not only"):
        estimate_opening(chosen.X, np.ones(len(chosen.X), bool))


def test_recorded_probabilities_of_other_returns_are_refused(estimated: Propensities) -> None:
    with pytest.raises(UsageError, match="1 recorded probabilities are of returns"):
        estimated.compare(pd.Series([0.1], index=pd.MultiIndex.from_tuples([("X", 9)])))


def test_the_estimate_shows_itself(estimated: Propensities) -> None:
    assert estimated.to_dict()["returns"] == 12_000
    assert "were opened" in estimated.to_text()
    assert "<table" in estimated._repr_html_()
