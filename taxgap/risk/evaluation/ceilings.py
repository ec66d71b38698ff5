"""The best that the features allow: what a model trained on the truth reaches."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from taxgap.errors import InvalidDataError
from taxgap.risk.arrays import Bools, Column, Floats, Integers, to_floats
from taxgap.risk.boosting import Growth, Objective, grow
from taxgap.risk.crossfit import TAXPAYER, assign_folds, cross_fit
from taxgap.risk.evaluation.report import evaluate
from taxgap.risk.frames import FrameSpec

# The truth of tens of thousands of returns needs less smoothing than thousands of cases, which would overfit.
_MANY = 20_000
_COVERAGES = (0.01, 0.05, 0.10)
_GROWTH_OF_MANY = Growth(n_estimators=300, learning_rate=0.05, min_child_samples=20, path_smooth=50.0)


@dataclass(frozen=True)
class Ceiling:
    """How well the truth can be told from the features.

    Parameters
    ----------
    auc : float
        Area under the ROC curve for material under-declaration, out of fold.
    low, high : float
        Bootstrap interval of it.
    share_of_gap : dict of str to list of float
        Coverage, such as ``5%``, to the share of the tax lost that the returns ranked highest by expected tax
        hold, with its interval.
    n : int
        Returns it rests on.
    material_share : float
        Share of them with a material under-declaration in truth.
    material : float
        Amount from which an under-declaration is material (GBP).
    folds : int
        Folds.
    """

    auc: float
    low: float
    high: float
    share_of_gap: dict[str, list[float]]
    n: int
    material_share: float
    material: float
    folds: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def ceiling(
    X: pd.DataFrame,
    tax_lost: Column,
    groups: Column,
    *,
    material: float = 1000.0,
    folds: int = 3,
    most_rows: int = 50_000,
    confidence: float = 0.95,
    draws: int = 200,
    seed: int = 0,
    n_threads: int = 1,
) -> Ceiling:
    """Train on the truth, out of fold, and measure how well it can be told from these features.

    An audit: only where the truth is known, and never part of a model. A model trained on enquiries that
    comes near it has got out of the features what is in them.

    Parameters
    ----------
    X : DataFrame
        The features of the model to compare with.
    tax_lost : array-like
        Tax truly lost on each return (GBP).
    groups : array-like
        Whose return it is; a taxpayer's returns stay in one fold.
    material : float, default 1000
        Amount from which an under-declaration is material (GBP).
    folds : int, default 3
        Folds.
    most_rows : int, default 50,000
        Above this many returns, whole taxpayers are drawn up to about as many.
    confidence : float, default 0.95
        Confidence of the interval.
    draws, seed : int
        Bootstrap draws, and the seed of everything drawn.
    n_threads : int, default 1
        LightGBM's threads.

    Returns
    -------
    Ceiling

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"mismatch": rng.normal(size=600)})
    >>> lost = np.where(rng.normal(size=600) < X["mismatch"], 5000.0, 0.0)
    >>> 0.7 < ceiling(X, lost, groups=range(600), draws=20).auc < 0.9
    True
    """
    lost = to_floats(tax_lost, "tax_lost", index=X.index)
    taxpayer = _read_groups(groups, len(X))
    kept = _draw_taxpayers(taxpayer, most_rows, seed)
    flags = lost[kept] >= material
    _check_classes(flags, folds)
    growth = _GROWTH_OF_MANY if len(flags) >= _MANY else Growth()
    growth = replace(growth, random_state=seed, n_threads=n_threads)
    held_out = partial(_score_held_out, X[kept], taxpayer[kept], folds, growth)
    measure = partial(
        evaluate,
        amount=lost[kept],
        index=pd.Index(taxpayer[kept], name=TAXPAYER),
        material=material,
        confidence=confidence,
        draws=draws,
        seed=seed,
        label="truth",
    )
    told = measure(held_out(target=flags.astype(np.float64), objective="binary"), coverages=())
    auc = told.frame.set_index(["ranking", "metric"]).loc[("model", "auc")]
    gain = np.maximum(lost[kept], 0.0)
    ranked = measure(
        held_out(target=gain / max(gain.mean(), 1e-9), objective="tweedie"), coverages=_COVERAGES
    )
    return Ceiling(
        auc=float(auc["value"]),
        low=float(auc["low"]),
        high=float(auc["high"]),
        share_of_gap=_shares(ranked.frame),
        n=len(flags),
        material_share=float(flags.mean()),
        material=material,
        folds=folds,
    )


def rank_by_truth(
    X: pd.DataFrame,
    tax_lost: Column,
    groups: Column,
    *,
    folds: int = 3,
    seed: int = 0,
    n_threads: int = 1,
) -> Floats:
    """Return the ranking behind the ceiling: expected tax, learned out of fold from the truth itself.

    Parameters
    ----------
    X : DataFrame
        The features of the model to compare with.
    tax_lost : array-like
        Tax truly lost on each return (GBP), or what its officer would have found.
    groups : array-like
        Whose return it is; a taxpayer's returns stay in one fold.
    folds : int, default 3
        Folds.
    seed : int, default 0
        Seed of folds and trees.
    n_threads : int, default 1
        LightGBM's threads.

    Returns
    -------
    ndarray
        A score of each return, for `evaluate` as one of its ``references``.
    """
    lost = np.maximum(to_floats(tax_lost, "tax_lost", index=X.index), 0.0)
    taxpayer = _read_groups(groups, len(X))
    _check_classes(lost > 0, folds)
    growth = _GROWTH_OF_MANY if len(X) >= _MANY else Growth()
    growth = replace(growth, random_state=seed, n_threads=n_threads)
    return _score_held_out(X, taxpayer, folds, growth, target=lost / lost.mean(), objective="tweedie")


def _shares(frame: pd.DataFrame) -> dict[str, list[float]]:
    mine = frame[(frame["ranking"] == "model") & frame["metric"].str.startswith("share_of_gap@")]
    return {
        str(row.metric).removeprefix("share_of_gap@"): [float(row.value), float(row.low), float(row.high)]
        for row in mine.itertuples(index=False)
    }


def _read_groups(groups: Column, rows: int) -> Integers:
    taxpayer, _ = pd.factorize(pd.Series(list(groups)), sort=True)
    if len(taxpayer) != rows or (taxpayer < 0).any():
        raise InvalidDataError(
            f"Each of the {rows} returns needs its taxpayer; {len(taxpayer)} were given.", where="groups"
        )
    groups_as_codes: Integers = taxpayer.astype(np.int64)
    return groups_as_codes


def _draw_taxpayers(taxpayer: Integers, most_rows: int, seed: int) -> Bools:
    count = int(taxpayer.max()) + 1
    order = np.random.default_rng([seed, 3]).permutation(count)
    rows = np.bincount(taxpayer, minlength=count)[order].cumsum()
    drawn = np.zeros(count, dtype=np.bool_)
    drawn[order[rows <= max(most_rows, rows[0])]] = True
    kept: Bools = drawn[taxpayer]
    return kept


def _check_classes(flags: Bools, folds: int) -> None:
    least = int(min(flags.sum(), (~flags).sum()))
    if least < 10 * folds:
        raise InvalidDataError(
            f"The truth needs at least {10 * folds} returns of each kind, material or not; one has {least}.",
            where="tax_lost",
        )


def _score_held_out(
    X: pd.DataFrame, taxpayer: Integers, folds: int, growth: Growth, *, target: Floats, objective: Objective
) -> Floats:
    spec = FrameSpec.learn(X)
    index = pd.Index(taxpayer, name=TAXPAYER)
    fold = assign_folds(index, (target > 0).astype(np.int64), folds, growth.random_state)
    plant = partial(grow, objective=objective, spec=spec, directions=[0] * len(spec.names), growth=growth)
    return cross_fit(spec.encode(X), target, np.ones(len(X)), fold, plant)
