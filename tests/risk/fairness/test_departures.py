"""Levels held against the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from taxgap.risk.fairness import measure_fairness
from taxgap.risk.fairness.departures import adjust, find_p


def test_looks_are_counted_as_benjamini_and_hochberg_do() -> None:
    p = np.random.default_rng(0).random(40) ** 3
    np.testing.assert_allclose(adjust(p), false_discovery_control(p))


def test_nothing_found_among_few_is_not_certain() -> None:
    # On every draw the level has a rate of 0, so that its bootstrap error is 0 as well.
    difference = np.tile([np.nan, -0.1], (20, 1))
    p = find_p(difference, 0.1, np.array([1000.0, 5.0]))
    assert np.isnan(p[0])
    assert p[1] > 0.3


def test_a_planted_departure_is_named_and_a_lot_names_few() -> None:
    rng = np.random.default_rng(1)
    cases, alarms = 3000, 0
    groups = pd.DataFrame({"region": rng.integers(0, 12, cases).astype(str)})
    tax = np.where(rng.random(cases) < 0.3, 2000.0, 0.0)
    for seed in range(15):
        score = np.random.default_rng(seed).random(cases)
        pack = measure_fairness({"lot": score}, groups, amount=tax, draws=60, seed=seed)
        alarms += pack.departures.groupby("metric")["departs"].any().sum()
    assert alarms <= 5  # of 30 families at 5%
    score = rng.random(cases) + 0.2 * (groups["region"] == "7")
    pack = measure_fairness({"tilted": score.to_numpy()}, groups, amount=tax, draws=60)
    named = pack.departures[pack.departures["departs"] & (pack.departures["metric"] == "audit_rate")]
    assert named.sort_values("q")["level"].iloc[0] == "7"
    assert named.sort_values("q")["difference"].iloc[0] > 0


def test_a_dimension_with_one_level_has_no_rest() -> None:
    tax = np.linspace(0, 3000, 200)
    pack = measure_fairness({"a": tax}, pd.DataFrame({"form": ["one"] * 200}), amount=tax, draws=5)
    assert pack.departures.empty
    assert "none by more than chance" in pack.to_text()
    assert pack.value("audit_rate", "a", "form", "one") == pytest.approx(0.05)
