"""Simple functions of two numbers, written as people write them, and which columns take part."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from taxgap.risk.arrays import Floats
from taxgap.risk.leaks.columns import correlate_ranks
from taxgap.risk.leaks.evidence import Evidence

MOST_COLUMNS = 200
"""Most number columns of which functions are searched: those that go most with the label, or the amount."""

OPERATIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "|": lambda a, b: np.abs(a - b),
}


def apply(operation: str, a: Floats, b: Floats) -> Floats:
    """Return the function of two columns; missing where either is, or where it is not defined."""
    with np.errstate(all="ignore"):
        result: Floats = OPERATIONS[operation](a, b)
    return result


def write(operation: str, a: str, b: str) -> str:
    """Return the function as text."""
    return f"|{a} - {b}|" if operation == "|" else f"{a} {operation} {b}"


def choose_columns(evidence: Evidence, columns: Sequence[int]) -> list[int]:
    """Return the number columns among those given that vary, at most `MOST_COLUMNS`."""
    varied = [
        i
        for i in columns
        if not evidence.levels[i]
        and len(_known(evidence.numbers[:, i])) > 1
        and np.ptp(_known(evidence.numbers[:, i])) > 0
    ]
    if len(varied) <= MOST_COLUMNS:
        return varied
    target = evidence.material.astype(np.float64) if evidence.found is None else evidence.found
    filled = [np.nan_to_num(evidence.numbers[:2000, i], nan=0.0) for i in varied]
    strength = np.array([correlate_ranks(values, target[:2000]) for values in filled])
    return [varied[i] for i in np.sort(np.argsort(-strength, kind="stable")[:MOST_COLUMNS])]


def _known(values: Floats) -> Floats:
    known: Floats = values[np.isfinite(values)]
    return known
