from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.selection import diagnose_overlap


def test_returns_with_a_fair_chance_are_identified(chosen: Any) -> None:
    overlap = diagnose_overlap(chosen.probability, opened=chosen.opened, X_all=chosen.X)
    assert overlap.identified
    weight = 1 / chosen.probability[chosen.opened]
    assert overlap.facts["effective_cases"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert overlap.facts["total_ratio"] == pytest.approx(1.0, abs=5 * overlap.facts["total_error"])
    assert overlap.require() is overlap


def test_support_is_counted_by_region(chosen: Any) -> None:
    regions = diagnose_overlap(chosen.probability, opened=chosen.opened, X_all=chosen.X).regions
    assert regions.groupby("feature")["share"].sum().tolist() == pytest.approx([1.0, 1.0])
    assert regions.groupby("feature")["cases"].sum().tolist() == [chosen.opened.sum()] * 2
    mismatch = regions[regions["feature"] == "mismatch"].set_index("region")["cases"]
    assert mismatch["high"] > 2 * mismatch["low"]


def build(kind: str) -> dict[str, Any]:
    rows = 5000
    probability, opened = np.full(rows, 0.05), np.arange(rows) % 20 == 0
    trade = np.where(np.arange(rows) % 5 == 0, "shops", "building")
    if kind == "floor":
        probability[:500], opened[:500] = 0.0005, False
    if kind == "few":
        opened = np.arange(rows) % 200 == 0
        probability = np.full(rows, 0.005)
    if kind == "heavy":
        probability = np.where(np.arange(rows) == 0, 0.0021, 0.05)
    if kind == "region":
        opened = np.arange(rows) % 20 == 1
    return {
        "probability": probability,
        "opened": opened,
        "X_all": pd.DataFrame({"trade": pd.Categorical(trade)}),
    }


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("floor", "10.0% of the returns had a chance of being opened below 0.002"),
        ("few", "25 cases count as 25, and 50 are needed"),
        ("region", "No return was opened where trade is shops, which is 20.0% of all"),
    ],
)
def test_what_is_not_supported_is_said_and_refused(kind: str, reason: str) -> None:
    overlap = diagnose_overlap(**build(kind))
    assert not overlap.identified
    assert reason in overlap.reason
    with pytest.raises(NotIdentifiedError, match="The gap is not identified"):
        overlap.require("The gap")


def test_one_case_that_stands_for_most_is_refused() -> None:
    overlap = diagnose_overlap(np.append(np.full(800, 0.9), 0.0021))
    assert not overlap.identified


def test_returns_without_a_chance_show_in_the_total_of_weights(chosen: Any) -> None:
    # The rule never opens the lower half; the probabilities of the opened half are right.
    able = chosen.X["mismatch"].to_numpy() > 0
    opened = chosen.opened & able
    known = np.where(opened, chosen.probability, np.nan)
    overlap = diagnose_overlap(known, opened=opened)
    assert not overlap.identified
    assert "had no chance of being opened" in overlap.reason


def test_a_hidden_choice_is_never_identified_by_weights() -> None:
    overlap = diagnose_overlap(np.full(500, 0.5), seen=False)
    assert not overlap.identified
    assert "do not show" in overlap.reason


def test_probabilities_that_cannot_be_are_refused() -> None:
    for bad in (0.0, -0.1, 1.5, np.nan):
        with pytest.raises(InvalidDataError, match="in 1 of 3 cases"):
            diagnose_overlap([0.5, 0.5, bad])
    with pytest.raises(NotIdentifiedError, match="No return was opened"):
        diagnose_overlap([0.5], opened=[False])
    with pytest.raises(UsageError, match="X_all has 2 rows"):
        diagnose_overlap([0.5], X_all=pd.DataFrame({"a": [1, 2]}))


def test_the_diagnosis_shows_itself(chosen: Any) -> None:
    overlap = diagnose_overlap(chosen.probability, opened=chosen.opened)
    assert overlap.to_dict()["facts"]["cases"] == chosen.opened.sum()
    assert overlap.to_text().startswith("Identified: ")
    assert "Identified" in overlap._repr_html_()
