"""Naive rankings that a model has to beat: by lot, by turnover, by the largest mismatch with reports."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taxgap.records import Records
from taxgap.regimes import Regime
from taxgap.risk.arrays import Floats

MISMATCH_FAMILY = "third_party"

TURNOVER_BOXES = ("turnover", "sales", "pay")
"""The box of a return that states its size: the first that its table has."""


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
