"""Peers as a baseline: the ladder, and what follows from peers that share trade and size with the return."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.peers import GROUPS, STANDS_FOR, PeerGroups
from taxgap.reasons import RUNGS, PeerBaseline, contributions
from taxgap.reasons.engines import compile_once
from taxgap.regimes import Regime
from taxgap.risk.model import RiskModel

# The 600 returns of the fixture are about 100 a trade and size, 200 a trade and 300 a size band.
MINIMA = {"trade_and_size": 50, "trade": 150, "size": 250, "everyone": 500}


@pytest.fixture(scope="module")
def model(seen: pd.DataFrame) -> RiskModel:
    """A small model that looks at trade and size."""
    risk = seen["expenses_to_turnover"].fillna(0) + 2 * (seen["trade_group"] == "making")
    risk = risk + 2 * (seen["size_band"] == "10k_20k") + seen["interest_unmatched"].fillna(0)
    model = RiskModel(n_estimators=8, num_leaves=8, folds=2, path_smooth=1.0, learning_rate=0.2)
    return model.fit(seen, amount=(900 * risk.clip(0, 6)).round(2))


@pytest.fixture(params=RUNGS)
def rung(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def baseline(rung: str, model: RiskModel, regime: Regime, peers: PeerGroups) -> PeerBaseline:
    """Peers of whom so many are asked for that all returns stand on one rung."""
    return PeerBaseline(model, regime, peers, minimum=MINIMA[rung])


def test_the_rung_is_the_first_with_enough_peers(
    rung: str, baseline: PeerBaseline, seen: pd.DataFrame, peers: PeerGroups
) -> None:
    group = baseline.describe().loc[baseline.place(seen.head(1))].iloc[0]
    assert group["rung"] == rung
    own = seen.iloc[0]
    rows = peers.rows
    alike = {
        "trade_and_size": (rows["trade_group"] == own["trade_group"])
        & (rows["size_band"] == own["size_band"]),
        "trade": rows["trade_group"] == own["trade_group"],
        "size": rows["size_band"] == own["size_band"],
        "everyone": rows["trade_group"].notna(),
    }[rung]
    assert group["peers"] == min(alike.sum(), 500)
    assert group[list(GROUPS)].tolist() == own[list(GROUPS)].tolist()
    assert len(baseline.background(int(group.name))) == group["peers"]


def test_what_defines_the_peers_is_the_same_for_all_on_every_rung(
    baseline: PeerBaseline, model: RiskModel, seen: pd.DataFrame
) -> None:
    places = [list(model.feature_names_in_).index(name) for name in GROUPS]
    own = model.encode(seen.head(20)[list(model.feature_names_in_)])
    for row, number in zip(own, baseline.place(seen.head(20)), strict=True):
        background = baseline.background(number)
        assert (background[:, places] == row[places]).all()


def test_what_defines_the_peers_contributes_exactly_nothing_on_every_rung(
    baseline: PeerBaseline, model: RiskModel, seen: pd.DataFrame
) -> None:
    booster = model.booster()
    places = [list(model.feature_names_in_).index(name) for name in GROUPS]
    assert booster.feature_importance("split")[places].sum() > 0  # the trees do look at them
    matrix = model.encode(seen.head(3))
    for row, number in zip(matrix, baseline.place(seen.head(3)), strict=True):
        found = compile_once(booster).explain(row[np.newaxis], baseline.background(number))
        assert (found[0, places] == 0.0).all()


def test_relative_features_of_peers_are_positions_in_the_group_of_the_return(
    baseline: PeerBaseline, model: RiskModel, regime: Regime, peers: PeerGroups, seen: pd.DataFrame
) -> None:
    name = next(feature.name for feature in regime.features if feature.relative)
    place = list(model.feature_names_in_).index(name)
    row = seen.iloc[[0]]
    found = baseline.background(int(baseline.place(row)[0]))[:, place]
    own = {group: row[group].iloc[0] for group in GROUPS}
    expected = peers.position(peers.rows.assign(**own), name).to_numpy()
    assert set(found[~np.isnan(found)]) <= set(expected)


def test_the_parts_add_up_on_every_rung(baseline: PeerBaseline, model: RiskModel, seen: pd.DataFrame) -> None:
    found = contributions(model, seen.head(9), baseline=baseline)
    total = found.population_mean + found.group_effect + found.own_effect
    np.testing.assert_allclose(total, model.ranking_score(seen.head(9)), rtol=0, atol=1e-9)
    numbers = baseline.place(seen.head(9))
    backgrounds = [baseline.background(number) for number in numbers]
    means = [model.booster("expected_tax").predict(rows, raw_score=True).mean() for rows in backgrounds]
    effects = np.array(means) + model.parts_.offsets.get("expected_tax", 0.0) - baseline.population_mean
    np.testing.assert_allclose(found.group_effect, effects, rtol=0, atol=1e-9)
    assert found.baseline == "peers"
    assert found.peers.index.equals(seen.index[:9])
    assert found.peers["number"].tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("trade", "size", "rung"),
    [
        (None, "under_10k", "size"),
        ("farming", None, "trade"),
        (None, None, "everyone"),
        ("shops", "10m_plus", "everyone"),
        ("shops", "under_10k", "size"),
    ],
)
def test_an_unknown_or_rare_group_widens_the_comparison_and_still_explains_nothing(
    trade: str | None,
    size: str | None,
    rung: str,
    *,
    model: RiskModel,
    regime: Regime,
    peers: PeerGroups,
    observed: pd.DataFrame,
) -> None:
    baseline = PeerBaseline(model, regime, peers)
    row = observed.head(1).copy()
    for name, value in zip(GROUPS, (trade, size), strict=True):
        row[name] = pd.Categorical([value], categories=observed[name].cat.categories)
    seen = regime.compare(row, peers)
    assert baseline.describe().loc[baseline.place(seen), "rung"].tolist() == [rung]
    found = contributions(model, seen, baseline=baseline)  # which checks that the groups have no part
    assert found.peers["rung"].tolist() == [rung]


def test_the_mean_over_the_population_counts_each_row_for_what_it_stands_for(
    model: RiskModel, regime: Regime, peers: PeerGroups
) -> None:
    weights = np.where(peers.rows["trade_group"] == "farming", 5.0, 1.0)
    weighted = PeerGroups(peers.rows.assign(**{STANDS_FOR: weights}))
    scores = model.ranking_score(regime.compare(peers.rows, peers))
    found = PeerBaseline(model, regime, weighted).population_mean
    assert found == pytest.approx(np.average(scores, weights=weights), abs=1e-12)
    assert found != pytest.approx(scores.mean(), abs=1e-6)


def test_a_background_is_bounded_and_always_the_same(
    model: RiskModel, regime: Regime, peers: PeerGroups
) -> None:
    few = PeerBaseline(model, regime, peers, most=60)
    number = int(few.place(peers.rows.head(1))[0])
    assert len(few.background(number)) == 60
    mixed = PeerGroups(peers.rows.sample(frac=1.0, random_state=2))
    again = PeerBaseline(model, regime, mixed, most=60)
    np.testing.assert_array_equal(few.background(number), again.background(number))


def test_no_peers_at_all_are_refused(model: RiskModel, regime: Regime, peers: PeerGroups) -> None:
    with pytest.raises(InvalidDataError, match="no peers"):
        PeerBaseline(model, regime, PeerGroups(peers.rows.iloc[:0]))
    with pytest.raises(UsageError, match="at least one peer"):
        PeerBaseline(model, regime, peers, minimum=0)


def test_the_mean_of_a_trade_is_that_of_all_its_sizes(
    model: RiskModel, regime: Regime, peers: PeerGroups, seen: pd.DataFrame
) -> None:
    baseline = PeerBaseline(model, regime, peers)
    numbers = baseline.place(seen)
    trade = seen["trade_group"].iloc[0]
    same = np.unique(numbers[(seen["trade_group"] == trade).to_numpy()])
    assert len(same) > 1
    rows = peers.rows[peers.rows["trade_group"] == trade]
    scores = model.ranking_score(regime.compare(rows, peers)[list(model.feature_names_in_)])
    weights = peers.stands_for[(peers.rows["trade_group"] == trade).to_numpy()]
    for number in same:
        assert baseline.mean_over_trade(int(number)) == pytest.approx(np.average(scores, weights=weights))
    unknown = baseline.place(seen.head(1).assign(trade_group=None))[0]
    assert np.isnan(baseline.mean_over_trade(int(unknown)))
