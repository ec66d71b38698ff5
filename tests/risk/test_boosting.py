from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from taxgap.risk.boosting import Growth, Objective, grow, read_booster, score_raw
from taxgap.risk.frames import FrameSpec


def grow_some(cases: int, features: int, objective: Objective, growth: Growth) -> str:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(cases, features))
    matrix[rng.random(matrix.shape) < 0.2] = np.nan
    matrix[:, -1] = rng.integers(0, 8, cases)
    score = np.nan_to_num(matrix[:, :6]).sum(axis=1) - 2
    event = rng.random(cases) < 1 / (1 + np.exp(-score))
    target = event if objective == "binary" else event * rng.lognormal(size=cases)
    names = [f"f{i}" for i in range(features)]
    spec = FrameSpec(tuple(names), {names[-1]: tuple("abcdefgh")})
    directions = [1] * 20 + [0] * (features - 20)
    return grow(
        matrix,
        target.astype(float),
        np.ones(cases),
        objective=objective,
        spec=spec,
        directions=directions,
        growth=growth,
    )


@pytest.mark.parametrize("objective", ["binary", "tweedie"])
def test_trees_are_full_at_the_defaults(objective: Objective) -> None:
    booster = read_booster(grow_some(8000, 45, objective, Growth(n_estimators=25)))
    leaves = [tree["num_leaves"] for tree in booster.dump_model()["tree_info"]]
    assert leaves == [31] * 25


def test_the_text_does_not_depend_on_the_number_of_threads() -> None:
    growth = Growth(n_estimators=5)
    texts = {grow_some(500, 25, "tweedie", replace(growth, n_threads=threads)) for threads in (1, 2)}
    assert len(texts) == 1


def test_another_seed_gives_another_text() -> None:
    texts = {grow_some(500, 25, "binary", Growth(n_estimators=5, random_state=seed)) for seed in (0, 1)}
    assert len(texts) == 2


def test_a_booster_read_from_text_is_written_as_the_same_text() -> None:
    text = grow_some(500, 25, "binary", Growth(n_estimators=5))
    again = read_booster(text)
    assert again.model_to_string() == text
    assert score_raw(again, np.zeros((2, 25))).dtype == np.float64
