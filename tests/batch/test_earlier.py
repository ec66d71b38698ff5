"""An earlier run taken over: the same bytes as from a full run, and only what changed is scored."""

from __future__ import annotations

import json
import shutil
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import read_scores, write_scores
from taxgap.batch.explaining import Explainer
from taxgap.errors import UsageError
from taxgap.peers import PeerGroups
from taxgap.records import Records
from taxgap.records.parquet import write_table
from taxgap.records.partitions import part_name
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel
from taxgap.schemas import TABLES

pytestmark = pytest.mark.xdist_group("earlier")  # one worker makes what they share

TAX = "self_assessment"
SETTINGS: dict[str, Any] = {"reasons": 2, "capacity_share": 0.08, "validate": False}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def before(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("before") / "out"
    return write_scores(parted, model, out, contributions=True, **SETTINGS)


@pytest.fixture(scope="module")
def changed(parted: Records, tmp_path_factory: pytest.TempPathFactory) -> Records:
    """The records of the next night: a dozen returns report more expenses, three are gone, all in part 1."""
    folder = Path(shutil.copytree(parted.where, tmp_path_factory.mktemp("changed") / "records"))
    returns = parted.read(TAX, partition=1).copy()
    latest = np.flatnonzero(returns["period"] == parted.periods[-1])
    returns.loc[returns.index[latest[:12]], "total_expenses"] += 500.0
    write_table(
        folder / TAX / part_name(1), returns.drop(returns.index[latest[12:15]]), TABLES[TAX], synthetic=True
    )
    return Records.open(folder)


def test_what_changed_alone_is_scored_to_the_bytes_of_a_full_run(
    before: Path, changed: Records, model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = write_scores(changed, model, tmp_path / "full", contributions=True, **SETTINGS)
    rows: list[int] = []
    take_in = Explainer.take_in
    monkeypatch.setattr(
        Explainer,
        "take_in",
        lambda self, parts: (rows.append(sum(map(len, parts.values()))), take_in(self, parts))[1],
    )
    again = write_scores(
        changed, model, tmp_path / "again", contributions=True, changed_since=before, **SETTINGS
    )
    assert bytes_of(again) == bytes_of(full)
    assert bytes_of(again) != bytes_of(before)
    assert 0 < sum(rows) <= 40  # a change may reach other years of the taxpayer


def test_scores_without_reasons_are_taken_over_too(
    parted: Records, changed: Records, model: RiskModel, tmp_path: Path
) -> None:
    plain = {**SETTINGS, "reasons": 0}
    before = write_scores(parted, model, tmp_path / "before", **plain)
    full = write_scores(changed, model, tmp_path / "full", **plain)
    again = write_scores(changed, model, tmp_path / "again", changed_since=before, **plain)
    assert bytes_of(again) == bytes_of(full)


def test_where_nothing_changed_nothing_is_scored(
    before: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", contributions=True, changed_since=before, **SETTINGS)
    assert bytes_of(out) == bytes_of(before)


def test_a_return_that_is_explained_no_more_is_told_nothing_of_the_likelihood(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    share = {"reasons": 1, "explain_share": 0.1, "capacity_share": 0.5, "cutoff": 0.0, "validate": False}
    before = write_scores(parted, model, tmp_path / "before", **share)
    folder, scores = Path(shutil.copytree(parted.where, tmp_path / "records")), read_scores(before)
    low = scores.loc[scores["rank"] > 100, "taxpayer_id"]  # without these, fewer of the others are explained
    for part in parted.partitions:
        returns = parted.read(TAX, partition=part)
        kept = returns[~returns["taxpayer_id"].isin(low)]
        write_table(folder / TAX / part_name(part), kept, TABLES[TAX], synthetic=True)
    fewer = Records.open(folder)
    full = write_scores(fewer, model, tmp_path / "full", **share)
    again = write_scores(fewer, model, tmp_path / "again", changed_since=before, **share)
    assert bytes_of(again) == bytes_of(full)
    told = scores.merge(read_scores(full), on=["taxpayer_id", "period"])
    dropped = told["likelihood_code_x"].notna() & told["population_mean_y"].isna()
    assert (dropped & told["flagged_y"]).any()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"reasons": 1}, "reasons"),
        ({"rank_by": "probability"}, "rank_by"),
        ({"explain_share": 0.5}, "explain_share"),
    ],
)
def test_a_run_with_other_settings_is_not_taken_over(
    settings: dict[str, Any],
    named: str,
    *,
    before: Path,
    parted: Records,
    model: RiskModel,
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=f"differs in: {named}"):
        write_scores(parted, model, tmp_path / "out", changed_since=before, **{**SETTINGS, **settings})
    assert not (tmp_path / "out").exists()


def test_contributions_that_were_not_kept_cannot_be_taken_over(
    parted: Records, model: RiskModel, before: Path, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(before, tmp_path / "bare"))
    manifest = json.loads((bare / "_manifest.json").read_text())
    del manifest["contributions"]
    (bare / "_manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="differs in: contributions"):
        write_scores(parted, model, tmp_path / "out", contributions=True, changed_since=bare, **SETTINGS)


def test_peers_of_the_night_are_those_of_all_its_returns_and_stay_with_the_run(
    before: Path, parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    out = write_scores(parted, model, tmp_path / "out", refit_peers=True, together=1, **SETTINGS)
    drawn = PeerGroups.fit(get_regime(TAX).measure(parted))
    kept = RiskModel.load(out / "_run" / "model").peer_rows_
    pd.testing.assert_frame_equal(kept, drawn.rows, check_categorical=False)
    own = copy(model).attach_peers(drawn)
    same = write_scores(parted, own, tmp_path / "same", **SETTINGS)
    scores = [folder / part_name(0) for folder in (out, same)]
    assert scores[0].read_bytes() == scores[1].read_bytes()
    late = parted.known_at(parted.as_of - pd.DateOffset(months=4))
    with pytest.raises(UsageError, match="differs in: peers"):
        write_scores(late, model, tmp_path / "late", refit_peers=True, changed_since=before, **SETTINGS)
