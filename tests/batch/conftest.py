"""What the tests of scoring share: a small population, as one partition and as two, and a model."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.peers import PeerGroups
from taxgap.records import Manifest, Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel
from taxgap.schemas import TABLES
from taxgap.synthetic import generate


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A population of 400 taxpayers and two years."""
    return generate(tmp_path_factory.mktemp("population") / "small", taxpayers=400, years=2, seed=5)


@pytest.fixture(scope="session")
def parted(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """The same population in two partitions."""
    folder = tmp_path_factory.mktemp("parted")
    for name in records.tables:
        table = records.table(name)
        alone = "taxpayer_id" not in table.columns  # such a table may stand in any partition
        part = np.zeros(len(table), dtype=int) if alone else partition_of(table["taxpayer_id"], 2)
        for number in range(2):
            write_table(
                folder / name / part_name(number), table[part == number], TABLES[name], synthetic=True
            )
    Manifest(records.manifest.as_of, records.periods, partitions=2, synthetic=True).write(folder)
    return Records.open(folder)


@pytest.fixture(scope="session")
def model(records: Records) -> RiskModel:
    """A model of a made-up tax that follows expenses and interest."""
    regime = get_regime("self_assessment")
    observed = regime.measure(records)
    peers = PeerGroups.fit(observed)
    X = regime.compare(observed, peers)
    risk = X["expenses_to_turnover"].fillna(-1) + 4 * X["interest_unmatched"]
    luck = np.random.default_rng(1).random(len(X))
    amount = np.where(luck < 1 / (1 + np.exp(1 - risk)), 1_500.0 + 500 * risk.clip(0), 0.0).round(2)
    fitted = RiskModel(n_estimators=30, folds=3, path_smooth=5.0, threshold=0.4, allow_constant=True).fit(
        X, amount=amount
    )
    return fitted.attach_peers(peers).annotate(regime="self_assessment")
