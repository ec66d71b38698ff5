from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from taxgap.errors import IncompatibleError, InvalidDataError, NotIdentifiedError, UsageError
from taxgap.risk import RiskModel
from taxgap.risk.scorers import share_of_gap_scorer


def test_parameters_are_only_stored() -> None:
    odd = RiskModel(n_estimators=-1, monotone={"a": 7}, random_state="x")
    assert odd.get_params()["n_estimators"] == -1
    assert clone(odd).get_params() == odd.get_params()
    assert odd.set_params(folds=9).folds == 9
    assert RiskModel().get_params()["material"] == 1000.0


def test_settings_are_checked_when_fitting(cases: Any) -> None:
    with pytest.raises(UsageError, match="n_estimators must be"):
        RiskModel(n_estimators=0).fit(cases.X, amount=cases.amount)


def test_an_unfitted_model_says_so(cases: Any, tmp_path: Any) -> None:
    model = RiskModel()
    for call in (model.predict, model.ranking_score, model.expected_tax, model.amount_interval, model.encode):
        with pytest.raises(NotFittedError):
            call(cases.X)
    with pytest.raises(NotFittedError):
        model.save(tmp_path / "model")
    with pytest.raises(NotFittedError):
        _ = model.card_


def test_expected_tax_is_exactly_the_exponential_of_the_ranking_score(model: RiskModel, later: Any) -> None:
    score = model.ranking_score(later.X)
    assert np.array_equal(model.expected_tax(later.X), np.exp(score))
    raw = model.booster("expected_tax").predict(model.encode(later.X), raw_score=True, num_threads=1)
    assert np.array_equal(score, raw + model.offset_)


def test_contributions_of_the_booster_add_up_to_the_ranking_score(model: RiskModel, later: Any) -> None:
    X = later.X.head(50)
    parts = model.booster("expected_tax").predict(model.encode(X), pred_contrib=True, num_threads=1)
    assert np.allclose(parts.sum(axis=1) + model.offset_, model.ranking_score(X), atol=1e-9)


def test_probabilities_are_probabilities(model: RiskModel, later: Any) -> None:
    both = model.predict_proba(later.X)
    assert both.shape == (len(later.X), 2)
    assert np.allclose(both.sum(axis=1), 1)
    assert ((both > 0) & (both < 1)).all()
    assert model.classes_.tolist() == [False, True]


def test_classes_follow_the_threshold(model: RiskModel, later: Any) -> None:
    strict = copy.deepcopy(model).set_params(threshold=0.3)
    assert np.array_equal(strict.predict(later.X), model.predict_proba(later.X)[:, 1] >= 0.3)
    assert model.predict(later.X).mean() < strict.predict(later.X).mean()


def test_calibration_keeps_the_ranking_of_the_booster(model: RiskModel, later: Any) -> None:
    raw = model.booster("probability").predict(model.encode(later.X), raw_score=True, num_threads=1)
    order = np.argsort(raw)
    assert (np.diff(model.predict_proba(later.X)[order, 1]) >= 0).all()


def test_ranking_comes_near_the_best_possible(model: RiskModel, later: Any) -> None:
    best = roc_auc_score(later.material, later.chance)
    assert roc_auc_score(later.material, model.predict_proba(later.X)[:, 1]) > best - 0.04
    assert roc_auc_score(later.material, model.ranking_score(later.X)) > best - 0.05


def test_predictions_are_right_on_average_for_new_cases(model: RiskModel, later: Any) -> None:
    assert model.predict_proba(later.X)[:, 1].mean() == pytest.approx(later.material.mean(), abs=0.03)
    assert model.expected_tax(later.X).mean() == pytest.approx(later.amount.mean(), rel=0.15)


def test_intervals_cover_new_cases(model: RiskModel, later: Any) -> None:
    found = later.amount > 0
    for coverage in (0.5, 0.8, 0.9):
        interval = model.amount_interval(later.X, coverage)
        inside = later.amount.between(interval["amount_low"], interval["amount_high"])[found]
        assert inside.mean() == pytest.approx(coverage, abs=0.05)
        assert interval.index.equals(later.X.index)


def test_known_directions_hold_everywhere(model: RiskModel, later: Any) -> None:
    X = pd.concat([later.X.iloc[[row]] for row in range(20) for _ in range(30)])
    for name, sign in (("mismatch", 1), ("expenses", 1), ("margin", -1)):
        steps = np.tile(np.linspace(-3, 5, 30), 20)
        for values in (model.ranking_score, lambda X: model.predict_proba(X)[:, 1]):
            rise = np.diff(values(X.assign(**{name: steps})).reshape(20, 30), axis=1)
            assert (sign * rise >= -1e-12).all()


