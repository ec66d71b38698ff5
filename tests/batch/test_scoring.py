"""Scores: one row a return, ranked, flagged and explained by rules that anyone can check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.batch.explaining import Batch, Explainer, Piece
from taxgap.batch.scorer import LIKELIHOOD, SCORE_COLUMNS, Scorer
from taxgap.batch.scoring import score_in_memory
from taxgap.batch.settings import ScoreSettings
from taxgap.errors import IncompatibleError, InvalidDataError, NotIdentifiedError, UsageError
from taxgap.peers import PeerGroups
from taxgap.reasons import PeerBaseline, contributions, give_reasons, reason_columns
from taxgap.records import Records
from taxgap.regimes import get_regime
from taxgap.risk.model import RiskModel

REGIME = get_regime("self_assessment")
KEY = ["taxpayer_id", "period"]


@pytest.fixture(scope="module")
def scores(records: Records, model: RiskModel) -> pd.DataFrame:
    """A share explained: two passes."""
    return score(records, model, explain_share=0.1, capacity_share=0.08)


@pytest.fixture(scope="module")
def whole(records: Records, model: RiskModel) -> pd.DataFrame:
    """All explained: one pass."""
    return score(records, model, capacity_share=0.08, validate=False)


@pytest.fixture(scope="module")
def baseline(model: RiskModel) -> PeerBaseline:
    return PeerBaseline(model, REGIME, model.peers_)


@pytest.fixture(scope="module")
def seen(records: Records, model: RiskModel) -> pd.DataFrame:
    """The returns as the model sees them."""
    return REGIME.compare(REGIME.measure(records), model.peers_)


def test_there_is_one_row_a_return_with_the_columns_of_the_design(
    scores: pd.DataFrame, records: Records
) -> None:
    assert scores.columns.tolist() == [*SCORE_COLUMNS, *reason_columns(), LIKELIHOOD]
    returns = records.table("self_assessment", KEY).drop_duplicates()
    assert sorted(map(tuple, scores[KEY].to_numpy())) == sorted(map(tuple, returns.to_numpy()))
    kinds = scores.dtypes.astype(str)
    assert kinds[["taxpayer_id", "period", "model_id", "flagged", "rank"]].tolist() == [
        *("str", "str", "str", "bool", "int64")
    ]
    assert kinds[["regime", "flag_rule", "reason_1_code"]].tolist() == ["category"] * 3


def test_numbers_are_those_of_the_model(scores: pd.DataFrame, model: RiskModel, seen: pd.DataFrame) -> None:
    found = scores.set_index(KEY).loc[seen.index]
    close = {"rtol": 1e-12, "atol": 0}
    np.testing.assert_allclose(found["score"], model.ranking_score(seen), **close)
    np.testing.assert_allclose(found["expected_tax"], model.expected_tax(seen), **close)
    np.testing.assert_allclose(found["probability"], model.predict_proba(seen)[:, 1], **close)
    np.testing.assert_allclose(found[["amount_low", "amount_high"]], model.amount_interval(seen), **close)
    assert (found["model_id"] == model.model_id).all()


def test_ranks_count_from_the_highest_score_of_each_period(scores: pd.DataFrame) -> None:
    for _, year in scores.groupby("period"):
        ordered = year.sort_values("rank")
        assert ordered["rank"].tolist() == list(range(1, len(year) + 1))
        assert ordered["score"].is_monotonic_decreasing


def test_flags_follow_the_rule_that_the_rows_state(scores: pd.DataFrame) -> None:
    returns = scores.groupby("period")["rank"].transform("max")
    expected = (scores["probability"] >= 0.4) & (scores["rank"] <= np.floor(0.08 * returns))
    assert (scores["flagged"] == expected).all()
    assert scores["flagged"].any()
    assert scores["flag_rule"].unique().tolist() == [
        "Flagged if the probability is at least 0.4 and the rank is within the first 8% of the tax year."
    ]


def test_every_return_has_reasons_that_add_up_against_its_peers(
    whole: pd.DataFrame, model: RiskModel, records: Records, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    assert whole["reason_1_sentence"].notna().all()
    rows = whole.set_index(KEY).loc[seen.index]
    found = contributions(model, seen, baseline=baseline)
    np.testing.assert_allclose(rows["group_effect"], found.group_effect, atol=1e-12, rtol=0)
    total = rows["population_mean"] + rows["group_effect"] + found.own_effect
    np.testing.assert_allclose(total, rows["score"], atol=1e-9, rtol=0)
    expected = give_reasons(REGIME, found, REGIME.measure(records), model.peers_)
    pd.testing.assert_frame_equal(rows[reason_columns()], expected)


def test_reasons_are_given_to_the_highest_ranks_as_to_all(scores: pd.DataFrame, whole: pd.DataFrame) -> None:
    returns = scores.groupby("period")["rank"].transform("max")
    explained = scores["rank"] <= np.floor(0.1 * returns)
    assert (scores["reason_1_sentence"].notna() == explained).all()
    assert (scores["group_effect"].notna() == explained).all()
    assert scores.loc[~explained, reason_columns()].isna().all().all()
    pd.testing.assert_frame_equal(scores[explained], whole[explained])
    of_all = [name for name in SCORE_COLUMNS if name not in {"population_mean", "group_effect"}]
    pd.testing.assert_frame_equal(scores[of_all], whole[of_all])


def test_of_the_flagged_the_first_reason_for_the_likelihood_is_kept(
    whole: pd.DataFrame, model: RiskModel, records: Records, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    flagged = whole[whole["flagged"]].set_index(KEY)
    found = contributions(model, seen.loc[flagged.index], baseline=baseline, kind="probability")
    observed = REGIME.measure(records).loc[flagged.index]
    expected = give_reasons(REGIME, found, observed, model.peers_, most=1)["reason_1_code"]
    pd.testing.assert_series_equal(flagged[LIKELIHOOD], expected, check_names=False)
    assert flagged[LIKELIHOOD].notna().any()
    assert whole.loc[~whole["flagged"], LIKELIHOOD].isna().all()


@pytest.mark.parametrize("share", [0.1, 1.0])
@pytest.mark.parametrize("gathered", [500, 120])  # a partition at a time, and in pieces
def test_how_partitions_are_gathered_changes_nothing(
    gathered: int,
    share: float,
    *,
    parted: Records,
    model: RiskModel,
    scores: pd.DataFrame,
    whole: pd.DataFrame,
) -> None:
    settings = ScoreSettings(explain_share=share, capacity_share=0.08, validate=False)
    scorer = Scorer(model, settings, gathered=gathered)
    again = score_in_memory(scorer, parted, parted.periods).set_index(KEY)
    expected = (scores if share < 1 else whole).set_index(KEY).loc[again.index]
    pd.testing.assert_frame_equal(again, expected, check_exact=True)


def test_partitions_change_nothing(scores: pd.DataFrame, parted: Records, model: RiskModel) -> None:
    again = score(parted, model, explain_share=0.1, capacity_share=0.08)
    assert again["taxpayer_id"].tolist() != scores["taxpayer_id"].tolist()  # the order is by partition
    expected = scores.set_index(KEY).loc[pd.MultiIndex.from_frame(again[KEY])].reset_index()
    pd.testing.assert_frame_equal(again, expected)


def test_a_loaded_model_scores_the_same(
    scores: pd.DataFrame, records: Records, model: RiskModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = model.save(tmp_path_factory.mktemp("model") / "saved")
    again = score(records, RiskModel.load(folder), explain_share=0.1, capacity_share=0.08, validate=False)
    pd.testing.assert_frame_equal(again, scores)


def test_one_period_is_scored_as_among_all(scores: pd.DataFrame, records: Records, model: RiskModel) -> None:
    year = records.periods[-1]
    found = score(records, model, periods=[year], explain_share=0.1, capacity_share=0.08, validate=False)
    expected = scores[scores["period"] == year].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_no_more_returns_are_explained_together_than_may_be(
    share: float, parted: Records, model: RiskModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    take_in = Explainer.take_in

    def watch(self: Explainer, parts: dict[Piece, pd.DataFrame]) -> Batch:
        sizes.append(sum(map(len, parts.values())))
        return take_in(self, parts)

    monkeypatch.setattr(Explainer, "take_in", watch)
    settings = ScoreSettings(explain_share=share, validate=False)
    returns = len(score_in_memory(Scorer(model, settings, gathered=200), parted, parted.periods))
    assert max(sizes) == 200
    assert sum(sizes) == returns if share == 1 else returns < sum(sizes) <= 2 * returns


def test_one_period_may_be_named_alone(records: Records, model: RiskModel) -> None:
    year = records.periods[-1]
    found = score(records, model, periods=year, reasons=0, validate=False)
    pd.testing.assert_frame_equal(found, score(records, model, periods=[year], reasons=0, validate=False))


def test_an_earlier_date_sees_less(scores: pd.DataFrame, records: Records, model: RiskModel) -> None:
    first = records.table("self_assessment", ["received_on"])["received_on"].quantile(0.3)
    found = score(records, model, as_of=first, reasons=0, validate=False)
    assert 0 < len(found) < len(scores)


def test_before_the_first_return_there_is_nothing_to_score(
    scores: pd.DataFrame, parted: Records, model: RiskModel
) -> None:
    found = score(parted, model, as_of="2015-01-01", validate=False)
    pd.testing.assert_frame_equal(found.drop(columns="flag_rule"), scores.iloc[:0].drop(columns="flag_rule"))


def test_without_reasons_nothing_is_explained(records: Records, model: RiskModel) -> None:
    found = score(records, model, reasons=0, validate=False)
    assert found.columns.tolist() == list(SCORE_COLUMNS)
    assert found[["population_mean", "group_effect"]].isna().all().all()


def test_where_no_share_is_explained_the_reasons_are_empty(
    records: Records, model: RiskModel, whole: pd.DataFrame
) -> None:
    found = score(records, model, explain_share=0.0, capacity_share=0.08, validate=False)
    assert found[[*reason_columns(), LIKELIHOOD, "group_effect"]].isna().all().all()
    columns = ["rank", "flagged", "probability", "score"]
    pd.testing.assert_frame_equal(found[columns], whole[columns])
    assert found.dtypes.equals(whole.dtypes)


def test_records_that_break_a_rule_are_not_scored(records: Records, model: RiskModel) -> None:
    frames = {name: records.table(name) for name in records.tables}
    broken = {**frames, "self_assessment": frames["self_assessment"].assign(turnover=-1.0)}
    with pytest.raises(InvalidDataError):
        score(Records.from_frames(broken), model)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"reasons": 5}, "reasons is 5"),
        ({"explain_share": 1.5, "cutoff": -1.0}, r"explain_share is 1.5.*cutoff is -1"),
        ({"periods": ["1999-00"]}, "no returns of 1999-00"),
        ({"periods": []}, "any tax year"),
        ({"periods": "1999-00"}, "no returns of 1999-00"),
        ({"periods": [2023]}, "not text"),
        ({"as_of": "soon"}, "no date"),
    ],
)
def test_settings_out_of_range_are_named(
    records: Records, model: RiskModel, settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        score(records, model, validate=False, **settings)  # type: ignore[arg-type]


def test_a_model_of_no_known_regime_or_with_other_features_is_refused(
    records: Records, model: RiskModel
) -> None:
    X = pd.DataFrame({"shoe_size": np.arange(300.0), "days_late": 1.0})
    other = RiskModel(n_estimators=2, folds=2, allow_constant=True)
    other.fit(X, amount=3_000.0 * (X["shoe_size"] > 200))
    with pytest.raises(IncompatibleError, match="which regime"):
        score(records, other)
    with pytest.raises(IncompatibleError, match="does not build: shoe_size"):
        score(records, other.annotate(regime="self_assessment"))
    with pytest.raises(UsageError, match="'window'"):
        score(records, other.annotate(regime="window"))


def test_a_model_without_peers_is_refused(records: Records) -> None:
    X = pd.DataFrame({"days_late": np.arange(300.0)})
    bare = RiskModel(n_estimators=2, folds=2).fit(X, amount=3_000.0 * (X["days_late"] > 200))
    with pytest.raises(IncompatibleError, match="peers"):
        score(records, bare.annotate(regime="self_assessment"))


def test_records_that_lack_what_the_model_relies_on_are_refused(records: Records, model: RiskModel) -> None:
    frames = {name: records.table(name) for name in records.tables if name != "third_party"}
    with pytest.raises(IncompatibleError, match="interest_unmatched"):
        score(Records.from_frames(frames), model, validate=False)


def test_what_the_model_does_not_look_at_may_be_missing(records: Records, model: RiskModel) -> None:
    frames = {name: records.table(name) for name in records.tables if name != "payments"}
    found = score(Records.from_frames(frames), model, validate=False, reasons=0)
    assert len(found) == len(records.table("self_assessment", KEY).drop_duplicates())


def test_peers_are_rebuilt_from_the_rows_a_model_carries(records: Records, model: RiskModel) -> None:
    observed = REGIME.measure(records)
    rebuilt = PeerGroups(model.peer_rows_)
    pd.testing.assert_frame_equal(REGIME.compare(observed, rebuilt), REGIME.compare(observed, model.peers_))


def test_ranks_may_follow_the_probability(records: Records, model: RiskModel) -> None:
    scores = score(records, model, reasons=0, rank_by="probability", validate=False)
    for _, year in scores.groupby("period"):
        assert year.sort_values("rank")["probability"].is_monotonic_decreasing
    assert (
        scores["flag_rule"]
        .iloc[0]
        .endswith("the rank by probability is within the first 5% of the tax year.")
    )


def test_a_net_yield_needs_hours(records: Records, model: RiskModel) -> None:
    with pytest.raises(NotIdentifiedError, match="what an hour of an officer costs"):
        score(records, model, reasons=0, rank_by="net_yield", validate=False)
    with pytest.raises(NotIdentifiedError, match="trained without hours"):
        score(records, model, reasons=0, rank_by="net_yield", hourly_cost=150.0, validate=False)
    with pytest.raises(UsageError, match="rank_by is 'luck'"):
        score(records, model, rank_by="luck")


def test_what_the_sampled_returns_stand_for_is_saved_with_the_model(
    records: Records, model: RiskModel, tmp_path: Path
) -> None:
    peers = PeerGroups.fit(REGIME.measure(records), per_group=3)
    assert peers.stands_for.max() > 1
    saved = RiskModel.load(model.save(tmp_path / "model"))
    saved.attach_peers(peers).save(tmp_path / "again")
    found = RiskModel.load(tmp_path / "again")
    np.testing.assert_array_equal(PeerGroups(found.peer_rows_).stands_for, peers.stands_for)
    assert found.card_["format_version"] == model.card_["format_version"]  # older readers pass over it
