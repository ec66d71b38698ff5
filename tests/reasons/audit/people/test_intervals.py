"""Intervals cover, and parts of the variance are those that were put in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.reasons.audit.people import count_kinds, lay_out
from taxgap.reasons.audit.people.intervals import Crossed

PEOPLE, CASES = 12, 24


def _plan(seed: int) -> tuple[pd.Series, pd.Series, np.ndarray]:
    kinds = [kind for kind, number in count_kinds(CASES).items() for _ in range(number)]
    plan = lay_out(pd.Series(kinds, index=range(CASES)), participants=PEOPLE, seed=seed)
    return pd.factorize(plan["form"])[0], plan["case"].to_numpy(), plan["arm"].to_numpy()


@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_intervals_cover(alike: float) -> None:
    random, studies, effect = np.random.default_rng(11), 80, 0.15
    covered = np.zeros(2)
    person, case, arm = _plan(0)
    for seed in range(studies):
        shift = alike * 0.12 * (random.choice([-1, 1], PEOPLE)[person] + random.choice([-1, 1], CASES)[case])
        y = (random.random(len(person)) < 0.5 + shift + effect * (arm == "reasons")).astype(float)
        crossed = Crossed(person, case, draws=200, seed=seed)
        level = crossed.mean(np.where(arm == "score", y, np.nan))
        gain = crossed.difference(y, arm == "reasons", arm == "score")
        covered += [level.low <= 0.5 <= level.high, gain.low <= effect <= gain.high]
    assert (covered / studies >= 0.9).all(), covered / studies


def test_parts_of_the_variance_are_found() -> None:
    random = np.random.default_rng(3)
    person, case = (grid.ravel() for grid in np.meshgrid(np.arange(60), np.arange(80)))
    y = 2 * random.normal(size=60)[person] + random.normal(size=80)[case] + 3 * random.normal(size=len(case))
    found = Crossed(person, case, draws=50).mean(y, share=False)
    assert found.variance is not None
    assert found.variance.participants == pytest.approx(4 / 60, rel=0.5)
    assert found.variance.cases == pytest.approx(1 / 80, rel=0.6)
    assert found.variance.answers == pytest.approx(14 / 4800, rel=0.2)
    assert found.variance.design_effect == pytest.approx(found.variance.total / found.variance.answers)


def test_what_makes_a_case_hard_cancels_in_a_difference() -> None:
    person, case, arm = _plan(0)
    hard = np.linspace(-50, 50, CASES)[case]
    y = hard + np.where(arm == "reasons", 1.0, 0.0)
    found = Crossed(person, case).difference(y, arm == "reasons", arm == "score")
    assert found.value == pytest.approx(1.0)
    assert found.variance is None or found.variance.total < 1e-9


def test_cases_without_a_pair_do_not_count() -> None:
    person, case, arm = _plan(0)
    y = np.where((case < 4) & (arm == "score"), np.nan, 1.0)
    found = Crossed(person, case).difference(y, arm == "reasons", arm == "score")
    assert found.n == CASES - 4


def test_draws_depend_on_the_seed_alone() -> None:
    person, case, _ = _plan(1)
    y = np.random.default_rng(0).random(len(case)).round()
    assert Crossed(person, case, seed=5).mean(y) == Crossed(person, case, seed=5).mean(y)
