"""The tables that sum up what was measured on the cases and on the draws."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.risk.arrays import Floats
from taxgap.risk.evaluation.bootstrap import Cases, Measured
from taxgap.risk.evaluation.groups import MINIMUM, Name
from taxgap.risk.evaluation.intervals import (
    UNKNOWN,
    Drawn,
    Interval,
    find_percentiles,
    widen_proportion,
    widen_upwards,
)
from taxgap.risk.evaluation.metrics import ERROR, divide

_AMONG_TAKEN = ("strike_rate", "precision")
_MEASURED = ["metric", "coverage", "value", "low", "high", "n"]
_NUMBERS = ("coverage", "value", "low", "high", "chance", "perfect")

# Metrics of a level that are measured at the common cut-off.
_AT_CUT = ("taken_share", "share_of_gap", "precision")


@dataclass(frozen=True)
class Summary:
    """Values and intervals, as tables.

    Parameters
    ----------
    cases : Cases
        What was measured.
    point, drawn : dict
        Measures on the cases as they are, and on the draws.
    confidence : float
        Confidence of the intervals.
    """

    cases: Cases
    point: Measured
    drawn: Measured
    confidence: float

    def list_measures(self) -> pd.DataFrame:
        """Return ``ranking, metric, coverage, value, low, high, n``."""
        rows = [
            (
                ranking,
                name_metric(metric, coverage),
                coverage,
                float(value[0]),
                *self._find_interval(ranking, metric, coverage),
                len(self.cases.tax),
            )
            for (ranking, metric, coverage), value in self.point.items()
            if not metric.endswith(ERROR) and (ranking in self.cases.scores or ranking == "population")
        ]
        return _to_frame(rows, ["ranking", *_MEASURED])

    def list_differences(self, model: str, baselines: Sequence[str]) -> pd.DataFrame:
        """Return ``baseline, metric, coverage, value, low, high, n``: model less baseline, paired by draw."""
        rows = [
            (name, *measured) for name in baselines for measured in self._compare(model, name, relative=False)
        ]
        return _to_frame(rows, ["baseline", *_MEASURED])

    def list_ratios(self, model: str, others: Sequence[str]) -> pd.DataFrame:
        """Return ``baseline, metric, coverage, value, low, high, n``: ratios of what is found."""
        rows = [
            (name, *measured) for name in others for measured in self._compare(model, name, relative=True)
        ]
        return _to_frame(rows, ["baseline", *_MEASURED])

    def list_deciles(self) -> pd.DataFrame:
        """Return ``measure, decile, predicted, observed, low, high, n``."""
        rows = []
        for name, bins in self.cases.bins.items():
            for decile in sorted(set(bins.tolist())):
                inside = bins == decile
                key = (f"decile {name}", "observed", decile)
                weights, observed = self.cases.design[inside], float(self.point[key][0])
                predicted = float(np.average(self.cases.predicted[name][inside], weights=weights))
                interval = find_percentiles(self.drawn[key], self.confidence)
                if name == "probability":
                    interval = widen_proportion(interval, observed, _count(weights), self.confidence)
                rows.append((name, decile + 1, predicted, observed, *interval, int(inside.sum())))
        return _to_frame(rows, ["measure", "decile", "predicted", "observed", "low", "high", "n"])

    def list_levels(self, small: Sequence[tuple[Name, int]]) -> pd.DataFrame:
        """Return ``group, level, metric, coverage, value, low, high, n, reason`` of each level.

        Parameters
        ----------
        small : sequence of ((group, level), n)
            Levels with too few cases: one row each, without a value, with the reason.
        """
        rows: list[tuple[Any, ...]] = []
        for level in self.cases.levels:
            for (name, metric, _), value in self.point.items():
                if name == level.name:
                    coverage = self.cases.cut if metric in _AT_CUT else None
                    interval = find_percentiles(self.drawn[name, metric, None], self.confidence)
                    found = (coverage, float(value[0]), *interval, len(level.places))
                    reason = _explain(metric, float(value[0]))
                    rows.append((*name, name_metric(metric, coverage), *found, reason))
        for name, n in small:
            reason = f"fewer than {MINIMUM} cases"
            rows.append((*name, "", None, float("nan"), *UNKNOWN, n, reason))
        return _to_frame(rows, ["group", "level", *_MEASURED, "reason"])

    def list_bounds(self) -> pd.DataFrame:
        """Return ``metric, coverage, chance, perfect``: what an order by lot and the best order expect."""
        population = {
            metric: value[0] for (name, metric, _), value in self.point.items() if name == "population"
        }
        chance = {
            "auc": 0.5,
            "average_precision": population["material_share"],
            "strike_rate": population["strike_rate"],
            "precision": population["material_share"],
            "yield_per_hour": population.get("yield_per_hour", float("nan")),
        }
        best = self.cases.best.measure(self.cases.design[None], self.cases.coverages)
        rows = []
        for (metric, coverage), value in best.items():
            if metric.endswith(ERROR):
                continue
            perfect = float("nan") if metric == "yield_per_hour" else float(value[0])
            expected = coverage if metric == "share_of_gap" else chance[metric]
            rows.append((name_metric(metric, coverage), coverage, expected, perfect))
        return _to_frame(rows, ["metric", "coverage", "chance", "perfect"])

    def list_unmeasured(self) -> pd.DataFrame:
        """Return ``ranking, metric, reason`` of what is not defined on these cases."""
        rows = [
            (ranking, name_metric(metric, coverage), self._explain_missing(metric))
            for (ranking, metric, coverage), value in self.point.items()
            if ranking in {*self.cases.scores, "population"}
            and not metric.endswith(ERROR)
            and np.isnan(value[0])
        ]
        return pd.DataFrame(rows, columns=["ranking", "metric", "reason"], dtype=object)

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

    def _compare(self, model: str, other: str, *, relative: bool) -> Iterator[tuple[Any, ...]]:
        for (name, metric, coverage), value in self.point.items():
            shown = metric.startswith(("share_of_gap", "yield")) if relative else True
            if name != other or metric.endswith(ERROR) or not shown:
                continue
            pairs = [
                (self.point[model, metric, coverage], value),
                (self.drawn[model, metric, coverage], self.drawn[name, metric, coverage]),
            ]
            found, drawn = (divide(*pair) if relative else pair[0] - pair[1] for pair in pairs)
            interval = UNKNOWN if np.isnan(found[0]) else find_percentiles(drawn, self.confidence)
            yield name_metric(metric, coverage), coverage, float(found[0]), *interval, len(self.cases.tax)

    def _find_interval(self, ranking: Hashable, metric: str, coverage: float | None) -> Interval:
        value, drawn = float(self.point[ranking, metric, coverage][0]), self.drawn[ranking, metric, coverage]
        if np.isnan(value):
            return UNKNOWN
        interval = find_percentiles(drawn, self.confidence)
        error = (ranking, f"{metric}{ERROR}", coverage)
        if error in self.point:
            measure = Drawn(value, float(self.point[error][0]), drawn, self.drawn[error])
            return widen_upwards(interval, measure, self.confidence, share=metric == "share_of_gap")
        if metric in _AMONG_TAKEN and coverage is not None:
            _, taken = self.cases.rankings[str(ranking)].take(self.cases.design[None], coverage)
            return widen_proportion(interval, value, _count(taken[0]), self.confidence)
        return interval

    def _explain_missing(self, metric: str) -> str:
        material = self.cases.outcomes["probability"]
        if metric.startswith("yield"):
            return "no hours were spent"
        if metric.startswith("share") or not (self.cases.tax > 0).any():
            return "no tax in any case"
        return "no case is material" if not material.any() else "every case is material"


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
    return Summary(cases, cases.measure(cases.design[None]), cases.draw(draws, seed), confidence)


def _explain(metric: str, value: float) -> str:
    if not np.isnan(value):
        return ""
    reasons = {
        "auc": "all cases of the level are material, or none is",
        "share_of_gap": "no tax in any case of the level",
        "precision": "no case of the level is above the cut-off",
    }
    return reasons.get(metric, "not defined")


def _count(weights: Floats) -> float:
    # Kish: as many equal weights as would be as good.
    return float(weights.sum() ** 2 / max((weights**2).sum(), 1e-300))


def _to_frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: np.float64 for name in _NUMBERS if name in columns})
