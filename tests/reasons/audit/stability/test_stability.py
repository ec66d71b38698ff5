"""Stability: identical refits, refits by lot, and real ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import IncompatibleError
from taxgap.reasons.audit.rules import judge
from taxgap.reasons.audit.stability.agreement import agree
from taxgap.reasons.audit.stability.naming import given_codes
from taxgap.reasons.audit.stability.refitting import draw_flagged, family_numbers, find_agreement, fit_seeds
from taxgap.reasons.audit.stability.stability import RULES, lead_of, measure_stability, part_of
from taxgap.reasons.refits import Refits, _fingerprint, refit
from taxgap.risk.outcomes import Given


@pytest.fixture(scope="module")
def given(seen):
    random = np.random.default_rng(6)
    return Given(
        amount=np.where(random.random(len(seen)) < 0.5, random.lognormal(7, 1, len(seen)), 0.0).round(2)
    )


@pytest.fixture(scope="module")
def refits(model, seen, given):
    return refit(model, seen, given, refits=3)


def _identical(model, times=4):
    return Refits((model.booster("expected_tax"),) * times, _fingerprint(model), 0)


def _by_lot(material, times=20):
    rows, random = material.flagged, np.random.default_rng(3)
    own = given_codes(material)[rows]
    others = [own[random.permutation(len(own))] for _ in range(times)]
    return agree(rows, own, others, family=family_numbers(material), most=3)


def _figure(part, measure, **where):
    found = part.figures[(part.figures["measure"] == measure) & (part.figures["group_by"] == "")]
    for name, value in where.items():
        found = found[found[name] == value]
    return found.iloc[0]


def test_identical_refits_are_stable(material, model):
    part = measure_stability(material, _identical(model))
    assert part.findings["stable_share"].value == 1
    assert part.findings["churn"].value == 0
    assert part.findings["first_kept"].value == 1
    assert part.tables["swaps"].empty
    assert all(check.passed is not False for check in judge(RULES, part.findings))


def test_reasons_by_lot_churn_by_chance_and_fail_every_check(material):
    found = _by_lot(material)
    part = part_of(material, found, found)
    churn = _figure(part, "churn", level="code", method="refits")
    assert churn["value"] == pytest.approx(churn["chance"], abs=0.03)
    assert part.findings["stable_share"].value == pytest.approx(found.chance_stable, abs=0.05)
    assert [check.passed for check in judge(RULES, part.findings)] == [False] * len(RULES)


def test_swaps_add_up_and_name_no_few(material):
    swaps = part_of(material, _by_lot(material)).tables["swaps"]
    assert len(swaps)
    assert swaps["share_of_swaps"].sum() <= 1 + 1e-9
    assert (swaps["first"] != swaps["instead"]).all()


def test_real_refits_disagree_most_where_the_lead_is_small(material, refits):
    found = find_agreement(material, refits)
    lead = lead_of(material)[found.rows]
    assert 0 < found.same.mean() < 1
    small = lead < np.nanmedian(lead)
    assert found.same[small].mean() < found.same[~small].mean()
    again = measure_stability(material, found).findings
    assert again == measure_stability(material, refits).findings


def test_swaps_for_near_equals_are_forgiven(make_material, material, regime):
    """The first two codes are nearly equal by construction, the third is far behind."""
    sums = np.tile([0.5, 0.45, 0.1], (len(material), 1))
    features = list({regime.feature[name].code: name for name in regime.feature}.values())[:3]
    given = pd.DataFrame(sums, index=material.index, columns=features)
    places = [list(regime.code).index(regime.feature[name].code) for name in features]
    rows = material.flagged
    own = np.tile(places, (rows.sum(), 1))
    near, far = own[:, [1, 0, 2]], own[:, [2, 0, 1]]
    shares = [
        _figure(
            part_of(
                make_material(contributions=given),
                agree(rows, own, [other], family=family_numbers(material), most=3),
            ),
            "stable share among near equals",
        )["value"]
        for other in (near, far)
    ]
    assert shares == [1.0, 0.0]


def test_small_groups_are_left_out(material):
    figures = part_of(material, _by_lot(material)).figures
    assert (figures.loc[figures["group_by"] != "", "n"] >= 30).all()
    assert {"lead of the first reason", "first code"} <= set(figures["group_by"])


def test_the_order_of_refits_does_not_matter(material, refits):
    turned = replace(refits, boosters=refits.boosters[::-1])
    assert measure_stability(material, turned).findings == measure_stability(material, refits).findings


def test_at_most_so_many_flagged_returns_are_drawn(material):
    drawn = draw_flagged(material, 50)
    assert drawn.sum() == 50
    assert not drawn[~material.flagged].any()
    assert np.array_equal(drawn, draw_flagged(material, 50))


def test_it_is_left_out_for_others_explanations(make_material, material):
    other = make_material(subject=replace(material.subject, ours=False))
    assert "library's own" in measure_stability(other, _identical(material.subject.model)).left_out
    assert measure_stability(material, None).left_out


def test_refits_of_another_model_are_refused(material, refits):
    with pytest.raises(IncompatibleError, match="another model"):
        measure_stability(material, replace(refits, fingerprint="0"))


def test_seeds_alone_change_the_trees_and_are_drawn_again(model, seen, given, refits):
    one, other = (fit_seeds(model, seen, given, refits, seeds=2) for _ in range(2))
    texts = [[booster.model_to_string() for booster in found.boosters] for found in (one, other)]
    assert texts[0] == texts[1]
    assert texts[0][0] != texts[0][1]