def test_same_data_same_model(cases: Any, model: RiskModel) -> None:
    again = clone(model).fit(cases.X.copy(), amount=cases.amount.to_numpy())
    assert again.model_id == model.model_id
    assert again.parts_ == model.parts_


def test_the_identity_does_not_depend_on_the_number_of_threads(cases: Any, small: dict[str, Any]) -> None:
    models = [
        RiskModel(**small).set_params(n_estimators=2, folds=2, n_threads=n).fit(cases.X, amount=cases.amount)
        for n in (1, 2)
    ]
    assert models[0].model_id == models[1].model_id


def test_the_order_of_columns_does_not_matter(model: RiskModel, later: Any) -> None:
    turned = later.X[later.X.columns[::-1]]
    assert np.array_equal(model.ranking_score(turned), model.ranking_score(later.X))


def test_a_frame_that_does_not_fit_is_refused(model: RiskModel, later: Any) -> None:
    with pytest.raises(IncompatibleError, match="it lacks margin"):
        model.predict_proba(later.X.drop(columns="margin"))


def test_pickles_and_copies_predict_the_same(model: RiskModel, later: Any) -> None:
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - joblib copies so
        assert np.array_equal(twin.ranking_score(later.X), model.ranking_score(later.X))


def test_chosen_cases_do_not_enter_the_calibration(cases: Any, later: Any, small: dict[str, Any]) -> None:
    # Chosen cases with wildly larger amounts change the trees, but not the level.
    X = pd.concat([cases.X, later.X.iloc[:800].set_axis([f"R{i}" for i in range(800)])])
    X.index = pd.RangeIndex(len(X))
    amount = np.concatenate([cases.amount, 40 * later.amount[:800] + 5000])
    random = np.arange(len(X)) < len(cases.X)
    opened = np.where(random, 0.02, 0.9)
    model = RiskModel(**small).fit(X, amount=amount, random=random, inclusion_probability=opened)
    assert model.parts_.counts["calibration_cases"] == len(cases.X)
    assert model.parts_.counts["calibration_mean_amount"] == pytest.approx(cases.amount.mean())
    # Out of fold the total is exact; in sample it is near.
    assert model.expected_tax(cases.X).mean() == pytest.approx(cases.amount.mean(), rel=0.25)


def test_chosen_cases_alone_identify_nothing(cases: Any, small: dict[str, Any]) -> None:
    with pytest.raises(NotIdentifiedError, match="None of the cases comes from the random"):
        RiskModel(**small).fit(cases.X, amount=cases.amount, random=np.zeros(len(cases.X), bool))


def test_the_label_may_be_given(cases: Any, small: dict[str, Any], model: RiskModel) -> None:
    same = RiskModel(**small, monotone=model.monotone).fit(cases.X, cases.material, amount=cases.amount)
    assert same.model_id == model.model_id


def test_cross_validation_routes_the_amount(cases: Any, small: dict[str, Any]) -> None:
    with config_context(enable_metadata_routing=True):
        model = RiskModel(**small).set_params(n_estimators=5).set_fit_request(amount=True)
        scores = cross_val_score(
            model, cases.X, cases.material, cv=2, scoring="roc_auc", params={"amount": cases.amount}
        )
    assert (scores > 0.6).all()


def test_an_unknown_booster_is_refused(model: RiskModel) -> None:
    with pytest.raises(UsageError, match="no booster 'amount'"):
        model.booster("amount")


def test_the_card_says_what_the_model_is(model: RiskModel, cases: Any) -> None:
    card = model.card_
    assert card["model_id"] == model.model_id
    assert [f["name"] for f in card["features"]] == list(cases.X.columns)
    assert {f["name"]: f["direction"] for f in card["features"]}["margin"] == -1
    assert card["counts"]["cases"] == len(cases.X)
    assert "lightgbm" in card["versions"]
    assert "reason to look, not a finding" in model.summary()


def test_facts_are_added_to_the_card(model: RiskModel) -> None:
    noted = copy.deepcopy(model).annotate(training={"periods": ("2021-22",)}, share=np.float64(0.5))
    assert noted.card_["training"] == {"periods": ["2021-22"]}
    assert noted.card_["share"] == 0.5
    assert "share" not in model.card_
    assert noted.model_id == model.model_id
    assert noted.annotate(regime="vat").model_id != model.model_id


