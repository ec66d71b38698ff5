from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import split_bins
from taxgap.risk.evaluation import CalibrationError, measure_calibration
from taxgap.risk.evaluation.calibration_line import fit_line

Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]


def draw(cases: int, base: float, truth: str, rng: np.random.Generator) -> Drawn:
    """Draw predicted probabilities, true ones, and outcomes."""
    odds = logit(base) - 0.5 + rng.normal(size=cases)
    true = expit(odds)
    predicted = {
        "right": true,
        "steep": expit(logit(base) - 0.5 + 1.5 * (odds - logit(base) + 0.5)),
        "high": expit(odds + 0.5),
    }[truth]
    return predicted, true, rng.random(cases) < true


def find_true_error(predicted: np.ndarray, true: np.ndarray) -> float:
    bins = split_bins(predicted, np.ones(len(predicted)), 10)
    return float(np.abs(np.bincount(bins, predicted - true)).sum() / len(true))


def repeat(cases: int, base: float, truth: str, times: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    rows = []
    for seed in range(times):
        predicted, true, outcome = draw(cases, base, truth, rng)
        result = measure_calibration(predicted, outcome, draws=100, seed=seed)
        error = find_true_error(predicted, true)
        rows.append(
            {
                "true": error,
                "plug_in": result.plug_in,
                "debiased": result.debiased,
                "noise": result.noise_mean,
                "held": result.low <= error <= result.high,
                "slope": result.slope.contains(1.0),
                "large": result.in_the_large.contains(float((predicted - true).mean())),
            }
        )
    return {name: np.array([row[name] for row in rows], dtype=float) for name in rows[0]}


@pytest.mark.parametrize("truth", ["right", "steep", "high"])
def test_most_of_the_noise_is_taken_off(truth: str) -> None:
    found = repeat(800, 0.1, truth, 30)
    noise = found["noise"].mean()
    assert abs((found["debiased"] - found["true"]).mean()) < 0.4 * noise
    assert found["held"].mean() > 0.8
    if truth == "right":
        assert (found["plug_in"] - found["true"]).mean() > 0.8 * noise


def test_right_probabilities_show_the_noise_floor_and_no_more() -> None:
    predicted, _, outcome = draw(20_000, 0.1, "right", np.random.default_rng(1))
    result = measure_calibration(predicted, outcome, draws=500)
    assert result.low == 0.0
    assert result.plug_in < 2 * result.noise_mean < 2 * result.noise_high
    # The mean distance of ten means from zero, were they normal.
    spread = np.sqrt(predicted * (1 - predicted))
    bins = split_bins(predicted, np.ones(len(predicted)), 10)
    theory = np.sqrt(2 / np.pi) * np.sqrt(np.bincount(bins, spread**2)).sum() / len(predicted)
    assert result.noise_mean == pytest.approx(theory, rel=0.05)
    assert result.slope.contains(1.0)
    assert result.intercept.contains(0.0)


def test_wrong_probabilities_are_told() -> None:
    predicted, true, outcome = draw(20_000, 0.1, "high", np.random.default_rng(2))
    result = measure_calibration(predicted, outcome, draws=200)
    assert result.low > result.noise_high
    assert result.low < find_true_error(predicted, true) < result.high
    assert result.intercept.high < 0
    assert result.in_the_large.low > 0
    steep = measure_calibration(*draw(20_000, 0.1, "steep", np.random.default_rng(3))[::2], draws=50)
    assert steep.slope.contains(1 / 1.5)
    assert not steep.slope.contains(1.0)


def test_by_hand() -> None:
    result = measure_calibration([0.2] * 5 + [0.6] * 5, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0], bins=2)
    assert result.plug_in == pytest.approx((0.0 + 0.2) / 2)
    assert result.in_the_large.value == pytest.approx(-0.1)
    assert result.base_rate == pytest.approx(0.5)
    # 0.4 and 0.8 of variance in five, less one.
    assert result.squared == pytest.approx((0.0**2 + 0.2**2) / 2 - (0.16 / 4 + 0.16 / 4) / 2)


def test_slope_and_intercept_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    predicted, _, outcome = draw(800, 0.2, "steep", rng)
    weight = rng.choice([1.0, 4.0], 800)
    result = measure_calibration(predicted, outcome, weight, draws=20)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(logit(predicted)[:, None], outcome, sample_weight=weight)
    assert result.slope.value == pytest.approx(model.coef_[0, 0], abs=1e-5)
    brier = brier_score_loss(outcome, predicted, sample_weight=weight)
    assert result.brier.value == pytest.approx(brier)
    base = np.average(outcome, weights=weight)
    assert result.skill.value == pytest.approx(1 - brier / (base * (1 - base)))


