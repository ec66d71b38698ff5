"""Many measures of many rankings on the same bootstrap draws, and the tables that sum them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats, Integers, split_bins
from taxgap.risk.evaluation.metrics import Ranking, average, draw_counts

# Cells of the draws held in memory at once.
_CELLS = 2_000_000
_DECILES = range(10)

# (ranking or part, metric, coverage or decile) -> one value a draw.
Measured = dict[tuple[str, str, float | None], Floats]


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
    """

    scores: Mapping[str, Floats]
    predicted: Mapping[str, Floats]
    tax: Floats
    design: Floats
    material: float
    coverages: tuple[float, ...]
    key: Integers

    @cached_property
    def rankings(self) -> dict[str, Ranking]:
        """Each score, sorted once."""
        return {
            name: Ranking(score, self.key, self.tax, self.material) for name, score in self.scores.items()
        }

    @cached_property
    def outcomes(self) -> dict[str, Floats]:
        """What each prediction predicts."""
        return {"probability": (self.tax >= self.material).astype(np.float64), "expected_tax": self.tax}

    @cached_property
    def bins(self) -> dict[str, Integers]:
        """Deciles of each prediction; they stay as they are in every draw."""
        return {name: split_bins(value, self.design, 10) for name, value in self.predicted.items()}

    def measure(self, counts: Floats) -> Measured:
        """Return every measure, one value a draw.

        Parameters
        ----------
        counts : ndarray, shape (draws, cases)
            How often each case was drawn.

        Returns
        -------
        dict
        """
        weights = counts * self.design
        measured: Measured = {
            ("population", "material_share", None): average(self.outcomes["probability"], weights),
            ("population", "strike_rate", None): average(self.tax > 0, weights),
            ("population", "mean_tax", None): average(self.tax, weights),
        }
        for name, ranking in self.rankings.items():
            for (metric, coverage), value in ranking.measure(weights, self.coverages).items():
                measured[name, metric, coverage] = value
        return measured | self._measure_predictions(weights)

    def _measure_predictions(self, weights: Floats) -> Measured:
        measured: Measured = {}
        if "probability" in self.predicted:
            error = (self.predicted["probability"] - self.outcomes["probability"]) ** 2
            measured["probability", "brier", None] = average(error, weights)
        for name, bins in self.bins.items():
            for decile in _DECILES:
                inside = bins == decile
                observed = average(self.outcomes[name][inside], weights[:, inside])
                measured[f"decile {name}", "observed", decile] = observed
        return measured

    def draw(self, draws: int, seed: int) -> Measured:
        """Return every measure on bootstrap draws by case."""
        rng, cases = np.random.default_rng([seed, 2]), len(self.tax)
        size = max(1, min(draws, _CELLS // cases))
        sizes = [min(size, draws - start) for start in range(0, draws, size)]
        chunks = [self.measure(draw_counts(cases, n, rng)) for n in sizes]
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}


@dataclass(frozen=True)
class Summary:
    """Values and percentile intervals, as tables.

    Parameters
    ----------
    cases : Cases
        What was measured.
    point, drawn : dict
        Measures on the cases as they are, and on the draws.
    tails : tuple of float
        The two quantiles that bound an interval.
    """

    cases: Cases
    point: Measured
    drawn: Measured
    tails: tuple[float, float]

    def list_measures(self) -> pd.DataFrame:
        """Return ``ranking, metric, coverage, value, low, high, n``."""
        rows = [
            (
                ranking,
                name_metric(metric, coverage),
                coverage,
                float(value[0]),
                *interval,
                len(self.cases.tax),
            )
            for (ranking, metric, coverage), value in self.point.items()
            if not ranking.startswith("decile ")
            for interval in [self._find_interval(self.drawn[ranking, metric, coverage])]
        ]
        return _to_frame(rows, ["ranking", "metric", "coverage", "value", "low", "high", "n"])

    def list_differences(self, model: str, baselines: Sequence[str]) -> pd.DataFrame:
        """Return ``baseline, metric, coverage, value, low, high, n``: model less baseline, paired by draw."""
        rows = list(self._iterate_differences(model, baselines))
        return _to_frame(rows, ["baseline", "metric", "coverage", "value", "low", "high", "n"])

    def list_deciles(self) -> pd.DataFrame:
        """Return ``measure, decile, predicted, observed, low, high, n``."""
        rows = []
        for name, bins in self.cases.bins.items():
            for decile in sorted(set(bins.tolist())):
                inside = bins == decile
                key = (f"decile {name}", "observed", decile)
                weights = self.cases.design[inside]
                predicted = float(np.average(self.cases.predicted[name][inside], weights=weights))
                interval = self._find_interval(self.drawn[key])
                rows.append(
                    (name, decile + 1, predicted, float(self.point[key][0]), *interval, int(inside.sum()))
                )
        return _to_frame(rows, ["measure", "decile", "predicted", "observed", "low", "high", "n"])

    def list_gains(self) -> pd.DataFrame:
        """Return ``ranking, share_examined, share_of_gap``: a curve of 101 points a ranking."""
        shares = np.linspace(0.0, 1.0, 101)
        parts = [
            pd.DataFrame(
                {
                    "ranking": name,
                    "share_examined": shares,
                    "share_of_gap": ranking.trace_gain(self.cases.design, shares),
                }
            )
            for name, ranking in self.cases.rankings.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _iterate_differences(self, model: str, baselines: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for (name, metric, coverage), value in self.point.items():
            if name in baselines:
                own = (model, metric, coverage)
                gain = float(self.point[own][0] - value[0])
                interval = self._find_interval(self.drawn[own] - self.drawn[name, metric, coverage])
                yield name, name_metric(metric, coverage), coverage, gain, *interval, len(self.cases.tax)

    def _find_interval(self, drawn: Floats) -> tuple[float, float]:
        defined = drawn[~np.isnan(drawn)]
        if len(defined) == 0:
            return float("nan"), float("nan")
        low, high = np.quantile(defined, self.tails)
        return float(low), float(high)


def name_metric(metric: str, coverage: float | None) -> str:
    """Return the name of a measure with its coverage.

    Examples
    --------
    >>> name_metric("share_of_gap", 0.005), name_metric("auc", None)
    ('share_of_gap@0.5%', 'auc')
    """
    return metric if coverage is None else f"{metric}@{100 * coverage:g}%"


def summarise(cases: Cases, *, confidence: float, draws: int, seed: int) -> Summary:
    """Measure cases as they are and on bootstrap draws.

    Parameters
    ----------
    cases : Cases
        What to measure.
    confidence : float
        Confidence of the intervals.
    draws, seed : int
        How many draws, and their seed.

    Returns
    -------
    Summary
    """
    tail = (1 - confidence) / 2
    point = cases.measure(np.ones((1, len(cases.tax))))
    return Summary(cases, point, cases.draw(draws, seed), (tail, 1 - tail))


def _to_frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: np.float64 for name in ("coverage", "value") if name in columns})
