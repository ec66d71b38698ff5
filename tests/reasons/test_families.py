"""Families of reasons: sums over features, exact values as players, and where the two disagree."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError, InvalidDataError, UsageError
from taxgap.peers import GROUPS, PeerGroups
from taxgap.reasons import contributions
from taxgap.reasons.baseline import PeerBaseline
from taxgap.reasons.families import (
    families_disagree,
    family_of,
    family_values,
    first_family,
    sum_families,
)
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel

USED = ["expenses_to_turnover", "travel_to_turnover", "interest_unmatched", "pay_unmatched", "days_late"]


@pytest.fixture(scope="module")
def small(seen: pd.DataFrame) -> RiskModel:
    """A model of three families, whose features act together across families."""
    bought, interest = seen["expenses_to_turnover"].fillna(0), seen["interest_unmatched"].fillna(0)
    late, travel = seen["days_late"].fillna(0), seen["travel_to_turnover"].fillna(0)
    risk = (bought > 0) * interest * 3 + (late > 0) * (travel > 0) + (seen["trade_group"] == "making")
    amount = np.where(risk > 1, 600 * np.exp(risk / 2), 0.0).round(2)
    X = seen[[*GROUPS, *USED]]
    return RiskModel(n_estimators=12, folds=2, path_smooth=5.0, feature_fraction=1.0).fit(X, amount=amount)


@pytest.fixture(scope="module")
def baseline(small: RiskModel, regime: Regime, peers: PeerGroups) -> PeerBaseline:
    return PeerBaseline(small, regime, peers)


@pytest.fixture(scope="module")
def exact(small: RiskModel, regime: Regime, seen: pd.DataFrame, baseline: PeerBaseline) -> pd.DataFrame:
    return family_values(small, regime, seen.head(12), baseline=baseline)


@pytest.fixture(scope="module")
def sums(small: RiskModel, regime: Regime, seen: pd.DataFrame, baseline: PeerBaseline) -> pd.DataFrame:
    found = contributions(small, seen.head(12), baseline=baseline)
    return sum_families(regime, found.values)


def test_every_feature_has_one_family(regime: Regime) -> None:
    families = family_of(regime)
    assert list(families) == list(regime.feature)
    assert families["interest_unmatched"] == "third_party"
    assert set(families.values()) == {code.family for code in regime.codes}


def test_sums_add_up_to_the_contributions_and_unused_families_are_zero(
    regime: Regime, sums: pd.DataFrame
) -> None:
    assert sums.columns.tolist() == list(dict.fromkeys(family_of(regime).values()))
    used = {family_of(regime)[name] for name in USED}
    assert (sums[[name for name in sums.columns if name not in used]] == 0).all().all()
    assert (sums[sorted(used)] != 0).any().all()


def test_a_column_that_is_no_feature_is_refused(regime: Regime) -> None:
    with pytest.raises(UsageError, match="'shoes'"):
        sum_families(regime, pd.DataFrame({"shoes": [0.1]}))


def test_exact_values_are_those_of_every_order_of_joining(
    small: RiskModel, regime: Regime, seen: pd.DataFrame, baseline: PeerBaseline, exact: pd.DataFrame
) -> None:
    """Brute force over all coalitions of families, against the whole background of each return."""
    families = family_of(regime)
    names = list(small.feature_names_in_)
    players = sorted({families[name] for name in USED})
    members = {p: [i for i, name in enumerate(names) if families.get(name) == p] for p in players}
    matrix, numbers = small.encode(seen[names].head(4)), baseline.place(seen.head(4))
    for row, number in enumerate(numbers.tolist()):
        worth = {}
        for size in range(len(players) + 1):
            for joined in combinations(players, size):
                mixed = baseline.background(number).copy()
                columns = [i for player in joined for i in members[player]]
                mixed[:, columns] = matrix[row, columns]
                raw = small.booster("expected_tax").predict(mixed, raw_score=True)
                worth[frozenset(joined)] = float(np.mean(raw))
        for player in players:
            value = sum(
                factorial(len(before))
                * factorial(len(players) - len(before) - 1)
                / factorial(len(players))
                * (worth[before | {player}] - worth[before])
                for before in worth
                if player not in before
            )
            assert exact[player].iloc[row] == pytest.approx(value, abs=1e-9)


def test_exact_values_add_up_to_the_score_less_the_mean_of_the_peers(
    small: RiskModel, seen: pd.DataFrame, baseline: PeerBaseline, exact: pd.DataFrame, sums: pd.DataFrame
) -> None:
    few = seen.head(12)
    backgrounds = [baseline.background(number) for number in baseline.place(few).tolist()]
    raw = [small.booster("expected_tax").predict(rows, raw_score=True).mean() for rows in backgrounds]
    means = np.array(raw) + small.parts_.offsets.get("expected_tax", 0.0)
    np.testing.assert_allclose(
        exact.sum(axis=1), small.ranking_score(few[list(small.feature_names_in_)]) - means, atol=1e-9
    )
    np.testing.assert_allclose(exact.sum(axis=1), sums.sum(axis=1), atol=1e-9)


def test_families_that_act_together_share_in_another_way_than_their_features(
    exact: pd.DataFrame, sums: pd.DataFrame
) -> None:
    assert exact.columns.equals(sums.columns)
    assert exact.index.equals(sums.index)
    assert np.abs(exact.to_numpy() - sums.to_numpy()).max() > 1e-3


def test_a_model_without_the_groups_has_no_player_for_them(
    regime: Regime, seen: pd.DataFrame, peers: PeerGroups
) -> None:
    X = seen[["interest_unmatched", "days_late"]].fillna(0.0)
    bare = RiskModel(n_estimators=5, folds=2).fit(X, amount=2_000.0 * (X["interest_unmatched"] > 0.4))
    few = seen.head(5)
    found = family_values(bare, regime, few, baseline=PeerBaseline(bare, regime, peers))
    assert set(found.columns[found.any()]) == {"third_party", "timing"}


def test_a_background_that_is_not_of_the_peers_is_refused(
    small: RiskModel,
    regime: Regime,
    seen: pd.DataFrame,
    baseline: PeerBaseline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everyone = small.encode(seen[list(small.feature_names_in_)].tail(50))
    monkeypatch.setattr(baseline, "background", lambda _: everyone)
    with pytest.raises(IncompatibleError, match="no peers"):
        family_values(small, regime, seen.head(12), baseline=baseline)


def test_no_returns_are_refused(
    small: RiskModel, regime: Regime, seen: pd.DataFrame, baseline: PeerBaseline
) -> None:
    with pytest.raises(InvalidDataError, match="empty"):
        family_values(small, regime, seen.head(0), baseline=baseline)


def frame(*rows: tuple[float, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["third_party", "expenses", "timing"][: len(rows[0])])


def test_the_first_family_raises_most_and_of_equals_the_regime_names_it_first() -> None:
    found = first_family(frame((0.1, 0.3, 0.2), (0.2, 0.2, 0.1), (-0.1, 0.0, -0.3)))
    assert found.astype(object).where(found.notna(), None).tolist() == ["expenses", "third_party", None]


@pytest.mark.parametrize(
    ("sums_row", "exact_row", "disagree"),
    [
        ((0.3, 0.2), (0.3, 0.1), False),
        ((0.3, 0.2), (0.2, 0.3), True),
        ((0.3, 0.3), (0.2, 0.3), False),  # tied in one of them
        ((0.3, 0.3 + 1e-12), (0.3 + 1e-12, 0.3), False),  # rounding
        ((-0.3, -0.2), (-0.1, -0.3), False),  # nothing raises the score
        ((0.1, -0.2), (-0.1, -0.1), True),
    ],
)
def test_disagreement_is_about_the_first_family(
    sums_row: tuple[float, ...], exact_row: tuple[float, ...], *, disagree: bool
) -> None:
    assert families_disagree(frame(sums_row), frame(exact_row)).tolist() == [disagree]


def test_disagreement_is_told_of_the_same_returns() -> None:
    with pytest.raises(UsageError, match="same returns"):
        families_disagree(frame((0.1, 0.2)), frame((0.1, 0.2), (0.1, 0.2)))
