"""How well a ranking finds tax, beside naive rankings, with intervals that share their bootstrap draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Column, Floats, split_bins, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.metrics import Ranking, average, draw_counts, make_key

COVERAGES = (0.005, 0.01, 0.02, 0.05, 0.1)
MODEL = "model"
# Cells of the draws held in memory at once.
_CELLS = 2_000_000

Measured = dict[tuple[str, str, float | None], Floats]


@dataclass(frozen=True)
class Evaluation:
    """Measures of a ranking and of what it is compared with.

    Parameters
    ----------
    frame : DataFrame
        ``ranking, metric, coverage, value, low, high, n``: one row a measure. Rankings are ``model``, the
        baselines, ``probability`` where given, and ``population`` for what holds whatever the ranking.
    differences : DataFrame
        ``baseline, metric, coverage, value, low, high, n``: model less baseline, draw by draw.
    calibration : DataFrame
        ``measure, decile, predicted, observed, low, high, n`` for the probability and for expected tax (GBP).
    settings : dict
        What the cases are, the material amount, the confidence, draws and seed.

    Notes
    -----
    Strike rate: share of the cases taken in which any tax was found. Precision: share with a material
    under-declaration. Share of gap: tax of the cases taken over the tax of all. All are weighted by design.
    """

    frame: pd.DataFrame
    differences: pd.DataFrame
    calibration: pd.DataFrame
    settings: dict[str, Any]

    def value(self, metric: str, *, ranking: str = MODEL, coverage: float | None = None) -> float:
        """Return one measure.

        Parameters
        ----------
        metric : str
            Such as ``"auc"`` or ``"share_of_gap"``.
        ranking : str, default "model"
            Whose measure.
        coverage : float, optional
            Share of the population taken, where the metric has one.

        Returns
        -------
        float
        """
        frame = self.frame[(self.frame["ranking"] == ranking) & (self.frame["metric"] == metric)]
        frame = frame[frame["coverage"].isna() if coverage is None else frame["coverage"] == coverage]
        if frame.empty:
            raise UsageError(
                f"There is no {metric!r} of {ranking!r} at coverage {coverage}.",
                available=sorted(set(self.frame["metric"])),
            )
        return float(frame["value"].iloc[0])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; None where a measure is not defined."""
        tables = {"metrics": self.frame, "differences": self.differences, "calibration": self.calibration}
        return {
            "settings": to_plain(self.settings),
            **{name: to_plain(table.to_dict("records")) for name, table in tables.items()},
        }

    def _repr_html_(self) -> str:
        parts = [("Measures", self.frame), ("Model less baseline", self.differences)]
        if not self.calibration.empty:
            parts.append(("Calibration by decile", self.calibration))
        return "".join(
            f"<h4>{title}</h4>{table.to_html(index=False, na_rep='', float_format='{:,.4g}'.format)}"
            for title, table in parts
        )


