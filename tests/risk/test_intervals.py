from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.intervals import AmountErrors, fit_errors


@settings(max_examples=80, deadline=None)
@given(st.integers(20, 300), st.sampled_from([0.5, 0.8, 0.9]), st.integers(0, 1000))
def test_bounds_of_equal_weights_are_order_statistics(cases: int, coverage: float, seed: int) -> None:
    error = np.random.default_rng(seed).normal(size=cases)
    low, high = fit_errors(error, np.ones(cases)).to_interval(np.zeros(1), coverage)
    rank = math.floor((cases + 1) * (1 - coverage) / 2 + 1e-9)
    ordered = np.sort(error)
    assert np.log(low[0]) == pytest.approx(ordered[rank - 1])
    assert np.log(high[0]) == pytest.approx(ordered[cases - rank])


def test_new_cases_are_covered_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        error = rng.standard_t(4, size=100)
        low, high = fit_errors(error, np.ones(100)).to_interval(np.zeros(1), 0.8)
        new = np.exp(rng.standard_t(4, size=200))
        shares.append(np.mean((new >= low) & (new <= high)))
    assert np.mean(shares) == pytest.approx(0.8 + 0.4 / 101, abs=0.012)


def test_design_weights_speak_for_the_population() -> None:
    # Large errors were sampled ten times as often: unweighted quantiles would be far too wide.
    rng = np.random.default_rng(1)
    error = np.concatenate([rng.normal(0, 0.5, 1000), rng.normal(0, 3.0, 1000)])
    weight = np.repeat([10.0, 1.0], 1000)
    low, high = fit_errors(error, weight).to_interval(np.zeros(1), 0.8)
    new = np.exp(np.concatenate([rng.normal(0, 0.5, 10_000), rng.normal(0, 3.0, 1000)]))
    assert np.mean((new >= low) & (new <= high)) == pytest.approx(0.8, abs=0.02)


def test_a_coverage_between_the_steps_is_never_undercut() -> None:
    errors = fit_errors(np.random.default_rng(2).normal(size=500), np.ones(500))
    low, high = errors.to_interval(np.zeros(1), 0.805)
    lower, higher = errors.to_interval(np.zeros(1), 0.81)
    assert (low[0], high[0]) == (lower[0], higher[0])


def test_a_coverage_out_of_reach_is_refused() -> None:
    errors = fit_errors(np.random.default_rng(3).normal(size=30), np.ones(30))
    with pytest.raises(NotIdentifiedError, match="95% cannot rest on 30 random cases"):
        errors.to_interval(np.zeros(1), 0.95)
    for coverage in (0.0, 1.0, -1.0, 0.995):
        with pytest.raises(UsageError, match="coverage must be"):
            errors.to_interval(np.zeros(1), coverage)


def test_plain_data_and_back() -> None:
    errors = fit_errors(np.random.default_rng(4).normal(size=30), np.ones(30))
    data = json.loads(json.dumps(errors.to_dict(), allow_nan=False))
    assert AmountErrors.from_dict(data) == errors
