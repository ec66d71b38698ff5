from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import InvalidDataError, UsageError
from taxgap.risk import ceiling, evaluate
from taxgap.risk.evaluation import rank_by_truth


def test_the_ceiling_is_near_the_best_possible(later: Any) -> None:
    result = ceiling(later.X, later.amount, later.X.index.get_level_values(0), draws=50)
    best = roc_auc_score(later.material, later.chance)
    assert best - 0.04 < result.auc < best + 0.02
    assert result.low < result.auc < result.high
    assert result.n == 4000
    assert result.material_share == pytest.approx(later.material.mean())
    assert result.to_dict()["folds"] == 3


def test_the_ranking_behind_the_ceiling_can_stand_beside_a_model(later: Any) -> None:
    score = rank_by_truth(later.X, later.amount, later.X.index.get_level_values(0))
    result = evaluate(later.X["expenses"], amount=later.amount, references={"ceiling": score}, draws=10)
    assert result.value("share_of_gap@10%", "ceiling") > result.value("share_of_gap@10%")
    assert result.value("auc", "ceiling") > roc_auc_score(later.material, later.chance) - 0.06


def test_a_taxpayer_recognised_in_another_year_gains_nothing() -> None:
    # Each taxpayer has his own number and his own luck: without folds by taxpayer the AUC would be near 1.
    rng = np.random.default_rng(0)
    taxpayer = np.repeat(np.arange(400), 4)
    X = pd.DataFrame({"own_number": rng.permutation(400)[taxpayer].astype(float)})
    lost = np.where(rng.random(400)[taxpayer] < 0.3, 5000.0, 0.0)
    assert ceiling(X, lost, taxpayer, draws=5).auc < 0.65


def test_whole_taxpayers_are_drawn_from_a_large_population(cases: Any) -> None:
    result = ceiling(cases.X, cases.amount, cases.X.index.get_level_values(0), most_rows=500, draws=5)
    assert result.n == 500
    again = ceiling(cases.X, cases.amount, cases.X.index.get_level_values(0), most_rows=500, draws=5)
    assert again == result


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"groups": ["A"]}, InvalidDataError, "1500 returns needs its taxpayer; 1 were given"),
        ({"groups": [None] * 1500}, InvalidDataError, "needs its taxpayer"),
        ({"tax_lost": np.zeros(1500)}, InvalidDataError, "at least 30 returns of each kind"),
        ({"tax_lost": np.zeros(3)}, UsageError, "tax_lost has 3 rows"),
    ],
)
def test_truth_that_cannot_be_learned_is_refused(
    cases: Any, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"X": cases.X, "tax_lost": cases.amount, "groups": range(1500)} | change
    with pytest.raises(error, match=message):
        ceiling(**given)
