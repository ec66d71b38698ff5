from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.regimes import Regime, get_regime
from taxgap.risk.evaluation import Trained, rank_baselines, rank_by_peers

EMPTY = cast("Records", type("Empty", (), {"tables": ()})())


@pytest.fixture(scope="module")
def regime() -> Regime:
    return get_regime("self_assessment")


def positions(regime: Regime, rows: int) -> pd.DataFrame:
    names = [f.name for f in regime.features if f.relative]
    return pd.DataFrame(0.0, columns=names, index=range(rows))


def test_whoever_stands_out_most_on_the_risky_side_comes_first(regime: Regime) -> None:
    X = positions(regime, 4)
    down = next(f.name for f in regime.features if f.relative and f.direction < 0)
    up = next(f.name for f in regime.features if f.relative and f.direction > 0)
    X.loc[0, up], X.loc[1, up], X.loc[2, down] = 4.0, -9.0, -6.0
    X.loc[3] = np.nan
    score = cast("np.ndarray", rank_by_peers(regime, X))
    assert np.argsort(-score, kind="stable").tolist() == [2, 0, 1, 3]
    assert score[0] == pytest.approx(4 * 0.6745, rel=1e-3)
    assert score[[1, 3]].tolist() == [0.0, 0.0]


def test_at_the_limit_the_mean_distance_decides(regime: Regime) -> None:
    X = positions(regime, 2)
    up = [f.name for f in regime.features if f.relative and f.direction > 0][:2]
    X.loc[0, up[0]] = X.loc[1, up[0]] = 10.0
    X.loc[1, up[1]] = 3.0
    score = cast("np.ndarray", rank_by_peers(regime, X))
    assert score[1] > score[0]


def test_without_relative_features_there_is_no_score_by_peers(regime: Regime) -> None:
    assert rank_by_peers(regime, pd.DataFrame({"other": [1.0]})) is None


def test_all_baselines_that_can_be_had_come_together(regime: Regime) -> None:
    rng = np.random.default_rng(0)
    X = positions(regime, 300) + rng.normal(size=(300, 1))
    trained = Trained(X, (X.iloc[:, 0] + rng.normal(size=300)) > 0.5)
    scores: dict[str, Any] = rank_baselines(EMPTY, regime, X, seed=1, trained=trained)
    assert list(scores) == ["random", "largest mismatch", "peer z-score", "logistic regression"]
    assert all(len(score) == 300 and np.isfinite(score).all() for score in scores.values())
    assert "logistic regression" not in rank_baselines(EMPTY, regime, X, seed=1)
