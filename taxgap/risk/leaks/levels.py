"""Two columns of few values each, whose crossing tells the label where neither does alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from taxgap.risk.arrays import Bools, Floats, Integers
from taxgap.risk.leaks.areas import CHANCE, bound_chance, measure_areas
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.pairs import CONFIRMED, FUNCTION_LIMIT, LEFT_OPEN
from taxgap.risk.leaks.report import Finding

MOST_LEVELS = 12
"""Most values of a column that is crossed, missing included."""
MOST_CROSSED = 120
"""Most columns that are crossed: the first of the frame."""

_ROWS = 2000
_CHUNK = 1000


def examine_levels(evidence: Evidence, columns: Sequence[int]) -> Iterator[Finding]:
    """Yield crossings of two columns that tell the label.

    Parameters
    ----------
    evidence : Evidence
        The cases.
    columns : sequence of int
        Columns that may take part.

    Yields
    ------
    Finding
    """
    if not evidence.judged:
        return
    codes = {i: code for i in columns if (code := _code(evidence.numbers[:, i])) is not None}
    chosen = list(codes)[:MOST_CROSSED]
    if len(chosen) < 2:
        return
    table = np.stack([codes[i] for i in chosen])
    first, second = np.triu_indices(len(chosen), k=1)
    search, confirm = evidence.draw(0, _ROWS), evidence.draw(1, _ROWS)
    # Shares are learned on one part of the cases and measured on another, at either stage.
    for learn, measure in ((search[0::2], search[1::2]), (search, confirm)):
        areas, ones = (
            _cross(table, pair, evidence.material, (learn, measure)) for pair in _sides(first, second)
        )
        better = np.maximum(ones[: len(first)], ones[len(first) :])
        kept = (areas >= FUNCTION_LIMIT) & (1.0 - areas <= LEFT_OPEN * (1.0 - better))
        kept &= np.argsort(np.argsort(-areas, kind="stable"), kind="stable") < CONFIRMED
        first, second, areas = first[kept], second[kept], areas[kept]
    hits = float(evidence.material[confirm].sum())
    for a, b, area in zip(first, second, areas, strict=True):
        if bound_chance(area, hits, len(confirm) - hits) <= CHANCE / CONFIRMED:
            names = (evidence.names[chosen[a]], evidence.names[chosen[b]])
            yield Finding(names, " & ".join(names), "function", float(area), FUNCTION_LIMIT)


def _sides(first: Integers, second: Integers) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    """Give the crossings, and each column crossed with itself, which is that column alone."""
    both = np.concatenate([first, second])
    return (first, second), (both, both)


def _code(values: Floats) -> Integers | None:
    """Return the values as codes from 0 on, or None where there are too many, or one alone."""
    known = ~np.isnan(values)
    distinct, position = np.unique(values[known], return_inverse=True)
    size = len(distinct) + int(not known.all())
    if size < 2 or size > MOST_LEVELS:
        return None
    codes = np.full(len(values), MOST_LEVELS - 1, dtype=np.int64)
    codes[known] = position
    return codes


def _cross(
    table: Integers, pair: tuple[Integers, Integers], material: Bools, parts: tuple[Integers, Integers]
) -> Floats:
    """Return the area of each crossing by how often its cells are material."""
    learn, measure = parts
    cells, base = MOST_LEVELS**2, material[learn].mean()
    areas = [np.empty(0)]
    for start in range(0, len(pair[0]), _CHUNK):
        a, b = (side[start : start + _CHUNK] for side in pair)
        offset = np.arange(len(a))[:, None] * cells
        code = table[a] * MOST_LEVELS + table[b] + offset
        seen, total = code[:, learn], len(a) * cells
        hits = np.bincount(seen[:, material[learn]].ravel(), minlength=total)
        shares = (hits + base) / (np.bincount(seen.ravel(), minlength=total) + 1.0)
        areas.append(measure_areas(shares[code[:, measure]], material[measure], exact=True))
    return np.concatenate(areas)
