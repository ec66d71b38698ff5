"""How well a ranking finds tax, beside naive rankings, with intervals that share their bootstrap draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Column, Floats, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.evaluation.bootstrap import Cases, summarise
from taxgap.risk.evaluation.metrics import make_key

COVERAGES = (0.005, 0.01, 0.02, 0.05, 0.1)
MODEL = "model"


@dataclass(frozen=True)
class Evaluation:
    """Measures of a ranking and of what it is compared with.

    Parameters
    ----------
    frame : DataFrame
        ``label, ranking, metric, coverage, value, low, high, n``: one row a measure. Rankings are ``model``,
        the baselines, ``probability`` where given, and ``population`` for what holds whatever the ranking.
        Metrics: ``auc``, ``average_precision``, ``brier``, and ``strike_rate@5%``, ``precision@5%``,
        ``share_of_gap@5%`` for each coverage.
    differences : DataFrame
        ``label, baseline, metric, coverage, value, low, high, n``: model less baseline, draw by draw.
    calibration : DataFrame
        ``measure, decile, predicted, observed, low, high, n`` for the probability and for expected tax (GBP).
    gain : DataFrame
        ``ranking, share_examined, share_of_gap``: the curve of each ranking.
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
    gain: pd.DataFrame
    settings: dict[str, Any]

    def value(self, metric: str, ranking: str = MODEL) -> float:
        """Return one measure.

        Parameters
        ----------
        metric : str
            Such as ``"auc"`` or ``"share_of_gap@5%"``.
        ranking : str, default "model"
            Whose measure.

        Returns
        -------
        float
        """
        found = self.frame[(self.frame["ranking"] == ranking) & (self.frame["metric"] == metric)]
        if found.empty:
            known = self.frame.loc[self.frame["ranking"] == ranking, "metric"]
            raise UsageError(
                f"There is no {metric!r} of the ranking {ranking!r}.",
                available=known if len(known) else dict.fromkeys(self.frame["ranking"]),
            )
        return float(found["value"].iloc[0])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON; None where a measure is not defined."""
        tables = {
            "metrics": self.frame,
            "differences": self.differences,
            "calibration": self.calibration,
            "gain": self.gain,
        }
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
    label: str = "random enquiries",
) -> Evaluation:
    """Measure how well a score ranks, on random enquiries or, in an audit, on the truth.

    Parameters
    ----------
    score : array-like
        The ranking score; larger comes first. The index of a Series labels the cases.
    amount : array-like
        Tax found in each case (GBP), or the tax truly lost; below 0, where too much was declared, it counts
        as 0.
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
    label : str
        What the cases are: ``"random enquiries"``, or ``"truth"`` in an audit.

    Returns
    -------
    Evaluation

    Notes
    -----
    Percentile bootstrap by case; every ranking is measured on the same draws, so that differences are paired.
    Cases with equal scores are ordered by a fixed hash of their label; see `make_key` in its module ``metrics``.

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
    tax = np.maximum(to_floats(amount, "amount", rows=rows), 0.0)
    design = np.ones(rows) if weight is None else to_floats(weight, "weight", rows=rows)
    if (design <= 0).any():
        raise InvalidDataError("Design weights must be above 0.", where="weight")
    predicted = {
        name: to_floats(values, name, rows=rows)
        for name, values in {"probability": probability, "expected_tax": expected_tax}.items()
        if values is not None
    }
    scores = _rank_scores(score, predicted, baselines or {}, rows)
    cases = Cases(
        scores=scores,
        predicted=predicted,
        tax=tax,
        design=design,
        material=material,
        coverages=tuple(coverages),
        key=make_key(labels),
    )
    summary = summarise(cases, confidence=confidence, draws=draws, seed=seed)
    settings = {"label": label, "material": material, "confidence": confidence, "draws": draws, "seed": seed}
    measures, differences = summary.list_measures(), summary.list_differences(MODEL, list(baselines or {}))
    for table in (measures, differences):
        table.insert(0, "label", label)
    return Evaluation(measures, differences, summary.list_deciles(), summary.list_gains(), settings)


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
            raise UsageError(
                f"Baseline {name} has {len(values)} rows; {rows} were expected.", where="baselines"
            )
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


def _check_options(coverages: Sequence[float], confidence: float, draws: int) -> None:
    if not all(0 < c <= 1 for c in coverages) or not 0 < confidence < 1 or draws < 1:
        raise UsageError(
            "Coverages lie above 0 and up to 1, the confidence between 0 and 1; draws are 1 or more."
        )
