from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.risk.evaluation import Evaluation, evaluate

CASES = 1200


@pytest.fixture(scope="module")
def drawn() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    risk = rng.random(CASES)
    nation = rng.choice(["England", "Wales", "Scotland"], CASES, p=[0.7, 0.27, 0.03])
    tax = np.where(rng.random(CASES) < risk / 2 + 0.2 * (nation == "Wales"), 3000.0, 0.0)
    return pd.DataFrame({"risk": risk, "nation": nation, "tax": tax})


@pytest.fixture(scope="module")
def evaluation(drawn: pd.DataFrame) -> Evaluation:
    groups = pd.DataFrame({"nation": drawn["nation"].where(np.arange(CASES) >= 60), "all": "one"})
    return evaluate(
        drawn["risk"], amount=drawn["tax"], probability=drawn["risk"] / 2, groups=groups, draws=60
    )


def test_every_level_is_measured_or_listed(evaluation: Evaluation) -> None:
    table = evaluation.by_group
    levels = table.drop_duplicates(["group", "level"]).set_index(["group", "level"])["n"]
    assert levels.groupby("group").sum().tolist() == [CASES, CASES]
    assert list(levels["nation"].index) == ["England", "Wales", "not known", "Scotland"]
    scotland = table[table["level"] == "Scotland"]
    assert scotland["reason"].tolist() == ["fewer than 50 cases"]
    assert scotland["value"].isna().all()


def test_the_level_of_everyone_is_the_whole(evaluation: Evaluation) -> None:
    whole = evaluation.by_group[evaluation.by_group["group"] == "all"].set_index("metric")["value"]
    for metric in ("auc", "share_of_gap@5%", "precision@5%"):
        assert whole[metric] == pytest.approx(evaluation.value(metric))
    assert whole["taken_share@5%"] == pytest.approx(0.05)
    assert whole["mean_tax"] == pytest.approx(evaluation.value("mean_tax", "population"))


def test_a_level_is_held_against_the_common_cut_off(evaluation: Evaluation, drawn: pd.DataFrame) -> None:
    top = drawn.nlargest(CASES // 20, "risk")
    inside = (drawn["nation"] == "Wales") & (drawn.index >= 60)
    taken = top[top["nation"].eq("Wales") & (top.index >= 60)]
    wales = evaluation.by_group[evaluation.by_group["level"] == "Wales"].set_index("metric")
    assert wales.loc["share_of_gap@5%", "value"] == pytest.approx(
        taken["tax"].sum() / drawn["tax"][inside].sum()
    )
    assert wales.loc["taken_share@5%", "value"] == pytest.approx(len(taken) / inside.sum())
    assert wales.loc["precision@5%", "value"] == pytest.approx((taken["tax"] > 0).mean())
    assert (wales["low"] <= wales["value"]).all()
    assert (wales["value"] <= wales["high"]).all()


def test_a_group_that_is_predicted_too_low_shows(evaluation: Evaluation) -> None:
    gaps = evaluation.by_group[evaluation.by_group["metric"] == "calibration_gap"].set_index("level")
    assert gaps.loc["Wales", "high"] < 0
    assert gaps.loc["England", "low"] < 0 < gaps.loc["England", "high"]
    assert "nation Wales" in evaluation.to_text()


def test_categories_without_cases_are_listed_too() -> None:
    groups = pd.DataFrame({"region": pd.Categorical(["a"] * 60, categories=["b", "a"])})
    table = evaluate(np.arange(60.0), amount=np.zeros(60), groups=groups, draws=3).by_group
    empty = table[table["level"] == "b"].iloc[0]
    assert (empty["n"], empty["reason"]) == (0, "fewer than 50 cases")
    reasons = table[table["level"] == "a"].set_index("metric")["reason"]
    assert reasons["share_of_gap@5%"] == "no tax in any case of the level"
    assert reasons["mean_tax"] == ""


def test_groups_of_other_cases_are_refused() -> None:
    score = pd.Series(np.arange(3.0), index=["A", "B", "C"])
    for groups in (pd.DataFrame({"nation": ["x"]}), pd.DataFrame({"nation": list("xyz")}, index=list("CBA"))):
        with pytest.raises(UsageError, match="groups are not those of the 3 cases"):
            evaluate(score, amount=[0.0, 1.0, 2.0], groups=groups, draws=2)
