"""Settled adjustments: made up, so that what is named is known."""

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.reasons.audit.planting.settled import RULES, find_settled, map_boxes, measure_settled
from taxgap.reasons.audit.rules import judge
from taxgap.records import Records


def _records(index, fields, *, programme="random", found=100.0):
    """One closed enquiry into each return, which changed one box of it."""
    people, periods = index.get_level_values(0), index.get_level_values(1)
    identity = [f"E{i}" for i in range(len(index))]
    enquiries = pd.DataFrame(
        {
            "enquiry_id": identity,
            "taxpayer_id": people,
            "regime": "self_assessment",
            "period": periods,
            "programme": programme,
            "tax_found": found,
            "received_on": pd.Timestamp("2025-01-01"),
            "closed_on": pd.Timestamp("2025-06-01"),
        }
    )
    changes = pd.DataFrame(
        {
            "enquiry_id": identity,
            "taxpayer_id": people,
            "period": periods,
            "field": fields,
            "amount": -50.0,
            "received_on": pd.Timestamp("2025-06-01"),
        }
    )
    return Records.from_frames({"enquiries": enquiries, "adjustments": changes}, as_of="2025-12-31")


def _naming(material, regime, feature):
    first = pd.Categorical([feature] * len(material), categories=list(regime.feature))
    code = pd.Categorical([regime.feature[feature].code] * len(material), categories=list(regime.code))
    none = {f"reason_{k}_{part}": None for k in (2, 3, 4) for part in ("code", "feature")}
    return material.reasons.assign(reason_1_feature=first, reason_1_code=code, **none)


def _value(part, measure, level, group="all"):
    found = part.figures
    found = found[(found["measure"] == measure) & (found["level"] == level) & (found["group"] == group)]
    return found.iloc[0]


def test_reasons_that_name_the_changed_box_are_right(make_material, material, regime):
    reasons = _naming(material, regime, "gift_aid_to_income")
    part = measure_settled(make_material(records=_records(material.index, "gift_aid"), reasons=reasons))
    assert _value(part, "recall@3", "field")["value"] == 1
    assert _value(part, "recall@3", "code")["value"] == 1
    assert judge(RULES, part.findings)[0].passed


def test_reasons_that_name_another_box_fail(make_material, material, regime):
    reasons = _naming(material, regime, "days_late")
    part = measure_settled(make_material(records=_records(material.index, "gift_aid"), reasons=reasons))
    assert _value(part, "recall@3", "field")["value"] == 0
    assert judge(RULES, part.findings)[0].passed is False


def test_chance_is_that_of_one_reason_among_all(make_material, material, regime):
    reasons = _naming(material, regime, "days_late")
    part = measure_settled(make_material(records=_records(material.index, "gift_aid"), reasons=reasons))
    needs = sum("self_assessment.gift_aid" in feature.needs for feature in regime.features)
    assert _value(part, "recall@3", "field")["chance"] == pytest.approx(needs / len(regime.features))
    assert _value(part, "recall@3", "code")["chance"] == pytest.approx(1 / len(regime.codes))


def test_random_reasons_are_right_by_chance(make_material, material, regime):
    random = np.random.default_rng(2)
    codes = list(regime.code)
    first = pd.Categorical(random.choice(codes, len(material)), categories=codes)
    reasons = _naming(material, regime, "days_late").assign(reason_1_code=first)
    boxes = {"turnover": codes[:3]}
    part = measure_settled(
        make_material(records=_records(material.index, "turnover"), reasons=reasons), boxes=boxes
    )
    line = _value(part, "recall@3", "code")
    assert line["chance"] == pytest.approx(3 / len(codes))
    assert line["low"] <= line["chance"] <= line["high"]


def test_enquiries_chosen_for_risk_are_not_looked_at(make_material, material):
    records = _records(material.index, "gift_aid", programme="risk")
    assert "Fewer than" in measure_settled(make_material(records=records)).left_out


def test_records_without_enquiries_leave_it_out(make_material):
    assert "no enquiries" in measure_settled(make_material(records=Records.from_frames({}))).left_out


def test_a_box_from_which_nothing_is_computed_counts_as_never_named(make_material, material):
    part = measure_settled(make_material(records=_records(material.index, "unknown_box")))
    line = _value(part, "recall@3", "field")
    assert line["value"] == line["chance"] == 0


def test_what_officers_miss_is_measured_where_a_truth_tells(make_material, material):
    lost = material.planted.tax
    part = measure_settled(make_material(records=_records(material.index, "gift_aid", found=lost / 4)))
    assert _value(part, "tax that random enquiries miss", "")["value"] == pytest.approx(0.75)
    blind = measure_settled(make_material(records=_records(material.index, "gift_aid"), planted=None))
    assert "tax that random enquiries miss" not in set(blind.figures["measure"])
    assert "miss" in " ".join(blind.tables["words"]["text"])


def test_untrue_boxes_are_held_against_changed_ones(make_material, material):
    settled = find_settled(make_material(records=_records(material.index, "interest")))
    assert len(settled.returns) == len(material)
    part = measure_settled(make_material(records=_records(material.index, "interest")))
    cases = material.planted.cases
    fields = cases.explode("fields").drop_duplicates(["row", "fields"])
    weight = material.weight[fields["row"].to_numpy()]
    left = weight[(fields["fields"] != "interest").to_numpy()].sum() / weight.sum()
    assert _value(part, "untrue boxes that random enquiries leave", "field")["value"] == pytest.approx(left)


def test_no_box_is_revealed_by_more_than_three_codes(regime, make_material, material):
    assert max(map(len, map_boxes(regime).values())) <= 3
    with pytest.raises(UsageError, match="4 codes"):
        measure_settled(
            make_material(records=_records(material.index, "turnover")),
            boxes={"turnover": list(regime.code)[:4]},
        )