def test_copies_of_one_taxpayer_are_no_more_evidence() -> None:
    predicted, _, outcome = draw(600, 0.2, "right", np.random.default_rng(5))
    once = measure_calibration(predicted, outcome, draws=400)
    again = measure_calibration(
        np.repeat(predicted, 4), np.repeat(outcome, 4), cluster=np.repeat(np.arange(600), 4), draws=400
    )
    assert again.plug_in == pytest.approx(once.plug_in)
    assert again.noise_mean == pytest.approx(once.noise_mean, rel=0.15)
    assert again.slope.high - again.slope.low == pytest.approx(once.slope.high - once.slope.low, rel=0.1)
    apart = measure_calibration(np.repeat(predicted, 4), np.repeat(outcome, 4), draws=400)
    assert apart.noise_mean < 0.6 * again.noise_mean


@pytest.mark.parametrize("outcome", [0, 1])
def test_outcomes_all_alike_leave_slope_and_skill_unmeasured(outcome: int) -> None:
    result = measure_calibration(np.linspace(0.01, 0.3, 30), [outcome] * 30)
    assert np.isnan(result.slope.value)
    assert np.isnan(result.skill.value)
    assert "not measured" in result.to_text()
    assert result.to_dict()["slope"]["value"] is None
    assert result.low <= result.high


@pytest.mark.parametrize("cases", [1, 2, 12])
def test_a_handful_of_cases_gives_numbers_and_no_crash(cases: int) -> None:
    result = measure_calibration(np.full(cases, 0.3), np.arange(cases) % 2)
    assert 0 <= result.low <= result.high
    assert result.n == cases


def test_probabilities_of_nought_and_one_are_taken() -> None:
    slope, intercept = fit_line(
        np.array([0.0, 0.0, 1.0, 1.0, 0.5, 0.5]),
        np.array([0.0, 1, 1, 0, 1, 0]),
        np.ones(6),
        np.arange(6),
        0.9,
    )
    assert np.isfinite([slope.value, intercept.value]).all()


def test_it_states_the_noise_floor_and_becomes_plain_data() -> None:
    predicted, _, outcome = draw(1500, 0.1, "right", np.random.default_rng(6))
    result = measure_calibration(predicted, outcome)
    text = result.to_text()
    assert f"Noise floor with 1,500 cases and {outcome.sum()} events" in text
    assert f"{result.noise_mean:.3f}" in text
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["slope"]["low"] < data["slope"]["value"] < data["slope"]["high"]
    assert isinstance(result, CalibrationError)
    assert measure_calibration(predicted, outcome) == result


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"probability": [0.1, 1.2]}, InvalidDataError, "between 0 and 1"),
        ({"probability": [], "outcome": []}, InvalidDataError, "no cases"),
        ({"weight": [0.0, 1.0]}, InvalidDataError, "above 0"),
        ({"outcome": [0, 2]}, InvalidDataError, "true or false"),
        ({"cluster": ["A"]}, UsageError, "cluster has 1 rows"),
        ({"bins": 0}, UsageError, "bins are 1 or more"),
    ],
)
def test_no_calibration_is_measured_on_what_does_not_fit(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        measure_calibration(**({"probability": [0.1, 0.2], "outcome": [0, 1]} | options))


@pytest.mark.long
@pytest.mark.parametrize("truth", ["right", "steep", "high"])
@pytest.mark.parametrize("base", [0.02, 0.06, 0.15])
@pytest.mark.parametrize(("cases", "times"), [(500, 1500), (1500, 1500), (6000, 500), (40_000, 150)])
def test_intervals_hold_the_true_error(truth: str, base: float, cases: int, times: int) -> None:
    found = repeat(cases, base, truth, times)
    slack = 3 * np.sqrt(0.05 * 0.95 / times)
    assert found["held"].mean() > 0.93 - slack
    assert found["large"].mean() > 0.93 - slack
    assert abs((found["debiased"] - found["true"]).mean()) < 0.35 * found["noise"].mean()
    if truth == "right":
        assert found["slope"].mean() > 0.93 - slack
