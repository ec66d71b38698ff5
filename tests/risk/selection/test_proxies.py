from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.selection import LabelReport, check_labels

ROWS = 2500


def draw(seed: int, rows: int = ROWS) -> dict[str, Any]:
    """Draw cases: what is found follows the mismatch; who is opened follows lateness and size."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 4)), columns=["mismatch", "margin", "late", "size"])
    X["trade"] = pd.Categorical(np.array(["a", "b", "c", "d"])[rng.integers(0, 4, rows)])
    amount = np.where(rng.random(rows) < expit(1.3 * X["mismatch"] + 0.3 * X["late"] - 1.5), 3000.0, 0.0)
    probability = 0.02 + 0.5 * expit(2 * X["late"] + X["size"] - 2)
    officer = rng.integers(0, 30, rows).astype(str)
    return {
        "X": X,
        "amount": amount,
        "random": rng.random(rows) < 0.5,
        "inclusion_probability": probability.to_numpy(),
        "circumstances": pd.DataFrame({"officer": officer}),
    }


def check(cases: dict[str, Any], y: Any, **options: Any) -> LabelReport:
    return check_labels(y=y, **{**cases, "draws": 60, **options})


def failed(report: LabelReport) -> set[str]:
    return set(report.frame.loc[report.frame["flagged"], "check"])


def test_honest_labels_pass() -> None:
    cases = draw(0)
    report = check(cases, cases["amount"] >= 1000)
    assert not report.flagged
    assert not report.skipped
    assert report.raise_if_flagged() is report
    assert set(report.frame["check"]) == {
        "learnt but not found",
        "copies the rule",
        "circumstance",
        "was selected",
    }


def test_labels_that_copy_the_older_rule_are_flagged_with_both_areas() -> None:
    cases = draw(1)
    rule = cases["X"]["late"] + 0.5 * cases["X"]["size"]
    noise = np.random.default_rng(2).normal(scale=0.25, size=ROWS)
    report = check(cases, rule + noise > 1.0)
    assert {"learnt but not found", "copies the rule"} <= failed(report)
    row = report.frame.set_index("check").loc["learnt but not found"]
    own, found = (float(word.rstrip(":.,")) for word in row["sentence"].split() if word.startswith("0."))
    assert own > 0.94
    assert found < 0.70
    assert row["low"] > 0.10
    with pytest.raises(
        InvalidDataError, match="copy past enforcement rather than what was found: A model tells"
    ):
        report.raise_if_flagged()


def test_labels_set_by_the_officer_are_flagged() -> None:
    cases = draw(3)
    officer = cases["circumstances"]["officer"].astype(int)
    strict = np.random.default_rng(4).random(ROWS) < np.where(officer < 8, 0.6, 0.1)
    report = check(cases, strict)
    assert "circumstance" in failed(report)
    assert any(reason.startswith("officer alone tells the labels") for reason in report.reasons)


def test_a_stratum_of_one_class_is_flagged() -> None:
    cases = draw(5)
    report = check(cases, (cases["amount"] >= 1000) & (cases["X"]["trade"] != "b").to_numpy())
    assert "one class" in failed(report)
    assert any("where trade is b have one label" in reason for reason in report.reasons)


def test_unopened_returns_as_negatives_are_flagged() -> None:
    cases = draw(6)
    opened = np.random.default_rng(7).random(ROWS) < 0.4
    y = opened & (cases["amount"] >= 1000)
    report = check({**cases, "random": cases["random"] & opened}, y, opened=opened)
    assert "never opened" in failed(report)
    assert any("an unopened return has no label" in reason for reason in report.reasons)


def test_a_label_that_is_the_selection_is_flagged() -> None:
    cases = draw(8)
    report = check(cases, cases["random"])
    assert "was selected" in failed(report)


def test_what_cannot_be_checked_is_said() -> None:
    cases = draw(9)
    report = check_labels(cases["X"], cases["amount"] >= 1000, draws=20)
    assert len(report.skipped) == 3
    assert "too few random cases" in report.to_text()


def test_bad_labels_are_refused() -> None:
    cases = draw(10)
    with pytest.raises(InvalidDataError, match="one class only, or nearly"):
        check(cases, np.zeros(ROWS, bool))
    with pytest.raises(InvalidDataError, match="y is missing or infinite in 1"):
        check(cases, [None] + [0, 1] * (ROWS // 2 - 1) + [1])
    with pytest.raises(UsageError, match="rows of circumstances"):
        check(cases, cases["amount"] >= 1000, circumstances=pd.DataFrame({"officer": ["a"]}))
    with pytest.raises(UsageError, match="draws at least 20"):
        check(cases, cases["amount"] >= 1000, draws=5)


@pytest.mark.long
def test_honest_labels_are_hardly_ever_flagged() -> None:
    flagged = []
    for seed in range(200):
        cases = draw(100 + seed)
        flagged.append(check(cases, cases["amount"] >= 1000).flagged)
    assert np.mean(flagged) <= 0.02


def test_the_report_shows_itself() -> None:
    cases = draw(11)
    report = check(cases, cases["amount"] >= 1000)
    assert report.to_dict()["flagged"] is False
    assert report.to_text().startswith("Not flagged.")
    assert "<pre>" in report._repr_html_()
