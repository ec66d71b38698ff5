"""Other peers: halves that part a group, and what follows from them."""

from dataclasses import replace

import numpy as np
import pytest

from taxgap.reasons.audit.rules import judge
from taxgap.reasons.audit.stability.backgrounds import (
    RULES,
    HalfBaseline,
    compare_halves,
    measure_backgrounds,
)
from taxgap.reasons.audit.stability.naming import Naming
from taxgap.reasons.baseline import PeerBaseline


def test_halves_are_disjoint_and_make_up_the_whole(material, model, regime, peers):
    whole = PeerBaseline(model, regime, peers)
    halves = [HalfBaseline(model, regime, peers, half=half) for half in (0, 1)]
    number = int(whole.place(material.seen)[0])
    places = [half.members(number) for half in halves]
    assert np.array_equal(np.sort(np.concatenate(places)), np.arange(len(whole.background(number))))
    assert abs(len(places[0]) - len(places[1])) <= 1
    assert np.array_equal(halves[0].background(number), whole.background(number)[places[0]], equal_nan=True)


def _compare(material, halves):
    naming = Naming.of(material, material.flagged)
    return compare_halves(material, naming, halves, np.full(int(material.flagged.sum()), 120.0))


def test_the_same_contributions_agree_wholly(material):
    own = material.contributions[material.flagged]
    part = _compare(material, (own, own))
    assert part.findings["background_agreement"].value == 1
    change = part.figures[part.figures["measure"] == "relative change"].iloc[0]
    assert change["value"] == 0
    assert judge(RULES, part.findings)[0].passed


def test_contributions_of_other_returns_fail_the_check(material):
    own = material.contributions[material.flagged]
    order = np.random.default_rng(4).permutation(len(own))
    part = _compare(material, (own, own.iloc[order].set_axis(own.index)))
    assert judge(RULES, part.findings)[0].passed is False


def test_twice_the_contributions_change_them_by_two_thirds(material):
    own = material.contributions[material.flagged]
    part = _compare(material, (own, 2 * own))
    change = part.figures[part.figures["measure"] == "relative change"].iloc[0]
    assert change["value"] == pytest.approx(1 / 1.5)


def test_halves_of_real_peers_agree_more_than_by_chance(material):
    part = measure_backgrounds(material, most=100)
    top = part.figures[part.figures["measure"] == "top-1 agreement"].iloc[0]
    assert top["n"] == 100
    assert top["chance"] < top["value"] <= 1


def test_it_is_left_out_for_others_explanations(make_material, material):
    other = make_material(subject=replace(material.subject, ours=False))
    assert measure_backgrounds(other).left_out
