"""Contributions: the parts of a score, which add up to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.peers import GROUPS
from taxgap.reasons import Contributions, contributions
from taxgap.reasons.contributions import ENGINES
from taxgap.risk.model import RiskModel


def own(found: Contributions) -> pd.DataFrame:
    return found.values  # noqa: PD011 - a field of ours, not that of pandas


def test_the_parts_add_up_to_the_score(model: RiskModel, seen: pd.DataFrame) -> None:
    found = contributions(model, seen)
    total = found.population_mean + found.group_effect + found.own_effect
    np.testing.assert_allclose(total, model.ranking_score(seen), rtol=0, atol=1e-6)
    assert own(found).index.equals(seen.index)
    assert found.engine == "lightgbm"


def test_what_defines_the_peers_is_no_contribution_of_ones_own(model: RiskModel, seen: pd.DataFrame) -> None:
    found = contributions(model, seen)
    assert not set(GROUPS) & set(own(found).columns)
    by_trade = found.group_effect.groupby(seen["trade_group"], observed=True).mean()
    assert by_trade["making"] > by_trade["farming"]


def test_each_row_is_explained_by_itself(model: RiskModel, seen: pd.DataFrame) -> None:
    whole = contributions(model, seen)
    part = contributions(model, seen.iloc[[7, 3]])
    pd.testing.assert_frame_equal(own(part), own(whole).iloc[[7, 3]])
    assert part.population_mean == whole.population_mean


def test_a_model_without_the_groups_has_no_group_effect(seen: pd.DataFrame) -> None:
    X = seen[["interest_unmatched", "expenses_to_turnover"]].fillna(0.0)
    bare = RiskModel(n_estimators=5, folds=2).fit(X, amount=2_000.0 * (X["interest_unmatched"] > 0.4))
    found = contributions(bare, X)
    assert (found.group_effect == 0).all()
    assert own(found).columns.tolist() == ["interest_unmatched", "expenses_to_turnover"]


def test_an_engine_whose_parts_do_not_add_up_is_caught(
    model: RiskModel, seen: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = ENGINES["lightgbm"]

    def wrong(*arguments: object) -> tuple[np.ndarray, float]:
        parts, mean = exact(*arguments)  # type: ignore[arg-type]
        return parts, mean + 2e-6

    monkeypatch.setitem(ENGINES, "wrong", wrong)
    with pytest.raises(IncompatibleError, match="2e-06"):
        contributions(model, seen.head(3), engine="wrong")


def test_an_unknown_engine_is_refused_by_name(model: RiskModel, seen: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match=r"'shap'.*lightgbm"):
        contributions(model, seen, engine="shap")


def test_a_background_is_not_silently_ignored(model: RiskModel, seen: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="background"):
        contributions(model, seen, background=seen)
