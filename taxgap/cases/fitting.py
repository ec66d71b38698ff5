"""Probabilities within limits: a linear programme where there is one, else the nearest that keep them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_array, eye_array, hstack

from taxgap.cases.balanced import Balance
from taxgap.cases.limits import Limits
from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Floats

_LARGEST = 200_000
_CLOSE = 1e-3


def list_within(value: Floats, limits: Limits, least: Floats, most: Floats) -> Floats:
    """Return the probabilities of most tax within limits: the solution of the linear programme.

    Parameters
    ----------
    value : ndarray
        Tax expected of each return (GBP).
    limits : Limits
        What the sums may be.
    least, most : ndarray
        Bounds of each probability, 0 to 1.

    Returns
    -------
    ndarray
        0 or 1 but for a few, no more than there are limits, if ``least`` is 0.

    Raises
    ------
    InvalidDataError
        No caseload keeps all limits; the error names those that cannot be kept together.

    Notes
    -----
    Maximise sum v_i p_i under A p <= b, by HiGHS. Above 200,000 returns those of like value an hour and
    like limits share a probability, which is no longer exact.
    """
    code, counts = _group(value, limits, least, most)
    mean = _means(code, counts)
    columns = np.column_stack([mean(column) for column in limits.columns.T]) * counts[:, None]
    bounds = np.column_stack([mean(least), mean(most)])
    scale = _scale(limits)
    found = linprog(
        -mean(value) * counts / max(float(np.abs(value).max()), 1e-9),
        A_ub=csr_array((columns / scale).T),
        b_ub=limits.bounds / scale,
        bounds=bounds,
        method="highs",
    )
    if found.status == 2:
        raise explain_conflict(limits, least, most)
    if found.status != 0:
        raise InvalidDataError(f"The linear programme has no solution: {found.message}", where="hours")
    return np.asarray(np.clip(found.x, 0.0, 1.0)[code], dtype=np.float64)


def fit_within(planned: Floats, limits: Limits, most: Floats, aim: Balance | None = None) -> Floats:
    """Return the probabilities within limits that are best for the aim, or nearest to what was planned.

    Parameters
    ----------
    planned : ndarray
        Probabilities of the design before limits.
    limits : Limits
        What the sums may be.
    most : ndarray
        1, or 0 for returns that cannot be chosen.
    aim : Balance, optional
        What the balanced design weighs; without it the nearest is sought.

    Notes
    -----
    Nearest: least sum of p log(p / p0) - p + p0 (Kullback and Leibler), all hours spent. The dual, one price
    a limit, is smooth and convex; L-BFGS-B minimises it.

    Raises
    ------
    InvalidDataError
        No caseload keeps all limits.
    """
    least = np.where(most > 0, min(1e-9, float(planned[planned > 0].min())), 0.0)
    list_within(np.zeros(len(planned)), limits, least, most)  # says so if nothing keeps the limits
    for sought in (aim, None) if aim else (None,):
        chance = _solve(planned, limits, most, sought)
        if (limits.excess(chance) <= _CLOSE * _scale(limits)).all():
            return chance
    raise InvalidDataError(
        "The limits leave too little room for a design of chance.",
        where="coverage",
        available=_name_tight(limits, chance),
        remedy="Give more hours or looser caps, or use design='top_yield'.",
    )


def _solve(planned: Floats, limits: Limits, most: Floats, aim: Balance | None) -> Floats:
    """Return the probabilities at the least dual; where values are too much alike it may not be found."""
    respond, judge = _nearest(planned, most)
    unit = 1.0
    if aim is not None:
        respond, judge = (lambda price: aim.respond(price) * most), aim.judge
        unit = float(aim.value @ planned) / float(planned.sum())
    scale, size = _scale(limits), float(planned.sum())
    columns, bounds = limits.columns / scale, limits.bounds / scale

    def dual(prices: Floats) -> tuple[float, Floats]:
        price = columns @ prices * unit * size
        chance = respond(price)
        worth = judge(np.maximum(chance, 1e-12)) - float(chance @ price)
        return worth / (unit * size) + float(prices @ bounds), bounds - chance @ columns

    own = np.arange(len(bounds)) < limits.budgets
    free = [(None if aim is None and hours else 0.0, None) for hours in own]
    start = np.where(own, 0.0 if aim is None else 1.0, 0.0)
    how = {"maxiter": 1_000, "ftol": 1e-14, "gtol": 1e-7}
    made = minimize(dual, start, jac=True, bounds=free, method="L-BFGS-B", options=how)
    return respond(columns @ made.x * unit * size)


def _scale(limits: Limits) -> Floats:
    return np.maximum(np.abs(limits.bounds), 1.0)


def explain_conflict(limits: Limits, least: Floats, most: Floats) -> InvalidDataError:
    """Return the error that names the limits which cannot be kept together, and by how much."""
    code, counts = _group(np.zeros(len(least)), limits, least, most)
    mean = _means(code, counts)
    columns = np.column_stack([mean(column) for column in limits.columns.T]) * counts[:, None]
    scale, width = _scale(limits), len(limits.bounds)
    matrix = hstack([csr_array((columns / scale).T), -eye_array(width)]).tocsr()
    bounds = [*np.column_stack([mean(least), mean(most)]), *[(0, None)] * width]
    cost = np.concatenate([np.zeros(len(counts)), np.ones(width)])
    found = linprog(cost, A_ub=matrix, b_ub=limits.bounds / scale, bounds=bounds, method="highs")
    short = found.x[-width:] * scale
    told = [f"{limits.names[k]} by {short[k]:,.1f}" for k in np.flatnonzero(short > 1e-6)]
    return InvalidDataError(
        f"No caseload keeps all limits; the least that they are missed by is: {', '.join(told)}.",
        where="hours, coverage, caps",
        remedy="Give more hours, ask for fewer cases there, or loosen the caps.",
    )


def _nearest(planned: Floats, most: Floats) -> tuple[Callable[[Floats], Floats], Callable[[Floats], float]]:
    base = planned * most
    known = np.log(np.maximum(base, 1e-300))

    def respond(price: Floats) -> Floats:
        return np.asarray(np.minimum(most, base * np.exp(np.clip(-price, -200, 200))), dtype=np.float64)

    def judge(chance: Floats) -> float:
        used = most > 0
        return float(-(chance[used] * (np.log(chance[used]) - known[used] - 1)).sum())

    return respond, judge


def _group(value: Floats, limits: Limits, least: Floats, most: Floats) -> tuple[np.ndarray, Floats]:
    rows = len(value)
    if rows <= _LARGEST and value.any():
        return np.arange(rows), np.ones(rows)
    hours = np.maximum(np.abs(limits.columns[:, : limits.budgets]).sum(axis=1), 1e-9)
    place = np.zeros(rows, dtype=np.int64)
    place[np.argsort(value / hours, kind="stable")] = np.arange(rows) * 2_000 // rows
    band = np.round(np.log2(hours) * 4)
    signs = np.column_stack([np.sign(limits.columns), band, place * value.any(), least, most])
    _, code = np.unique(signs, axis=0, return_inverse=True)
    return code.ravel(), np.bincount(code.ravel()).astype(np.float64)


def _means(code: np.ndarray, counts: Floats) -> Callable[[Floats], Floats]:
    return lambda column: np.asarray(np.bincount(code, column) / counts, dtype=np.float64)


def _name_tight(limits: Limits, chance: Floats) -> list[str]:
    over = limits.excess(chance) / _scale(limits)
    return [limits.names[k] for k in np.argsort(-over)[:5] if over[k] > _CLOSE]
