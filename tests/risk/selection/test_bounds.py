from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from taxgap.errors import UsageError
from taxgap.risk.selection import bound_hidden_choice, bound_outcomes


def row(frame: pd.DataFrame, measure: str, position: int = 0) -> pd.Series:
    return frame[frame["measure"] == measure].iloc[position]


def test_without_assumptions_the_unopened_may_hold_anything_up_to_the_cap(chosen: Any) -> None:
    found = bound_outcomes(chosen.known, opened=chosen.opened, cap=40_000.0).frame
    seen, unseen = chosen.amount[chosen.opened].sum(), (~chosen.opened).sum()
    tax = row(found, "mean_tax")
    assert tax["lowest"] == pytest.approx(seen / len(chosen.amount))
    assert tax["highest"] == pytest.approx((seen + unseen * 40_000.0) / len(chosen.amount))
    assert tax["low"] == tax["lowest"]
    share = row(found, "material_share")
    assert share["lowest"] < (chosen.amount >= 1000).mean() < share["highest"]


def test_only_returns_without_a_chance_are_bounded_where_probabilities_are_known(chosen: Any) -> None:
    able = chosen.X["mismatch"].to_numpy() > -0.5
    opened = chosen.opened & able
    probability = np.where(able, chosen.probability, 0.0)
    found = bound_outcomes(chosen.known, opened=opened, cap=40_000.0, probability=probability).frame
    share, truth = row(found, "material_share"), (chosen.amount >= 1000).mean()
    assert share["highest"] - share["lowest"] == pytest.approx(1 - able.mean())
    assert share["low"] <= truth <= share["high"]
    assert share["low"] < share["lowest"]


def test_amounts_above_the_cap_count_as_the_cap() -> None:
    found = bound_outcomes([9e9, 0.0], opened=[True, True], cap=10_000.0).frame
    assert row(found, "mean_tax")["highest"] == 5000.0


def test_extremes_are_those_a_numerical_search_finds() -> None:
    rng = np.random.default_rng(0)
    value, chance = rng.exponential(3000, 12), rng.uniform(0.1, 0.6, 12)
    weight, gamma = 1 / chance, 1.7
    ends = [(1 + (w - 1) / gamma, 1 + (w - 1) * gamma) for w in weight]
    best = minimize(lambda w: -(w @ value) / w.sum(), weight, bounds=ends)
    found = row(bound_hidden_choice(value, chance, gammas=[gamma], draws=2).frame, "mean_tax")
    assert found["highest"] == pytest.approx(-best.fun, rel=1e-4)


def test_bounds_widen_with_gamma_from_the_weighted_mean(chosen: Any) -> None:
    opened = chosen.opened
    amount, chance = chosen.amount[opened], chosen.probability[opened]
    found = bound_hidden_choice(amount, chance, gammas=[1.0, 1.5, 3.0], draws=30).frame
    tax = found[found["measure"] == "mean_tax"]
    assert tax["lowest"].iloc[0] == pytest.approx(np.average(amount, weights=1 / chance))
    assert tax["lowest"].iloc[0] == pytest.approx(tax["highest"].iloc[0])
    assert (np.diff(tax["highest"] - tax["lowest"]) > 0).all()
    assert (tax["low"] < tax["lowest"]).all()
    assert (tax["high"] > tax["highest"]).all()


def test_a_hidden_choice_within_gamma_is_inside_the_bounds() -> None:
    # Officers see the outcome: it doubles the odds of being opened.
    rng = np.random.default_rng(4)
    wrong = rng.random(40_000) < 0.2
    odds = np.where(wrong, 2.0, 1.0) * 0.1 / 0.9
    opened = rng.random(40_000) < odds / (1 + odds)
    believed = np.full(int(opened.sum()), opened.mean())
    found = bound_hidden_choice(
        np.where(wrong, 2000.0, 0.0)[opened], believed, gammas=[1.0, 2.0], draws=50
    ).frame
    blind, wide = row(found, "material_share", 0), row(found, "material_share", 1)
    assert blind["low"] > 0.25
    assert wide["low"] <= 0.2 <= wide["high"]


def test_assumptions_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="at least the material amount"):
        bound_outcomes([5.0], opened=[True], cap=10.0)
    with pytest.raises(UsageError, match="Gammas must be at least 1"):
        bound_hidden_choice([5.0], [0.5], gammas=[0.5])


def test_the_bounds_show_themselves() -> None:
    found = bound_outcomes([5000.0, 0.0], opened=[True, False], cap=10_000.0)
    assert found.to_dict()["settings"]["cap"] == 10_000.0
    assert "nothing assumed but a cap of 10,000 GBP" in found.to_text()
    assert "<table" in found._repr_html_()
