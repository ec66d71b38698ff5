from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from taxgap.risk.calibration import ProbabilityCurve, fit_curve, fit_offset


@st.composite
def scored_cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cases of any shape: tied scores, perfect or reversed separation, uneven weights."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    cases = draw(st.integers(50, 600))
    raw = rng.normal(draw(st.floats(-5, 3)), draw(st.sampled_from([1e-9, 0.3, 2.0])), cases)
    if draw(st.booleans()):
        raw = raw.round(1)
    slope = draw(st.sampled_from([-2.0, 0.0, 1.0, 50.0]))
    event = rng.random(cases) < expit(slope * (raw - raw.mean()))
    event[:10], event[10:20] = True, False
    return raw, event, rng.choice([1.0, 20.0], cases)


@settings(max_examples=60, deadline=None)
@given(scored_cases())
def test_the_total_is_right_and_the_order_is_kept(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    raw, event, weight = drawn
    curve = fit_curve(raw, event, weight)
    probability = curve.to_probability(raw)
    assert np.average(probability, weights=weight) == pytest.approx(
        np.average(event, weights=weight), rel=1e-6
    )
    assert (np.diff(curve.raw) > 0).all()
    assert (np.diff(curve.calibrated) > 0).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(probability[order]) >= 0).all()


def test_the_ranking_is_kept_strictly_also_outside_the_knots() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(-2, 1, 800)
    curve = fit_curve(raw, rng.random(800) < expit(raw), np.ones(800))
    grid = np.linspace(raw.min() - 5, raw.max() + 5, 400)
    assert (np.diff(curve.to_probability(grid)) > 0).all()


@pytest.mark.parametrize("bend", ["line", "bent"])
def test_a_distorted_score_is_set_right(bend: str) -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(-1, 1.2, 6000)
    truth = expit(
        0.6 * raw - 1.0 if bend == "line" else np.where(raw > -1, 0.5 * (raw + 1) - 1, 1.5 * (raw + 1) - 1)
    )
    curve = fit_curve(raw, rng.random(6000) < truth, np.ones(6000))
    error = curve.to_probability(raw) - truth
    assert np.sqrt(np.mean(error**2)) < 0.025


def test_weights_stand_for_repeated_cases() -> None:
    rng = np.random.default_rng(2)
    raw = rng.normal(size=300)
    event = rng.random(300) < expit(raw)
    # The number of knots follows the number of cases, so both have enough for the most knots.
    raw, event = np.tile(raw, 8), np.tile(event, 8)
    weighted = fit_curve(raw, event, np.full(2400, 3.0))
    plain = fit_curve(raw, event, np.ones(2400))
    assert np.allclose(weighted.calibrated, plain.calibrated)


def test_the_offset_makes_expected_tax_add_up() -> None:
    rng = np.random.default_rng(3)
    raw, amount, weight = rng.normal(size=400), rng.exponential(900, 400), rng.uniform(1, 50, 400)
    expected = np.exp(raw + fit_offset(raw, amount, weight))
    assert np.sum(weight * expected) == pytest.approx(np.sum(weight * amount))


def test_plain_data_and_back() -> None:
    curve = ProbabilityCurve((-1.0, 0.1 + 0.2), (-2.0, 1 / 3))
    assert ProbabilityCurve.from_dict(json.loads(json.dumps(curve.to_dict()))) == curve
