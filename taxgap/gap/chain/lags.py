"""What is still to come: amounts that settle with a lag, projected from those that have settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxgap.risk.arrays import Bools, Floats

_LAG_EFFECT = 2.0
"""Standard deviation of what a lag does to the mean amount, as a share of it, before data tell (ours)."""

_FEW_ROWS = 5.0


@dataclass(frozen=True)
class Projection:
    """What open rows may be expected to bring.

    Parameters
    ----------
    each : ndarray
        Expected amount of each open row.
    value : float
        Their weighted sum.
    variance : float
        Of that sum: of the amounts themselves, and of what is known of them.
    unsupported : int
        Open rows older than any that has settled, which are given the mean of all.
    """

    each: Floats
    value: float
    variance: float
    unsupported: int


@dataclass(frozen=True)
class Tail:
    """What settles after each age, as far as it could be seen.

    Parameters
    ----------
    lags : ndarray
        Lags of the rows that settled, rising.
    weight, amount, square, squared_weight, hits, squared_hits : ndarray
        Sums over the rows from each lag on, with one more entry, 0, at the end; hits are rows with an amount.
    mean, mean_square : float
        Of the amounts above 0 of all rows, whatever their lag.
    """

    lags: Floats
    weight: Floats
    amount: Floats
    square: Floats
    squared_weight: Floats
    hits: Floats
    squared_hits: Floats
    mean: float
    mean_square: float

    @classmethod
    def fit(cls, amount: Floats, lag: Floats, age: Floats, weight: Floats) -> Tail:
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
        Tail

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
        hit = lifted * (y > 0)
        weights, sums, squares, squared, hits, squared_hits = (
            np.append(np.cumsum(column[::-1])[::-1], 0.0)
            for column in (lifted, lifted * y, lifted * y**2, lifted**2, hit, hit**2)
        )
        often = max(float(own @ (y > 0)), 1e-300)
        mean, mean_square = float(own @ y) / often, float(own @ y**2) / often
        return cls(lags, weights, sums, squares, squared, hits, squared_hits, mean, mean_square)

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
        drawn to that of all amounts, with weight n / (n + v / 2^2): n the effective number of amounts with
        a longer lag, v the squared coefficient of variation of all (Buhlmann credibility, Astin Bulletin 4
        (1967)). Without this a single large case that took long would be expected again in every old row.
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
        mean = often * (trust * self.amount[place] / hits + (1 - trust) * self.mean)
        square = often * (trust * self.square[place] / hits + (1 - trust) * self.mean_square)
        spread = np.maximum(square - mean**2, 0.0)
        own = float(weight**2 @ spread)
        shared = float(weight @ np.sqrt(spread / np.maximum(known + prior, 1.0))) ** 2
        return Projection(mean, float(weight @ mean), own + shared, int(beyond.sum()))

    def later_share(self, age: Floats, exposure: float) -> Floats:
        """Return the amount that settles after each age, over an exposure that all rows share.

        Parameters
        ----------
        age : ndarray
            Days.
        exposure : float
            What amounts are held against, such as the liability of all rows.

        Returns
        -------
        ndarray
        """
        return np.asarray(self.amount[np.searchsorted(self.lags, age, side="right")] / exposure)


def fill_open(
    amount: Floats, lag: Floats, age: Floats, weight: Floats, *, pooled: Tail | None = None
) -> tuple[Floats, Bools, Projection]:
    """Return amounts with the open ones filled in, which these are, and what they come to.

    Parameters
    ----------
    amount, lag, age, weight
        As for `Tail.fit`.
    pooled : Tail, optional
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
    tail = Tail.fit(amount, lag, age, weight) if pooled is None else pooled
    later = tail.project(age[is_open], weight[is_open])
    filled = np.where(is_open, 0.0, amount)
    filled[is_open] = later.each
    return filled, is_open, later
