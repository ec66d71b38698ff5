"""The verb that keeps models on a shelf."""

from __future__ import annotations

import json

import pytest

from taxgap.risk import RiskModel


@pytest.fixture(scope="module")
def names(workshop):
    return RiskModel.load(workshop.model).model_id


@pytest.fixture(scope="module")
def second(workshop, tmp_path_factory):
    """The same scores under another name: what a seed drew is settled, but it is part of the name."""
    model = RiskModel.load(workshop.model).set_params(random_state=99)
    return model.save(tmp_path_factory.mktemp("second") / "model")


def test_from_the_first_model_to_a_rollback(taxgap, workshop, second, names, tmp_path):
    shelf = ("--shelf", tmp_path / "shelf")
    added = taxgap("model", "add", workshop.model, *shelf, "--by", "A. Officer", "--json")
    assert (added.status, added.data["role"], added.data["model_id"]) == (0, "challenger", names)
    listed = taxgap("model", "list", *shelf)
    assert "no champion" in listed.out
    assert "AUC 0." in listed.out
    first = taxgap("model", "promote", names, "--reason", "the first", *shelf)
    assert first.status == 0
    assert f"taxgap score --model {tmp_path / 'shelf'} now uses:" in first.out
    assert str(tmp_path / "shelf" / names) in first.out
    other = taxgap("model", "add", second, *shelf, "--json").data["model_id"]
    promoted = taxgap(
        *("model", "promote", other[:8], "--reason", "a try", "--records", workshop.records, "--json", *shelf)
    )
    assert promoted.data["champions"] == {"self_assessment": other}
    assert promoted.data["comparison"]["verdict"] == "cannot be told"
    back = taxgap("model", "rollback", "--reason", "enough", *shelf, "--json")
    assert back.data["score_uses"] == {"self_assessment": str(tmp_path / "shelf" / names)}
    roles = [model["role"] for model in taxgap("model", "list", "--json", *shelf).data["models"]]
    assert roles == ["champion", "former champion"]
    lines = (tmp_path / "shelf" / "log.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["action"] for line in told] == ["add", "promote", "add", "promote", "rollback"]
    assert told[0]["by"] == "A. Officer"


def test_a_comparison_answers_in_words_and_status(taxgap, workshop, second, names, tmp_path):
    shelf = ("--shelf", tmp_path / "shelf")
    for folder in (workshop.model, second):
        taxgap("model", "add", folder, *shelf, "-q")
    asked = ("model", "compare", names, "--records", workshop.records, *shelf)
    alone = taxgap(*asked)
    assert (alone.status, "is champion" in alone.err) == (2, True)
    other = RiskModel.load(second).model_id
    compared = taxgap(*asked, "--with", other, "--fail-on", "worse")
    assert compared.status == 0
    assert "on 801 closed random enquiries of 2023-24" in compared.out
    assert "flagged by both" in compared.out
    strict = taxgap(*asked, "--with", other, "--fail-on", "not-better", "--json")
    assert (strict.status, strict.error["code"]) == (5, "threshold")
    assert strict.data["verdict"] == "cannot be told"
    assert strict.data["agreement"]["overlap"] == 1.0


def test_faults_have_their_status(taxgap, workshop, names, tmp_path):
    shelf = ("--shelf", tmp_path / "shelf")
    assert taxgap("model", "list", *shelf).status == 2
    assert taxgap("model", "add", tmp_path, *shelf).status == 4
    taxgap("model", "add", workshop.model, *shelf, "-q")
    missing = taxgap("model", "promote", names, *shelf)
    assert (missing.status, "--reason" in missing.err) == (2, True)
    unknown = taxgap("model", "promote", "0000", "--reason", "a", *shelf, "--json")
    assert (unknown.status, unknown.error["available"]) == (2, [names])
    assert taxgap("model", "rollback", "--reason", "a", *shelf).status == 2
    log = tmp_path / "shelf" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"add"', b'"Add"'))
    broken = taxgap("model", "list", *shelf)
    assert (broken.status, "line 1" in broken.err) == (3, True)


def test_options_may_stand_in_a_file(taxgap, workshop, tmp_path):
    (tmp_path / "run.toml").write_text(f'shelf = "{(tmp_path / "mine").as_posix()}"\nby = "B"\n')
    assert taxgap("model", "add", workshop.model, "--config", tmp_path / "run.toml").status == 0
    assert json.loads((tmp_path / "mine" / "log.jsonl").read_text())["by"] == "B"


def test_help_names_what_can_be_done(taxgap):
    told = taxgap("model", "--help")
    assert told.status == 0
    for name in ("add", "compare", "list", "promote", "rollback"):
        assert f"\n  {name}" in told.out