def test_probability_alone_needs_no_amounts(cases: Any, later: Any, small: dict[str, Any]) -> None:
    model = RiskModel(**small).fit(cases.X, cases.material)
    assert roc_auc_score(later.material, model.predict_proba(later.X)[:, 1]) > 0.7
    for call in (model.ranking_score, model.expected_tax, model.amount_interval, model.score_frame):
        with pytest.raises(NotIdentifiedError, match="trained without amount"):
            call(later.X)
    with pytest.raises(NotIdentifiedError, match="trained without hours"):
        model.expected_hours(later.X)


def test_score_rows_need_no_records(cases: Any, later: Any, small: dict[str, Any]) -> None:
    hours = 10.0 + 50.0 * cases.X["margin"].abs()
    model = RiskModel(**small).fit(cases.X, amount=cases.amount, hours=hours)
    rows = model.score_frame(later.X)
    assert rows.index.equals(later.X.index)
    assert sorted(rows["rank"]) == list(range(1, len(rows) + 1))
    assert rows.loc[rows["rank"] == 1, "score"].iloc[0] == rows["score"].max()
    assert np.array_equal(rows["expected_tax"], model.expected_tax(later.X))
    by_chance = model.score_frame(later.X, rank_by="probability")
    assert by_chance.sort_values("rank")["probability"].is_monotonic_decreasing
    net = model.score_frame(later.X, rank_by="net_yield", hourly_cost=100.0)
    worth = net["expected_tax"] - 100.0 * net["expected_hours"]
    assert worth[net["rank"].sort_values().index].is_monotonic_decreasing
    assert not np.array_equal(net["rank"], rows["rank"])
    with pytest.raises(NotIdentifiedError, match="what an hour of an officer costs"):
        model.score_frame(later.X, rank_by="net_yield")
    with pytest.raises(UsageError, match="cannot be ranked by 'luck'"):
        model.score_frame(later.X, rank_by="luck")


def test_hours_are_right_on_average(cases: Any, later: Any, small: dict[str, Any]) -> None:
    model = RiskModel(**small).fit(cases.X, amount=cases.amount, hours=10.0 + 50.0 * cases.X["margin"].abs())
    truth = 10.0 + 50.0 * later.X["margin"].abs()
    assert model.expected_hours(later.X).mean() == pytest.approx(truth.mean(), rel=0.1)
    assert np.corrcoef(model.expected_hours(later.X), truth)[0, 1] > 0.8


def test_features_that_tell_nothing_are_refused(cases: Any, small: dict[str, Any]) -> None:
    X = cases.X.assign(same=3.0, absent=np.nan)
    with pytest.raises(InvalidDataError, match="tell nothing: same, absent"):
        RiskModel(**small).fit(X, amount=cases.amount)
    RiskModel(**small, allow_constant=True).set_params(n_estimators=2).fit(X, amount=cases.amount)
    with pytest.raises(InvalidDataError, match="tell nothing: same, absent"):
        RiskModel(**small, allow_constant=True).fit(X[["same", "absent"]], amount=cases.amount)


def test_infinite_features_are_refused(cases: Any, small: dict[str, Any]) -> None:
    with pytest.raises(InvalidDataError, match=r"Infinite values in margin \(1500 rows\)"):
        RiskModel(**small).fit(cases.X.assign(margin=np.inf), amount=cases.amount)


def test_weighted_cases_can_carry_the_level(later: Any, small: dict[str, Any]) -> None:
    # Cases are chosen by a known probability that follows the risk; there is no random programme.
    rng = np.random.default_rng(3)
    chosen = rng.random(len(later.X)) < np.clip(later.chance, 0.05, 0.6)
    X, amount, chance = later.X[chosen], later.amount[chosen], np.clip(later.chance, 0.05, 0.6)[chosen]
    naive = RiskModel(**small).fit(X, amount=amount)
    right = RiskModel(**small, calibrate_on="weighted").fit(X, amount=amount, inclusion_probability=chance)
    truth = later.chance.mean()
    bias = [abs(m.predict_proba(later.X)[:, 1].mean() - truth) for m in (naive, right)]
    assert bias[1] < 0.5 * bias[0]
    assert "weighted by their probability of being opened" in right.summary()


def test_pipelines_and_grids_take_the_model(cases: Any, small: dict[str, Any]) -> None:
    numbers = cases.X[["mismatch", "expenses", "margin"]]
    with config_context(enable_metadata_routing=True):
        model = RiskModel(**small).set_params(n_estimators=5).set_fit_request(amount=True)
        pipeline = make_pipeline(RobustScaler().set_output(transform="pandas"), model)
        scorer = share_of_gap_scorer(cases.amount, coverage=0.1)
        grid = GridSearchCV(pipeline, {"riskmodel__num_leaves": [3, 7]}, cv=2, scoring=scorer)
        grid.fit(numbers, cases.material, amount=cases.amount)
    assert grid.best_score_ > 0.15
