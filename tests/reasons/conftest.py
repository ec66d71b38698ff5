"""What the tests of reasons share: a small fitted model over the features of Self Assessment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.peers import SIZE_BANDS, PeerGroups, trade_groups
from taxgap.reasons import Contributions, contributions, give_reasons
from taxgap.regimes import Regime, get_regime
from taxgap.risk.model import RiskModel


@pytest.fixture(scope="session")
def regime() -> Regime:
    return get_regime("self_assessment")


@pytest.fixture(scope="session")
def observed(regime: Regime) -> pd.DataFrame:
    """Measures of 600 returns, drawn; some are missing."""
    random = np.random.default_rng(3)
    rows = 600
    columns: dict[str, object] = {
        "trade_group": pd.Categorical.from_codes(random.integers(0, 3, rows), list(trade_groups())),
        "size_band": pd.Categorical.from_codes(random.integers(0, 2, rows), list(SIZE_BANDS)),
    }
    for feature in regime.features:
        values = (
            random.lognormal(-1, 0.7, rows)
            if feature.unit in {"share", "times"}
            else random.poisson(0.6, rows)
        )
        columns[feature.name] = np.where(random.random(rows) < 0.1, np.nan, values)
    index = pd.MultiIndex.from_product([[f"T{i:03}" for i in range(rows // 2)], ["2022-23", "2023-24"]])
    return pd.DataFrame(columns, index=index.set_names(["taxpayer_id", "period"]))


@pytest.fixture(scope="session")
def peers(observed: pd.DataFrame) -> PeerGroups:
    return PeerGroups.fit(observed)


@pytest.fixture(scope="session")
def seen(regime: Regime, observed: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
    """The returns as the model sees them."""
    return regime.compare(observed, peers)


@pytest.fixture(scope="session")
def model(seen: pd.DataFrame) -> RiskModel:
    """A model of tax that depends on a few features and on the trade."""
    risk = seen["expenses_to_turnover"].fillna(0) + 3 * seen["interest_unmatched"].fillna(0)
    risk = risk + (seen["trade_group"] == "making")
    random = np.random.default_rng(4)
    amount = np.where(random.random(len(seen)) < 1 / (1 + np.exp(1 - risk)), 900 * np.exp(risk / 4), 0.0)
    return RiskModel(n_estimators=30, folds=3, path_smooth=5.0).fit(seen, amount=amount.round(2))


@pytest.fixture(scope="session")
def found(model: RiskModel, seen: pd.DataFrame) -> Contributions:
    return contributions(model, seen)


@pytest.fixture(scope="session")
def table(regime: Regime, found: Contributions, observed: pd.DataFrame, peers: PeerGroups) -> pd.DataFrame:
    return give_reasons(regime, found, observed, peers)
