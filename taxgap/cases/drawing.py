"""Drawing: cases of given probability, in numbers that keep to the limits."""

from __future__ import annotations

import numpy as np

from taxgap.reasons.shapley.jit import kernel
from taxgap.risk.arrays import Bools, Floats, Integers

_SURE = 1e-9


def draw(chance: Floats, rng: np.random.Generator, kept: Floats | None = None) -> Bools:
    """Draw cases, each with exactly its probability.

    Parameters
    ----------
    chance : ndarray
        Everyone's probability, 0 to 1.
    rng : Generator
        Where chance comes from: in the same state it draws the same cases.
    kept : ndarray, shape (rows, sums), optional
        Columns whose sums over the cases shall be what the probabilities expect; the first are kept
        longest. By default a single column of ones: a fixed number of cases.

    Returns
    -------
    ndarray of bool

    Notes
    -----
    The cube method in random order (Deville and Tille, Biometrika 91 (2004) 893; fast flight by Chauvet and
    Tille 2006). With one column it is the pivotal method. At the end columns are given up one by one, the
    last first, so that each sum misses by the undecided cases alone, the first by one case at most.
    Probabilities of pairs are not computed: for the variance the draw counts as one of high entropy (Hajek),
    which errs to the safe side where the sums that are kept explain the amounts.

    Examples
    --------
    >>> drawn = draw(np.array([0.5, 0.5, 1.0, 0.0]), np.random.default_rng(1))
    >>> int(drawn.sum()), bool(drawn[2]), bool(drawn[3])
    (2, True, False)
    """
    result = chance >= 1 - _SURE
    open_ = np.flatnonzero((chance > _SURE) & ~result)
    open_ = rng.permutation(open_)
    columns = np.ones((len(chance), 1)) if kept is None else kept
    scale = np.maximum(np.abs(columns).max(axis=0, initial=0.0), _SURE)
    steps = rng.random(2 * len(open_) + 2)
    values = fly(chance[open_], np.ascontiguousarray(columns[open_] / scale), steps)
    result[open_] = values > 0.5
    return result


@kernel
def fly(chance: Floats, columns: Floats, uniform: Floats) -> Floats:
    """Move probabilities to 0 or 1 along directions that change no sum, as long as there are any."""
    rows, width = columns.shape
    now = chance.copy()
    pool = np.empty(width + 1, dtype=np.int64)
    step = np.empty(width + 1)
    held, following, used, kept = 0, 0, 0, width
    while True:
        while held < kept + 1 and following < rows:
            pool[held] = following
            held += 1
            following += 1
        if held == 0:
            break
        kept = min(kept, held - 1)
        find_direction(columns, pool, kept, held, step)
        up, down = reach(now, pool, step, held)
        move = up if uniform[used] * (up + down) < down else -down
        used += 1
        left = 0
        for j in range(held):
            value = now[pool[j]] + (move * step[j] if abs(step[j]) > 1e-12 else 0.0)
            decided = value < 1e-9 or value > 1 - 1e-9
            now[pool[j]] = np.rint(value) if decided else value
            if not decided:
                pool[left] = pool[j]
                left += 1
        held = left
    return now


@kernel
def find_direction(columns: Floats, pool: Integers, kept: int, held: int, step: Floats) -> None:  # noqa: C901
    """Fill in a direction that changes none of the kept sums, by elimination; more are held than are kept."""
    matrix = np.empty((kept, held))
    for j in range(held):
        step[j] = 0.0
        for i in range(kept):
            matrix[i, j] = columns[pool[j], i]
    free = held - 1
    # pivots stand in the rows of their own columns: the first column without one is free
    for j in range(held):
        best, size = -1, 1e-10
        for i in range(j, kept):
            if abs(matrix[i, j]) > size:
                best, size = i, abs(matrix[i, j])
        if best < 0:
            free = j
            break
        for k in range(j, held):
            matrix[j, k], matrix[best, k] = matrix[best, k], matrix[j, k]
        divisor = matrix[j, j]
        for k in range(j, held):
            matrix[j, k] /= divisor
        for i in range(kept):
            factor = matrix[i, j]
            if i != j and factor != 0.0:
                for k in range(j, held):
                    matrix[i, k] -= factor * matrix[j, k]
    step[free] = 1.0
    for j in range(free):
        step[j] = -matrix[j, free]


@kernel
def reach(now: Floats, pool: Integers, step: Floats, held: int) -> tuple[float, float]:
    """Return how far one may go up and down a direction before a probability is 0 or 1."""
    up, down = np.inf, np.inf
    for j in range(held):
        value, size = now[pool[j]], step[j]
        if size > 1e-12:
            up, down = min(up, (1 - value) / size), min(down, value / size)
        elif size < -1e-12:
            up, down = min(up, -value / size), min(down, -(1 - value) / size)
    return up, down
