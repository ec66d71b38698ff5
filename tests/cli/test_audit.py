"""``taxgap audit``: verdicts, the page and its data, the kit for people, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("audit")

SMALL = ("--returns", 400, "--refits", 2, "--cutoff", 0, "--capacity-share", 0.1, "-q")
FEW = ("--part", "recovery", "--part", "honest", "--part", "numbers")


def audit(taxgap: Any, workshop: Any, *more: Any) -> Any:
    truth = workshop.population / "truth"
    return taxgap("audit", workshop.records, "--model", workshop.model, "--truth", truth, *SMALL, *more)


def test_verdicts_and_a_page_are_written(taxgap: Any, workshop: Any, tmp_path: Path) -> None:
    out = tmp_path / "audit"
    run = audit(taxgap, workshop, *FEW, "--out", out)
    assert run.status == 0
    content = json.loads((out / "audit.json").read_text("utf-8"))
    assert {check["part"] for check in content["checks"]} == {"recovery", "honest", "numbers"}
    assert (out / "figures.parquet").is_file()
    assert (out / "recovery" / "confusion.parquet").is_file()
    page = (out / "audit.html").read_text("utf-8")
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert audit(taxgap, workshop, *FEW, "--out", out).status == 2
    assert audit(taxgap, workshop, *FEW, "--out", out, "--replace").status == 0


def test_a_failed_check_sets_the_status_where_it_is_asked(taxgap: Any, workshop: Any) -> None:
    hard = ("--part", "numbers", "--bound", "completeness=1.01")
    assert audit(taxgap, workshop, *hard).status == 0
    run = audit(taxgap, workshop, *hard, "--fail-on", "failed")
    assert run.status == 5
    assert "1 check failed: completeness" in run.err


def test_json_is_for_machines(taxgap: Any, workshop: Any) -> None:
    data = audit(taxgap, workshop, "--part", "numbers", "--json").data
    assert data["passed"] is True
    assert {check["verdict"] for check in data["checks"]} == {"passed"}


@pytest.mark.parametrize(
    "options",
    [
        ("--bound", "recall"),
        ("--bound", "recall=much"),
        ("--bound", "recal=1"),
        ("--part", "recal"),
        ("--bound", "attained=0.8", "--part", "recovery"),
        ("--tasks", "kit", "--out", "audit"),
    ],
)
def test_wrong_options_are_refused(taxgap: Any, workshop: Any, options: tuple[str, ...]) -> None:
    assert audit(taxgap, workshop, *options).status == 2


def test_making_a_kit_says_what_it_does_and_its_answers_are_written(
    taxgap: Any, workshop: Any, tmp_path: Path
) -> None:
    truth = workshop.population / "truth"
    small = ("--participants", 3, "--cases", 12, "--tasks", tmp_path / "kit")
    run = taxgap("audit", workshop.records, "--model", workshop.model, "--truth", truth, *small)
    assert run.status == 0
    assert "Scoring the returns of" in run.err
    answers, out = tmp_path / "kit" / "for-participants", tmp_path / "people"
    score = ("audit", "--answers", answers, "--key", tmp_path / "kit", "--out", out)
    assert taxgap(*score).status == 0
    assert json.loads((out / "people.json").read_text("utf-8"))["forms"] == 3
    assert "How many people a claim needs" in (out / "summary.txt").read_text("utf-8")
    assert taxgap(*score).status == 2
    assert taxgap(*score, "--replace").status == 0


def test_what_is_missing_is_named(taxgap: Any, workshop: Any, tmp_path: Path) -> None:
    assert "--model" in taxgap("audit", workshop.records).err
    run = taxgap("audit", workshop.records, "--model", workshop.model, "--tasks", tmp_path / "kit")
    assert run.status == 2
    assert "truth" in run.err
    assert "key" in taxgap("audit", "--answers", tmp_path).err
