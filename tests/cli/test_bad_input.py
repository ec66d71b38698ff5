"""Bad input ends in a clear error and the right status, and nothing half-written is left."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxgap.risk import RiskModel

pytestmark = pytest.mark.xdist_group("cli")


def rewrite(path: Path, change) -> None:
    """Change a parquet file; what `change` returns replaces it."""
    table = pq.read_table(path, partitioning=None).to_pandas(date_as_object=False)
    pq.write_table(pa.Table.from_pandas(change(table), preserve_index=False), path)


def part(records: Path, table: str) -> Path:
    return records / table / "part-0000.parquet"


def set_first(column, value):
    def change(table):
        values = table[column].astype(object)
        values.iloc[0] = value
        return table.assign(**{column: values})

    return change


DAMAGE = {
    "a missing column": ("self_assessment", lambda t: t.drop(columns="turnover"), "turnover"),
    "a wrong type": (
        "self_assessment",
        lambda t: t.assign(turnover=t["turnover"].astype(str) + "x"),
        "turnover",
    ),
    "a negative turnover": ("self_assessment", set_first("turnover", -5.0), "turnover"),
    "a duplicated key": ("self_assessment", lambda t: pd.concat([t, t.head(1)]), "self_assessment"),
    "a return without a taxpayer": ("taxpayers", lambda t: t.iloc[1:], "taxpayer"),
    "a bad check digit": ("taxpayers", set_first("utr", "1234567890"), "utr"),
    "an empty table": ("self_assessment", lambda t: t.iloc[:0], "no_return"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_records_are_refused_by_name(kind, taxgap, workshop, tmp_path):
    table, change, named = DAMAGE[kind]
    records = workshop.copy_records(tmp_path)
    rewrite(part(records, table), change)
    run = taxgap("validate", records, "--json")
    assert run.status == 3
    assert run.error["code"] == "invalid_data"
    assert named in run.err


@pytest.mark.parametrize("kind", ["a missing column", "a wrong type", "a negative turnover"])
def test_scoring_damaged_records_writes_nothing(kind, taxgap, workshop, tmp_path):
    table, change, _ = DAMAGE[kind]
    records = workshop.copy_records(tmp_path)
    rewrite(part(records, table), change)
    run = taxgap("score", records, "--model", workshop.model, "--out", tmp_path / "scores")
    assert run.status == 3
    assert sorted(item.name for item in tmp_path.iterdir()) == ["records"]


def test_a_missing_table_is_named(taxgap, workshop, tmp_path):
    records = workshop.copy_records(tmp_path)
    for file in (records / "taxpayers").iterdir():
        file.unlink()
    (records / "taxpayers").rmdir()
    run = taxgap("validate", records)
    assert run.status == 3
    assert "taxpayers" in run.err


def test_a_truncated_file_is_named(taxgap, workshop, tmp_path):
    records = workshop.copy_records(tmp_path)
    path = part(records, "self_assessment")
    path.write_bytes(path.read_bytes()[:2_000])
    run = taxgap("validate", records)
    assert run.status == 3
    assert "self_assessment" in run.err


def test_no_records_at_all(taxgap, tmp_path):
    run = taxgap("validate", tmp_path)
    assert run.status == 3
    assert "manifest.json" in run.err


def test_quarantine_keeps_every_row(taxgap, workshop, tmp_path):
    records = workshop.copy_records(tmp_path)
    rewrite(part(records, "self_assessment"), set_first("turnover", -5.0))
    run = taxgap("validate", records, "--out", tmp_path / "trusted", "--json")
    assert run.status == 0
    rejected = pq.read_table(tmp_path / "trusted" / "quarantine" / "self_assessment", partitioning=None)
    kept = pq.read_table(part(tmp_path / "trusted" / "records", "self_assessment"), partitioning=None)
    before = pq.read_table(part(records, "self_assessment"), partitioning=None)
    assert rejected.num_rows >= 1
    assert kept.num_rows + rejected.num_rows == before.num_rows


def edit_card(model: Path, **changes) -> None:
    card = json.loads((model / "card.json").read_text())
    (model / "card.json").write_text(json.dumps({**card, **changes}))


def test_a_model_of_a_newer_format_is_refused(taxgap, workshop, tmp_path):
    model = workshop.copy_model(tmp_path)
    edit_card(model, format_version=99)
    run = taxgap("score", workshop.records, "--model", model, "--out", tmp_path / "s")
    assert run.status == 4
    assert "99" in run.err


def test_a_tampered_model_is_refused(taxgap, workshop, tmp_path):
    model = workshop.copy_model(tmp_path)
    text = (model / "expected_tax.txt").read_text()
    (model / "expected_tax.txt").write_text(text.replace("leaf_value=", "leaf_value=1 ", 1))
    run = taxgap("score", workshop.records, "--model", model, "--out", tmp_path / "s")
    assert run.status == 4


def test_a_model_trained_on_other_features_is_refused(taxgap, workshop, tmp_path):
    features = pd.DataFrame({"other": range(600)}, dtype=float)
    amount = features["other"].where(features["other"] % 3 == 0, 0.0) * 4
    model = RiskModel(n_estimators=5, folds=2).fit(features, amount >= 1_000, amount=amount)
    model.annotate(regime="self_assessment").save(tmp_path / "model")
    run = taxgap("score", workshop.records, "--model", tmp_path / "model", "--out", tmp_path / "s")
    assert run.status == 4
    assert "other" in run.err


@pytest.mark.parametrize("verb", ["generate", "train", "score"])
def test_a_folder_that_cannot_be_written(verb, taxgap, workshop, tmp_path):
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "out"
    arguments = {
        "generate": ["--taxpayers", 50, "--workers", 1],
        "train": [workshop.records],
        "score": [workshop.records, "--model", workshop.model, "--trusted"],
    }[verb]
    run = taxgap(verb, *arguments, "--out", out)
    assert run.status == 2
    assert "cannot be written" in run.err
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_too_few_enquiries_to_train_on(taxgap, tmp_path):
    taxgap("generate", "--out", tmp_path / "p", "--taxpayers", 200, "--workers", 1, "-q")
    run = taxgap("train", tmp_path / "p" / "records", "--out", tmp_path / "model", "--json")
    assert run.status == 3
    assert run.error["code"] == "not_identified"
    assert not (tmp_path / "model").exists()


def test_no_personal_value_is_in_an_error(taxgap, workshop, tmp_path):
    records = workshop.copy_records(tmp_path)
    rewrite(part(records, "self_assessment"), set_first("turnover", -123_456.0))
    run = taxgap("validate", records)
    assert "123456" not in run.err.replace(",", "")
