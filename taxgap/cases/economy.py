"""A compact economy: returns of many years, drawn from what a population looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from taxgap.cases.learning import learn_scores
from taxgap.errors import UsageError
from taxgap.gap.streams import stream
from taxgap.peers import PeerGroups
from taxgap.records import Records, Truth
from taxgap.regimes import get_regime
from taxgap.risk.arrays import Column, Floats, Integers, to_floats
from taxgap.risk.frames import FrameSpec

PERSISTENCE = 0.6
"""Correlation of a taxpayer's propensity from year to year (an assumption)."""

STAYS = 0.7
"""Share of taxpayers whose figures look as they did the year before (an assumption)."""

GROWTH = 0.03
"""Growth of amounts by year (an assumption)."""

DRIFT = 0.1
"""Spread of the yearly change by trade, in logs: what made a return worth a look changes (an assumption)."""

_FOLDS = 3
_BODY, _TOP = 95, 25


@dataclass(frozen=True)
class Year:
    """The returns of one year.

    Parameters
    ----------
    features : ndarray, shape (returns, features)
        What a model sees.
    found : ndarray
        What an enquiry into each would find (GBP).
    """

    features: Floats
    found: Floats


@dataclass(frozen=True)
class Economy:
    """Returns of a population, and what enquiries into them would find, ready to be drawn from.

    Parameters
    ----------
    features : ndarray
        Features of the donors, by rising expectation.
    spec : FrameSpec
        Their names.
    mean : ndarray
        What an enquiry into each donor finds on average (GBP).
    edges : ndarray of int
        Where bins of donors of like expectation begin, and the last one ends.
    ratio : ndarray
        Tax found over its expectation, rising within each bin, with mean 1.
    trade : ndarray of int
        Group of each donor that drifts together.
    """

    features: Floats
    spec: FrameSpec
    mean: Floats
    edges: Integers
    ratio: Floats
    trade: Integers

    @classmethod
    def from_population(
        cls, records: Records, truth: Truth, regime: str = "self_assessment", *, seed: int = 0
    ) -> Economy:
        """Return the economy of a synthetic population: its features, and what its officers would find.

        Parameters
        ----------
        records, truth : Records, Truth
            The population.
        regime : str
            The tax.
        seed : int
            Of the expectation that is fitted.
        """
        tax = get_regime(regime)
        parts = [tax.measure(records, records.periods, partition) for partition in records.partitions]
        seen = tax.compare(pd.concat(parts), PeerGroups.fit(parts))
        told = truth.table("enquiries", ["taxpayer_id", "period", "tax_found"], where={"regime": regime})
        found = told.set_index(["taxpayer_id", "period"])["tax_found"].reindex(seen.index).fillna(0.0)
        who = pd.factorize(seen.index.get_level_values("taxpayer_id"))[0]
        return cls.learn(seen, found.to_numpy(), who, seed=seed)

    @classmethod
    def invent(cls, donors: int = 10_000, seed: int = 0) -> Economy:
        """Return an economy of no population: five figures that matter and three that do not, made up.

        Parameters
        ----------
        donors : int
            How many returns it is drawn from.
        seed : int
            The same seed invents the same.
        """
        rng = stream(seed, "invented economy")
        figures = rng.standard_normal((donors, 8))
        expected = figures[:, :5] @ np.array([0.9, 0.7, 0.5, 0.4, 0.3])
        owes = rng.random(donors) < 1 / (1 + np.exp(0.5 - expected))
        found = np.where(owes, np.exp(5.5 + 0.8 * expected + 1.2 * rng.standard_normal(donors)), 0.0)
        frame = pd.DataFrame(figures, columns=[f"figure_{i}" for i in range(8)])
        return cls.learn(frame, found, np.arange(donors), seed=seed)

    @classmethod
    def learn(cls, features: pd.DataFrame, found: Column, taxpayer: Column, *, seed: int = 0) -> Economy:
        """Return an economy drawn from given returns.

        Parameters
        ----------
        features : DataFrame
            What a model sees of each return.
        found : array-like of float
            What an enquiry into each would find (GBP), 0 or more.
        taxpayer : array-like
            Whose return it is.
        seed : int
            Of the expectation that is fitted.

        Returns
        -------
        Economy

        Notes
        -----
        The expectation is a boosted model's, fitted on other taxpayers. 95 bins of returns of like
        expectation, and 25 within the highest twentieth, keep their own shape of tax found over expectation:
        zeros, tail and all.
        """
        spec = FrameSpec.learn(features)
        matrix, amounts = spec.encode(features), to_floats(found, "found", rows=len(features))
        order = stream(seed, "folds").permutation(len(features))
        fold = order[pd.factorize(pd.Series(taxpayer))[0]] % _FOLDS
        expected = np.empty(len(amounts))
        for k in range(_FOLDS):
            own = fold == k
            expected[own] = learn_scores(matrix[~own], amounts[~own], spec, seed=seed, rounds=150)(
                matrix[own]
            )
        order = np.argsort(expected, kind="stable")
        rows = len(order)
        cuts = np.concatenate([np.linspace(0, 0.95, _BODY + 1), np.linspace(0.95, 1, _TOP + 1)])
        edges = np.unique((cuts * rows).astype(np.int64))
        code = np.repeat(np.arange(len(edges) - 1), np.diff(edges))
        amounts, expected = amounts[order], expected[order]
        scale = np.bincount(code, amounts) / np.bincount(code, expected)
        mean = expected * np.maximum(scale, 1e-6)[code]
        ratio = amounts / mean
        ratio = ratio[np.lexsort((ratio, code))]
        ratio /= np.maximum((np.bincount(code, ratio) / np.bincount(code))[code], 1e-12)
        trade = matrix[order][:, spec.categorical[0]] if spec.categorical else np.zeros(rows)
        return cls(matrix[order], spec, mean, edges, ratio, np.nan_to_num(trade).astype(np.int64))

    def years(self, returns: int, years: int, seed: int) -> Iterator[Year]:
        """Yield the returns of one year after another.

        Parameters
        ----------
        returns : int
            Returns a year.
        years : int
            How many years.
        seed : int
            The same seed draws the same economy.

        Yields
        ------
        Year

        Notes
        -----
        Each taxpayer stands for a donor, and keeps its figures from year to year with probability 0.7. Where
        its tax lies among its like is a normal number with correlation 0.6 from year to year.
        Amounts grow by 3% a year, and by trade drift by 10%. Enquiries change nobody's later returns.
        """
        if returns < 1 or years < 1:
            raise UsageError("There is at least one return and one year.", where="returns")
        rng = stream(seed, "economy")
        rows, sizes = len(self.mean), np.diff(self.edges)
        bins = np.repeat(np.arange(len(sizes)), sizes)
        donor, place = rng.integers(0, rows, returns), rng.standard_normal(returns)
        drift = np.zeros(int(self.trade.max()) + 1)
        for year in range(years):
            if year:
                donor = np.where(rng.random(returns) < STAYS, donor, rng.integers(0, rows, returns))
                news = rng.standard_normal(returns)
                place = PERSISTENCE * place + np.sqrt(1 - PERSISTENCE**2) * news
                drift = drift + DRIFT * rng.standard_normal(len(drift))
            own = bins[donor]
            rank = np.minimum((ndtr(place) * sizes[own]).astype(np.int64), sizes[own] - 1)
            growth = (1 + GROWTH) ** year * np.exp(drift[self.trade[donor]])
            yield Year(self.features[donor], self.mean[donor] * growth * self.ratio[self.edges[own] + rank])
