"""Many measures of many rankings on the same bootstrap draws."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats, Integers, split_bins
from taxgap.risk.crossfit import TAXPAYER
from taxgap.risk.evaluation.groups import Level
from taxgap.risk.evaluation.metrics import ERROR, Ranking, average, divide, draw_counts

DECILES = range(10)

# Cells of the draws held in memory at once: few enough to stay in the processor's cache.
_CELLS = 250_000

# (ranking, level or decile; metric; coverage or decile) -> one value a draw.
Measured = dict[tuple[Hashable, str, float | None], Floats]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The cases of an evaluation, and everything that is measured on one draw of them.

    Parameters
    ----------
    scores : mapping of str to ndarray
        Rankings by name; larger comes first.
    predicted : mapping of str to ndarray
        ``probability`` and ``expected_tax`` (GBP), as far as given.
    tax : ndarray
        Tax found or lost (GBP).
    design : ndarray
        Design weights.
    material : float
        Amount from which an under-declaration is material (GBP).
    coverages : tuple of float
        Shares of all cases that are taken.
    key : ndarray of int
        Breaks ties.
    cluster : ndarray of int
        Whose case it is: what is drawn; codes from 0.
    hours : ndarray, optional
        Officer hours a case.
    levels : tuple of Level
        Groups of cases that are measured by themselves.
    cut : float, default 0.05
        Coverage of all cases at which the levels are held against each other.
    model : str, default "model"
        The ranking that the levels are measured on.
    """

    scores: Mapping[str, Floats]
    predicted: Mapping[str, Floats]
    tax: Floats
    design: Floats
    material: float
    coverages: tuple[float, ...]
    key: Integers
    cluster: Integers
    hours: Floats | None = None
    levels: tuple[Level, ...] = ()
    cut: float = 0.05
    model: str = "model"

    @cached_property
    def rankings(self) -> dict[str, Ranking]:
        """Each score, sorted once."""
        return {
            name: Ranking(score, self.key, self.tax, self.material, self.hours)
            for name, score in self.scores.items()
        }

    @cached_property
    def best(self) -> Ranking:
        """The best order there is: by the tax itself."""
        return Ranking(self.tax, self.key, self.tax, self.material, self.hours)

    @cached_property
    def outcomes(self) -> dict[str, Floats]:
        """What each prediction predicts."""
        return {"probability": (self.tax >= self.material).astype(np.float64), "expected_tax": self.tax}

    @cached_property
    def bins(self) -> dict[str, Integers]:
        """Deciles of each prediction; they stay as they are in every draw."""
        return {name: split_bins(value, self.design, 10) for name, value in self.predicted.items()}

    def measure(self, weights: Floats) -> Measured:
        """Return every measure, one value a draw.

        Parameters
        ----------
        weights : ndarray, shape (draws, cases)
            How often each case was drawn times its design weight.

        Returns
        -------
        dict
        """
        measured: Measured = {
            ("population", "material_share", None): average(self.outcomes["probability"], weights),
            ("population", "strike_rate", None): average(self.tax > 0, weights),
            ("population", "mean_tax", None): average(self.tax, weights),
        }
        weight = weights.sum(axis=1)
        spread = np.sqrt(np.einsum("ij,j->i", weights, self.tax**2))
        measured["population", f"mean_tax{ERROR}", None] = spread / weight
        if self.hours is not None:
            hours = np.einsum("ij,j->i", weights, self.hours)
            tax = np.einsum("ij,j->i", weights, self.tax)
            measured["population", "yield_per_hour", None] = divide(tax, hours)
            measured["population", f"yield_per_hour{ERROR}", None] = divide(spread, hours)
        for name, ranking in self.rankings.items():
            for (metric, coverage), value in ranking.measure(weights, self.coverages).items():
                measured[name, metric, coverage] = value
        return measured | self._measure_predictions(weights) | self._measure_levels(weights)

    def draw(self, draws: int, seed: int) -> Measured:
        """Return every measure on bootstrap draws by taxpayer."""
        rng, clusters = np.random.default_rng([seed, 2]), int(self.cluster.max()) + 1
        apart = clusters == len(self.tax) and bool((self.cluster == np.arange(clusters)).all())
        size = max(1, min(draws, _CELLS // len(self.tax)))
        chunks = []
        for start in range(0, draws, size):
            counts = draw_counts(clusters, min(size, draws - start), rng)
            chunks.append(self.measure((counts if apart else counts[:, self.cluster]) * self.design))
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}

    def _measure_predictions(self, weights: Floats) -> Measured:
        measured: Measured = {}
        if "probability" in self.predicted:
            error = (self.predicted["probability"] - self.outcomes["probability"]) ** 2
            measured["probability", "brier", None] = average(error, weights)
        for name, bins in self.bins.items():
            # Sorted by bin, each bin is one stretch of the weights.
            order = np.argsort(bins, kind="stable")
            edges = np.searchsorted(bins[order], range(11))
            ordered, outcome = np.take(weights, order, axis=1), self.outcomes[name][order]
            for decile in DECILES:
                inside = slice(edges[decile], edges[decile + 1])
                observed = average(outcome[inside], ordered[:, inside])
                measured[f"decile {name}", "observed", decile] = observed
        return measured

    def _measure_levels(self, weights: Floats) -> Measured:
        measured: Measured = {}
        if self.levels:
            top = self.rankings[self.model].take(weights, self.cut)
            for level in self.levels:
                for metric, value in level.measure(weights, *top).items():
                    measured[level.name, metric, None] = value
        return measured


def find_clusters(index: pd.Index) -> Integers:
    """Return whose case each row is: by the level ``taxpayer_id``, or each row by itself without one.

    Parameters
    ----------
    index : pandas.Index
        Labels of the cases.

    Returns
    -------
    ndarray of int
        Codes from 0.

    Examples
    --------
    >>> rows = [("B", 1), ("A", 1), ("B", 2)]
    >>> find_clusters(pd.MultiIndex.from_tuples(rows, names=["taxpayer_id", "period"]))
    array([0, 1, 0])
    """
    if TAXPAYER not in index.names:
        return np.arange(len(index), dtype=np.int64)
    codes, _ = pd.factorize(index.get_level_values(TAXPAYER), use_na_sentinel=False)
    clusters: Integers = codes.astype(np.int64)
    return clusters
