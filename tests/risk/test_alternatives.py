from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from taxgap.errors import UsageError
from taxgap.risk.alternatives import rank_otherwise
from taxgap.risk.boosting import Growth
from taxgap.risk.outcomes import Given, Rules, check_outcomes

GROWTH = Growth(n_estimators=25, num_leaves=15, learning_rate=0.1, path_smooth=20.0)


def test_each_alternative_ranks(cases: Any, later: Any) -> None:
    outcomes = check_outcomes(cases.X.index, Given(amount=cases.amount), Rules())
    ranks = rank_otherwise(cases.X, outcomes, later.X, growth=GROWTH)
    assert list(ranks) == ["probability of material", "probability of any", "two parts", "quantile"]
    for score in ranks.values():
        assert np.isfinite(score).all()
        assert roc_auc_score(later.material, score) > 0.65


def test_amounts_are_needed(cases: Any, later: Any) -> None:
    outcomes = check_outcomes(cases.X.index, Given(y=cases.material), Rules())
    with pytest.raises(UsageError, match="need the tax found"):
        rank_otherwise(cases.X, outcomes, later.X)
