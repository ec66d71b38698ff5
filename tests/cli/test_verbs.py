"""Each verb does its work from the command line, and says what it did."""

import json

import pytest

from taxgap.batch import read_contributions, read_scores
from taxgap.records import Records

pytestmark = pytest.mark.xdist_group("cli")


def test_generate_writes_records_and_truth(taxgap, tmp_path):
    run = taxgap("generate", "--out", tmp_path / "p", "--taxpayers", 60, "--years", 2, "--workers", 1)
    assert run.status == 0
    assert "taxpayers" in run.out
    assert Records.open(tmp_path / "p" / "records").periods == ["2023-24", "2024-25"]
    assert (tmp_path / "p" / "truth" / "manifest.json").is_file()


def test_generate_reports_rows_as_json(taxgap, tmp_path):
    run = taxgap(
        "generate", "--out", tmp_path / "p", "--taxpayers", 60, "--years", 1, "--workers", 1, "--json"
    )
    assert run.data["rows"]["taxpayers"] == 60


def test_a_dry_run_writes_nothing(taxgap, tmp_path):
    run = taxgap("generate", "--out", tmp_path / "p", "--taxpayers", 60, "--dry-run")
    assert run.status == 0
    assert not (tmp_path / "p").exists()


def test_settings_come_from_a_file_and_options_win(taxgap, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text("[generate]\ntaxpayers = 70\nyears = 1\nworkers = 1\n")
    run = taxgap("generate", "--config", config, "--out", tmp_path / "p", "--taxpayers", 50, "--json")
    assert run.data["rows"]["taxpayers"] == 50
    assert run.data["periods"] == ["2024-25"]


def test_an_unknown_setting_in_a_file_is_refused(taxgap, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text("taxpayer = 70\n")
    run = taxgap("generate", "--config", config, "--out", tmp_path / "p")
    assert run.status == 2
    assert "taxpayer" in run.err
    assert "taxpayers" in run.err  # what it may have meant is among the known


def test_validate_passes_generated_records(taxgap, workshop, tmp_path):
    run = taxgap("validate", workshop.records, "--out", tmp_path / "trusted")
    assert run.status == 0
    assert (tmp_path / "trusted" / "report.html").is_file()
    rows = Records.open(tmp_path / "trusted" / "records").manifest.rows("self_assessment")
    assert rows == Records.open(workshop.records).manifest.rows("self_assessment")


def test_fail_on_warnings_has_its_own_status(taxgap, workshop):
    run = taxgap("validate", workshop.records, "--fail-on", "warn", "-q")
    assert run.status in {0, 5}
    assert (run.status == 5) == ("threshold" in run.err)


def test_schema_lists_tables_and_describes_one(taxgap):
    assert "self_assessment" in taxgap("schema").out.split()
    described = taxgap("schema", "self_assessment")
    assert "SA103F 15" in described.out
    assert "| **`taxpayer_id`** |" in taxgap("schema", "payments", "--format", "markdown").out
    described = taxgap("schema", "payments", "--json").data
    assert described["columns"][0]["column"] == "taxpayer_id"
    assert "no_taxpayer" in [rule["rule"] for rule in described["rules"]]
    assert json.loads(taxgap("schema", "payments", "--format", "json").out) == described


def test_schema_names_the_tables_when_one_is_unknown(taxgap):
    run = taxgap("schema", "returns")
    assert run.status == 2
    assert "self_assessment" in run.err


def test_score_writes_scores_with_reasons(taxgap, workshop, tmp_path):
    run = taxgap(
        "score", workshop.records, "--model", workshop.model, "--out", tmp_path / "scores", "--trusted"
    )
    assert run.status == 0
    assert "A flag is a reason to look" in run.out
    scores = read_scores(tmp_path / "scores")
    assert len(scores) == scores[["taxpayer_id", "period"]].drop_duplicates().shape[0]
    explained = scores[scores["population_mean"].notna()]
    assert len(explained) == len(scores)
    assert explained["reason_1_sentence"].notna().all()


def test_score_writes_contributions_where_they_are_asked_for(taxgap, workshop, tmp_path):
    run = taxgap(
        "score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--trusted",
        "--period", "2023-24", "--explain-share", "0.02", "--contributions",
    )  # fmt: skip
    assert run.status == 0
    values, scores = read_contributions(tmp_path / "s"), read_scores(tmp_path / "s")
    assert len(values) == scores["population_mean"].notna().sum() > 0


def test_score_of_one_year_only(taxgap, workshop, tmp_path):
    run = taxgap(
        "score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--trusted",
        "--period", "2023-24", "--json",
    )  # fmt: skip
    assert [item["period"] for item in run.data["periods"]] == ["2023-24"]


def test_score_twice_needs_replace(taxgap, workshop, tmp_path):
    arguments = ["score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--trusted"]
    assert taxgap(*arguments).status == 0
    again = taxgap(*arguments)
    assert again.status == 2
    assert "--replace" in again.err
    assert taxgap(*arguments, "--replace", "-q").status == 0


@pytest.mark.parametrize("victim", ["records", "model", "thesis"])
def test_replace_spares_what_is_no_scores(victim, taxgap, workshop, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    records, model = workshop.copy_records(tmp_path), workshop.copy_model(tmp_path)
    before = sorted(path.name for path in (tmp_path / victim).iterdir())
    run = taxgap(
        "score", records, "--model", model, "--out", tmp_path / victim, "--trusted", "--replace"
    )  # fmt: skip
    assert run.status == 2
    assert "not replaced" in run.err
    assert sorted(path.name for path in (tmp_path / victim).iterdir()) == before


def test_a_date_is_written_one_way(taxgap, workshop, tmp_path):
    run = taxgap("validate", workshop.records, "--as-of", "03/04/2025")
    assert run.status == 2
    assert "2026-09-30" in run.err


def test_score_says_what_it_would_do(taxgap, workshop, tmp_path):
    run = taxgap("score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--dry-run")
    assert run.out.startswith("Would score")
    assert not (tmp_path / "s").exists()


def test_quiet_says_nothing(taxgap, tmp_path):
    run = taxgap("generate", "--out", tmp_path / "p", "--taxpayers", 50, "--years", 1, "--workers", 1, "-q")
    assert run.out == ""
    assert run.err == ""


def test_doctor_finds_the_installation_working(taxgap):
    run = taxgap("doctor", "--json")
    assert run.status == 0
    assert run.data["works"]
    assert {check["result"] for check in run.data["checks"]} == {"fine"}
