"""Comparing two models on random enquiries that neither was trained on."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxgap.batch import score
from taxgap.errors import IncompatibleError, NotIdentifiedError, ThresholdError, UsageError
from taxgap.monitoring.models import ModelComparison, ModelShelf, compare_models
from taxgap.monitoring.models.agreement import measure_agreement
from taxgap.monitoring.models.verdict import judge
from taxgap.records import Records
from taxgap.risk import RiskModel


@pytest.fixture(scope="module")
def worse(good: RiskModel, shuffled: RiskModel, records: Records) -> ModelComparison:
    return compare_models(shuffled, good, records)


def retold(model: RiskModel, **facts: object) -> RiskModel:
    """Return the same model with other facts on its card."""
    return copy.copy(model).annotate(**facts)


def test_a_model_of_shuffled_labels_is_worse(worse: ModelComparison) -> None:
    assert worse.verdict == "worse"
    assert "it is worse" in worse.headline()
    auc = worse.measures.set_index("metric").loc["auc"]
    assert auc["challenger"] < 0.65 < auc["other"]
    assert auc["difference_high"] < 0
    assert "the challenger is behind" in worse.to_text()


def test_the_other_way_round_it_is_better(
    good: RiskModel, shuffled: RiskModel, records: Records, worse: ModelComparison
) -> None:
    better = compare_models(good, shuffled, records)
    assert better.verdict == "better"
    turned = worse.measures.set_index("metric")["difference"]
    assert np.allclose(better.measures.set_index("metric")["difference"], -turned, equal_nan=True)
    assert better.agreement.flagged_by_both == worse.agreement.flagged_by_both


def test_both_are_measured_on_the_same_new_cases(worse: ModelComparison, good: RiskModel) -> None:
    assert worse.cases == 801
    assert worse.periods == ("2023-24",)
    assert not set(worse.periods) & set(good.card_["training"]["periods"])
    table = worse.measures.set_index("metric")
    told = table["difference"].notna()
    assert set(table.index[~told]) == {"brier"}
    assert np.allclose(table["difference"][told], (table["challenger"] - table["other"])[told])
    # The measures are those of the evaluation room: what the card says of these cases.
    card = {
        row["metric"]: row["value"]
        for row in good.card_["evaluation"]["metrics"]
        if row["ranking"] == "model"
    }
    for metric in ("auc", "share_of_gap@5%"):
        assert table.loc[metric, "other"] == pytest.approx(card[metric])


def test_equals_cannot_be_told_apart(good: RiskModel, records: Records) -> None:
    twin = copy.copy(good).set_params(random_state=99)  # another name for the same scores
    assert twin.model_id != good.model_id
    same = compare_models(twin, good, records)
    assert same.verdict == "cannot be told"
    assert "cannot be told" in same.headline()
    assert same.measures.set_index("metric").loc["auc", ["difference_low", "difference_high"]].eq(0).all()
    assert same.agreement.rank_correlation == pytest.approx(1.0)
    assert same.agreement.overlap == 1.0


def test_agreement_is_that_of_the_scores(good: RiskModel, shuffled: RiskModel, records: Records) -> None:
    told = measure_agreement(records, shuffled, good, periods=["2023-24"], capacity_share=0.1)
    options = {"reasons": 0, "periods": ["2023-24"], "capacity_share": 0.1, "validate": False}
    own, other = (score(records, model, **options) for model in (shuffled, good))
    assert told.returns == len(own)
    assert told.rank_correlation == pytest.approx(
        own["score"].corr(other["score"], method="spearman"), abs=1e-3
    )
    assert told.flagged_by_both + told.flagged_by_other == int(other["flagged"].sum())
    assert told.flagged_by_both + told.flagged_by_challenger == int(own["flagged"].sum())
    assert told.flagged_by_other > 0


def test_too_few_cases_are_refused_in_words(good: RiskModel, shuffled: RiskModel, records: Records) -> None:
    with pytest.raises(
        NotIdentifiedError, match=r"needs 2000 closed random enquiries.* there are 801 of 2023-24"
    ):
        compare_models(shuffled, good, records, evaluation_cases=2000)


def test_cases_that_trained_either_model_are_left_out(
    good: RiskModel, shuffled: RiskModel, records: Records
) -> None:
    training = {**good.card_["training"], "periods": ["2022-23", "2023-24"]}
    later = retold(shuffled, training=training)
    for pair in ((later, good), (good, later)):
        with pytest.raises(NotIdentifiedError, match="there are 0 of the tax years after 2023-24"):
            compare_models(*pair, records)
    unknown = retold(shuffled, training={})
    with pytest.raises(NotIdentifiedError, match="does not say on which tax years"):
        compare_models(unknown, good, records)


def test_models_that_do_not_fit_each_other_are_refused(
    good: RiskModel, shuffled: RiskModel, of_vat: Path, records: Records
) -> None:
    with pytest.raises(UsageError, match="itself"):
        compare_models(good, good, records)
    with pytest.raises(IncompatibleError, match="the other of self_assessment"):
        compare_models(RiskModel.load(of_vat), good, records)
    another = copy.copy(shuffled).set_params(material=5000.0)
    with pytest.raises(IncompatibleError, match="5,000 GBP"):
        compare_models(another, good, records)


def test_a_worse_challenger_is_promoted_only_anyway(
    shelf: ModelShelf, good: RiskModel, shuffled: RiskModel, records: Records, tmp_path: Path
) -> None:
    for name, model in {"good": good, "shuffled": shuffled}.items():
        shelf.add(model.save(tmp_path / name))
    champion, compared = shelf.promote(good.model_id, reason="the first", records=records)
    assert (champion.role, compared) == ("champion", None)
    with pytest.raises(ThresholdError, match="it is worse"):
        shelf.promote(shuffled.model_id, reason="a try", records=records)
    assert shelf.standing().champions == {"self_assessment": good.model_id}
    champion, compared = shelf.promote(shuffled.model_id, reason="a drill", records=records, anyway=True)
    assert champion.model_id == shuffled.model_id
    assert compared is not None
    assert "it is worse" in str(shelf.history()[-1].note)
    # With another model than the champion.
    with pytest.raises(UsageError, match="itself"):
        shelf.compare(good.model_id, records, other=good.model_id)


@pytest.mark.parametrize(
    ("share", "auc", "verdict"),
    [
        ((0.01, 0.1), (-0.1, 0.1), "better"),
        ((-0.1, -0.01), (-0.1, 0.1), "worse"),
        ((-0.1, 0.1), (-0.1, 0.1), "cannot be told"),
        ((0.01, 0.1), (-0.1, -0.01), "cannot be told"),
        ((0.0, 0.0), (0.0, 0.0), "cannot be told"),
        ((np.nan, np.nan), (0.01, 0.02), "better"),
    ],
)
def test_the_rule(share: tuple[float, float], auc: tuple[float, float], verdict: str) -> None:
    rows = [(metric, sum(ends) / 2, *ends) for metric, ends in (("share_of_gap@5%", share), ("auc", auc))]
    # Others do not decide.
    rows.append(("precision@5%", -0.5, -0.9, -0.1))
    told = judge(pd.DataFrame(rows, columns=["metric", "difference", "difference_low", "difference_high"]))
    assert told[0] == verdict
