from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

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


def test_a_taxpayer_is_one_draw() -> None:
    # Four copies of each case say no more than one does.
    rng = np.random.default_rng(2)
    score, amount = rng.random(200), rng.choice([0.0, 3000.0], 200)
    index = pd.MultiIndex.from_product([range(200), range(4)], names=["taxpayer_id", "period"])
    once = evaluate(score, amount=amount, draws=300).frame
    copies = pd.Series(np.repeat(score, 4), index)
    together = evaluate(copies, amount=np.repeat(amount, 4), draws=300)
    apart = evaluate(copies.reset_index(drop=True), amount=np.repeat(amount, 4), draws=300).frame
    width = [(table["high"] - table["low"])[3] for table in (once, together.frame, apart)]
    assert once["metric"][3] == "auc"
    assert width[1] == pytest.approx(width[0], rel=0.2)
    assert width[2] < 0.7 * width[1]
    assert together.settings["taxpayers"] == 200


def test_draws_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(7)
    score, amount = rng.random(120), rng.choice([0.0, 3000.0], 120)
    row = evaluate(score, amount=amount, coverages=(), draws=200).frame.set_index(["ranking", "metric"])
    aucs = []
    for _ in range(150):
        drawn = rng.integers(0, 120, 120)
        aucs.append(roc_auc_score(amount[drawn] > 0, score[drawn]))
    low, high = np.quantile(aucs, [0.025, 0.975])
    assert row.loc[("model", "auc"), "low"] == pytest.approx(low, abs=0.025)
    assert row.loc[("model", "auc"), "high"] == pytest.approx(high, abs=0.025)


def test_yield_is_tax_over_hours_of_the_cases_taken() -> None:
    amount, hours = np.array([4000.0, 0.0, 1000.0, 1000.0]), np.array([10.0, 30.0, 5.0, 5.0])
    options: dict[str, Any] = {"amount": amount, "hours": hours, "coverages": (0.25, 0.5), "draws": 20}
    result = evaluate([4.0, 3.0, 2.0, 1.0], baselines={"turned": [1, 2, 3, 4]}, **options)
    assert result.value("yield_per_hour@25%") == pytest.approx(400)
    assert result.value("yield_per_hour@50%") == pytest.approx(100)
    assert result.value("yield_per_hour", "population") == pytest.approx(6000 / 50)
    ratio = result.ratios.set_index("metric")["value"]
    assert ratio["yield_per_hour@50%"] == pytest.approx(100 / 200)
    assert ratio["share_of_gap@25%"] == pytest.approx(4000 / 1000)
    assert not result.bounds.empty


def test_chance_and_the_best_order_bound_every_ranking(evaluation: Evaluation) -> None:
    bounds = evaluation.bounds.set_index("metric")
    assert bounds.loc["auc", "chance"] == 0.5
    assert bounds.loc["share_of_gap@5%", "chance"] == 0.05
    assert bounds.loc["precision@5%", "chance"] == evaluation.value("material_share", "population")
    assert bounds.loc["strike_rate@5%", "chance"] == evaluation.value("strike_rate", "population")
    for metric in bounds.index:
        assert evaluation.value(metric) <= bounds.loc[metric, "perfect"] + 1e-9
        row = evaluation.frame.query("ranking == 'random' and metric == @metric").iloc[0]
        assert row["low"] - 0.03 <= bounds.loc[metric, "chance"] <= row["high"] + 0.03


def test_verdicts_rest_on_the_interval(evaluation: Evaluation) -> None:
    verdicts = evaluation.verdicts()
    assert list(verdicts.columns) == ["baseline", "metric", "difference", "low", "high", "beats"]
    assert verdicts["beats"].equals(verdicts["low"] > 0)
    assert verdicts.set_index(["baseline", "metric"]).loc[("random", "auc"), "beats"]
    same = evaluate([3.0, 2.0, 1.0], amount=[0.0, 1.0, 2000.0], baselines={"same": [3, 2, 1]}, draws=20)
    assert not same.verdicts()["beats"].any()


def test_references_stand_beside_and_need_not_be_beaten() -> None:
    rng = np.random.default_rng(0)
    amount = rng.choice([0.0, 3000.0], 300)
    result = evaluate(rng.random(300), amount=amount, references={"ceiling": amount}, draws=20)
    assert result.value("auc", "ceiling") == 1.0
    assert result.differences.empty
    assert (result.ratios["value"] < 1).all()
    with pytest.raises(UsageError, match="reference may not be called b"):
        evaluate(amount, amount=amount, baselines={"b": amount}, references={"b": amount}, draws=2)


def test_what_is_not_defined_has_a_reason() -> None:
    no_tax = evaluate(np.arange(5.0), amount=np.zeros(5), draws=3)
    reasons = no_tax.unmeasured.set_index("metric")["reason"]
    assert set(reasons) == {"no tax in any case"}
    assert {"auc", "average_precision", "share_of_gap@5%"} <= set(reasons.index)
    all_material = evaluate(np.arange(5.0), amount=np.full(5, 2000.0), draws=3).unmeasured
    assert all_material["reason"].tolist() == ["every case is material"]
    one = evaluate([1.0], amount=[2000.0], draws=3)
    assert one.value("share_of_gap@5%") == pytest.approx(0.05)
    assert one.to_text()


def test_scores_all_alike_rank_like_chance() -> None:
    rng = np.random.default_rng(0)
    result = evaluate(np.ones(2000), amount=rng.choice([0.0, 3000.0], 2000), draws=20)
    assert result.value("auc") == 0.5
    assert result.value("share_of_gap@10%") == pytest.approx(0.1, abs=0.03)


def test_a_small_top_has_room_above_and_below() -> None:
    amount = np.where(np.arange(200) < 50, 3000.0, 0.0)
    row = evaluate(-np.arange(200.0), amount=amount, draws=50).frame.set_index(["ranking", "metric"])
    top = row.loc[("model", "precision@2%")]
    assert (top["value"], top["high"]) == (1.0, 1.0)
    assert top["low"] < 0.6  # four of four


def test_calibration_of_the_probability_is_measured_with_it(evaluation: Evaluation) -> None:
    error = evaluation.calibration_error
    assert error is not None
    assert error.n == 4000
    assert evaluation.to_dict()["calibration_error"]["noise_mean"] == error.noise_mean
    assert evaluate([1.0, 2.0], amount=[0.0, 1.0], draws=2).calibration_error is None


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
        ({"hours": [1.0, 0.0, 1.0]}, InvalidDataError, "hours must be above 0"),
        ({"references": {"ceiling": [1]}}, UsageError, "Reference ceiling has 1 rows"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    given: dict[str, Any] = {"score": [1.0, 2.0, 3.0], "amount": [0.0, 0.0, 5000.0], "draws": 5} | options
    with pytest.raises(error, match=message):
        evaluate(given.pop("score"), **given)
