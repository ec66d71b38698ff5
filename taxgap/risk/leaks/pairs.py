"""Functions of two number columns: sum, difference, product, quotient and distance, all of them searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taxgap.risk.arrays import Floats, Integers
from taxgap.risk.leaks.areas import CHANCE, bound_chance, measure_areas
from taxgap.risk.leaks.columns import EQUAL_SHARE, FEWEST
from taxgap.risk.leaks.evidence import Evidence
from taxgap.risk.leaks.operations import OPERATIONS, apply, choose_columns, write
from taxgap.risk.leaks.report import Finding

FUNCTION_LIMIT = 0.97
"""Area of a function on cases held out. Stricter than for one column, for many functions are tried."""
LEFT_OPEN = 0.5
"""A function is one of both columns only if it leaves open at most this share of what the better one does."""
CONFIRMED = 200
"""Most functions that are taken to the cases held out; the alarms of chance are shared out over them."""

_QUICK, _SEARCH, _CONFIRM = 64, 600, 2000
_QUICK_LIMIT = 0.92
_SAME = 2e-5
_CHUNK = 20_000


@dataclass(frozen=True)
class _Candidate:
    operation: str
    a: int
    b: int


def examine_pairs(evidence: Evidence, columns: Sequence[int]) -> Iterator[Finding]:
    """Yield functions of two columns that tell the label, or the tax found.

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
    chosen = choose_columns(evidence, columns)
    told = [*_tell_amount(evidence, chosen), *_tell_label(evidence, chosen)]
    # One finding for each two columns: that of the amount, or the largest.
    best: dict[tuple[str, ...], Finding] = {}
    for finding in sorted(told, key=lambda f: (f.check == "function", -f.value)):
        best.setdefault(finding.features, finding)
    yield from best.values()


def _tell_label(evidence: Evidence, chosen: list[int]) -> Iterator[Finding]:
    if not evidence.judged:
        return
    rows = evidence.draw(0, _QUICK)
    quick = _measure(evidence, _list_pairs(chosen), rows, exact=False)
    passed = sorted(((area, c) for c, area in quick if area >= _QUICK_LIMIT), key=lambda item: -item[0])
    likely = [c for _, c in passed[: 10 * CONFIRMED]]
    for half, most in ((0, _SEARCH), (1, _CONFIRM)):
        rows = evidence.draw(half, most)
        singles = dict(
            zip(
                chosen,
                measure_areas(evidence.numbers[rows][:, chosen].T, evidence.material[rows], exact=True),
                strict=True,
            )
        )
        areas = [(area, c) for c, area in _measure(evidence, likely, rows, exact=True)]
        kept = [
            (area, c)
            for area, c in areas
            if area >= FUNCTION_LIMIT and _needs_both(area, singles[c.a], singles[c.b])
        ]
        kept = sorted(kept, key=lambda item: -item[0])[:CONFIRMED]
        likely = [c for _, c in kept]
    hits = float(evidence.material[rows].sum())
    for area, c in kept:
        if bound_chance(area, hits, len(rows) - hits) <= CHANCE / CONFIRMED:
            yield _report(evidence, c, "function", area, FUNCTION_LIMIT)


def _needs_both(area: float, one: float, other: float) -> bool:
    return 1.0 - area <= LEFT_OPEN * (1.0 - max(one, other))


def _report(evidence: Evidence, c: _Candidate, check: str, value: float, limit: float) -> Finding:
    a, b = evidence.names[c.a], evidence.names[c.b]
    return Finding((a, b), write(c.operation, a, b), check, float(value), limit)


def _list_pairs(chosen: list[int]) -> list[_Candidate]:
    return [_Candidate(o, a, b) for o in OPERATIONS for i, a in enumerate(chosen) for b in chosen[i + 1 :]]


def _compute(
    evidence: Evidence, candidates: list[_Candidate], rows: Integers
) -> Iterator[tuple[list[_Candidate], Floats]]:
    """Give the functions of some rows, one a line, in chunks that fit into memory."""
    values = np.ascontiguousarray(evidence.numbers[rows].T)
    size = max(1, _CHUNK * 128 // max(len(rows), 1))
    for operation in OPERATIONS:
        same = [c for c in candidates if c.operation == operation]
        for start in range(0, len(same), size):
            part = same[start : start + size]
            first, second = values[[c.a for c in part]], values[[c.b for c in part]]
            yield part, apply(operation, first, second)


def _measure(
    evidence: Evidence, candidates: list[_Candidate], rows: Integers, *, exact: bool
) -> Iterator[tuple[_Candidate, float]]:
    for part, scores in _compute(evidence, candidates, rows):
        yield from zip(
            part, measure_areas(scores, evidence.material[rows], exact=exact).tolist(), strict=True
        )


def _tell_amount(evidence: Evidence, chosen: list[int]) -> Iterator[Finding]:
    """Yield functions that are the tax found, or one fixed multiple of it, in a tenth of the cases."""
    if evidence.found is None:
        return
    positive = evidence.found > 0
    search, confirm = (evidence.draw(half, _SEARCH, where=positive) for half in (0, 1))
    if min(len(search), len(confirm)) < FEWEST // 2:
        return
    likely = [c for c, ratio in _find_ratios(evidence, _list_pairs(chosen), search[:_QUICK]) if ratio != 0]
    for c, ratio in _find_ratios(evidence, likely, search):
        if ratio != 0 and (share := _share_multiple(evidence, c, ratio, confirm)) >= EQUAL_SHARE:
            check = "equality" if abs(abs(ratio) - 1.0) <= _SAME else "multiple"
            yield _report(evidence, c, check, share, EQUAL_SHARE)


def _find_ratios(
    evidence: Evidence, candidates: list[_Candidate], rows: Integers
) -> Iterator[tuple[_Candidate, float]]:
    """Give the ratio to the amount that a tenth of the cases, and six at least, share; 0 if there is none."""
    amounts = np.asarray(evidence.found)[rows]
    run = max(6, int(np.ceil(EQUAL_SHARE * len(rows)))) - 1
    for part, scores in _compute(evidence, candidates, rows):
        with np.errstate(all="ignore"):
            ratios = scores / amounts
        ratios[~np.isfinite(ratios) | (ratios == 0)] = np.nan
        ratios = np.sort(ratios, axis=1)
        width = ratios[:, run:] - ratios[:, :-run]
        close = width <= _SAME * np.abs(ratios[:, run:])
        first = close.argmax(axis=1)
        lines = np.arange(len(part))
        found = np.where(close[lines, first], ratios[lines, first + run // 2], 0.0)
        yield from zip(part, found.tolist(), strict=True)


def _share_multiple(evidence: Evidence, c: _Candidate, ratio: float, rows: Integers) -> float:
    """Return the share of cases held out that are that multiple; 0 if one column, or chance, does as well."""
    a, b = evidence.numbers[rows, c.a], evidence.numbers[rows, c.b]
    amounts = np.asarray(evidence.found)[rows]
    share, by_chance, one, other = (
        float(np.isclose(values, ratio * target, rtol=_SAME, atol=0.006).mean())
        for values, target in (
            (apply(c.operation, a, b), amounts),
            (apply(c.operation, a, b), np.roll(amounts, 1)),
            (a, amounts),
            (b, amounts),
        )
    )
    return share if share >= max(3.0 * by_chance, one / LEFT_OPEN, other / LEFT_OPEN) else 0.0
