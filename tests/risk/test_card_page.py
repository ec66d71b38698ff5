from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from taxgap.risk import RiskModel
from taxgap.risk.card_page import write_page

SECTIONS = [
    *("What it is for", "What it was trained on", "How good it is", "What it looks at"),
    *("What to bear in mind", "How it was made"),
]


def headings(page: str) -> list[str]:
    return [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]


def test_a_person_finds_every_section(model: RiskModel) -> None:
    page = write_page(model.card_)
    assert headings(page) == SECTIONS
    assert "not a finding about a person" in page
    assert "It was not evaluated." in page
    for name in model.feature_names_in_:
        assert f"| {name} |" in page


def test_what_was_left_out_and_waived_is_told(model: RiskModel) -> None:
    training = {
        "periods": ["2021-22"],
        "as_of": "2024-01-31",
        "missing_features": ["card_to_income"],
        "constant_features": ["pay_unmatched"],
        "waived_leaks": [{"feature": "margin", "check": "auc", "value": 0.99, "limit": 0.95}],
        "enquiries_without_return": 3,
        "tuning": {"settings": {"num_leaves": 7}, "trials": [{}, {}], "years": ["2021-22"]},
    }
    page = write_page(copy.deepcopy(model).annotate(training=training).card_)
    for words in (
        "card_to_income",
        "pay_unmatched",
        "margin gives the label away",
        "3 enquiries",
        "num_leaves 7",
    ):
        assert words in page


def test_the_rules_of_a_scorecard_can_be_read(cases: Any, tmp_path: Path) -> None:
    model = RiskModel(style="scorecard", rules=2, n_estimators=10, folds=2).fit(cases.X, amount=cases.amount)
    folder = model.save(tmp_path / "model")
    page = (folder / "card.md").read_text()
    assert page.startswith("# Scorecard")
    assert "Its rules" in headings(page)
    assert page.count("| not known |") == 2


def test_tables_are_tables(model: RiskModel) -> None:
    lines = [line for line in write_page(model.card_).splitlines() if line.startswith("|")]
    assert len({line.count(" | ") for line in lines}) == 1
