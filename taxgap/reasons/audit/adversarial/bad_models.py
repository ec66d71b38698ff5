"""Deliberately bad models in the manner of scikit-learn: one hides a proxy, one leans on a leak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats

LEAK = "enquiry_found"
"""What the leaked feature is called."""

FURTHEST = 4.0
"""So many standard deviations of a feature count at most."""


@dataclass(frozen=True, eq=False)
class Bad:
    """A model that should not pass, as `subject_of` takes it, and what it was trained on.

    Attributes
    ----------
    model : classifier
        With ``predict_proba``.
    attributions : callable
        What it says of itself: the returns, as the model sees them, to contributions by feature in log-odds.
    frame : DataFrame
        Its training frame, with what it should not have.
    found : ndarray of bool
        The outcome that it learned.
    """

    model: Any
    attributions: Callable[[pd.DataFrame], pd.DataFrame]
    frame: pd.DataFrame
    found: Bools


def learn(X: pd.DataFrame, found: Column) -> Bad:
    """Make an honest model in the same manner, to compare with: logistic, with its exact attributions.

    Parameters
    ----------
    X : DataFrame
        Returns as a model sees them, from `Regime.compare`; the columns that are numbers are used.
    found : array-like of bool
        Whether an enquiry found something.

    Returns
    -------
    Bad
        Though it is not.
    """
    honest = _Linear.fit(X, _outcome(X, found))
    return Bad(_Model(honest), honest.explain, X, _outcome(X, found))


def hide_proxy(
    X: pd.DataFrame, found: Column, proxy: str, *, level: str | None = None, strength: float = 3.0
) -> Bad:
    """Make a model that ranks by a proxy and does not say so.

    Parameters
    ----------
    X : DataFrame
        As for `learn`, with the proxy.
    found : array-like of bool
    proxy : str
        A column that stands in for a protected group, such as a trade group that one nationality works in.
    level : str, optional
        The level of a categorical proxy.
    strength : float, default 3
        What the level, or one standard deviation of a number, adds to the log-odds.

    Returns
    -------
    Bad
        Its attributions are those of an honest model without the proxy, which gets nothing.

    Raises
    ------
    UsageError
        There is no such column or level.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"margin": rng.normal(size=300), "no_agent": rng.integers(0, 2, 300) * 1.0})
    >>> bad = hide_proxy(X, X["margin"] > 0.5, "no_agent")
    >>> float(bad.attributions(X)["no_agent"].abs().max())
    0.0
    """
    _check_proxy(X, proxy, level)
    outcome = _outcome(X, found)
    honest = _Linear.fit(X.drop(columns=proxy), outcome)
    values = X[proxy].astype(np.float64) if level is None else X[proxy] == level
    spread = float(np.nanstd(values.to_numpy(dtype=np.float64))) if level is None else 1.0

    def add(seen: pd.DataFrame) -> Floats:
        own = (seen[proxy] == level) if level is not None else seen[proxy].fillna(0.0) / (spread or 1.0)
        added: Floats = strength * own.to_numpy(dtype=np.float64)
        return added

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        told = honest.explain(seen)
        return told.assign(**{proxy: 0.0})

    return Bad(_Model(honest, add), explain, X, outcome)


def lean_on_leak(
    X: pd.DataFrame, found: Column, outcomes: pd.Series, *, strength: float = 6.0, told: bool = False
) -> Bad:
    """Make a model that knows how enquiries ended.

    Parameters
    ----------
    X : DataFrame
        As for `learn`: the cases it is trained on.
    found : array-like of bool
    outcomes : Series of bool
        By (taxpayer_id, period), whether something was found: what leaks. Of other returns it knows nothing.
    strength : float, default 6
        What an outcome adds to the log-odds.
    told : bool, default False
        Whether its attributions own up to the leak, in a column of that name.

    Returns
    -------
    Bad
        Its frame holds the leak in the column `LEAK`, as a screening of leaks would see it.
    """
    outcome = _outcome(X, found)
    honest = _Linear.fit(X, outcome)
    known = outcomes.astype(np.float64)

    def add(seen: pd.DataFrame) -> Floats:
        added: Floats = strength * known.reindex(seen.index).fillna(0.0).to_numpy(dtype=np.float64)
        return added

    def explain(seen: pd.DataFrame) -> pd.DataFrame:
        own = honest.explain(seen)
        return own.assign(**{LEAK: add(seen)}) if told else own

    frame = X.assign(**{LEAK: outcome.astype(np.float64)})
    return Bad(_Model(honest, add), explain, frame, outcome)


@dataclass(frozen=True, eq=False)
class _Linear:
    """A logistic model over numbers; what is missing counts as the mean, which has no part in the score.

    Values end at `FURTHEST` standard deviations: one far out would saturate the probability.
    """

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    slope: Floats
    base: float

    @classmethod
    def fit(cls, X: pd.DataFrame, outcome: Bools) -> _Linear:
        names = tuple(str(name) for name in X.columns if pd.api.types.is_numeric_dtype(X[name]))
        values = X[list(names)].to_numpy(dtype=np.float64)
        known = np.where(np.isnan(values).all(axis=0), 0.0, values)
        mean, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        fitted = LogisticRegression(max_iter=1_000).fit(_standardise(known, mean, scale), outcome)
        return cls(names, mean, scale, fitted.coef_[0], float(fitted.intercept_[0]))

    def explain(self, seen: pd.DataFrame) -> pd.DataFrame:
        values = seen[list(self.names)].to_numpy(dtype=np.float64)
        parts = _standardise(values, self.mean, self.scale) * self.slope
        return pd.DataFrame(parts, index=seen.index, columns=list(self.names))


def _standardise(values: Floats, mean: Floats, scale: Floats) -> Floats:
    return np.nan_to_num(np.clip((values - mean) / scale, -FURTHEST, FURTHEST))


@dataclass(frozen=True, eq=False)
class _Model:
    honest: _Linear
    add: Callable[[pd.DataFrame], Floats] | None = None

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Return the probability of both outcomes."""
        odds = self.honest.base + self.honest.explain(X).to_numpy().sum(axis=1)
        likely = expit(odds if self.add is None else odds + self.add(X))
        both: Floats = np.column_stack([1 - likely, likely])
        return both


def _outcome(X: pd.DataFrame, found: Column) -> Bools:
    outcome: Bools = np.asarray(found, dtype=np.bool_)
    if outcome.shape != (len(X),) or outcome.all() or not outcome.any():
        raise InvalidDataError("The outcomes must be one a row, and of both kinds.", where="found")
    return outcome


def _check_proxy(X: pd.DataFrame, proxy: str, level: str | None) -> None:
    if proxy not in X.columns:
        raise UsageError(f"There is no column '{proxy}'.", where="proxy", available=list(X.columns))
    if level is None and not pd.api.types.is_numeric_dtype(X[proxy]):
        raise UsageError(f"'{proxy}' has levels: name one.", where="level")
    if level is not None and not (X[proxy] == level).any():
        raise UsageError(f"No row has the level '{level}'.", where="level")
