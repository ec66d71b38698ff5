"""One feature by itself: whether it tells the label, or the tax found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import binom

from taxgap.risk.arrays import Floats, Integers, split_bins
from taxgap.risk.leaks.areas import CHANCE, bound_chance, measure_area, measure_weighted_area
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.report import Finding

AUC_LIMIT = 0.95
"""Area of one feature alone. Honest ones measured in simulation stay below 0.80."""
PURITY_LIMIT = 0.99
"""A value, or a twentieth of the range, that is material in nearly every case and holds many of them."""
PURE_SHARE = 0.1
CORRELATION_LIMIT = 0.95
"""Among cases in which tax was found: rank correlation with the amount."""
EQUAL_SHARE = 0.1
"""Among cases in which tax was found: share that equals it."""
SELECTION_LIMIT = 0.99
"""Rank correlation with the inclusion probability: such a feature is the old selection; it is noted only."""

FEWEST = 20
_BINS = 20
_FEWEST_EFFECTIVE = 30.0


def examine_columns(evidence: Evidence) -> Iterator[Finding]:
    """Yield what each feature tells by itself.

    Parameters
    ----------
    evidence : Evidence
        The cases.

    Yields
    ------
    Finding
    """
    for position, name in enumerate(evidence.names):
        values, level = evidence.numbers[:, position], bool(evidence.levels[position])
        if evidence.judged:
            label = label_values(values, level)
            yield from _find(name, "auc", _measure_auc(evidence, values, level, label), AUC_LIMIT)
            yield from _find(name, "purity", _measure_purity(evidence, label), PURITY_LIMIT)
        if level:
            continue
        if evidence.found is not None:
            both = (evidence.found > 0) & ~np.isnan(values)
            if both.sum() >= FEWEST:
                amounts, told = evidence.found[both], values[both]
                yield from _find(name, "correlation", correlate_ranks(told, amounts), CORRELATION_LIMIT)
                yield from _find(name, "equality", share_equal(told, amounts), EQUAL_SHARE)
        if evidence.weight is not None and np.ptp(evidence.weight) > 0:
            known = ~np.isnan(values)
            if known.sum() >= FEWEST:
                followed = correlate_ranks(values[known], evidence.weight[known])
                found = _find(name, "selection", followed, SELECTION_LIMIT)
                yield from (finding.note() for finding in found)


def _find(name: str, check: str, value: float, limit: float) -> Iterator[Finding]:
    if value >= limit:
        yield Finding((name,), name, check, value, limit)


def label_values(values: Floats, level: bool) -> Integers:
    """Give each value a label, or each twentieth of the range where numbers are many; missing has its own."""
    known = ~np.isnan(values)
    label = np.zeros(len(values), dtype=np.int64)
    if known.any():
        distinct, position = np.unique(values[known], return_inverse=True)
        repeats = len(distinct) <= known.sum() / 4 and (values[known] == np.round(values[known])).all()
        if level or repeats or len(distinct) <= _BINS:
            label[known] = 1 + position
        else:
            label[known] = 1 + split_bins(values[known], np.ones(int(known.sum())), _BINS)
    return label


def _measure_auc(evidence: Evidence, values: Floats, level: bool, label: Integers) -> float:
    """Give the largest area that chance does not explain: values with the missing low or high, and labels."""
    material, tried = evidence.material, 4 * len(evidence.names)
    hits, rest = float(material.sum()), float((~material).sum())
    areas = [(cross_area(evidence, label), hits, rest)]
    if not level:
        known = values[~np.isnan(values)]
        ends = (known.min() - 1.0, known.max() + 1.0) if len(known) else (0.0, 0.0)
        for end in ends:
            filled = np.where(np.isnan(values), end, values)
            areas.append((measure_area(filled, material), hits, rest))
            areas.extend(_weigh(evidence, filled))
    both = [(max(area, 1.0 - area), *counts) for area, *counts in areas]
    return max((area for area, h, r in both if bound_chance(area, h, r) <= CHANCE / tried), default=0.0)


def _weigh(evidence: Evidence, filled: Floats) -> Iterator[tuple[float, float, float]]:
    """Give the area by design, where enough cases carry it."""
    weight, material = evidence.weight, evidence.material
    if weight is None:
        return
    sizes = [weight[side].sum() ** 2 / (weight[side] ** 2).sum() for side in (material, ~material)]
    if min(sizes) >= _FEWEST_EFFECTIVE:
        yield measure_weighted_area(filled, material, weight), float(sizes[0]), float(sizes[1])


def cross_area(evidence: Evidence, label: Integers) -> float:
    """Return the area by how often each label is material, learned on one half and measured on the other."""
    areas = []
    for learn, measure in (evidence.halves, evidence.halves[::-1]):
        share = learn_shares(label[learn], evidence.material[learn], int(label.max()) + 1)
        areas.append(measure_area(share[label[measure]], evidence.material[measure]))
    return float(np.mean(areas))


def learn_shares(label: Integers, material: np.ndarray, labels: int) -> Floats:
    """Return how often each label is material; one that is not seen is as often as all."""
    size = np.bincount(label, minlength=labels)
    hits = np.bincount(label, weights=material, minlength=labels)
    shares: Floats = (hits + material.mean()) / (size + 1.0)
    return shares


def _measure_purity(evidence: Evidence, label: Integers) -> float:
    material = evidence.material
    size, hits = np.bincount(label), np.bincount(label, weights=material)
    enough = (hits >= FEWEST) & (hits >= PURE_SHARE * material.sum())
    # Where nearly all are material, a pure value is no surprise.
    chance = binom.sf(hits - 1, size, material.mean())
    told = enough & (chance <= CHANCE / (len(evidence.names) * max(len(size), 1)))
    return float((hits[told] / size[told]).max(initial=0.0))


def correlate_ranks(values: Floats, other: Floats) -> float:
    """Return the rank correlation of two columns, without its sign; 0 where one is constant."""
    ranks = np.stack([pd.Series(v).rank().to_numpy() for v in (values, other)])
    if (ranks.std(axis=1) == 0).any():
        return 0.0
    return float(abs(np.corrcoef(ranks)[0, 1]))


def share_equal(values: Floats, amounts: Floats) -> float:
    """Return the share of values that equal the amount; 0 where amounts of others are equalled as often."""
    share, chance = (
        float(np.isclose(values, other, rtol=1e-6, atol=0.01).mean())
        for other in (amounts, np.roll(amounts, 1))
    )
    return share if share >= 3.0 * chance else 0.0
