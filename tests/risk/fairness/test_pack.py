"""The pack as people and machines read it, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk.fairness import FairnessPack, measure_fairness

CASES = 600


def make_inputs() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    tax = np.where(rng.random(CASES) < 0.3, rng.lognormal(7, 1, CASES), 0.0)
    trade = np.where(np.arange(CASES) < 20, "rare <trade>", rng.choice(["shops", "building"], CASES))
    return {
        "rankings": {
            "expected tax": tax * rng.lognormal(0, 1, CASES),
            "probability": (tax > 0) + rng.random(CASES),
            "random": rng.random(CASES),
        },
        "groups": pd.DataFrame({"trade group": pd.Categorical(trade)}),
        "amount": tax,
        "income": rng.lognormal(10, 1, CASES),
        "draws": 20,
    }


def measure(**changes: Any) -> FairnessPack:
    return measure_fairness(**{**make_inputs(), **changes})


@pytest.fixture(scope="module")
def pack() -> FairnessPack:
    return measure()


def test_a_level_with_few_cases_is_listed_and_not_merged(pack: FairnessPack) -> None:
    rows = pack.by_group[pack.by_group["level"] == "rare <trade>"]
    assert rows[["n", "reason"]].to_numpy().tolist() == [[20, "too few cases"]]
    assert rows["value"].isna().all()
    assert "rare <trade>" not in set(pack.departures["level"])
    assert pack.value("audit_rate", "random", "trade group", "shops") > 0


def test_the_screen_says_what_another_choice_would_do(pack: FairnessPack) -> None:
    text = pack.to_text()
    assert "a budget of 5.0% of cases" in text
    assert "Ranking by probability instead of expected tax:" in text
    assert "no findings about people" in text
    assert "1 levels of fewer than 50 cases" in text
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 130


def test_the_page_has_captions_and_escapes_names(pack: FairnessPack) -> None:
    html = pack._repr_html_()
    assert html.count("<table") == html.count("<caption>") == 6
    assert 'scope="col"' in html
    assert "rare &lt;trade&gt;" in html
    assert "rare <trade>" not in html


def test_plain_data_is_json(pack: FairnessPack) -> None:
    data = json.loads(json.dumps(pack.to_dict(), allow_nan=False))
    assert set(data) == {"settings", "by_group", "differences", "vertical_equity", "summary", "departures"}
    assert data["settings"]["reference"] == "expected tax"


def test_without_income_there_is_no_curve() -> None:
    pack = measure(income=None)
    assert pack.vertical_equity.empty
    assert "concentration" not in set(pack.summary["metric"])
    assert "concentration" not in pack.to_text()


def test_the_reference_can_be_chosen() -> None:
    pack = measure(reference="random", reference_levels={"trade group": "building"})
    assert set(pack.differences["less"]) == {"random"}
    assert pack.value("reference_ratio", "random", "trade group", "building") == 1


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"rankings": {}}, UsageError, "no ranking"),
        ({"rankings": {"population": np.ones(CASES)}}, UsageError, "may not be called population"),
        ({"rankings": {"a": np.ones(3)}}, UsageError, "3 rows"),
        ({"rankings": {"a": np.ones(CASES)}, "selected": {"a": np.ones(CASES)}}, UsageError, "called a"),
        ({"selected": {"opened": np.zeros(CASES)}}, InvalidDataError, "holds no case"),
        ({"selected": {"opened": np.full(CASES, 2)}}, InvalidDataError, "true or false"),
        ({"groups": pd.DataFrame({"x": ["a"]})}, UsageError, "not those of the"),
        ({"amount": np.full(CASES, np.nan)}, InvalidDataError, "amount is missing"),
        ({"weight": np.zeros(CASES)}, InvalidDataError, "weight must be above 0"),
        ({"budget_share": 0.0}, UsageError, "budget_share"),
        ({"budget_share": 1.5}, UsageError, "budget_share"),
        ({"hours": 100.0}, UsageError, "hours of each case"),
        ({"hours": -1.0, "case_hours": np.ones(CASES)}, UsageError, "above 0"),
        ({"case_hours": np.zeros(CASES)}, InvalidDataError, "case_hours must be above 0"),
        ({"probability": np.full(CASES, 1.2)}, InvalidDataError, "between 0 and 1"),
        ({"income": np.full(CASES, np.nan)}, InvalidDataError, "No income is known"),
        ({"reference": "hunch"}, UsageError, "no ranking 'hunch'"),
        ({"reference_levels": {"nation": "Wales"}}, UsageError, "no dimension nation"),
        ({"reference_levels": {"trade group": "rare <trade>"}}, UsageError, "not measured"),
        ({"confidence": 1.0}, UsageError, "confidence"),
        ({"draws": 1}, UsageError, "draws"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    changes: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        measure(**changes)


def test_a_frame_of_other_rows_is_refused() -> None:
    scores = pd.Series(np.arange(CASES, dtype=float), index=[f"T{i}" for i in range(CASES)])
    with pytest.raises(UsageError, match="amount are not those"):
        measure(rankings={"a": scores}, amount=pd.Series(np.ones(CASES), index=scores.index[::-1]))


def test_an_unknown_measure_names_those_there_are(pack: FairnessPack) -> None:
    with pytest.raises(UsageError, match="audit_rate"):
        pack.value("luck", "random")
    with pytest.raises(UsageError, match="trade group"):
        pack.compare("audit_rate", "nation")


def test_nobody_owing_anything_is_measured_as_far_as_it_can_be() -> None:
    pack = measure(amount=np.zeros(CASES))
    assert pack.value("no_change_rate", "random") == 1
    assert np.isnan(pack.value("burden_ratio", "random", "trade group", "shops"))
    assert pack.to_text()
    assert pack._repr_html_()
