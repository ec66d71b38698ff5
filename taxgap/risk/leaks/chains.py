"""Functions of several number columns: one is added, taken off, multiplied or divided by at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taxgap.risk.arrays import Bools, Floats
from taxgap.risk.leaks.areas import CHANCE, bound_chance, measure_areas
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.operations import apply, choose_columns
from taxgap.risk.leaks.pairs import FUNCTION_LIMIT, LEFT_OPEN
from taxgap.risk.leaks.report import Finding

MOST_LINKS = 8
"""Most columns in a chain."""

_WIDTH = 4
_SEARCH, _CONFIRM = 200, 2000
_MOST_COLUMNS = 100
_LEAST_GAIN = 0.002
_SIGNS = ("+", "-", "*", "/")


@dataclass(frozen=True)
class _Chain:
    links: tuple[tuple[str, int], ...]
    area: float = 0.5

    @property
    def columns(self) -> tuple[int, ...]:
        return tuple(column for _, column in self.links)

    def compute(self, values: Floats) -> Floats:
        result: Floats = values[self.links[0][1]]
        for operation, column in self.links[1:]:
            result = apply(operation, result, values[column])
        return result

    def write(self, names: Sequence[str]) -> str:
        text, sum_ = names[self.links[0][1]], False
        for operation, column in self.links[1:]:
            text = f"({text})" if sum_ and operation in "*/" else text
            sum_ = operation in "+-"
            text = f"{text} {operation} {names[column]}"
        return text


def examine_chains(evidence: Evidence, columns: Sequence[int]) -> Iterator[Finding]:
    """Yield a function of three to eight columns that tells the label.

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
    chosen = choose_columns(evidence, columns)[:_MOST_COLUMNS]
    if not evidence.judged or len(chosen) < 3:
        return
    rows = evidence.draw(0, _SEARCH)
    values, material = np.ascontiguousarray(evidence.numbers[rows].T), evidence.material[rows]
    best = _grow(values, material, chosen)
    if best.area < FUNCTION_LIMIT or len(best.links) < 3:
        return
    rows = evidence.draw(1, _CONFIRM)
    values, material = np.ascontiguousarray(evidence.numbers[rows].T), evidence.material[rows]
    area = float(measure_areas(best.compute(values)[None, :], material, exact=True)[0])
    alone = measure_areas(values[list(best.columns)], material, exact=True).max()
    hits = float(material.sum())
    sure = bound_chance(area, hits, len(rows) - hits) <= CHANCE
    if sure and area >= FUNCTION_LIMIT and 1.0 - area <= LEFT_OPEN * (1.0 - alone):
        names = tuple(evidence.names[i] for i in best.columns)
        yield Finding(names, best.write(evidence.names), "function", area, FUNCTION_LIMIT)


def _grow(values: Floats, material: Bools, chosen: list[int]) -> _Chain:
    """Return the best chain of a beam search: the shortest one that no further link makes much better."""
    beam = _keep([_Chain((("+", i),)) for i in chosen], values[chosen], material)
    best = beam[0]
    for _ in range(1, MOST_LINKS):
        beam = _keep(*_lengthen(beam, values, chosen), material)
        if not beam or beam[0].area < best.area + _LEAST_GAIN:
            break
        best = beam[0]
    return best


def _lengthen(beam: list[_Chain], values: Floats, chosen: list[int]) -> tuple[list[_Chain], Floats]:
    """Return each chain with each further link, and the values of all."""
    chains: list[_Chain] = []
    scores: list[Floats] = []
    for chain in beam:
        others = [i for i in chosen if i not in chain.columns]
        so_far = np.broadcast_to(chain.compute(values), (len(others), values.shape[1]))
        for operation in _SIGNS:
            chains += [_Chain((*chain.links, (operation, i))) for i in others]
            scores.append(apply(operation, so_far, values[others]))
    return chains, np.concatenate(scores)


def _keep(chains: list[_Chain], scores: Floats, material: Bools) -> list[_Chain]:
    """Return the best few, no two of the same columns, each with its area."""
    areas = measure_areas(scores, material, exact=True)
    kept: dict[frozenset[int], _Chain] = {}
    for i in np.argsort(-areas, kind="stable"):
        kept.setdefault(frozenset(chains[i].columns), _Chain(chains[i].links, float(areas[i])))
        if len(kept) == _WIDTH:
            break
    return list(kept.values())
