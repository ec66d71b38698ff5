"""Drift: how far what comes in lies from what a model was trained on, beyond what is ordinary."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats
from taxgap.risk.reference import ALL, FLAGGED, REASON, SCORE, Reference, Slice
from taxgap.risk.stability import exceeds, measure_stability

ORDINARY = 3.0
"""How many times the usual movement between two years of the reference is still ordinary."""

FEWEST_IN_SLICE = 100
"""Fewer returns of a slice are not compared: its counts are rounded in the card."""

Counts = Mapping[Slice, tuple[Floats, ...]]


def compare(reference: Reference, counts: Counts, materiality: float) -> pd.DataFrame:
    """Compare returns with the latest year of the reference, slice by slice.

    Parameters
    ----------
    reference : Reference
    counts : mapping
        From `Reference.count`.
    materiality : float
        The least stability index that matters.

    Returns
    -------
    DataFrame
        One row a comparison: `period, kind, slice, column, what` (feature, score, flag or reason), `raw,
        distance, psi, low, high, freedom, size, tolerance, shift` (by how many bins the mean moved), `p` (of
        so large an index if the true one is the tolerance; missing where there are too few returns).
    """
    tolerance = ordinary_movement(reference, materiality)
    latest = reference.years[-1]
    keys, pairs = [], []
    for (year, kind, name), held in counts.items():
        before = reference.counts.get((latest, kind, name))
        if before is not None and (kind == ALL or _large_enough(before, held)):
            keys += [(year, kind, name, column) for column in reference.names]
            pairs += list(zip(before, held, strict=True))
    table = pd.DataFrame(keys, columns=["period", "kind", "slice", "column"])
    what = {SCORE: "score", FLAGGED: "flag", REASON: "reason"}
    table["what"] = table["column"].map(what).fillna("feature")
    table = table.join(measure_stability(pairs))
    table["shift"] = [_mean_bin(second) - _mean_bin(first) for first, second in pairs]
    table["tolerance"] = table["column"].map(tolerance)
    freedom, size = table["freedom"].to_numpy(), table["size"].to_numpy()
    # Returns of one taxpayer are much alike: they count as one.
    size = size / reference.returns_each
    p = exceeds(table["distance"].to_numpy(), freedom, size, table["tolerance"].to_numpy())
    return table.assign(p=np.where(freedom > 0, p, np.nan))


def ordinary_movement(reference: Reference, materiality: float) -> dict[str, float]:
    """Return for each column the stability index up to which a new year is no matter.

    Parameters
    ----------
    reference : Reference
    materiality : float

    Returns
    -------
    dict of str to float
        Three times the usual movement from one year of the reference to the next (the lower median, so that
        one broken year does not excuse another), and at least `materiality`.
    """
    years = reference.years
    known = [
        [(reference.counts[a, ALL, ALL][i], reference.counts[b, ALL, ALL][i]) for a, b in pairwise(years)]
        for i in range(len(reference.names))
    ]
    if len(years) < 2:
        return dict.fromkeys(reference.names, materiality)
    moved = measure_stability([pair for pairs in known for pair in pairs])["psi"].to_numpy()
    usual = np.quantile(moved.reshape(len(known), -1), 0.5, axis=1, method="lower")
    return dict(zip(reference.names, np.maximum(ORDINARY * usual, materiality).tolist(), strict=True))


def _large_enough(before: tuple[Floats, ...], held: tuple[Floats, ...]) -> bool:
    return min(float(max(counts.sum() for counts in each)) for each in (before, held)) >= FEWEST_IN_SLICE


def _mean_bin(counts: Floats) -> float:
    total = counts.sum()
    return float((np.arange(len(counts)) * counts).sum() / total) if total else np.nan