def evaluate(
    score: Column,
    *,
    amount: Column,
    probability: Column | None = None,
    expected_tax: Column | None = None,
    weight: Column | None = None,
    baselines: Mapping[str, Column] | None = None,
    index: pd.Index | None = None,
    material: float = 1000.0,
    coverages: Sequence[float] = COVERAGES,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
    kind: str = "random enquiries",
) -> Evaluation:
    """Measure how well a score ranks, on random enquiries or, in an audit, on the truth.

    Parameters
    ----------
    score : array-like
        The ranking score; larger comes first. The index of a Series labels the cases.
    amount : array-like
        Tax found in each case (GBP), or the tax truly lost.
    probability, expected_tax : array-like, optional
        Calibrated predictions: probability of a material under-declaration; tax to expect (GBP).
    weight : array-like, optional
        Design weights, 1 / inclusion probability; equal where not given.
    baselines : mapping of str to array-like, optional
        Naive scores to compare with, such as turnover; a missing value ranks last.
    index : pandas.Index, optional
        Labels of the cases where ``score`` is no Series; they break ties.
    material : float, default 1000
        Amount from which an under-declaration is material (GBP).
    coverages : sequence of float
        Shares of all cases (by weight) that could be worked.
    confidence : float, default 0.95
        Confidence of the intervals.
    draws : int, default 400
        Bootstrap draws.
    seed : int, default 0
        Seed of the draws.
    kind : str
        What the cases are, for the record.

    Returns
    -------
    Evaluation

    Notes
    -----
    Percentile bootstrap by case; every ranking is measured on the same draws, so that differences are paired.
    Cases with equal scores are ordered by a fixed hash of their label, see `taxgap.risk.metrics.make_key`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> risk = rng.random(500)
    >>> found = np.where(rng.random(500) < risk / 2, 3000.0, 0.0)
    >>> result = evaluate(risk, amount=found, baselines={"random": rng.random(500)}, draws=50)
    >>> result.value("auc") > result.value("auc", ranking="random")
    True
    """
    _check_options(coverages, confidence, draws)
    labels = _find_labels(score, index)
    rows = len(labels)
    tax = _check_tax(to_floats(amount, "amount", rows=rows))
    design = np.ones(rows) if weight is None else to_floats(weight, "weight", rows=rows)
    if (design <= 0).any():
        raise InvalidDataError("Design weights must be above 0.", where="weight")
    predicted = {
        name: to_floats(values, name, rows=rows)
        for name, values in {"probability": probability, "expected_tax": expected_tax}.items()
        if values is not None
    }
    scores = _rank_scores(score, predicted, baselines or {}, rows)
    task = _Task(scores, tax, predicted, design, material, tuple(coverages), make_key(labels))
    point, drawn = task.measure(np.ones((1, rows))), task.draw(draws, seed)
    tail = (1 - confidence) / 2
    summary = _Summary(point, drawn, (tail, 1 - tail), rows)
    settings = {"kind": kind, "material": material, "confidence": confidence, "draws": draws, "seed": seed}
    return Evaluation(
        summary.list_measures(), summary.list_differences(baselines or {}), summary.list_deciles(task), settings
    )


