"""What scikit-learn may score a model by when money is at stake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from taxgap.errors import UsageError
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
        ``ranking_score`` where the model has one, else by the probability of the second class.

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
    if not amount.index.is_unique:
        raise UsageError("The labels of the amounts must be unique.", where="amount")
    tax = pd.Series(to_floats(amount, "amount"), amount.index)
    design = pd.Series(1.0 if weight is None else to_floats(weight, "weight", rows=len(tax)), amount.index)

    def score(model: Any, X: pd.DataFrame, y: Any = None) -> float:  # noqa: ARG001 - scikit-learn passes it
        unknown = int((amount.index.get_indexer(X.index) < 0).sum())
        if unknown:
            raise UsageError(f"The amounts of {unknown} rows are not known.", where="amount")
        ranks = hasattr(model, "ranking_score")
        value = model.ranking_score(X) if ranks else model.predict_proba(X)[:, 1]
        ranking = Ranking(np.asarray(value), make_key(X.index), tax.loc[X.index].to_numpy(), 1.0)
        weights = design.loc[X.index].to_numpy()[np.newaxis]
        return float(ranking.measure(weights, [coverage])["share_of_gap", coverage][0])

    return score
