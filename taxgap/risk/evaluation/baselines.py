"""Rankings that a model has to beat: by lot, turnover, mismatch with reports, peers, a plain regression."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.arrays import Column, Floats
from taxgap.risk.evaluation.logistic import fit_logistic

MISMATCH_FAMILY = "third_party"

TURNOVER_BOXES = ("turnover", "sales", "pay")
"""The box of a return that states its size: the first that its table has."""


# A position of 1 is about the peers' quartile; the quartile of a normal is 0.67 standard deviations out.
_PER_POSITION = 0.6745


class Trained(NamedTuple):
    """Earlier cases with their labels, for the baselines that learn.

    Attributes
    ----------
    X : DataFrame
        Features, with the columns of those to rank.
    material : array-like
        Whether each was a material under-declaration.
    weight : array-like, optional
        Weights, such as 1 / probability of being opened.
    """

    X: pd.DataFrame
    material: Column
    weight: Column | None = None


def rank_baselines(
    records: Records, regime: Regime, X: pd.DataFrame, *, seed: int, trained: Trained | None = None
) -> dict[str, Floats]:
    """Return the scores of every baseline for the same returns, as far as records and labels allow.

    Parameters
    ----------
    records : Records
        Records with the returns of the regime.
    regime : Regime
        The tax.
    X : DataFrame
        Features of the returns as the model sees them, indexed by (taxpayer_id, period).
    seed : int
        Seed of the lot and of folds.
    trained : Trained, optional
        Earlier cases; without them there is no logistic regression.

    Returns
    -------
    dict of str to ndarray
        Those of `rank_naively`, then ``peer z-score`` and ``logistic regression``.
    """
    scores = rank_naively(records, regime, X, seed=seed)
    by_peers = rank_by_peers(regime, X)
    if by_peers is not None:
        scores["peer z-score"] = by_peers
    if trained is not None:
        scores["logistic regression"] = fit_logistic(
            trained.X, trained.material, trained.weight, X, seed=seed
        )
    return scores


def rank_by_peers(regime: Regime, X: pd.DataFrame) -> Floats | None:
    """Return how far each return stands out from its peers in the direction of risk.

    Parameters
    ----------
    regime : Regime
        Tells which features are positions among the peers, and on which side the risk lies.
    X : DataFrame
        Features from `Regime.compare`.

    Returns
    -------
    ndarray or None
        The largest robust z-score: distance from the peers' median over half their middle half, times 0.67;
        0 where nothing stands out. None where no feature is relative to peers.

    Notes
    -----
    Positions end at a limit, which many returns reach; among equal scores the mean distance over all features
    decides. Where no direction of risk is known, the side on which the feature is a reason is taken.
    """
    sides = {f.name: f.direction or f.side for f in regime.features if f.relative and f.name in X.columns}
    if not sides:
        return None
    places = X[list(sides)].to_numpy(dtype=np.float64) * np.array(list(sides.values()))
    away = np.nan_to_num(np.maximum(places, 0.0), nan=0.0) * _PER_POSITION
    score: Floats = away.max(axis=1) + 1e-6 * away.mean(axis=1)
    return score


def rank_naively(records: Records, regime: Regime, X: pd.DataFrame, *, seed: int) -> dict[str, Floats]:
    """Return naive scores of the same returns, as far as the records allow.

    Parameters
    ----------
    records : Records
        Records with the returns of the regime.
    regime : Regime
        Tells which features compare with what others report.
    X : DataFrame
        Features of the returns, indexed by (taxpayer_id, period).
    seed : int
        Seed of the lot.

    Returns
    -------
    dict of str to ndarray
        ``random``; ``turnover`` (GBP, as declared in the latest version: turnover, sales or pay);
        ``largest mismatch``, the highest place among these returns on any feature that compares with what
        others report.
    """
    scores = {"random": np.random.default_rng([seed, 4]).random(len(X))}
    turnover = _read_turnover(records, regime, X.index)
    if turnover is not None:
        scores["turnover"] = turnover
    columns = [
        f.name
        for f in regime.features
        if f.code.split(".")[0] == MISMATCH_FAMILY and f.direction > 0 and f.name in X.columns
    ]
    if columns:
        # Places, because the features are in different units; no report at all is no mismatch.
        places = X[columns].where(X[columns] > 0).rank(pct=True)
        scores["largest mismatch"] = places.max(axis=1).fillna(0.0).to_numpy()
    return scores


def _read_turnover(records: Records, regime: Regime, index: pd.Index) -> Floats | None:
    if regime.name not in records.tables:
        return None
    periods = sorted(set(index.get_level_values("period")))
    # All columns, because own records may lack some.
    table = records.read(regime.name, periods=periods)
    box = next((name for name in TURNOVER_BOXES if name in table.columns), None)
    if box is None or "version" not in table.columns:
        return None
    latest = table.sort_values("version", kind="stable").drop_duplicates(
        ["taxpayer_id", "period"], keep="last"
    )
    turnover: Floats = latest.set_index(["taxpayer_id", "period"])[box].reindex(index).to_numpy(np.float64)
    return turnover
