"""Functions from frames to frames: however frames are cut, what SQL then ranks is what `score` gives."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.batch.frames import ScoreFrames, measure_partitions, ranking_query, score_frames
from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("running")

SETTINGS = {"reasons": 2, "capacity_share": 0.08}
TAX = "self_assessment"


@pytest.fixture(scope="module")
def function(model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> ScoreFrames:
    folder = model.save(tmp_path_factory.mktemp("frames") / "model")
    return score_frames(folder, **SETTINGS)


@pytest.fixture(scope="module")
def measured(parted: Records) -> pd.DataFrame:
    measure = pickle.loads(pickle.dumps(measure_partitions(parted.where, TAX)))  # noqa: S301 - our own
    return pd.concat(measure(iter([pd.DataFrame({"partition": [1]}), pd.DataFrame({"partition": [0]})])))


def cut(frame: pd.DataFrame, rows: int) -> Iterator[pd.DataFrame]:
    mixed = frame.sample(frac=1.0, random_state=5).reset_index(drop=True)
    return (mixed.iloc[start : start + rows] for start in range(0, len(mixed), rows))


def rank_in_sql(function: ScoreFrames, scored: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as database:
        database.register("scored", scored)
        return database.execute(ranking_query(function)).df()


def test_however_frames_are_cut_the_scores_are_those_of_score(
    function: ScoreFrames, measured: pd.DataFrame, parted: Records, model: RiskModel
) -> None:
    there = pickle.loads(pickle.dumps(function))  # noqa: S301 - our own
    scored = pd.concat(there(cut(measured, 300)), ignore_index=True)
    assert list(scored.columns) == [column.split()[0] for column in function.schema.split(", ")]
    keys = ["taxpayer_id", "period"]
    expected = score(parted, model, validate=False, **SETTINGS).set_index(keys).sort_index()
    found = rank_in_sql(function, scored).set_index(keys).sort_index()[expected.columns]
    assert expected["flagged"].any()
    assert expected["likelihood_code"].notna().any()
    for name, column in expected.items():
        if column.dtype.kind in "fib":
            np.testing.assert_array_equal(found[name].to_numpy(), column.to_numpy(), err_msg=str(name))
        else:
            same = found[name].where(found[name].notna(), "") == column.astype("str").where(
                column.notna(), ""
            )
            assert same.all(), name


def test_equal_returns_of_a_taxpayer_are_ranked_by_period(
    function: ScoreFrames, measured: pd.DataFrame
) -> None:
    one = next(function(iter([measured.head(1)])))
    months = [f"2023-{month:02d}" for month in (9, 5, 12, 4, 11, 7, 10, 8, 6)]
    found = rank_in_sql(function, pd.concat([one.assign(period=month) for month in months]))
    assert found.set_index("rank")["period"].sort_index().tolist() == sorted(months)


def test_numbers_of_numpy_are_plain_in_the_query(function: ScoreFrames) -> None:
    given = {"reasons": np.int64(2), "capacity_share": np.float64(0.08), "cutoff": np.float64(0.4)}
    other = score_frames(function.model, **given)
    assert ranking_query(other) == ranking_query(function)


def test_what_cannot_be_scored_is_refused(
    function: ScoreFrames, measured: pd.DataFrame, parted: Records, tmp_path: Path
) -> None:
    with pytest.raises(InvalidDataError, match="lack days_late"):
        next(function(iter([measured.drop(columns="days_late")])))
    with pytest.raises(InvalidDataError, match="knows no trade_group alchemy"):
        next(function(iter([measured.head(2).assign(trade_group="alchemy")])))
    with pytest.raises(UsageError, match="explained whole"):
        score_frames(function.model, explain_share=0.5)
    with pytest.raises(InvalidDataError):
        measure_partitions(tmp_path, TAX)
