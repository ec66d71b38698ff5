"""A light learner: the expected tax of a return, from what enquiries found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taxgap.risk.arrays import Floats
from taxgap.risk.boosting import Growth, grow, read_booster, score_raw
from taxgap.risk.frames import FrameSpec


def learn_scores(
    matrix: Floats, found: Floats, spec: FrameSpec, *, seed: int = 0, rounds: int = 60
) -> Callable[[Floats], Floats]:
    """Return a function that gives the expected tax of features.

    Parameters
    ----------
    matrix : ndarray, shape (cases, features)
        What was seen of each case.
    found : ndarray
        What was found in it (GBP).
    spec : FrameSpec
        Names of the features.
    seed : int
        Of the learner.
    rounds : int
        Trees.

    Notes
    -----
    The booster of the risk model's score (log link, Tweedie), smaller: trees of 15 leaves at a rate of
    3.6 / rounds, without probability or calibration. Cases are not weighted: they were chosen by what the
    model sees, and by chance.
    """
    growth = Growth(
        n_estimators=rounds,
        num_leaves=15,
        learning_rate=max(0.03, 3.6 / rounds),
        min_child_samples=20,
        random_state=seed,
    )
    mean = max(float(found.mean()), 1e-9)
    weight = np.ones(len(found))
    target = found / mean
    text = grow(
        matrix,
        target,
        weight,
        objective="tweedie",
        spec=spec,
        directions=[0] * matrix.shape[1],
        growth=growth,
    )
    booster = read_booster(text)

    def score(seen: Floats) -> Floats:
        return np.asarray(mean * np.exp(score_raw(booster, seen)), dtype=np.float64)

    return score
