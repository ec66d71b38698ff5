"""What is audited: a model's scores and the contributions that explain them, ours or anybody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.contributions import contributions
from taxgap.reasons.engines import compile_once
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats
from taxgap.risk.model import RiskModel
from taxgap.risk.predicting import Kind

Explain: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
"""What the model sees of some returns, to the contributions: the same rows, one column a feature, larger
where the feature raises the score more."""

Attributions: TypeAlias = pd.DataFrame | Explain
"""Contributions: a function, or a frame by (taxpayer_id, period)."""

_EDGE = 1e-9  # probabilities nearer to 0 or 1 have no log-odds


@dataclass(frozen=True)
class Scored:
    """The scores of some returns.

    Attributes
    ----------
    score : ndarray of float64
        What ranks returns: log pounds of expected tax, or the log-odds of another classifier.
    probability : ndarray of float64
        What is compared with the cut-off.
    """

    score: Floats
    probability: Floats


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and its explanations, as an audit asks them.

    Attributes
    ----------
    regime : Regime
    peers : PeerGroups
    cutoff : float
        The least probability of a flagged return.
    score : callable
        What the model sees of some returns, from `Regime.compare`, to `Scored`.
    explain : callable
        The same to contributions by feature.
    model : RiskModel or None
        Where it is the library's own; checks that look inside a model need one.
    ours : bool
        Whether the contributions are the library's own.
    follows : bool
        Whether a return that is changed can be explained too; not where contributions are a frame.
    """

    regime: Regime
    peers: PeerGroups
    cutoff: float
    score: Callable[[pd.DataFrame], Scored]
    explain: Explain
    model: RiskModel | None = None
    ours: bool = False
    follows: bool = True


def subject_of(
    model: Any,
    regime: Regime,
    peers: PeerGroups,
    *,
    attributions: Attributions | None = None,
    cutoff: float | None = None,
) -> Subject:
    """Make a subject of a model.

    Parameters
    ----------
    model : RiskModel or classifier
        The library's own, or anything with ``predict_proba(X)`` whose second column is the probability of
        under-declaration; X is what `Regime.compare` gives, or its columns `feature_names_in_` alone.
    regime : Regime
    peers : PeerGroups
    attributions : DataFrame or callable, optional
        The explanations to audit. Those of the library when absent, for a model of its own.
    cutoff : float, optional
        The least probability of a flagged return. The model's threshold when absent, and 0.5 without one.

    Returns
    -------
    Subject

    Raises
    ------
    UsageError
        Another model comes without attributions, or cannot score. Explanations are refused when they are
        asked for, if no column is a feature of the tax, or a number is missing.
    """
    if isinstance(model, RiskModel):
        explain, ours = explain_against_peers(model, regime, peers), attributions is None
        score: Callable[[pd.DataFrame], Scored] = _Own(model)
    elif not hasattr(model, "predict_proba"):
        raise UsageError(
            f"A {type(model).__name__} has no predict_proba, so it cannot be audited.",
            where="model",
            remedy="Give a RiskModel, or a classifier in the manner of scikit-learn.",
        )
    elif attributions is None:
        raise UsageError(
            "Of a model that is not the library's own, the explanations are needed too.",
            where="attributions",
            remedy="Give a function, or a frame by taxpayer_id and period, with one column a feature.",
        )
    else:
        score, ours = _Other(model), False
    if attributions is not None:
        given = _lookup(attributions) if isinstance(attributions, pd.DataFrame) else attributions
        explain = _checked(given, regime)
    own = model if isinstance(model, RiskModel) else None
    follows = not isinstance(attributions, pd.DataFrame)
    return Subject(regime, peers, _find_cutoff(model, cutoff), score, explain, own, ours, follows)


def _find_cutoff(model: Any, cutoff: float | None) -> float:
    given = getattr(model, "threshold", None) if cutoff is None else cutoff
    least = 0.5 if given is None else float(given)
    if not 0 <= least <= 1:
        raise UsageError(f"The cut-off is {least}, not from 0 to 1.", where="cutoff")
    return least


def explain_against_peers(
    model: RiskModel, regime: Regime, peers: PeerGroups, kind: Kind = "expected_tax"
) -> Explain:
    """Return the library's own explanations: exact Shapley values against peers."""
    baseline = PeerBaseline(model, regime, peers)
    return lambda seen: contributions(model, seen, baseline=baseline, kind=kind).values  # noqa: PD011 - ours


@dataclass(frozen=True)
class _Own:
    model: RiskModel

    def __call__(self, seen: pd.DataFrame) -> Scored:
        model = self.model
        matrix = model.encode(seen[list(model.feature_names_in_)])
        raw, likelihood = (
            compile_once(model.booster(kind)).predict(matrix) if len(matrix) else np.empty(0)
            for kind in ("expected_tax", "probability")
        )
        return Scored(raw + model.offset_, model.parts_.curve.to_probability(likelihood))


@dataclass(frozen=True)
class _Other:
    model: Any

    def __call__(self, seen: pd.DataFrame) -> Scored:
        names = list(getattr(self.model, "feature_names_in_", seen.columns))
        unknown = [str(name) for name in names if name not in seen.columns]
        if unknown:
            raise IncompatibleError(
                f"The model needs features that returns are not measured by: {', '.join(unknown)}.",
                where="model",
                available=list(map(str, seen.columns)),
            )
        X = seen[names]
        found = np.asarray(self.model.predict_proba(X), dtype=np.float64) if len(X) else np.empty((0, 2))
        probability = found[:, 1]
        inside = np.clip(probability, _EDGE, 1 - _EDGE)
        return Scored(np.log(inside) - np.log1p(-inside), probability)


def _checked(explain: Explain, regime: Regime) -> Explain:
    """Refuse explanations that are not of the returns asked for, of none of the features, or not finite."""

    def check(seen: pd.DataFrame) -> pd.DataFrame:
        found = explain(seen)
        if not isinstance(found, pd.DataFrame) or len(found) != len(seen):
            raise UsageError(
                f"Explanations are a frame of one row a return: {len(seen):,} here, in the order given.",
                where="attributions",
            )
        known = [name for name in found.columns if name in regime.feature]
        if not known:
            raise UsageError(
                "No column of the explanations is a feature of the tax.",
                where="attributions",
                available=list(regime.feature),
            )
        wrong = ~np.isfinite(found[known].to_numpy(dtype=np.float64)).all(axis=0)
        if wrong.any():
            names = [name for name, bad in zip(known, wrong, strict=True) if bad]
            raise UsageError(
                f"Explanations are missing or infinite in {', '.join(names)}.",
                where="attributions",
                remedy="Give 0 where a feature has no part in the score.",
            )
        return found

    return check


def _lookup(attributions: pd.DataFrame) -> Explain:
    if not attributions.index.is_unique:
        raise UsageError("A return has several rows of attributions.", where="attributions")

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        absent = seen.index.difference(attributions.index)
        if len(absent):
            raise UsageError(
                f"The attributions lack {len(absent):,} of the {len(seen):,} returns audited.",
                where="attributions",
                remedy="Give those of every return that is scored, or a function.",
            )
        return attributions.loc[seen.index]

    return explain
