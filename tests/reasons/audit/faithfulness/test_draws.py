"""Draws from peers and from the population."""

from __future__ import annotations

import numpy as np
import pytest

from taxgap.peers import GROUPS
from taxgap.reasons.audit.faithfulness.draws import choose_peers, draw_from_margins, draw_from_peers
from taxgap.reasons.baseline import PeerBaseline


@pytest.fixture(scope="module")
def redraws(material):
    return draw_from_peers(material, np.arange(40), 8)


def test_peers_share_trade_and_size(material):
    peers, seen = material.subject.peers, material.seen
    chosen = choose_peers(peers, seen, 6, np.random.default_rng(0))
    for name in GROUPS:
        theirs = peers.rows[name].astype("str").to_numpy()[chosen]
        assert (theirs == seen[name].astype("str").to_numpy()[:, np.newaxis]).all()


def test_few_peers_widen_to_the_trade_and_an_unknown_trade_to_the_size(material):
    peers, rows = material.subject.peers, material.seen.head(2).copy()
    rows["size_band"] = rows["size_band"].cat.set_categories([*rows["size_band"].cat.categories, "odd"])
    rows.iloc[0, rows.columns.get_loc("size_band")] = "odd"
    rows["trade_group"] = rows["trade_group"].astype("str")
    rows.iloc[1, rows.columns.get_loc("trade_group")] = None
    chosen = choose_peers(peers, rows, 50, np.random.default_rng(0))
    theirs = [peers.rows[name].astype("str").to_numpy()[chosen] for name in GROUPS]
    assert (theirs[0][0] == rows["trade_group"].iloc[0]).all()
    assert len(set(theirs[1][0])) > 1
    assert (theirs[1][1] == str(rows["size_band"].iloc[1])).all()
    assert len(set(theirs[0][1])) > 1


def test_nothing_redrawn_is_the_return_itself(material, redraws):
    nothing = np.zeros(len(redraws.features), dtype=bool)
    np.testing.assert_allclose(redraws.mean_score(nothing), material.score[:40], atol=1e-9)


def test_all_redrawn_is_the_mean_of_the_peers(material):
    model, regime, peers = material.subject.model, material.regime, material.subject.peers
    baseline = PeerBaseline(model, regime, peers)
    place = baseline.place(material.seen)
    rows = np.flatnonzero(place == place[0])[:5]
    many = draw_from_peers(material, rows, 400)
    found = many.mean_score(np.ones(len(many.features), dtype=bool))
    theirs = model.booster("expected_tax").predict(baseline.background(int(place[0])), raw_score=True)
    np.testing.assert_allclose(found, theirs.mean() + model.offset_, atol=4 * theirs.std() / 20)


def test_features_redrawn_together_come_from_one_row(material, redraws):
    peers = material.subject.peers.rows
    relative = {feature.name for feature in material.regime.features if feature.relative}
    plain = [place for place, name in enumerate(redraws.features) if name not in relative]
    names = [redraws.features[place] for place in plain]
    known = {tuple(row) for row in peers[names].fillna(-9).to_numpy().tolist()}
    drawn = np.nan_to_num(redraws.drawn[..., plain], nan=-9).reshape(-1, len(plain))
    assert all(tuple(row) in known for row in drawn.tolist())


def test_margins_take_each_feature_from_a_row_of_its_own(material):
    margins = draw_from_margins(material, np.arange(40), 50)
    relative = {feature.name for feature in material.regime.features if feature.relative}
    plain = [place for place, name in enumerate(margins.features) if name not in relative]
    names = [margins.features[place] for place in plain]
    theirs = material.subject.peers.rows[names]
    known = {tuple(row) for row in theirs.fillna(-9).to_numpy().tolist()}
    drawn = np.nan_to_num(margins.drawn[..., plain], nan=-9).reshape(-1, len(plain))
    assert not any(tuple(row) in known for row in drawn.tolist())
    share = np.isnan(margins.drawn[..., plain]).mean(axis=(0, 1))
    weights = material.subject.peers.stands_for
    expected = np.average(theirs.isna().to_numpy(), weights=weights, axis=0)
    np.testing.assert_allclose(share, expected, atol=0.04)
