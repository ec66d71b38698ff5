"""The verbs that record outcomes and watch a model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from taxgap.cli.main import main
from taxgap.records import Records


def test_outcomes_are_recorded_from_a_file(workshop, tmp_path: Path, capsys) -> None:
    cases = Records.open(workshop.records).table("enquiries")
    closed = cases.loc[cases["closed_on"].isna(), ["enquiry_id"]].head(3)
    closed = closed.assign(closed_on="2026-12-01", hours=4, cost=300, tax_found=[0, 0, -1])
    closed.to_csv(tmp_path / "closed.csv", index=False)
    arguments = ["record-outcomes", str(workshop.records), "--enquiries", str(tmp_path / "closed.csv")]
    arguments += ["--out", str(tmp_path / "new"), "--as-of", "2026-12-31"]
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"][0] | {"changed": 2, "set_aside": 1} == told["counts"][0]
    assert told["set_aside"][0]["row"] == 3
    assert main(arguments) == 2
    assert "exists already" in capsys.readouterr().err
    recorded = Records.open(tmp_path / "new")
    assert recorded.table("enquiries")["closed_on"].max() == pd.Timestamp("2026-12-01")


def test_nothing_to_record_is_said(workshop, tmp_path: Path, capsys) -> None:
    assert main(["record-outcomes", str(workshop.records), "--out", str(tmp_path / "new")]) == 2
    assert "nothing to record" in capsys.readouterr().err


def test_a_model_that_cannot_be_watched_is_refused(workshop, capsys) -> None:
    # It may have no reference, or one of the very years that are asked for.
    status = main(["monitor", str(workshop.records), "--model", str(workshop.model), "--period", "2030-31"])
    assert status in {2, 4}
    assert capsys.readouterr().err
