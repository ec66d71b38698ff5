"""Necessity and sufficiency: whether flags rest on the families that the reasons name."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from taxgap.reasons.audit.faithfulness.asked import Asked, Found, say_lift
from taxgap.reasons.audit.figures import Estimate, Figure
from taxgap.risk.arrays import Bools, Floats, Integers


def measure_necessity(asked: Asked) -> Found:
    """Redraw the first family, and every other, and see which flags go."""
    below: Bools = np.stack([asked.peers.mean_score(own) < asked.cut for own in asked.families], axis=1)
    some: Bools = np.logical_or.reduce(below, axis=1)
    first = _family(asked, asked.named)[:, 0]
    values: dict[str, Floats] = {
        "reasons": _pick(below, first),
        "shuffled": _pick(below, _family(asked, asked.shuffled)[:, 0]),
        "contributions": _pick(below, asked.by_family.argmax(axis=1)),
        "random": np.asarray(below.mean(axis=1), dtype=np.float64),
        "best": some.astype(np.float64),
    }
    figures, lift = _compare(asked, "necessity@family", "family", values)
    reached = asked.mean(np.where(some, values["reasons"], np.nan))
    chance = float(np.mean(values["random"][some])) if some.any() else np.nan
    figures.append(asked.figure("necessity@family of best", reached, level="family", chance=chance))
    return Found(figures, {"necessity": lift, "necessity_reached": reached})


def measure_sufficiency(asked: Asked) -> Found:
    """Keep the first families alone, and every other set of as many, and see which flags stay."""
    count = len(asked.families)
    stays = {
        kept: asked.peers.mean_score(_others(asked.families, kept)) >= asked.cut
        for size in range(min(asked.most, count) + 1)
        for kept in combinations(range(count), size)
    }
    bare = asked.figure("sufficiency@0", asked.mean(stays[()]), level="family", method="best")
    figures, lift = [bare], Estimate(np.nan, np.nan, np.nan, 0)
    order = np.argsort(-asked.by_family, axis=1, kind="stable")
    for k in range(1, min(asked.most, count) + 1):
        kept, other = (asked.mark(_family(asked, own)[:, :k], count) for own in (asked.named, asked.shuffled))
        every = np.stack([found for own, found in stays.items() if len(own) == k], axis=1)
        values: dict[str, Floats] = {
            "reasons": _look_up(stays, kept),
            "shuffled": _look_up(stays, other),
            "contributions": _look_up(stays, asked.mark(order[:, :k], count)),
            "random": _average(stays, kept.sum(axis=1)),
            "best": np.logical_or.reduce(every, axis=1).astype(np.float64),
        }
        own, lift = _compare(asked, f"sufficiency@{k}", "family", values)
        figures += own
    return Found(figures, {"sufficiency": lift})


def _compare(
    asked: Asked, measure: str, level: str, values: dict[str, Floats]
) -> tuple[list[Figure], Estimate]:
    """Lay out a share by every method, and how much more it is than by chance."""
    found = {method: asked.mean(own) for method, own in values.items()}
    chance = found["random"].value
    figures = [
        asked.figure(measure, each, level=level, method=method, chance=np.nan if method == "best" else chance)
        for method, each in found.items()
    ]
    lifts = {
        against: asked.mean(values["reasons"] - values[against], share=False)
        for against in ("random", "shuffled")
    }
    figures += [
        say_lift(asked, (measure, level), against, lift, method="reasons") for against, lift in lifts.items()
    ]
    return figures, lifts["shuffled"]


def _family(asked: Asked, codes: Integers) -> Integers:
    return np.where(codes < 0, -1, asked.family[codes])


def _others(families: Bools, kept: tuple[int, ...]) -> Bools:
    others: Bools = ~np.any(families[list(kept)], axis=0, keepdims=True)
    return others


def _pick(table: Bools, column: Integers) -> Floats:
    """Read one column of each row; 0 where it is -1."""
    found = table[np.arange(len(table)), np.maximum(column, 0)] & (column >= 0)
    return found.astype(np.float64)


def _look_up(stays: dict[tuple[int, ...], Bools], kept: Bools) -> Floats:
    found = np.zeros(len(kept))
    for own, values in stays.items():
        same = (kept == np.isin(np.arange(kept.shape[1]), own)).all(axis=1)
        found[same] = values[same]
    return found


def _average(stays: dict[tuple[int, ...], Bools], sizes: Integers) -> Floats:
    """Return the mean over all sets of each return's size."""
    found = np.zeros(len(sizes))
    for size in np.unique(sizes):
        every = np.stack([values for own, values in stays.items() if len(own) == size], axis=1)
        found[sizes == size] = every[sizes == size].mean(axis=1)
    return found
