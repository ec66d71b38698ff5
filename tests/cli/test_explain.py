"""``taxgap explain``: a case on the terminal, as JSON and as a page."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from taxgap.publication import case_file_alike
from taxgap.records import Records

pytestmark = pytest.mark.xdist_group("case_file")


@pytest.fixture(scope="module")
def taxpayer(workshop: Any) -> str:
    returns = Records.open(workshop.records).table("self_assessment", where={"period": "2023-24"})
    return str(returns.loc[returns["turnover"].idxmax(), "taxpayer_id"])


def test_a_case_is_told_line_by_line(taxgap: Any, workshop: Any, taxpayer: str) -> None:
    run = taxgap(
        "explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer, "--period", "2023-24"
    )
    assert run.status == 0
    lines = run.out.splitlines()
    assert lines[0] == f"Taxpayer {taxpayer}, Self Assessment 2023-24"
    for part in (
        "Score ",
        "Chance of £1,000 or more",
        "which is never a reason",
        "Compared with ",
        " a year",
        "Reasons",
        "this taxpayer's own",
        "What lowers concern",
    ):
        assert part in run.out
    assert "depends on everyone's scores" in run.out
    assert "\x1b" not in run.out


def test_json_has_the_parts_of_the_score(taxgap: Any, workshop: Any, taxpayer: str) -> None:
    run = taxgap(
        "explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer, "--period", "2023-24",
        "--baseline", "training", "--engine", "lightgbm", "--json",
    )  # fmt: skip
    parts = sum(part["contribution"] for part in run.data["contributions"])
    total = run.data["population_mean"] + run.data["group_effect"] + parts
    assert total == pytest.approx(run.data["score"], abs=1e-6)
    assert (run.data["baseline"], run.data["engine"]) == ("training", "lightgbm")
    assert run.data["standing"] is None


def test_the_page_is_written_with_the_standing(
    taxgap: Any, workshop: Any, taxpayer: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_file_alike, "CANDIDATES", 20)
    scored = taxgap(
        "score", workshop.records, "--model", workshop.model, "--out", tmp_path / "s", "--trusted", "-q",
        "--reasons", 0, "--period", "2023-24",
    )  # fmt: skip
    assert scored.status == 0
    run = taxgap(
        "explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer, "--period", "2023-24",
        "--scores", tmp_path / "s", "--out", tmp_path / "cases",
    )  # fmt: skip
    assert run.status == 0
    page = tmp_path / "cases" / f"case-{taxpayer}-2023-24.html"
    assert f"Open {page}" in run.out
    assert "Rank " in run.out
    assert "This return is" in page.read_text("utf-8")


def test_refits_say_how_sure_the_reasons_are(taxgap: Any, workshop: Any, taxpayer: str) -> None:
    asked = ["explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer]
    run = taxgap(*asked, "--period", "2023-24", "--refits", 2)
    assert run.status == 0
    assert "of 2 refits" in run.out
    assert "The model was fitted again 2 times" in run.out
    refused = taxgap(*asked, "--refits", 1, "--json")
    assert refused.status == 2
    assert "at least 2 refits" in refused.error["message"]


def test_an_engine_that_cannot_names_the_option_that_helps(taxgap: Any, workshop: Any, taxpayer: str) -> None:
    run = taxgap(
        "explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer,
        "--engine", "lightgbm", "--json",
    )  # fmt: skip
    assert run.status == 2
    assert run.error["remedy"] == "Add --baseline training, or leave --engine out."
    assert run.error["where"] == "--engine"


def test_an_unknown_taxpayer_is_refused_by_name(taxgap: Any, workshop: Any) -> None:
    run = taxgap("explain", workshop.records, "--model", workshop.model, "--taxpayer", "0000", "--json")
    assert run.status == 2
    assert "0000" in run.error["message"]
    assert run.error["remedy"]


def test_on_a_terminal_it_is_laid_out(
    taxgap: Any, workshop: Any, taxpayer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    run = taxgap(
        "explain", workshop.records, "--model", workshop.model, "--taxpayer", taxpayer,
        "--baseline", "training", "--engine", "lightgbm",
    )  # fmt: skip
    assert run.status == 0
    assert f"Taxpayer {taxpayer}" in run.out
    assert all(len(line) <= 200 for line in run.out.splitlines())
