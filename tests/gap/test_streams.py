"""Streams of one seed share nothing."""

from __future__ import annotations

import numpy as np

from taxgap.gap.streams import stream


def test_streams_differ_by_seed_and_purpose_and_from_the_seed_alone() -> None:
    made = [
        stream(seed, *name) for seed in (0, 7) for name in (("draw",), ("draw", 0), ("draw", 1), ("a", "b"))
    ]
    made += [np.random.default_rng(seed) for seed in (0, 7)]
    assert len({generator.random() for generator in made}) == len(made)
    assert stream(7, "draw", 1).random() == stream(7, "draw", 1).random()
    assert stream(np.int64(7), "draw", np.int64(1)).random() == stream(7, "draw", 1).random()
