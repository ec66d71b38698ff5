from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.boosting import Growth
from taxgap.risk.outcomes import Given, Rules, check_outcomes
from taxgap.risk.tuning import deviance, tune

SMALL = Growth(n_estimators=20, num_leaves=7, learning_rate=0.1, path_smooth=20.0)


@pytest.fixture(scope="module")
def outcomes(cases: Any) -> Any:
    return check_outcomes(cases.X.index, Given(amount=cases.amount), Rules())


@pytest.fixture(scope="module")
def years(cases: Any) -> pd.Series:
    return pd.Series(cases.X.index.get_level_values("period"))


def test_later_years_judge_and_the_default_is_the_first_trial(cases: Any, outcomes: Any, years: Any) -> None:
    tuning = tune(cases.X, outcomes, years, growth=SMALL, monotone={"mismatch": 1}, budget=3)
    assert tuning.years == ["2022-23"]
    assert tuning.trials["trial"].tolist() == [0, 1, 2]
    assert tuning.trials.loc[0, ["num_leaves", "gain"]].tolist() == [7, 0.0]
    assert tuning.trials["chosen"].sum() == 1
    again = tune(cases.X, outcomes, years, growth=SMALL, monotone={"mismatch": 1}, budget=3)
    pd.testing.assert_frame_equal(tuning.trials, again.trials)


def test_a_default_that_is_hopeless_is_replaced(cases: Any, outcomes: Any, years: Any) -> None:
    hopeless = Growth(n_estimators=1, num_leaves=2, learning_rate=0.001)
    tuning = tune(cases.X, outcomes, years, growth=hopeless, monotone={}, budget=4)
    chosen = tuning.trials[tuning.trials["chosen"]].iloc[0]
    assert chosen["trial"] > 0
    assert chosen["gain"] > chosen["standard_error"]
    assert tuning.settings["n_estimators"] >= 100


def test_luck_replaces_nothing(cases: Any, years: Any) -> None:
    rng = np.random.default_rng(0)
    amount = np.where(rng.random(len(cases.X)) < 0.2, rng.exponential(5000.0, len(cases.X)), 0.0)
    noise = check_outcomes(cases.X.index, Given(amount=amount), Rules())
    stump = Growth(n_estimators=1, num_leaves=2, learning_rate=0.01)
    assert tune(cases.X, noise, years, growth=stump, monotone={}, budget=4).settings == {}


def test_the_year_that_judges_never_trains(cases: Any, years: Any) -> None:
    # Halved amounts of the judging year change nothing of what is grown: all losses shrink alike.
    # The earlier year's amounts are a hundredfold, so that its cap does not bind in the later.
    losses = []
    for factor in (1.0, 0.5):
        amount = cases.amount.where(years.to_numpy() == "2022-23", 100 * cases.amount)
        amount = amount.where(years.to_numpy() != "2022-23", factor * amount)
        found = check_outcomes(cases.X.index, Given(amount=amount), Rules())
        tuning = tune(cases.X, found, years, growth=SMALL, monotone={}, budget=2, cap_quantile=1.0)
        losses.append(tuning.trials["loss"])
    one, other = losses
    # The Tweedie deviance of power 1.5 goes with the root of the unit.
    assert (other / one).tolist() == pytest.approx([0.5**0.5] * 2, rel=1e-6)


def test_one_year_is_not_enough(cases: Any, outcomes: Any, years: Any) -> None:
    one = pd.Series(["2021-22"] * len(years))
    with pytest.raises(NotIdentifiedError, match="two tax years"):
        tune(cases.X, outcomes, one, growth=SMALL, monotone={}, budget=2)
    with pytest.raises(UsageError, match="at least 1 trial"):
        tune(cases.X, outcomes, years, growth=SMALL, monotone={}, budget=0)


def test_the_deviance_is_least_where_the_mean_is_right() -> None:
    rng = np.random.default_rng(1)
    mean = np.exp(rng.normal(size=4000))
    amount = np.where(rng.random(4000) < 0.5, 2 * mean, 0.0)
    losses = {power: deviance(amount, power * np.log(mean), np.ones(4000)).sum() for power in (0.5, 1.0, 1.5)}
    assert min(losses, key=lambda power: losses[power]) == 1.0
    # The level plays no part.
    assert deviance(amount, np.log(mean) + 3, np.ones(4000)).sum() == pytest.approx(losses[1.0])
