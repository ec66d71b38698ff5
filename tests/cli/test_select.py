"""``taxgap select``: a folder of scores becomes a folder of cases."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from taxgap.batch import write_scores
from taxgap.cases import DESIGNS
from taxgap.cli import select
from taxgap.records import Records
from taxgap.records.files import checksum, read_json
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
    assert manifest["format_version"] == 1
    assert [limit["limit"] for limit in manifest["limits"]][:2] == ["hours", "coverage of East Midlands"]
    cases = pd.read_csv(out / "cases.csv", dtype={"taxpayer_id": "str"})
    assert manifest["outputs"]["cases.csv"] == {"rows": len(cases), "sha256": checksum(out / "cases.csv")}
    assert list(cases.columns[:6]) == ["taxpayer_id", "period", "regime", "reason", "treatment", "hours"]
    assert not set(cases.columns) & {"selected", "out_of_time"}
    chosen = table[table["selected"]].set_index(["taxpayer_id", "period"])
    listed = cases.set_index(["taxpayer_id", "period"])
    assert listed["expected_tax"].is_monotonic_decreasing
    assert (listed["inclusion_probability"] == chosen["inclusion_probability"].reindex(listed.index)).all()
    assert (
        listed["window_ends"] == chosen["window_ends"].dt.strftime("%Y-%m-%d").reindex(listed.index)
    ).all()
    page = (out / "index.html").read_text()
    assert "made up" in page
    assert not any(taxpayer in page for taxpayer in table["taxpayer_id"])
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
    assert taxgap(*given, "--hours", "a=400", "--hours", "a=40").status == 2
    for content in (b"", b"\xff\xfex\x00", b"taxpayer_id;skill\n", b"taxpayer_id,expected_tax\nT1,3\n"):
        (tmp_path / "bad.csv").write_bytes(content)
        assert taxgap(*given, "--columns-from", tmp_path / "bad.csv", "--hours", "400").status == 3
    assert taxgap(*given, "--hours", "a=400", "--coverage", "10", "--coverage", "London=60").status == 2
    assert taxgap(*given, "--hours", "400", "--period", "1999-00").status == 2
    assert taxgap(*given, "--hours", "b=400").error["available"] == ["b"]


def test_a_missing_column_is_told_in_the_words_of_the_command_line(taxgap, scored, tmp_path):
    given = ("select", scored, "--hours", "400", "--out", tmp_path / "out", "--json")
    told = taxgap(*given, "--coverage", "3").error
    assert "records= (on the command line: --records FOLDER)" in told["remedy"]
    told = taxgap(*given, "--cap", "income_decile=0.12").error
    assert told["message"] == "The scores have no column income_decile."
    assert "--columns-from FILE, with taxpayer_id and income_decile" in told["remedy"]


def test_the_page_of_the_documents_runs(scored, workshop, taxgap, tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "select.md").read_text()
    (tmp_path / "scores").symlink_to(scored)
    (tmp_path / "population").symlink_to(workshop.population)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    people = pd.read_parquet(scored)["taxpayer_id"].unique()
    for language, name, body in blocks:
        if language == "csv":
            assert body.splitlines()[0] == "taxpayer_id,income_decile"
            rows = [f"{taxpayer},{1 + place % 10}" for place, taxpayer in enumerate(people)]
            (tmp_path / name).write_text("\n".join(["taxpayer_id,income_decile", *rows]))
        elif language == "python":
            names = {}
            exec(body, names)  # noqa: S102  the page's own code
            assert names["cases"].limits["kept"].all()
        elif body.startswith("taxgap "):
            run = taxgap(*shlex.split(body)[1:], "--replace")
            assert run.status == 0, run.err
    limits = read_json(tmp_path / "caseload" / "manifest.json")["limits"]
    assert {limit["bound_share"] for limit in limits if limit["kind"] == "cap"} == {0.12}
