"""``taxgap select``: a folder of scores becomes a folder of cases."""

import pandas as pd
import pytest

from taxgap.batch import write_scores
from taxgap.cases import DESIGNS
from taxgap.cli import select
from taxgap.records import Records
from taxgap.records.files import read_json
from taxgap.risk import RiskModel


@pytest.fixture(scope="module")
def scored(workshop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("select") / "scores"
    records, model = Records.open(workshop.records), RiskModel.load(workshop.model)
    write_scores(records, model, folder, workers=1, reasons=0)
    return folder


def test_the_verb_knows_every_design():
    assert tuple(select.DESIGNS) == DESIGNS


def test_a_caseload_is_written_with_its_manifest(taxgap, scored, workshop, tmp_path):
    given = ("select", scored, "--hours", "800", "--records", workshop.records, "--coverage", "1")
    out = tmp_path / "cases"
    planned = taxgap(*given, "--out", out, "--dry-run", "--json")
    assert planned.status == 0
    assert not out.exists()
    run = taxgap(*given, "--out", out)
    assert run.status == 0
    assert "Written to" in run.out
    table, manifest = pd.read_parquet(out / "caseload.parquet"), read_json(out / "manifest.json")
    assert table["selected"].sum() == manifest["cases"] == planned.data["cases"]
    assert manifest["synthetic"]
    assert manifest["outputs"]["caseload.parquet"]["rows"] == len(table)
    assert taxgap(*given, "--out", out).status == 2
    assert taxgap(*given, "--out", out, "--replace").status == 0


def test_options_reach_the_selection(taxgap, scored, tmp_path):
    read = pd.read_parquet(scored)
    people = pd.DataFrame({"taxpayer_id": read["taxpayer_id"].unique(), "skill": "a", "case_type": "short"})
    people.to_csv(tmp_path / "more.csv", index=False)
    read.head(200)[["expected_tax"]].assign(tax_found=100.0).to_csv(tmp_path / "earlier.csv", index=False)
    given = ("select", scored, "--columns-from", tmp_path / "more.csv", "--json", "--dry-run")
    given = (*given, "--out", tmp_path / "out", "--earlier", tmp_path / "earlier.csv")
    run = taxgap(
        *given, "--hours", "a=400", "--case-hours", "short=4", "--cap", "skill=1", "--random-share", "30%"
    )
    assert run.status == 0, run.err
    assert run.data["cases"] == 100
    assert run.data["settings"]["random_share"] == 0.3
    assert run.data["notes"] == ["Enquiry windows are not known: give records."]
    assert taxgap(*given, "--hours", "many").status == 2
    assert taxgap(*given, "--hours", "400", "--period", "1999-00").status == 2
    assert taxgap(*given, "--hours", "b=400").error["available"] == ["b"]
