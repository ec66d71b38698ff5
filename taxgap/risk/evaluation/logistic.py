"""A logistic regression on the same features: the plain model that boosted trees have to beat."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.arrays import Bools, Column, Floats, to_flags, to_floats
from taxgap.risk.crossfit import assign_folds

PENALTIES = (0.01, 0.1, 1.0)
"""What is chosen from: the inverse strength of the ridge, as scikit-learn's ``C``."""

# Standard deviations beyond which all is the same: one odd return must not bend the line.
_FURTHEST = 4.0
_FOLDS = 3
_FEWEST = 20


def fit_logistic(
    X_train: pd.DataFrame,
    material: Column,
    weight: Column | None,
    X_eval: pd.DataFrame,
    *,
    penalty: float | None = None,
    seed: int = 0,
) -> Floats:
    """Train a logistic regression on labelled cases and score others.

    Parameters
    ----------
    X_train : DataFrame
        Features of the cases that train; categories are taken level by level.
    material : array-like
        Whether each was a material under-declaration.
    weight : array-like or None
        Weights of the cases, such as 1 / probability of being opened; equal where None.
    X_eval : DataFrame
        Features of the cases to score: the same columns.
    penalty : float, optional
        Inverse strength of the ridge; chosen from `PENALTIES` by cross-validated log loss where not given.
    seed : int, default 0
        Seed of the folds, which keep a taxpayer's cases together.

    Returns
    -------
    ndarray
        Log-odds of a material under-declaration for each row of `X_eval`.

    Raises
    ------
    UsageError
        If the two frames have other columns.
    InvalidDataError
        If there are fewer than 20 cases with, or without, a material under-declaration.

    Notes
    -----
    Missing numbers are filled with the median and flagged; all are scaled and cut off at four standard
    deviations; an unknown level of a category counts as none. Weights above their 99% quantile are cut.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.normal(size=400)})
    >>> score = fit_logistic(X[:300], rng.normal(size=300) < X["mismatch"][:300], None, X[300:])
    >>> bool(np.corrcoef(score, X["mismatch"][300:])[0, 1] > 0.9)
    True
    """
    if list(X_train.columns) != list(X_eval.columns):
        raise UsageError(
            "The cases to score have other columns than those that train.",
            where="X_eval",
            available=map(str, X_train.columns),
        )
    event = to_flags(material, "material", index=X_train.index)
    least = int(min(event.sum(), (~event).sum()))
    if least < _FEWEST:
        raise InvalidDataError(
            f"A logistic regression needs {_FEWEST} cases with and without a material under-declaration; "
            f"one kind has {least}.",
            where="material",
        )
    share = np.ones(len(event)) if weight is None else to_floats(weight, "weight", index=X_train.index)
    share = np.minimum(share, np.quantile(share, 0.99))
    share = share / share.mean()
    prepare = _make_preparation(X_train)
    matrix = np.asarray(prepare.fit_transform(X_train), dtype=np.float64)
    chosen = penalty if penalty is not None else _choose_penalty(X_train.index, matrix, event, share, seed)
    model = _make_line(chosen).fit(matrix, event, sample_weight=share)
    scores: Floats = model.decision_function(np.asarray(prepare.transform(X_eval), dtype=np.float64))
    return scores


def _make_preparation(X: pd.DataFrame) -> ColumnTransformer:
    numbers = [name for name in X.columns if pd.api.types.is_numeric_dtype(X[name].dtype)]
    others = [name for name in X.columns if name not in numbers]
    numeric = make_pipeline(
        FunctionTransformer(_to_finite),
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        FunctionTransformer(_cut),
    )
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    text = Pipeline([("text", FunctionTransformer(_to_text)), ("levels", levels)])
    return ColumnTransformer([("numbers", numeric, numbers), ("levels", text, others)])


def _to_finite(X: pd.DataFrame) -> Floats:
    values: Floats = X.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isinf(values), np.nan, values)


def _cut(values: Floats) -> Floats:
    cut: Floats = np.clip(values, -_FURTHEST, _FURTHEST)
    return cut


def _to_text(X: pd.DataFrame) -> pd.DataFrame:
    return X.astype(object).where(X.notna(), "missing").astype(str)


def _make_line(penalty: float) -> LogisticRegression:
    # Many cases and few columns: Newton's steps are exact, few, and the same every time.
    return LogisticRegression(C=penalty, solver="newton-cholesky", max_iter=100, tol=1e-6)


def _choose_penalty(index: pd.Index, matrix: Floats, event: Bools, weight: Floats, seed: int) -> float:
    fold = assign_folds(index, event.astype(np.int64), _FOLDS, seed)
    losses = []
    for penalty in PENALTIES:
        loss = 0.0
        for held_out in range(_FOLDS):
            test = fold == held_out
            if event[~test].all() or not event[~test].any():
                continue
            model = _make_line(penalty).fit(matrix[~test], event[~test], sample_weight=weight[~test])
            odds = model.decision_function(matrix[test])
            loss += float((weight[test] * np.logaddexp(0.0, np.where(event[test], -odds, odds))).sum())
        losses.append(loss)
    return PENALTIES[int(np.argmin(losses))]
