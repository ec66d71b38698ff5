"""What training on a real (small) population leaves in the card."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, NotIdentifiedError
from taxgap.records import Records
from taxgap.risk import RiskModel, train
from taxgap.risk.reference import Reference

QUICK: dict[str, Any] = {"n_estimators": 10, "folds": 2, "num_leaves": 7, "trials": 1}


@pytest.fixture(scope="module")
def records(workshop: Any) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def card(workshop: Any) -> dict[str, Any]:
    return RiskModel.load(workshop.model).card_


def with_enquiries(records: Records, enquiries: pd.DataFrame) -> Records:
    frames = {name: records.table(name) for name in records.tables}
    return Records.from_frames({**frames, "enquiries": enquiries}, as_of=str(records.as_of.date()))


def test_the_card_holds_rivals_groups_and_calibration(card: dict[str, Any]) -> None:
    evaluation = card["evaluation"]
    rankings = {row["ranking"] for row in evaluation["metrics"]}
    assert {"random", "turnover", "largest mismatch", "peer z-score", "logistic regression"} <= rankings
    assert {"nation", "region", "income decile"} <= {row["group"] for row in evaluation["by_group"]}
    assert evaluation["calibration_error"]["n"] == next(r["n"] for r in evaluation["metrics"])
    metrics = {row["metric"] for row in evaluation["metrics"] if row["ranking"] == "model"}
    assert {"yield_per_hour@5%", "share_of_gap@0.5%", "precision@10%"} <= metrics


def test_the_card_says_what_is_known_of_the_labels(card: dict[str, Any]) -> None:
    labels = card["training"]["labels"]
    assert labels["proxies"]["flagged"] is False
    assert set(labels["detection"])
    assert card["hourly_cost"] == pytest.approx(150.0)


def test_the_card_holds_what_monitoring_compares_with(card: dict[str, Any]) -> None:
    reference = Reference.from_dict(card["reference"])
    assert reference.years[-1] == card["training"]["evaluation_period"]
    assert "score" in reference.names


def test_a_scorecard_tells_its_price(records: Records) -> None:
    model = train(records, style="scorecard", **QUICK)
    rows = [row for row in model.card_["evaluation"]["differences"] if row["baseline"] == "full model"]
    assert {"share_of_gap@5%", "auc"} <= {row["metric"] for row in rows}
    assert model.card_["rules"]
    assert "full model" in model.summary()


def test_without_a_random_programme_weights_may_carry(records: Records) -> None:
    model = train(records, calibrate_on="weighted", **QUICK)
    card = model.card_
    assert card["counts"]["calibration_cases"] == card["counts"]["cases"]
    assert card["evaluation"]["settings"]["label"] == "weighted enquiries"
    share = card["counts"]["calibration_material_share"]
    random = train(records, **QUICK).card_["counts"]["calibration_material_share"]
    assert share == pytest.approx(random, abs=0.03)


def test_weights_that_cannot_stand_for_all_are_refused(records: Records) -> None:
    enquiries = records.table("enquiries")
    with pytest.raises(NotIdentifiedError, match="without random enquiries"):
        train(
            with_enquiries(records, enquiries.iloc[::4]),
            calibrate_on="weighted",
            evaluation_cases=50,
            **QUICK,
        )


def test_labels_that_copy_the_programme_are_refused(records: Records) -> None:
    enquiries = records.table("enquiries")
    mine = enquiries["regime"] == "self_assessment"
    chosen = mine & (enquiries["programme"] == "risk") & enquiries["closed_on"].notna()
    # Every case that was chosen for risk is settled at a flat amount, as if the choice were the finding.
    copied = enquiries.assign(tax_found=enquiries["tax_found"].mask(chosen, 5_000.0))
    with pytest.raises(InvalidDataError, match="copy past enforcement"):
        train(with_enquiries(records, copied), **QUICK)


def test_years_without_enquiries_are_refused(records: Records) -> None:
    with pytest.raises(NotIdentifiedError, match="No enquiry into self_assessment"):
        train(records, periods=["2031-32"], **QUICK)