class _Task:
    """All that is measured in one draw."""

    def __init__(
        self,
        scores: Mapping[str, Floats],
        tax: Floats,
        predicted: Mapping[str, Floats],
        design: Floats,
        material: float,
        coverages: tuple[float, ...],
        key: Any,
    ) -> None:
        self.rankings = {name: Ranking(score, key, tax, material) for name, score in scores.items()}
        self.tax, self.design, self.coverages = tax, design, coverages
        self.predicted = predicted
        self.outcome = {"probability": (tax >= material).astype(np.float64), "expected_tax": tax}
        self.bins = {name: split_bins(value, design, 10) for name, value in predicted.items()}

    def measure(self, counts: Floats) -> Measured:
        weights = counts * self.design
        measured: Measured = {
            ("population", "material_share", None): average(self.outcome["probability"], weights),
            ("population", "strike_rate", None): average(self.tax > 0, weights),
            ("population", "mean_tax", None): average(self.tax, weights),
        }
        for name, ranking in self.rankings.items():
            values = ranking.measure(weights, self.coverages)
            measured |= {(name, metric, coverage): value for (metric, coverage), value in values.items()}
        if "probability" in self.predicted:
            error = (self.predicted["probability"] - self.outcome["probability"]) ** 2
            measured["probability", "brier", None] = average(error, weights)
        for name, bins in self.bins.items():
            for decile in range(10):
                inside = weights[:, bins == decile]
                measured[f"decile {name}", "observed", decile] = average(self.outcome[name][bins == decile], inside)
        return measured

    def draw(self, draws: int, seed: int) -> Measured:
        rng, cases = np.random.default_rng([seed, 2]), len(self.tax)
        size = max(1, min(draws, _CELLS // cases))
        chunks = [
            self.measure(draw_counts(cases, min(size, draws - start), rng)) for start in range(0, draws, size)
        ]
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}


class _Summary:
    """Values and intervals, as tables."""

    def __init__(self, point: Measured, drawn: Measured, tails: tuple[float, float], cases: int) -> None:
        self.point, self.drawn, self.tails, self.cases = point, drawn, tails, cases

    def list_measures(self) -> pd.DataFrame:
        rows = [
            (*key, float(value[0]), *self._interval(self.drawn[key]), self.cases)
            for key, value in self.point.items()
            if not key[0].startswith("decile ")
        ]
        return _to_frame(rows, ["ranking", "metric", "coverage", "value", "low", "high", "n"])

    def list_differences(self, baselines: Mapping[str, Any]) -> pd.DataFrame:
        return _to_frame(
            list(self._iterate_differences(baselines)), ["baseline", "metric", "coverage", "value", "low", "high", "n"]
        )

    def _iterate_differences(self, baselines: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        for (name, metric, coverage), value in self.point.items():
            if name in baselines:
                own = (MODEL, metric, coverage)
                drawn = self.drawn[own] - self.drawn[name, metric, coverage]
                gain = float(self.point[own][0] - value[0])
                yield name, metric, coverage, gain, *self._interval(drawn), self.cases

    def list_deciles(self, task: _Task) -> pd.DataFrame:
        rows = []
        for name, bins in task.bins.items():
            for decile in np.unique(bins):
                inside = bins == decile
                key = (f"decile {name}", "observed", int(decile))
                predicted = float(np.average(task.predicted[name][inside], weights=task.design[inside]))
                observed = float(self.point[key][0])
                rows.append(
                    (name, int(decile) + 1, predicted, observed, *self._interval(self.drawn[key]), int(inside.sum()))
                )
        return _to_frame(rows, ["measure", "decile", "predicted", "observed", "low", "high", "n"])

    def _interval(self, drawn: Floats) -> tuple[float, float]:
        defined = drawn[~np.isnan(drawn)]
        if len(defined) == 0:
            return float("nan"), float("nan")
        low, high = np.quantile(defined, self.tails)
        return float(low), float(high)


def _to_frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: np.float64 for name in ("coverage", "value") if name in columns})


def _rank_scores(
    score: Column, predicted: Mapping[str, Floats], baselines: Mapping[str, Column], rows: int
) -> dict[str, Floats]:
    scores: dict[str, Column] = {MODEL: to_floats(score, "score", rows=rows)}
    if "probability" in predicted:
        scores["probability"] = predicted["probability"]
    taken = sorted(set(baselines) & {MODEL, "probability", "population"})
    if taken:
        raise UsageError(f"A baseline may not be called {', '.join(taken)}.", where="baselines")
    for name, values in baselines.items():
        if len(values) != rows:
            raise UsageError(f"Baseline {name} has {len(values)} rows; {rows} were expected.", where="baselines")
        scores[name] = values
    # Ranks keep the order and give missing values a place of their own, below all others.
    return {
        name: pd.Series(np.asarray(values, dtype=np.float64)).rank(method="dense", na_option="top").to_numpy()
        for name, values in scores.items()
    }


def _find_labels(score: Column, index: pd.Index | None) -> pd.Index:
    if index is None:
        index = score.index if isinstance(score, pd.Series) else pd.RangeIndex(len(score))
    if len(index) == 0:
        raise InvalidDataError("There are no cases to evaluate on.", where="score")
    return index


def _check_tax(tax: Floats) -> Floats:
    if (tax < 0).any():
        raise InvalidDataError("The tax found is negative in some cases.", where="amount", remedy="Give 0 there.")
    return tax


def _check_options(coverages: Sequence[float], confidence: float, draws: int) -> None:
    if not all(0 < c <= 1 for c in coverages) or not 0 < confidence < 1 or draws < 1:
        raise UsageError("Coverages lie above 0 and up to 1, the confidence between 0 and 1; draws are 1 or more.")
