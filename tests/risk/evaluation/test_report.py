from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk import Evaluation, RiskModel, evaluate

QUICK: dict[str, Any] = {"draws": 60}


@pytest.fixture(scope="module")
def evaluation(model: RiskModel, later: Any) -> Evaluation:
    X = later.X
    return evaluate(
        pd.Series(model.ranking_score(X), X.index),
        amount=later.amount,
        probability=model.predict_proba(X)[:, 1],
        expected_tax=model.expected_tax(X),
        weight=np.where(np.arange(len(X)) % 2, 10.0, 30.0),
        baselines={"random": np.random.default_rng(0).random(len(X)), "mismatch": X["mismatch"]},
        **QUICK,
    )


def test_every_ranking_is_measured_alike(evaluation: Evaluation) -> None:
    frame = evaluation.frame
    assert list(frame.columns) == ["label", "ranking", "metric", "coverage", "value", "low", "high", "n"]
    metrics = frame.groupby("ranking")["metric"].apply(set)
    assert metrics["model"] == metrics["random"] == metrics["mismatch"] == metrics["probability"] - {"brier"}
    assert {"auc", "average_precision", "share_of_gap@0.5%", "precision@10%", "strike_rate@2%"} <= metrics[
        "model"
    ]
    assert metrics["population"] == {"material_share", "strike_rate", "mean_tax"}
    assert (frame["label"] == "random enquiries").all()


def test_intervals_hold_their_values(evaluation: Evaluation) -> None:
    for table in (evaluation.frame, evaluation.differences):
        inside = (table["low"] <= table["value"]) & (table["value"] <= table["high"])
        assert inside.mean() > 0.95
        assert (table["low"] <= table["high"]).all()


def test_the_model_beats_chance_and_the_difference_is_paired(evaluation: Evaluation) -> None:
    rows = evaluation.differences.set_index(["baseline", "metric"])
    gain = rows.loc[("random", "auc")]
    assert gain["value"] == pytest.approx(evaluation.value("auc") - evaluation.value("auc", "random"))
    assert gain["low"] > 0
    pair = evaluation.frame.set_index(["ranking", "metric"])
    spread = {
        name: pair.loc[(name, "auc"), "high"] - pair.loc[(name, "auc"), "low"]
        for name in ("model", "mismatch")
    }
    paired = rows.loc[("mismatch", "auc"), "high"] - rows.loc[("mismatch", "auc"), "low"]
    assert paired < spread["model"] + spread["mismatch"]


def test_calibration_compares_predicted_with_observed(evaluation: Evaluation) -> None:
    table = evaluation.calibration
    assert table.groupby("measure")["decile"].apply(list).tolist() == [list(range(1, 11))] * 2
    assert table.groupby("measure")["n"].sum().tolist() == [4000, 4000]
    probability = table[table["measure"] == "probability"]
    assert (probability["predicted"].diff().dropna() > 0).all()
    assert probability["observed"].iloc[-1] > 5 * probability["observed"].iloc[0]
    assert (probability["predicted"] - probability["observed"]).abs().max() < 0.12


def test_gain_curves_run_from_nothing_to_everything(evaluation: Evaluation) -> None:
    for _, curve in evaluation.gain.groupby("ranking"):
        assert curve["share_of_gap"].iloc[[0, -1]].tolist() == pytest.approx([0.0, 1.0])
        assert (curve["share_of_gap"].diff().dropna() >= -1e-12).all()
    model = evaluation.gain.query("ranking == 'model'").set_index("share_examined")["share_of_gap"]
    assert model[0.1] == pytest.approx(evaluation.value("share_of_gap@10%"))


def test_results_show_themselves_and_become_plain_data(evaluation: Evaluation) -> None:
    html = evaluation._repr_html_()
    assert "share_of_gap@5%" in html
    assert "Calibration by decile" in html
    data = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert len(data["metrics"]) == len(evaluation.frame)
    assert data["metrics"][0]["coverage"] is None
    assert data["settings"]["draws"] == 60


