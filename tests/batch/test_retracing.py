"""A past night made again: the same figures, or a refusal that says why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import read_contributions, read_scores, write_scores
from taxgap.batch.retracing import retrace
from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.reasons.explaining import explain
from taxgap.records import Records
from taxgap.records.files import checksum
from taxgap.records.manifest import FILE_NAME
from taxgap.records.partitions import partition_of
from taxgap.risk.model import RiskModel

pytestmark = pytest.mark.xdist_group("retracing")  # one worker makes what they share

TAX = "self_assessment"


@pytest.fixture(scope="module")
def night(parted: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night some months before the records end, with contributions."""
    folder = tmp_path_factory.mktemp("night")
    as_of = str((parted.as_of - pd.DateOffset(months=3)).date())
    settings = {"as_of": as_of, "validate": False}
    return write_scores(parted, model, folder / "out", **settings, reasons=2, contributions=True)


@pytest.fixture(scope="module")
def taxpayer(night: Path) -> str:
    scores = read_scores(night)
    return str(scores.loc[scores["flagged"], "taxpayer_id"].iloc[0])


def test_a_past_figure_is_made_again_to_the_last_bit(night: Path, taxpayer: str) -> None:
    found = retrace(night, taxpayer)
    assert set(found.scores["taxpayer_id"]) == {taxpayer}
    why = explain(found.records, found.model, taxpayer)
    kept = read_contributions(night)
    own = kept[kept.index.get_level_values(0) == taxpayer]
    assert np.array_equal(why.values, own.to_numpy())


def test_rows_that_were_rejected_are_not_looked_at(
    parted: Records, model: RiskModel, taxpayer: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(parted.where, tmp_path / "records"))
    for path in (folder / TAX).iterdir():
        table = pd.read_parquet(path)
        first = table.index[table["taxpayer_id"] == taxpayer][:1]
        table.loc[first, "turnover"] = -5.0
        table.to_parquet(path)
    run = write_scores(Records.open(folder), model, tmp_path / "out", reasons=0)
    found = retrace(run, taxpayer)
    returns = found.records.read(TAX)
    assert len(returns) == (parted.read(TAX)["taxpayer_id"] == taxpayer).sum() - 1
    assert (returns["turnover"] >= 0).all()


def test_a_night_that_cannot_be_made_again_is_refused(
    night: Path, taxpayer: str, parted: Records, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="scored no return of T-nobody"):
        retrace(night, "T-nobody")
    with pytest.raises(InvalidDataError, match="are not there"):
        retrace(night, taxpayer, records=tmp_path / "nowhere")
    other = Path(shutil.copytree(parted.where, tmp_path / "records"))
    manifest = json.loads((other / FILE_NAME).read_text())
    (other / FILE_NAME).write_text(json.dumps(manifest | {"files": {"vat/part-0000.parquet": {"rows": 1}}}))
    with pytest.raises(InvalidDataError, match="not those that were scored"):
        retrace(night, taxpayer, records=other)


def test_figures_that_differ_in_a_bit_are_refused(night: Path, taxpayer: str, tmp_path: Path) -> None:
    run = Path(shutil.copytree(night, tmp_path / "out"))
    manifest = json.loads((run / "_manifest.json").read_text())
    for name in manifest["outputs"]:
        scores = pd.read_parquet(run / name)
        scores["probability"] += 1e-15
        scores.to_parquet(run / name)
        manifest["outputs"][name]["sha256"] = checksum(run / name)
    (run / "_manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(IncompatibleError, match="differ in probability"):
        retrace(run, taxpayer)


def test_a_night_that_drew_its_own_peers_names_the_model_it_scored_with(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    settings = {
        "as_of": str((parted.as_of - pd.DateOffset(months=4)).date()),
        "validate": False,
        "reasons": 0,
    }
    run = write_scores(parted, model, tmp_path / "out", refit_peers=True, **settings)
    manifest, scores = json.loads((run / "_manifest.json").read_text()), read_scores(run)
    assert scores["model_id"].unique().tolist() == [manifest["model_id"]]
    assert manifest["model_id"] != manifest["trained_model_id"] == model.model_id
    found = retrace(run, str(scores["taxpayer_id"].iloc[0]))
    assert found.model.model_id == manifest["model_id"]
    again = write_scores(parted, model, tmp_path / "again", refit_peers=True, changed_since=run, **settings)
    assert (again / "_manifest.json").read_bytes() == (run / "_manifest.json").read_bytes()


def test_a_partition_in_which_nobody_is_explained_has_contributions_without_rows(
    parted: Records, model: RiskModel, tmp_path: Path
) -> None:
    settings = {"periods": parted.periods[-1], "validate": False, "reasons": 1, "explain_share": 0.005}
    run = write_scores(parted, model, tmp_path / "out", contributions=True, together=1, **settings)
    entries = json.loads((run / "_manifest.json").read_text())["contributions"]
    assert sorted(entry["rows"] for entry in entries.values()) == [0, 1]
    assert len(read_contributions(run)) == 1
    scores = read_scores(run)
    for _, own in scores.groupby(partition_of(scores["taxpayer_id"], 2)):
        taxpayer = str(own["taxpayer_id"].iloc[0])
        assert set(retrace(run, taxpayer).scores["taxpayer_id"]) == {taxpayer}
