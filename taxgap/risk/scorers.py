"""What scikit-learn may score a model by when money is at stake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from taxgap.errors import NotIdentifiedError, UsageError
from taxgap.risk.arrays import Column, to_floats
from taxgap.risk.evaluation.metrics import Ranking, make_key

Scorer: TypeAlias = Callable[[Any, pd.DataFrame, Any], float]


def share_of_gap_scorer(amount: pd.Series, *, coverage: float = 0.05, weight: Column | None = None) -> Scorer:
    """Make a scorer: the share of the tax found that lies in the cases a model ranks highest.

    Parameters
    ----------
    amount : Series
        Tax found (GBP) of every case, by the labels of the feature frame: whatever part of the frame is
        scored, its amounts are looked up.
    coverage : float, default 0.05
        Share of the cases that could be worked.
    weight : array-like, optional
        Design weights of all cases, in the order of ``amount``; equal where not given.

    Returns
    -------
    callable
        ``scorer(model, X, y)``, as `sklearn.model_selection.cross_validate` takes it. It ranks by
        ``ranking_score`` where the model, or the last step of a pipeline, has one and was trained with
        amounts; else by the probability of the second class.

    Examples
    --------
    >>> amount = pd.Series([0.0, 100.0, 0.0, 900.0], index=list("abcd"))
    >>> X = pd.DataFrame({"mismatch": [0.1, 0.2, 0.3, 0.9]}, index=amount.index)
    >>> class ByMismatch:
    ...     def ranking_score(self, X):
    ...         return X["mismatch"].to_numpy()
    >>> share_of_gap_scorer(amount, coverage=0.25)(ByMismatch(), X, None)
    0.9
    """
    if not 0 < coverage <= 1:
        raise UsageError(f"coverage must be above 0 and at most 1, not {coverage}.", where="coverage")
    if not isinstance(amount, pd.Series):
        raise UsageError("The amounts must be a Series labelled as the feature frame.", where="amount")
    if not amount.index.is_unique:
        raise UsageError("The labels of the amounts must be unique.", where="amount")
    tax = pd.Series(to_floats(amount, "amount"), amount.index)
    design = pd.Series(1.0 if weight is None else to_floats(weight, "weight", rows=len(tax)), amount.index)

    def score(model: Any, X: pd.DataFrame, y: Any = None) -> float:  # noqa: ARG001 - scikit-learn passes it
        if not isinstance(X, pd.DataFrame):
            raise UsageError("Rows are looked up by their labels: give a DataFrame.", where="X")
        unknown = int((amount.index.get_indexer(X.index) < 0).sum())
        if unknown:
            raise UsageError(f"The amounts of {unknown} rows are not known.", where="amount")
        value = _rank(model, X)
        ranking = Ranking(np.asarray(value), make_key(X.index), tax.loc[X.index].to_numpy(), 1.0)
        weights = design.loc[X.index].to_numpy()[np.newaxis]
        return float(ranking.measure(weights, [coverage])["share_of_gap", coverage][0])

    return score


def _rank(model: Any, X: pd.DataFrame) -> Any:
    """Return the best score that a model, or the last step of a pipeline, can give."""
    last, seen = model, X
    if isinstance(model, Pipeline):
        last, seen = model[-1], model[:-1].transform(X) if len(model) > 1 else X
    if hasattr(last, "ranking_score"):
        try:
            return last.ranking_score(seen)
        except NotIdentifiedError:  # trained without amounts
            pass
    return model.predict_proba(X)[:, 1]
