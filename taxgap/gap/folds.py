"""Scores that were trained on the same cases: each case gets the score of the fold that did not see it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taxgap.errors import InvalidDataError, UsageError
from taxgap.gap.checks import check_same_rows
from taxgap.risk.arrays import Floats, to_floats


def combine_folds(
    case_scores: npt.ArrayLike, folds: npt.ArrayLike, population_scores: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """Return scores that `estimate_total` may use although the models were trained on the same cases.

    Parameters
    ----------
    case_scores : array-like, shape (n, K)
        Scores of the cases by each of K models; model k was trained without the cases of fold k.
    folds : array-like of int, shape (n,)
        Fold of each case, 0 to K - 1, dealt out at random. If it has an index and ``case_scores`` too, they
        must be equal.
    population_scores : array-like, shape (N, K)
        Scores of everyone by each model.

    Returns
    -------
    scores, population_scores : ndarray
        Of the cases, each by the model that did not see it; of everyone, the models' mean, weighted by the
        cases of their folds.

    Raises
    ------
    InvalidDataError, UsageError
        If a score is missing, a fold is unknown or empty, or shapes or indexes differ.

    Notes
    -----
    For each fold, sum_U f_k + sum over its cases of (y - f_k) n / (n_k pi) is an unbiased difference
    estimator, for f_k does not depend on them; their mean weighted by n_k / n is the difference estimator
    with these scores. Source: the cross-prediction of Zrnic and Candes, PNAS 121 (2024), for a design with
    known probabilities. A model that saw its cases would make residuals, and so the interval, too small.

    Examples
    --------
    >>> own, everyone = combine_folds([[1.0, 2.0], [3.0, 4.0]], [0, 1], [[1.0, 3.0], [5.0, 7.0]])
    >>> own, everyone
    (array([1., 4.]), array([2., 6.]))
    """
    check_same_rows(case_scores=case_scores, folds=folds)
    cases = np.asarray(case_scores, dtype=np.float64)
    everyone = np.asarray(population_scores, dtype=np.float64)
    if cases.ndim != 2 or everyone.ndim != 2 or cases.shape[1] != everyone.shape[1]:
        raise UsageError("Both scores need one column a model, the same number.", where="case_scores")
    numbers = to_floats(np.asarray(folds), "folds", rows=len(cases))
    fold, models = numbers.astype(np.int64), cases.shape[1]
    sizes = np.bincount(np.clip(fold, 0, models - 1), minlength=models)
    if ((fold != numbers) | (fold < 0) | (fold >= models)).any() or (sizes == 0).any():
        raise InvalidDataError(f"Folds must be 0 to {models - 1}, each with a case.", where="folds")
    if not (np.isfinite(cases).all() and np.isfinite(everyone).all()):
        raise InvalidDataError("A score is missing or infinite.", where="case_scores")
    return cases[np.arange(len(cases)), fold], everyone @ (sizes / sizes.sum())
