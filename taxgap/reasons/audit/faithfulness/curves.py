"""Curves and gaps: how far the score moves as codes are redrawn in the order of their contributions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.reasons.audit.faithfulness.asked import Asked, Found, say_lift
from taxgap.reasons.audit.faithfulness.draws import Redraws
from taxgap.risk.arrays import Bools, Floats, Integers

STEPS = (0, 1, 2, 3, 5, 8, 13, 20)
"""Codes redrawn along a curve; all of them come last."""

ORDERS = 2
"""So many random orders a return stand for the random explanation, where there is no closed form."""


def measure_curves(asked: Asked, random: np.random.Generator) -> Found:
    """Redraw codes one after another in their order, and put them back, and see how far the score moves."""
    live = asked.live
    steps = [step for step in STEPS if step < len(live)] + [len(live)]
    orders = {"contributions": [live[np.argsort(-asked.by_code[:, live], axis=1, kind="stable")]]}
    shuffled = [random.permuted(np.tile(live, (len(asked.rows), 1)), axis=1) for _ in range(ORDERS)]
    orders["random"] = shuffled
    start, end = (
        asked.material.score[asked.rows],
        asked.peers.mean_score(np.any(asked.codes[live], axis=0, keepdims=True)),
    )
    figures, findings, lines = [], {}, []
    for curve in ("deletion", "insertion"):
        areas = {}
        for method, own in orders.items():
            path = np.mean([_follow(asked, curve, order, steps, (start, end)) for order in own], axis=0)
            areas[method] = np.trapezoid(path, np.array(steps) / max(len(live), 1), axis=0)
            lines += _draw_line(asked, curve, method, steps, path)
        sign = -1.0 if curve == "deletion" else 1.0
        lift = asked.mean(sign * (areas["contributions"] - areas["random"]), share=False)
        found = {method: asked.mean(area, share=False) for method, area in areas.items()}
        figures += [
            asked.figure(f"{curve} area", each, level="code", method=method, unit="log")
            for method, each in found.items()
        ]
        figures.append(
            say_lift(asked, (f"{curve} area", "code"), "random", lift, method="contributions", unit="log")
        )
        findings[curve] = lift
    return Found(figures, findings, pd.DataFrame(lines))


def _follow(
    asked: Asked, curve: str, order: Integers, steps: list[int], ends: tuple[Floats, Floats]
) -> Floats:
    """Return the change of each return's score along a curve; one row a step."""
    start, end = ends if curve == "deletion" else ends[::-1]
    changes = []
    for step in steps:
        first = asked.features_of(asked.mark(order[:, :step], len(asked.codes)))
        others = asked.features_of(asked.mark(order[:, step:], len(asked.codes)))
        if step in (0, steps[-1]):
            changes.append((end if step else start) - start)
        else:
            changes.append(asked.peers.mean_score(first if curve == "deletion" else others) - start)
    return np.stack(changes)


def _draw_line(
    asked: Asked, curve: str, method: str, steps: list[int], path: Floats
) -> list[dict[str, object]]:
    found = [asked.mean(values, share=False) for values in path]
    return [
        {"curve": curve, "method": method, "codes": step, **vars(each)}
        for step, each in zip(steps, found, strict=True)
    ]


def measure_gaps(asked: Asked, margins: Redraws, random: np.random.Generator) -> Found:
    """Draw the features of the first codes, or of all others, one by one from the population."""
    size, most = len(asked.codes), asked.most
    start = asked.material.score[asked.rows, np.newaxis]
    live = asked.live
    ranked = live[np.argsort(-asked.by_code[:, live], axis=1, kind="stable")][:, :most]
    sets = {"reasons": [asked.mark(asked.named, size)], "contributions": [asked.mark(ranked, size)]}
    sets["shuffled"] = [asked.mark(asked.shuffled, size)]
    counts = sets["reasons"][0].sum(axis=1)
    sets["random"] = [_draw_sets(asked, counts, random) for _ in range(ORDERS)]
    every = asked.mark(np.tile(live, (len(asked.rows), 1)), size)
    figures, findings = [], {}
    for measure, sign in (("PGI", 1.0), ("PGU", -1.0)):
        moved = {}
        for method, own in sets.items():
            redrawn = [asked.features_of(marked if measure == "PGI" else every & ~marked) for marked in own]
            moved[method] = np.mean(
                [np.abs(margins.score(mask) - start).mean(axis=1) for mask in redrawn], axis=0
            )
        figures += [
            asked.figure(
                f"{measure}@{most}", asked.mean(values, share=False), level="code", method=method, unit="log"
            )
            for method, values in moved.items()
        ]
        for against in ("random", "shuffled"):
            lift = asked.mean(sign * (moved["reasons"] - moved[against]), share=False)
            of = (f"{measure}@{most}", "code")
            figures.append(say_lift(asked, of, against, lift, method="reasons", unit="log"))
        findings[measure.lower()] = lift
    return Found(figures, findings)


def _draw_sets(asked: Asked, counts: Integers, random: np.random.Generator) -> Bools:
    """Mark as many codes of each return, any of those that could be named."""
    order = random.permuted(np.tile(asked.live, (len(counts), 1)), axis=1)
    places = np.where(np.arange(order.shape[1]) < counts[:, np.newaxis], order, -1)
    return asked.mark(places, len(asked.codes))
