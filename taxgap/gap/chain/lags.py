"""What is still to come: amounts that settle with a lag, projected from those that have settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.risk.arrays import Bools, Floats

_LAG_EFFECT = 2.0
"""Standard deviation of what a lag does to the mean amount, as a share of it, before data tell (ours)."""

_FEW_ROWS = 5.0


@dataclass(frozen=True)
class Spread:
    """How far an amount that is not yet known may lie from what is expected.

    Parameters
    ----------
    own, shared : float
        Standard deviations (GBP): of the amount by itself, and of what it has in common with others that
        were projected by the same lags, whose errors go together.
    """

    own: float = 0.0
    shared: float = 0.0

    @property
    def variance(self) -> float:
        """The variance of the amount."""
        return self.own**2 + self.shared**2


@dataclass(frozen=True)
class Projection:
    """What open rows may be expected to bring.

    Parameters
    ----------
    each : ndarray
        Expected amount of each open row.
    value : float
        Their weighted sum.
    spread : Spread
        Of that sum: of the amounts themselves, and of what is known of them.
    unsupported : int
        Open rows older than any that has settled, of which the line of amounts on lags tells alone.
    """

    each: Floats
    value: float
    spread: Spread
    unsupported: int


@dataclass(frozen=True)
class Lags:
    """What settles after each age, as far as it could be seen.

    Parameters
    ----------
    lags : ndarray
        Lags of the rows that settled, rising.
    weight, amount, square, squared_weight, hits, squared_hits : ndarray
        Sums over the rows from each lag on, with one more entry, 0, at the end; hits are rows with an amount.
    days : ndarray
        Likewise the sum of the logs of lags, over hits.
    mean, mean_square, mean_days : float
        Of the amounts above 0 of all rows, whatever their lag, and of the logs of their lags.
    slope : float
        By how much the log of the amount grows with that of the lag.
    """

    lags: Floats
    weight: Floats
    amount: Floats
    square: Floats
    squared_weight: Floats
    hits: Floats
    squared_hits: Floats
    days: Floats
    mean: float
    mean_square: float
    mean_days: float
    slope: float

    @classmethod
    def fit(cls, amount: Floats, lag: Floats, age: Floats, weight: Floats) -> Lags:
        """Return the tail of rows of which some have settled.

        Parameters
        ----------
        amount : ndarray
            What each settled row came to; anything where it has not settled.
        lag : ndarray
            Days until it settled; NaN where it has not.
        age : ndarray
            Days for which each row has been watched.
        weight : ndarray
            What each stands for.

        Returns
        -------
        Lags

        Notes
        -----
        The chain-ladder assumption: rows settle after the same lags whenever they began. A lag is only seen
        on rows watched as long, so each settled row is weighted by 1 / G, G the share of all rows watched at
        least as long as it took (inverse probability of censoring; ages are known, so that G is too). In the
        triangle of years and ages this is the link ratio.
        """
        settled = ~np.isnan(lag)
        order = np.argsort(lag[settled], kind="stable")
        lags = lag[settled][order]
        by_age = np.argsort(age, kind="stable")
        watched = np.append(np.cumsum(weight[by_age][::-1])[::-1], 0.0)
        seen = watched[np.searchsorted(age[by_age], lags, side="left")]
        own = weight[settled][order]
        lifted = own * weight.sum() / np.maximum(seen, own)
        y = amount[settled][order]
        hit, days = lifted * (y > 0), np.log1p(lags)
        often = max(float(own @ (y > 0)), 1e-300)
        return cls(
            lags,
            weight=_sum_from(lifted),
            amount=_sum_from(lifted * y),
            square=_sum_from(lifted * y**2),
            squared_weight=_sum_from(lifted**2),
            hits=_sum_from(hit),
            squared_hits=_sum_from(hit**2),
            days=_sum_from(hit * days),
            mean=float(own @ y) / often,
            mean_square=float(own @ y**2) / often,
            mean_days=float(own @ (days * (y > 0))) / often,
            slope=_find_slope(days[y > 0], y[y > 0], own[y > 0]),
        )

    def project(self, age: Floats, weight: Floats) -> Projection:
        """Return what open rows may be expected to bring, by the rows that settled later than they are old.

        Parameters
        ----------
        age : ndarray
            Days for which each open row has been watched.
        weight : ndarray
            What each stands for.

        Returns
        -------
        Projection

        Notes
        -----
        A row of age a has an amount as often as the rows with a longer lag. How large it is, is their mean
        drawn to what the line of log amounts on log lags says there, with weight n / (n + v / 2^2): n the
        effective number of amounts with a longer lag, v the squared coefficient of variation of all
        (Buhlmann credibility, Astin Bulletin 4 (1967)). Without this a single large case that took long
        would be expected again in every old row.
        The variance adds that of the amounts, sum w^2 s^2, and that of the means, (sum w s / sqrt(n + v /
        2^2))^2: rows share the same means, so that their errors go together.
        """
        place = np.searchsorted(self.lags, age, side="right")
        beyond = self.weight[place] <= 0
        place = np.where(beyond, 0, place)
        rows = self.weight[place] ** 2 / np.maximum(self.squared_weight[place], 1e-300)
        whole = self.hits[0] / max(float(self.weight[0]), 1e-300)
        often = self.hits[place] / np.maximum(self.weight[place], 1e-300)
        often = (rows * often + _FEW_ROWS * whole) / (rows + _FEW_ROWS)
        hits = np.maximum(self.hits[place], 1e-300)
        variation = self.mean_square / self.mean**2 - 1 if self.mean > 0 else 0.0
        prior = max(variation, 0.0) / _LAG_EFFECT**2
        known = self.hits[place] ** 2 / np.maximum(self.squared_hits[place], 1e-300)
        trust = known / np.maximum(known + prior, 1e-300)
        days = np.where(beyond | (self.hits[place] <= 0), np.log1p(age), self.days[place] / hits)
        grown = np.exp(self.slope * (days - self.mean_days))
        mean = often * (trust * self.amount[place] / hits + (1 - trust) * grown * self.mean)
        square = often * (trust * self.square[place] / hits + (1 - trust) * grown**2 * self.mean_square)
        spread = np.maximum(square - mean**2, 0.0)
        own = float(weight**2 @ spread) ** 0.5
        shared = float(weight @ np.sqrt(spread / np.maximum(known + prior, 1.0)))
        return Projection(mean, float(weight @ mean), Spread(own, shared), int(beyond.sum()))

    def later(self, age: Floats) -> Floats:
        """Return the amount that all rows together settle after each age (days)."""
        return np.asarray(self.amount[np.searchsorted(self.lags, age, side="right")], dtype=np.float64)


def _sum_from(column: Floats) -> Floats:
    """Return the sums from each row on, and 0 at the end."""
    return np.append(np.cumsum(column[::-1])[::-1], 0.0)


def _find_slope(days: Floats, amount: Floats, weight: Floats) -> float:
    """Return the slope of log amounts on the logs of lags, drawn to zero as far as chance could make it."""
    if len(days) < _FEW_ROWS or np.ptp(days) <= 0:
        return 0.0
    logs, share = np.log(amount), weight / weight.sum()
    x, y = days - share @ days, logs - share @ logs
    square = float(share @ x**2)
    slope = float(share @ (x * y)) / square
    variance = float(share**2 @ (x * (y - slope * x)) ** 2) / square**2
    return slope * max(0.0, 1 - variance / slope**2) if slope else 0.0


def fill_open(
    amount: Floats, lag: Floats, age: Floats, weight: Floats, *, pooled: Lags | None = None
) -> tuple[Floats, Bools, Projection]:
    """Return amounts with the open ones filled in, which these are, and what they come to.

    Parameters
    ----------
    amount, lag, age, weight
        As for `Lags.fit`.
    pooled : Lags, optional
        From more rows than these.

    Returns
    -------
    amounts : ndarray
    is_open : ndarray of bool
    Projection

    Examples
    --------
    >>> amount, lag = np.array([100.0, 300.0, np.nan]), np.array([10.0, 40.0, np.nan])
    >>> filled, is_open, later = fill_open(amount, lag, np.array([90.0, 90.0, 20.0]), np.ones(3))
    >>> is_open.tolist(), round(later.value)
    ([False, False, True], 294)
    """
    is_open = np.isnan(lag)
    lags = Lags.fit(amount, lag, age, weight) if pooled is None else pooled
    later = lags.project(age[is_open], weight[is_open])
    filled = np.where(is_open, 0.0, amount)
    filled[is_open] = later.each
    return filled, is_open, later
