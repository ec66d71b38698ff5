"""The balanced design: the most tax at a given error, and the least error at a given amount of tax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.cases.probabilities import FLOOR, solve_scale, spread_evenly
from taxgap.risk.arrays import Floats, Integers

_STEPS = 30
_GROUPS = 3_000
_TINY = 1e-300


@dataclass(frozen=True)
class Balance:
    """What the balanced design weighs.

    Parameters
    ----------
    value : ndarray
        Tax expected of each case (GBP), f.
    spread : ndarray
        Spread of the tax about the score, above 0, in any unit, s.
    weight : float or ndarray
        What knowledge is worth, k; one a return where skills differ.
    least : float or ndarray
        Nobody's probability is lower.
    """

    value: Floats
    spread: Floats
    weight: float | Floats
    least: float | Floats

    def respond(self, price: Floats) -> Floats:
        """Return the best probabilities where each case costs a price (GBP)."""
        dear = np.maximum(price - self.value, _TINY)
        with np.errstate(over="ignore"):
            return np.asarray(
                np.clip(self.spread * np.sqrt(self.weight / dear), self.least, 1.0), dtype=np.float64
            )

    def judge(self, chance: Floats) -> float:
        """Return what probabilities are worth: tax expected less the weighted variance (GBP)."""
        return float(self.value @ chance - (self.weight * self.spread**2 / chance).sum())


def balance(
    value: Floats, spread: Floats, hours: Floats, budget: float, *, random_share: float, floor: float = FLOOR
) -> tuple[Floats, Balance]:
    """Return the probabilities of the balanced design, and what it weighed.

    Parameters
    ----------
    value : ndarray
        Tax expected of each case (GBP).
    spread : ndarray
        Spread of what the score does not explain, above 0, in proportion.
    hours : ndarray
        Hours each case would take.
    budget : float
        Hours to spend.
    random_share : float
        Share of the hours that goes to cases drawn by chance, above 0 and up to 1; where the design of least
        error draws less by chance, that design.
    floor : float
        Share of those hours that is spread evenly.

    Returns
    -------
    tuple of ndarray and Balance
        Probabilities above 0 and up to 1.

    Notes
    -----
    Tax expected is sum pi_i f_i; the variance of the difference estimator with independent draws is
    sum s_i^2 (1 / pi_i - 1). Weighed against each other with a number k, under sum pi_i h_i = H with the
    price m of an hour, the best probabilities are

        pi_i = 1 where f_i + k s_i^2 >= m h_i, else s_i sqrt(k / (m h_i - f_i)).

    If f and s are right, no other independent draw has more tax at the same variance. With k to 0 it is the
    greedy list; with k without limit it is Neyman's allocation by cost, pi_i in proportion to
    s_i / sqrt(h_i). k is chosen such that cases with pi_i < 1 take ``random_share`` of the hours. Above
    10,000 returns k is found on 3,000 groups of like value.

    Examples
    --------
    >>> tax = np.array([900.0, 400.0, 100.0, 100.0])
    >>> balance(tax, np.sqrt(tax), np.ones(4), 2.0, random_share=0.5)[0].round(2)
    array([1.  , 0.53, 0.24, 0.24])
    """
    least = floor * random_share * float(spread_evenly(hours, budget)[0])
    unit = (
        float(hours @ value) / float(hours.sum()) / max(float(hours @ spread**2) / float(hours.sum()), _TINY)
    )
    few = _condense(value, spread, hours)
    low, high = -20.0, 40.0  # less would be lost in rounding where values are alike
    if _share(*few, budget, weight=unit * np.exp(high), least=least) <= random_share:
        low = high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _share(*few, budget, weight=unit * np.exp(middle), least=least) > random_share:
            high = middle
        else:
            low = middle
    aim = Balance(value, spread, unit * float(np.exp(low)), least)
    return solve_scale(lambda scale: aim.respond(hours / scale), hours, budget), aim


def _share(
    value: Floats,
    spread: Floats,
    hours: Floats,
    counts: Floats,
    budget: float,
    *,
    weight: float,
    least: float,
) -> float:
    """Return the share of the hours that goes to cases drawn by chance."""
    aim = Balance(value, spread, weight, least)
    chance = solve_scale(lambda scale: aim.respond(hours / scale), hours * counts, budget)
    spent = chance * hours * counts
    return float(spent[chance < 1 - 1e-9].sum() / spent.sum())


def _condense(value: Floats, spread: Floats, hours: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    rows = len(value)
    if rows <= 10_000:
        return value, spread, hours, np.ones(rows)
    order = np.argsort(-value / hours, kind="stable")
    # groups are small where value is high: there it is decided who is taken with certainty
    place = np.empty(rows, dtype=np.int64)
    place[order] = (np.sqrt(np.arange(rows) / rows) * _GROUPS).astype(np.int64)
    code: Integers = np.unique(place, return_inverse=True)[1].astype(np.int64)
    counts = np.bincount(code).astype(np.float64)
    mean_square = np.sqrt(np.bincount(code, spread**2) / counts)
    return np.bincount(code, value) / counts, mean_square, np.bincount(code, hours) / counts, counts