def test_an_unknown_measure_is_refused(evaluation: Evaluation) -> None:
    with pytest.raises(UsageError, match="no 'lift'") as caught:
        evaluation.value("lift")
    assert "auc" in caught.value.available
    with pytest.raises(UsageError, match="ranking 'oracle'"):
        evaluation.value("auc", "oracle")


def test_same_seed_same_intervals() -> None:
    rng = np.random.default_rng(0)
    score, amount = rng.random(300), rng.choice([0.0, 2000.0], 300)
    one, same, other = (evaluate(score, amount=amount, seed=seed, **QUICK).frame for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same, check_exact=True)
    assert not one["low"].equals(other["low"])
    assert one["value"].equals(other["value"])


def test_bootstrap_intervals_are_about_as_wide_as_theory_says() -> None:
    amount = np.where(np.arange(1000) < 200, 2000.0, 0.0)
    row = evaluate(np.arange(1000.0), amount=amount, coverages=(), draws=400).frame.iloc[0]
    assert row["metric"] == "material_share"
    width = 2 * 1.96 * np.sqrt(0.2 * 0.8 / 1000)
    assert row["high"] - row["low"] == pytest.approx(width, rel=0.15)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_only_the_order_of_a_score_matters(seed: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    score, amount = rng.normal(size=80), rng.choice([0.0, 900.0, 2500.0], 80)
    one = evaluate(score, amount=amount, draws=2).frame["value"]
    other = evaluate(np.exp(score) * factor, amount=amount, draws=2).frame["value"]
    pd.testing.assert_series_equal(one, other)


def test_the_order_of_the_rows_does_not_matter_even_with_ties() -> None:
    rng = np.random.default_rng(3)
    index = pd.Index([f"T{i}" for i in range(200)])
    score, amount = (
        pd.Series(rng.integers(0, 3, 200), index),
        pd.Series(rng.choice([0.0, 5000.0], 200), index),
    )
    turned = rng.permutation(200)
    one = evaluate(score, amount=amount, draws=1)
    other = evaluate(score.iloc[turned], amount=amount.iloc[turned], draws=1)
    assert np.allclose(one.frame["value"], other.frame["value"])


def test_a_missing_baseline_value_ranks_last() -> None:
    amount = np.array([0.0, 0.0, 5000.0, 5000.0])
    result = evaluate(
        np.arange(4.0), amount=amount, baselines={"turnover": [1.0, 0.0, np.nan, np.nan]}, draws=5
    )
    assert result.value("auc", "turnover") == 0.0


def test_too_much_declared_is_no_gap() -> None:
    result = evaluate([3.0, 2.0, 1.0], amount=[-900.0, 2000.0, 0.0], draws=5, coverages=(1.0,), label="truth")
    assert result.value("mean_tax", "population") == pytest.approx(2000 / 3)
    assert set(result.frame["label"]) == {"truth"}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"amount": [1.0]}, UsageError, "amount has 1 rows; 3"),
        ({"weight": [1.0, 0.0, 1.0]}, InvalidDataError, "weights must be above 0"),
        ({"baselines": {"model": [1, 2, 3]}}, UsageError, "may not be called model"),
        ({"baselines": {"turnover": [1, 2]}}, UsageError, "turnover has 2 rows"),
        ({"coverages": (0.0,)}, UsageError, "Coverages lie above 0"),
        ({"confidence": 1.0}, UsageError, "Coverages lie above 0"),
        ({"score": [1.0, 2.0, np.nan]}, InvalidDataError, "score is missing"),
        ({"score": [], "amount": []}, InvalidDataError, "no cases"),
        ({"probability": [0.1, 0.2]}, UsageError, "probability has 2 rows"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    given: dict[str, Any] = {"score": [1.0, 2.0, 3.0], "amount": [0.0, 0.0, 5000.0], "draws": 5} | options
    with pytest.raises(error, match=message):
        evaluate(given.pop("score"), **given)
