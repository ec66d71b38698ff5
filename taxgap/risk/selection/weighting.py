"""How much each label counts when a model learns from cases that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
from taxgap.risk.arrays import Column, Floats, Integers, split_bins, to_flags, to_floats
from taxgap.risk.card import to_plain
from taxgap.risk.selection.overlap import Overlap, diagnose_overlap

Method = Literal["inverse_probability", "doubly_robust"]
METHODS = ("inverse_probability", "doubly_robust")

_BINS = 10
_ROUNDS = 50
# A raked weight may not leave this range around the weight it came from.
_REACH = 4.0


@dataclass(frozen=True)
class LabelWeights:
    """What each labelled case stands for.

    Parameters
    ----------
    design : Series
        Returns that the case stands for; the weights add up to the population.
    method : str
        ``"inverse_probability"`` or ``"doubly_robust"``.
    overlap : Overlap
        Whether the weights can speak for all returns.
    """

    design: pd.Series
    method: str
    overlap: Overlap

    @property
    def probability(self) -> pd.Series:
        """1 / weight, for `RiskModel.fit`: its ``inclusion_probability`` and ``random_probability``.

        Scaled down where a weight is below 1, because a probability is at most 1; only proportions matter.
        """
        inverse = 1.0 / self.design
        return inverse / max(1.0, float(inverse.max()))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the cases."""
        return {
            "method": self.method,
            "cases": len(self.design),
            "population": float(self.design.sum()),
            "largest": float(self.design.max()),
            "effective_cases": float(self.design.sum() ** 2 / (self.design**2).sum()),
            "overlap": to_plain(self.overlap.to_dict()),
        }

    def to_text(self) -> str:
        """Return what stands for what, and whether it may."""
        facts = self.to_dict()
        return (
            f"{facts['cases']:,} labels, weighted ({self.method.replace('_', ' ')}) to "
            f"{facts['population']:,.0f} returns, count as {facts['effective_cases']:,.0f}.\n"
            f"{self.overlap.to_text()}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{self.to_text()}</pre>"


def weigh_labels(
    opened: pd.Series,
    probability: Column,
    *,
    predicted: pd.DataFrame | None = None,
    X_all: pd.DataFrame | None = None,
    require: bool = True,
) -> LabelWeights:
    """Weigh chosen cases so that they stand for all returns.

    Parameters
    ----------
    opened : Series of bool
        Of all returns, those with a label.
    probability : array-like
        Probability of being opened, recorded or estimated, one a return; may be missing where not opened.
    predicted : DataFrame, optional
        What an enquiry into each return would find, as `predict_outcomes` gives it. With it the weights are
        raked (doubly robust): they reproduce how many returns of all lie in each tenth of every prediction.
    X_all : DataFrame, optional
        Features of all returns, to look at support by region.
    require : bool, default True
        Refuse where there is no overlap.

    Returns
    -------
    LabelWeights

    Raises
    ------
    NotIdentifiedError
        If there is no overlap and ``require``.

    Notes
    -----
    Unopened returns have no label: they are not negatives and never enter as rows. They enter by their number
    and, with ``predicted``, by their features. A mean by raked weights is right if either the probabilities
    are right up to the predictions, or the outcome depends on what the predictions show (calibration
    estimators; Deville and Sarndal 1992). A raked weight stays within a factor of four of 1 / probability.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chance = pd.Series(np.where(np.arange(4000) < 1000, 0.3, 0.05))
    >>> opened = rng.random(4000) < chance
    >>> weights = weigh_labels(opened, chance)
    >>> shares = [float(np.average(np.flatnonzero(opened) < 1000, weights=w)) for w in (None, weights.design)]
    >>> [round(share, 1) for share in shares]
    [0.6, 0.2]
    """
    flags = to_flags(opened, "opened", index=opened.index)
    values = np.asarray(probability, dtype=np.float64)
    overlap = diagnose_overlap(values, opened=flags, X_all=X_all)
    if require:
        overlap.require("A model for all returns, trained on chosen cases alone,")
    weight = 1.0 / values[flags]
    weight *= len(flags) / weight.sum()
    method: Method = "inverse_probability"
    if predicted is not None:
        weight, method = rake_weights(weight, predicted, flags), "doubly_robust"
    return LabelWeights(pd.Series(weight, index=opened.index[flags], name="weight"), method, overlap)


def rake_weights(weight: Floats, predicted: pd.DataFrame, opened: Column) -> Floats:
    """Change weights so that the cases are spread over the predictions as all returns are.

    Parameters
    ----------
    weight : ndarray
        Of the opened cases.
    predicted : DataFrame
        Predictions for all returns, one column each.
    opened : array-like of bool
        Which returns are cases.

    Returns
    -------
    ndarray
        Adding up to the number of all returns, save where the bound of a factor of four holds a weight.

    Notes
    -----
    Iterative proportional fitting over tenths of each column. Tenths without a case are joined to their
    neighbour below.
    """
    flags = to_flags(opened, "opened", rows=len(predicted))
    margins = [_bin_margin(to_floats(predicted[name], name), flags) for name in predicted.columns]
    raked = weight.copy()
    for _ in range(_ROUNDS):
        before = raked
        for label, target in margins:
            raked = raked * (target / np.bincount(label, weights=raked, minlength=len(target)))[label]
        raked = np.clip(raked, weight / _REACH, weight * _REACH)
        if np.abs(raked / before - 1).max() < 1e-6:
            break
    scaled: Floats = raked * (len(flags) / raked.sum())
    return scaled


def _bin_margin(values: Floats, flags: np.ndarray) -> tuple[Integers, Floats]:
    label = split_bins(values, np.ones(len(values)), _BINS)
    # Bins are numbered by those that hold a case; a bin without one goes to the bin below it.
    held = np.unique(label[flags])
    place = np.maximum(np.searchsorted(held, label, side="right") - 1, 0)
    return place[flags], np.bincount(place, minlength=len(held)).astype(np.float64)


def make_pseudo_outcomes(outcome: Column, probability: Column, predicted: Column, opened: Column) -> Floats:
    """Return doubly-robust pseudo-outcomes: a value for every return whose mean is right.

    Parameters
    ----------
    outcome : array-like
        What was found, read where opened: tax (GBP), or 1 and 0.
    probability : array-like
        Probability of being opened, read where opened.
    predicted : array-like
        Out-of-fold prediction of the outcome for every return.
    opened : array-like of bool
        Which returns have a label.

    Returns
    -------
    ndarray of float64
        ``predicted + opened * (outcome - predicted) / probability``. Single values may be below 0 or far
        above any amount: use them in means, or with a loss that is linear in the outcome.

    Notes
    -----
    The mean over any set of returns chosen by features is unbiased if either the probability or the
    prediction is right (Robins, Rotnitzky and Zhao 1994).

    Raises
    ------
    UsageError
        If the rows do not match.

    Examples
    --------
    >>> make_pseudo_outcomes([1.0, 0.0], [0.5, 0.5], [0.2, 0.2], [True, False]).round(3)
    array([1.8, 0.2])
    """
    flags = to_flags(opened, "opened")
    columns = [np.asarray(c, dtype=np.float64) for c in (outcome, probability, predicted)]
    if any(len(c) != len(flags) for c in columns):
        raise UsageError("Outcome, probability, prediction and opened must have one row a return each.")
    found, chance, expected = columns
    pseudo: Floats = to_floats(expected, "predicted").copy()
    pseudo[flags] += (found[flags] - expected[flags]) / chance[flags]
    return pseudo
