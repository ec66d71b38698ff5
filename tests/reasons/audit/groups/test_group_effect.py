"""The group effect: none where all are peers, all where it carries the score."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.peers import PeerGroups
from taxgap.reasons.audit.groups.group_effect import RULES, measure_group_effect, part_of
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.audit.subject import subject_of
from taxgap.risk.model import RiskModel


def test_without_an_effect_every_flag_stands(make_material, material):
    cut = np.full(len(material), material.score[material.flagged].min())
    part = part_of(make_material(cut=cut), np.zeros(len(material)))
    assert part.findings["group_share"].value == 0
    assert judge(RULES, part.findings)[0].passed
    leaves = part.figures[part.figures["measure"] == "would be flagged without"].iloc[0]
    assert leaves["value"] == 0


def test_an_effect_that_carries_the_score_fails_the_check(make_material, material):
    cut = np.full(len(material), material.score[material.flagged].min())
    much = np.full(len(material), 100.0)
    part = part_of(make_material(cut=cut), much, much)
    assert part.findings["group_share"].value == part.findings["trade_share"].value == 1
    assert [check.passed for check in judge(RULES, part.findings)] == [False, False]


def test_the_trade_with_an_effect_is_named(make_material, material):
    cut = np.full(len(material), material.score[material.flagged].min())
    trades = material.groups["trade group"]
    worst = trades[material.flagged].value_counts().index[0]
    part = part_of(make_material(cut=cut), np.where(trades == worst, 100.0, 0.0))
    figures = part.figures[
        (part.figures["measure"] == "rests on the group") & (part.figures["group_by"] == "trade group")
    ].set_index("group")
    assert figures.loc[worst, "value"] == 1
    assert (figures["value"].drop(worst) == 0).all()


def test_with_as_many_flags_an_effect_that_all_share_changes_nothing(make_material, material):
    same = make_material(weight=np.ones(len(material)))
    part = part_of(same, np.full(len(material), 3.0))
    leaves = part.figures[part.figures["measure"] == "leaves when as many are flagged"].iloc[0]
    years = material.index.get_level_values("period")
    by_year = [set(material.score[(years == year) & material.flagged]) for year in years.unique()]
    top = [
        set(np.sort(material.score[years == year])[-len(own) :])
        for year, own in zip(years.unique(), by_year, strict=True)
    ]
    expected = sum(len(own - best) for own, best in zip(by_year, top, strict=True)) / material.flagged.sum()
    assert leaves["value"] == pytest.approx(expected)


def test_where_all_are_peers_there_is_no_group_effect(make_material, regime, observed):
    alike = observed.assign(
        trade_group=pd.Categorical(["making"] * len(observed)),
        size_band=pd.Categorical(["10k_20k"] * len(observed)),
    )
    peers = PeerGroups.fit(alike)
    seen = regime.compare(alike, peers)
    features = seen.drop(columns=["trade_group", "size_band"])
    amount = np.where(features["interest_unmatched"].fillna(0) > 1, 2_000.0, 0.0)
    model = RiskModel(n_estimators=10, folds=2, allow_constant=True).fit(features, amount=amount)
    subject = subject_of(model, regime, peers)
    scored = subject.score(seen)
    flagged = scored.score >= np.quantile(scored.score, 0.8)
    scores = pd.DataFrame(
        {"score": scored.score, "probability": 1.0, "rank": 0, "flagged": flagged}, seen.index
    )
    material = make_material(
        subject=subject,
        observed=alike,
        seen=seen,
        scores=scores,
        contributions=subject.explain(seen),
        cut=np.full(len(seen), scored.score[flagged].min() - 0.2),
        weight=np.ones(len(seen)),
    )
    part = measure_group_effect(material)
    effect = part.figures[(part.figures["measure"] == "effect") & (part.figures["group_by"] == "")].iloc[0]
    # The baseline is at most 500 of 600 peers, the population all: only the draw is between them.
    assert abs(effect["value"]) < 0.1
    assert part.findings["group_share"].value == 0
    assert part.findings["trade_share"].value == 0


def test_it_is_left_out_for_others_explanations(make_material, material):
    other = make_material(subject=replace(material.subject, ours=False))
    assert measure_group_effect(other).left_out
