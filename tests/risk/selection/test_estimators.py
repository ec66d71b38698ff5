from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk.selection import SelectedEstimates, estimate_selected
from taxgap.risk.selection.influence import take_top

METHODS = ("naive", "inverse_probability", "doubly_robust")


def ask(chosen: Any, **options: Any) -> SelectedEstimates:
    given: dict[str, Any] = {
        "outcomes": chosen.expected,
        "score": chosen.risk + 0.1 * chosen.X["size"].to_numpy(),
        "predicted": chosen.risk,
        "policy": np.clip(chosen.risk, 0, 1),
    }
    return estimate_selected(chosen.known, chosen.probability, opened=chosen.opened, **{**given, **options})


def find_truth(chosen: Any) -> dict[str, float]:
    score, tax = chosen.risk + 0.1 * chosen.X["size"].to_numpy(), chosen.amount
    material = tax >= 1000
    top = take_top(score, np.arange(len(score)), 0.05)
    return {
        "mean_tax": tax.mean(),
        "material_share": material.mean(),
        "share_of_gap@5%": (top * tax).sum() / tax.sum(),
        "auc": roc_auc_score(material, score),
        "policy_value": (chosen.risk * tax).mean(),
    }


def test_all_measures_come_near_the_truth_and_naive_ones_do_not(chosen: Any) -> None:
    found, truth = ask(chosen, confidence=0.999), find_truth(chosen)
    for method in METHODS[1:]:
        for measure, true in truth.items():
            value = found.value(measure, method)
            assert value.low <= true <= value.high, (measure, method)
    for measure in ("mean_tax", "material_share"):
        naive = found.value(measure, "naive")
        assert naive.low > 1.1 * truth[measure]


def test_a_true_probability_is_not_called_miscalibrated(chosen: Any) -> None:
    found = ask(chosen)
    for method in METHODS[1:]:
        assert found.value("calibration_error", method).low < 0.01
    off = ask(chosen, predicted=np.clip(chosen.risk + 0.1, 0, 1))
    for method in METHODS[1:]:
        value = off.value("calibration_error", method)
        assert value.low > 0.03
        assert value.low <= 0.1 <= value.high + 0.02


def test_a_model_that_explains_narrows_the_interval(chosen: Any) -> None:
    found = ask(chosen)
    widths = {
        m: found.value("material_share", m).high - found.value("material_share", m).low for m in METHODS
    }
    assert widths["doubly_robust"] < widths["inverse_probability"]


def test_either_the_probability_or_the_model_may_be_wrong(choose: Callable[..., Any]) -> None:
    many = choose(60_000, seed=11)
    truth = find_truth(many)["material_share"]
    useless = many.expected.assign(material=0.5, tax=1.0)
    wrong = np.full(len(many.amount), many.opened.mean())
    model_wrong = ask(many, outcomes=useless).value("material_share")
    chance_wrong = estimate_selected(many.known, wrong, opened=many.opened, outcomes=many.expected)
    assert abs(model_wrong.value - truth) < 0.02
    assert abs(chance_wrong.value("material_share").value - truth) < 0.01
    assert abs(chance_wrong.value("material_share", "inverse_probability").value - truth) > 0.05


def test_the_area_is_that_of_scikit_learn_when_all_are_opened(chosen: Any) -> None:
    everyone = pd.Series(True, index=chosen.X.index)
    score = chosen.risk.round(1)
    found = estimate_selected(chosen.amount, np.ones(len(score)), opened=everyone, score=score)
    expected = roc_auc_score(chosen.amount >= 1000, score)
    assert found.value("auc", "inverse_probability").value == pytest.approx(expected)
    assert found.value("mean_tax", "inverse_probability").value == pytest.approx(chosen.amount.mean())


def test_intervals_cover(choose: Callable[..., Any]) -> None:
    assert count_hits(choose, replications=12, population=100_000) > 0.85


@pytest.mark.long
def test_intervals_cover_what_they_promise(choose: Callable[..., Any]) -> None:
    assert count_hits(choose, replications=1000, population=400_000) == pytest.approx(0.95, abs=0.02)


def count_hits(choose: Callable[..., Any], *, replications: int, population: int) -> float:
    """Return the share of intervals that hold the value of the process that draws returns."""
    truth = find_truth(choose(population, seed=99))
    hits = []
    for seed in range(replications):
        found = ask(choose(6000, seed=1000 + seed), predicted=None)
        for method in METHODS[1:]:
            intervals = [(found.value(name, method), true) for name, true in truth.items()]
            hits.extend(value.low <= true <= value.high for value, true in intervals)
    return float(np.mean(hits))


def test_no_overlap_no_estimate(chosen: Any) -> None:
    opened = chosen.opened & (chosen.X["mismatch"] > 0)
    with pytest.raises(NotIdentifiedError, match="no chance of being opened"):
        estimate_selected(chosen.known, np.where(opened, chosen.probability, np.nan), opened=opened)


def test_what_cannot_be_estimated_is_refused(chosen: Any) -> None:
    with pytest.raises(InvalidDataError, match="No tax was found"):
        estimate_selected(np.zeros(len(chosen.X)), chosen.probability, opened=chosen.opened)
    with pytest.raises(UsageError, match="lack tax"):
        ask(chosen, outcomes=chosen.expected[["material"]])
    with pytest.raises(UsageError, match="Coverages lie"):
        ask(chosen, coverages=[2.0])
    with pytest.raises(UsageError, match="There is no 'brier'"):
        ask(chosen).value("brier")


def test_the_estimates_show_themselves(chosen: Any) -> None:
    found = ask(chosen)
    assert {row["method"] for row in found.to_dict()["measures"]} == set(METHODS)
    assert "mean_tax, doubly_robust" in found.to_text()
    assert "<table" in found._repr_html_()
