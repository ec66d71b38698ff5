"""Training over a cluster: an ordinary model, nearly that of one machine, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Manifest, Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name, partition_of
from taxgap.regimes import get_regime
from taxgap.risk import RiskModel, train
from taxgap.risk.cases import gather_cases
from taxgap.risk.distributed import spreading
from taxgap.schemas import TABLES

pytestmark = pytest.mark.xdist_group("running")  # which has the cluster

SMALL: dict[str, Any] = {"n_estimators": 10, "folds": 2, "trials": 1}


@pytest.fixture(scope="module")
def halves(workshop: Any, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """The shared population in two partitions."""
    whole, folder = Records.open(workshop.records), tmp_path_factory.mktemp("halves")
    for name in whole.tables:
        table = whole.table(name)
        alone = "taxpayer_id" not in table.columns
        part = np.zeros(len(table), dtype=int) if alone else partition_of(table["taxpayer_id"], 2)
        for number in range(2):
            write_table(
                folder / name / part_name(number), table[part == number], TABLES[name], synthetic=True
            )
    Manifest(whole.manifest.as_of, whole.periods, partitions=2, synthetic=True).write(folder)
    return Records.open(folder)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "Settings are not tuned over a cluster"),
        ({"trials": 1, "style": "scorecard"}, "Scorecards are not trained"),
        ({"trials": 1, "calibrate_on": "weighted"}, "Weighted cases cannot"),
        ({"trials": 1}, "Records in memory are trained on by one process"),
        ({"trials": 1, "engine": "spark"}, "no engine named 'spark'"),
        ({"trials": 1, "engine": "local", "scheduler": "tcp://127.0.0.1:1"}, "A scheduler is for Dask"),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        train(Records.from_frames({}), **{"engine": "dask", **settings})


@pytest.mark.long
def test_the_model_is_an_ordinary_one_and_nearly_that_of_one_machine(
    halves: Records, scheduler: str, tmp_path: Path
) -> None:
    alone = train(halves, **SMALL)
    spread = train(halves, engine="dask", scheduler=scheduler, **SMALL)
    assert spread.parts_.counts == pytest.approx(alone.parts_.counts)
    pd.testing.assert_frame_equal(spread.peer_rows_, alone.peer_rows_)
    told = spread.card_["training"]
    assert told["distributed"]["workers"] == 2
    same = set(told) - {"distributed", "tuning"}
    assert {name: told[name] for name in same} == {name: alone.card_["training"][name] for name in same}
    regime = get_regime("self_assessment")
    cases = gather_cases(halves, regime, periods=None, material=1000.0, fewest=regime.evaluation_cases)
    X = cases.evaluation.X
    ranks = pd.DataFrame({"alone": alone.ranking_score(X), "spread": spread.ranking_score(X)}).rank()
    assert ranks["alone"].corr(ranks["spread"]) > 0.9
    loaded = RiskModel.load(spread.save(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict_proba(X), spread.predict_proba(X))
    assert loaded.model_id == spread.model_id


@pytest.mark.long
def test_no_more_cases_come_here_than_are_checked(
    halves: Records, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "CHECKED", 300)
    how = {"periods": None, "material": 1000.0, "fewest": 500, "scheduler": scheduler}
    with spreading.spread_cases(halves, get_regime("self_assessment"), **how) as spread:
        assert len(spread.cases.training.X) == len(spread.cases.evaluation.X) == 300
        found = sum(map(len, spread.index))
    assert found > 1000
