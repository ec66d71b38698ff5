"""Features that name a row or a taxpayer, or that stand for the order of the rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.leaks.areas import CHANCE, bound_chance
from taxgap.risk.leaks.columns import FEWEST, cross_area
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.report import Finding

KEY_LIMIT = 0.99
"""Share of the values, or of the taxpayers, that have a value no other has."""
ORDER_LIMIT = 0.99
"""Rank correlation of a feature with the position of the row ..."""
ORDER_AUC_LIMIT = 0.8
"""... where the position by itself tells the label so well, measured in twentieths of the frame."""

_BLOCKS = 20
# Kolmogorov's distance that a sample of n whole numbers drawn evenly passes in 5% of cases, times root n.
_EVEN = 1.36
# With fewer, amounts of money may look even by chance.
_FEWEST_EVEN = 100


def examine_keys(evidence: Evidence, index: pd.Index) -> Iterator[Finding]:
    """Yield features that identify rows.

    Parameters
    ----------
    evidence : Evidence
        All rows.
    index : pandas.Index
        Labels of the rows; where its first level repeats, that is the taxpayer.

    Yields
    ------
    Finding
    """
    taxpayer, distinct = pd.factorize(index.get_level_values(0))
    repeats = len(distinct) < len(taxpayer)
    sorted_ = _is_label_sorted(evidence)
    for position, name in enumerate(evidence.names):
        values = evidence.numbers[:, position]
        key = _name_rows(values, bool(evidence.levels[position]))
        if repeats:
            key = max(key, _name_taxpayers(values, taxpayer))
        if key >= KEY_LIMIT:
            yield Finding((name,), name, "key", key, KEY_LIMIT)
        if sorted_ and (order := _follow_order(values)) >= ORDER_LIMIT:
            yield Finding((name,), name, "row order", order, ORDER_LIMIT)


def _name_rows(values: Floats, level: bool) -> float:
    """Return the share of values that occur once, of levels or numbers that look like a numbering."""
    known = np.sort(values[np.isfinite(values)])
    if len(known) < FEWEST:
        return 0.0
    step = np.diff(known)
    once = np.r_[True, step > 0] & np.r_[step > 0, True]
    share = float(once.mean())
    return share if share >= KEY_LIMIT and (level or _is_numbering(known)) else 0.0


def _is_numbering(known: Floats) -> bool:
    """Tell running numbers, in any unit, and whole numbers drawn evenly, from amounts and measures.

    Amounts of money that hardly repeat are spread unevenly: many small, few large.
    """
    span = known[-1] - known[0]
    if span <= 0:
        return False
    steps = np.diff(known)
    unit = steps[steps > 0].min()
    counted = (known - known[0]) / unit
    if counted[-1] <= 2 * len(known) and np.allclose(counted, np.round(counted), atol=1e-3):
        return True
    if len(known) < _FEWEST_EVEN or (known != np.round(known)).any():
        return False
    even = (known - known[0]) / span
    place = np.arange(len(known)) / (len(known) - 1)
    return bool(np.abs(even - place).max() <= _EVEN / np.sqrt(len(known)))


def _name_taxpayers(values: Floats, taxpayer: Integers) -> float:
    """Return the share of taxpayers with several rows that have one value in all, and one no other has.

    A measure changes from one year to the next; what never does and belongs to one alone is a name, even if
    it looks like any other number.
    """
    known = ~np.isnan(values)
    frame = pd.DataFrame({"taxpayer": taxpayer[known], "value": values[known]})
    rows = frame.groupby("taxpayer")["value"].agg(["size", "min", "max"])
    several = rows[rows["size"] >= 2]
    if len(several) < FEWEST:
        return 0.0
    same = several["min"] == several["max"]
    own = ~several["min"].duplicated(keep=False)
    return float((same & own).mean())


def _is_label_sorted(evidence: Evidence) -> bool:
    rows = len(evidence.material)
    if not evidence.judged or rows < 2 * _BLOCKS:
        return False
    block = (np.arange(rows) * _BLOCKS // rows).astype(np.int64)
    area, hits = cross_area(evidence, block), float(evidence.material.sum())
    return area >= ORDER_AUC_LIMIT and bound_chance(area, hits, rows - hits) <= CHANCE


def _follow_order(values: Floats) -> float:
    known = values[~np.isnan(values)]
    if len(known) < FEWEST or (known == known[0]).all():
        return 0.0
    return float(abs(np.corrcoef(rankdata(known), np.arange(len(known)))[0, 1]))
