"""Curves over income: the closest rising rates, falls, slopes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from taxgap.risk.fairness import measure_fairness
from taxgap.risk.fairness.equity import draw_falls, fit_rising, measure_falls, measure_slope
from taxgap.risk.fairness.ranks import IncomeRank


def test_the_closest_rising_rates_are_those_of_isotonic_regression() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        below = rng.uniform(1, 50, 8)
        above = below * rng.random(8)
        expected = IsotonicRegression().fit_transform(np.arange(8), above / below, sample_weight=below)
        np.testing.assert_allclose(fit_rising(above, below), expected)


def test_an_empty_bin_changes_nothing() -> None:
    above, below = np.array([1.0, 0.0, 3.0, 2.0]), np.array([10.0, 0.0, 10.0, 10.0])
    fitted = fit_rising(above, below)
    np.testing.assert_allclose(fitted[[0, 2, 3]], fit_rising(above[[0, 2, 3]], below[[0, 2, 3]]))
    assert measure_falls(above[None, None], below[None, None])[0] == pytest.approx(0.5 / 6)


def test_rising_rates_have_no_falls() -> None:
    below = np.full((1, 2, 4), 100.0)
    rising = np.array([[[1.0, 2.0, 2.0, 9.0], [0.0, 0.0, 5.0, 6.0]]])
    assert measure_falls(rising, below)[0] == pytest.approx(0.0)
    # All audits at the bottom of four: three in four would have to move.
    assert measure_falls(np.array([[[80.0, 0, 0, 0]]]), below[:, :1])[0] == pytest.approx(0.75)


def test_the_slope_is_that_of_least_squares_with_a_level_for_each_band() -> None:
    rng = np.random.default_rng(1)
    below, middle = rng.uniform(5, 20, (1, 3, 6)), np.linspace(0.1, 0.9, 6)
    above = below * rng.random((1, 3, 6))
    design = np.column_stack([np.tile(middle, 3), np.kron(np.eye(3), np.ones((6, 1)))])
    root = np.sqrt(below.ravel())
    solved = np.linalg.lstsq(design * root[:, None], (above / below).ravel() * root, rcond=None)[0]
    assert measure_slope(above, below, middle)[0] == pytest.approx(solved[0])


def test_falls_by_chance_hold_those_of_equal_rates() -> None:
    rng = np.random.default_rng(2)
    below = np.full((4, 10), 400.0)
    true = np.array([0.01, 0.03, 0.1, 0.3])[:, None]
    inside = 0
    for seed in range(100):
        above = rng.binomial(400, true, (4, 10)).astype(float)
        limit = np.quantile(draw_falls(above, below, below.astype(int), 200, seed), 0.975)
        inside += measure_falls(above[None], below[None])[0] <= limit
    assert inside >= 91  # 97.5 expected; fewer than 91 has a chance of 1 in 2,000


def test_equal_incomes_share_a_place() -> None:
    income = np.array([5.0, 5.0, 1.0, 9.0])
    place = IncomeRank(income).of(np.array([[1.0, 3.0, 2.0, 4.0]])).place[0]
    np.testing.assert_allclose(place, [0.4, 0.4, 0.1, 0.8])


def test_the_curves_tell_a_rising_ranking_from_a_falling_one() -> None:
    rng = np.random.default_rng(3)
    income = rng.lognormal(10, 1, 6000)
    tax = np.where(rng.random(6000) < 0.5, rng.lognormal(7, 1, 6000), 0.0)
    noise = rng.normal(size=6000)
    rankings = {"rises": np.log(income) + noise, "falls": noise - np.log(income)}
    groups = pd.DataFrame({"nation": np.full(6000, "Wales")})
    income[:10] = np.nan
    pack = measure_fairness(
        rankings, groups, amount=tax, income=income, draws=80, budget_share=0.1, minimum=60
    )
    table = pack.summary.set_index(["ranking", "metric"])
    for end in ("", "_given_amount"):
        assert table.loc[("rises", f"slope{end}"), "low"] > 0
        assert table.loc[("falls", f"slope{end}"), "high"] < 0
        assert (
            table.loc[("rises", f"falls{end}"), "value"]
            < table.loc[("rises", f"falls_by_chance{end}"), "high"]
        )
        assert (
            table.loc[("falls", f"falls{end}"), "low"] > table.loc[("falls", f"falls_by_chance{end}"), "high"]
        )
    curve = pack.vertical_equity
    whole = curve[(curve["ranking"] == "rises") & (curve["condition"] == "all")]
    assert whole["n"].sum() == 5990
    assert whole["mean_income"].is_monotonic_increasing
    assert whole["value"].iloc[-1] > 5 * whole["value"].iloc[0]
    assert curve["condition"].unique().tolist() == [
        *("all", "nothing", "under 1,000 GBP", "1,000 to 5,000 GBP", "5,000 GBP and more"),
    ]
    few = curve["n"] < 60
    assert few.any()
    assert curve.loc[few, "value"].isna().all()
    assert pack.settings["income_not_known"] == 10
