"""Which contributions become reasons: rules that hold for any numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from taxgap.errors import UsageError
from taxgap.reasons.selection import (
    LEAST_LOG_UNITS,
    LEAST_SHARE,
    MOST_OF_A_FAMILY,
    NEAR_EQUAL,
    NONE,
    Selection,
    select_reasons,
)
from taxgap.regimes import Regime, get_regime

REGIME = get_regime("self_assessment")
NAMES = list(REGIME.feature)
NUMBERS = arrays(
    np.float64,
    (4, len(NAMES)),
    elements=st.sampled_from([-0.4, -0.1, 0.0, 0.01, 0.04, 0.05, 0.2, 0.3, 1.0]) | st.floats(-1, 1),
)


def select(
    values: dict[str, float],
    *,
    hidden: tuple[str, ...] = (),
    most: int = 4,
    noise: dict[str, float] | None = None,
) -> list[tuple[str, str, float]]:
    """Select for one return; return (code, feature, contribution)."""
    frame = pd.DataFrame([values])
    seen = pd.DataFrame([{name: name not in hidden for name in values}])
    return read(REGIME, select_reasons(REGIME, frame, seen, most=most, noise=noise), 0)


def read(regime: Regime, chosen: Selection, row: int) -> list[tuple[str, str, float]]:
    found = zip(chosen.codes[row], chosen.features[row], chosen.contributions[row], strict=True)
    return [
        (regime.codes[code].code, regime.features[feature].name, float(amount))
        for code, feature, amount in found
        if code != NONE
    ]


@settings(max_examples=30, deadline=None)
@given(values=NUMBERS, seen=arrays(np.bool_, (4, len(NAMES))), most=st.integers(0, 4))
def test_the_rules_hold_for_any_contributions(values: np.ndarray, seen: np.ndarray, most: int) -> None:
    frame, visible = pd.DataFrame(values, columns=NAMES), pd.DataFrame(seen, columns=NAMES)
    chosen = select_reasons(REGIME, frame, visible, most=most)
    four = select_reasons(REGIME, frame, visible)
    for row in range(len(frame)):
        reasons = read(REGIME, chosen, row)
        assert reasons == read(REGIME, four, row)[:most]
        sums = frame.iloc[row].groupby([REGIME.feature[name].code for name in NAMES]).sum()
        floor = max(LEAST_LOG_UNITS, LEAST_SHARE * sums.clip(lower=0).sum())
        codes = [code for code, _, _ in reasons]
        assert len(reasons) <= most
        assert len(set(codes)) == len(codes)
        assert (
            max(Counter(REGIME.code[code].family for code in codes).values(), default=0) <= MOST_OF_A_FAMILY
        )
        for code, feature, amount in reasons:
            assert amount == pytest.approx(sums[code])
            assert amount >= floor * (1 - 1e-12)
            own = [name for name in NAMES if REGIME.feature[name].code == code and visible.loc[row, name]]
            assert feature in own
            assert frame.loc[row, feature] == frame.loc[row, own].max() > 0


@settings(max_examples=15, deadline=None)
@given(values=NUMBERS)
def test_near_equals_come_first_and_the_others_follow_by_size(values: np.ndarray) -> None:
    frame = pd.DataFrame(values, columns=NAMES)
    chosen = select_reasons(REGIME, frame, frame > -2)
    place = dict(zip(REGIME.code, REGIME.precedence, strict=True))
    for row in range(len(frame)):
        reasons = read(REGIME, chosen, row)
        strongest = max((amount for _, _, amount in reasons), default=0.0)
        near = [code for code, _, amount in reasons if amount >= strongest - NEAR_EQUAL]
        rest = [amount for _, _, amount in reasons[len(near) :]]
        assert [code for code, _, _ in reasons[: len(near)]] == sorted(near, key=lambda code: place[code])
        assert rest == sorted(rest, reverse=True)


@settings(max_examples=15, deadline=None)
@given(values=NUMBERS)
def test_nothing_stronger_is_left_out_without_cause(values: np.ndarray) -> None:
    frame = pd.DataFrame(values, columns=NAMES)
    chosen = select_reasons(REGIME, frame, frame > -2)
    for row in range(len(frame)):
        reasons = read(REGIME, chosen, row)
        families = Counter(REGIME.code[code].family for code, _, _ in reasons)
        weakest = min((amount for _, _, amount in reasons), default=np.inf)
        sums = frame.iloc[row].groupby([REGIME.feature[name].code for name in NAMES]).sum()
        floor = max(LEAST_LOG_UNITS, LEAST_SHARE * sums.clip(lower=0).sum())
        left = set(sums.index[sums > floor * (1 + 1e-9)]) - {code for code, _, _ in reasons}
        for code in left:
            full = families[REGIME.code[code].family] == MOST_OF_A_FAMILY
            assert full or (len(reasons) == 4 and sums[code] <= weakest + 1e-12)


def test_contributions_are_summed_within_a_code_and_the_largest_is_named() -> None:
    assert select({"staff_to_turnover": 0.2, "subcontractors_to_turnover": 0.1}) == [
        ("expenses.labour", "staff_to_turnover", pytest.approx(0.3))
    ]


def test_what_lowers_the_risk_counts_against_its_code() -> None:
    assert select({"staff_to_turnover": 0.2, "subcontractors_to_turnover": -0.18}) == []


def test_a_feature_on_the_other_side_of_the_peers_counts_but_is_not_named() -> None:
    values = {"staff_to_turnover": 0.2, "subcontractors_to_turnover": 0.1}
    assert select(values, hidden=("staff_to_turnover",)) == [
        ("expenses.labour", "subcontractors_to_turnover", pytest.approx(0.3))
    ]
    assert select(values, hidden=tuple(values)) == []


def test_the_third_of_a_family_makes_room_for_another() -> None:
    values = {
        "travel_to_turnover": 1.9,
        "premises_to_turnover": 1.4,
        "office_to_turnover": 1.3,
        "days_late": 0.4,
    }
    assert [code for code, _, _ in select(values)] == ["expenses.travel", "expenses.premises", "timing.late"]


def test_near_equals_are_told_in_the_precedence_of_the_regime_and_the_others_by_size() -> None:
    values = {"gift_aid_to_income": 0.8, "days_late": 0.75, "pay_unmatched": 0.6, "interest_unmatched": 0.35}
    first = ["reliefs.gift_aid", "third_party.employment", "timing.late", "third_party.interest"]
    assert [code for code, _, _ in select(values)] == first
    later = values | {"interest_unmatched": 0.51}
    expected = ["third_party.interest", "reliefs.gift_aid", "third_party.employment", "timing.late"]
    assert [code for code, _, _ in select(later)] == expected
    assert [code for code, _, _ in select(later, most=2)] == expected[:2]


def test_to_be_told_first_takes_the_place_of_no_stronger_reason() -> None:
    values = {"days_late": 0.9, "amendments": 0.8, "costs_to_rents": 0.7, "rents_change": 0.65}
    with_a_fifth = values | {"reported_to_income": 0.61}
    assert {code for code, _, _ in select(with_a_fifth)} == {code for code, _, _ in select(values)}


def test_of_equal_contributions_the_regime_chooses_the_code_that_it_names_first() -> None:
    equal = dict.fromkeys(
        ("days_late", "costs_to_rents", "rents_change", "gross_margin", "round_expenses"), 0.3
    )
    chosen = {code for code, _, _ in select(equal)}
    assert chosen == {"expenses.round", "margin.gross", "change.rent", "property.costs"}


def test_weak_contributions_are_no_reasons() -> None:
    assert select({"days_late": 0.029}) == []
    assert select({"days_late": 0.06, "gift_aid_to_income": 3.0})[1:] == []
    assert select({}) == []


def test_what_refitting_could_undo_is_no_reason() -> None:
    values = {"days_late": 0.3, "gift_aid_to_income": 0.2}
    assert [code for code, _, _ in select(values, noise={"timing.late": 0.31})] == ["reliefs.gift_aid"]
    assert len(select(values, noise={"timing.late": 0.3})) == 2
    assert select(values, noise={"timing.late": np.inf, "reliefs.gift_aid": np.inf}) == []


def test_noise_lowers_no_other_floor() -> None:
    assert select({"days_late": 0.029}, noise={"timing.late": 0.001}) == []


@pytest.mark.parametrize(
    ("noise", "complaint"),
    [
        ({"timing.early": 0.1}, "timing.early"),
        ({"timing.late": -0.1}, "0 up"),
        ({"timing.late": np.nan}, "0 up"),
    ],
)
def test_noise_that_means_nothing_is_refused(noise: dict[str, float], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        select({"days_late": 0.3}, noise=noise)


def test_a_row_is_chosen_alike_wherever_it_stands() -> None:
    """Rows are worked on in blocks; the last is a short one."""
    random = np.random.default_rng(5)
    few = pd.DataFrame(random.choice([-0.1, 0.1, 0.2, 0.3], (7, len(NAMES))), columns=NAMES)
    many = pd.concat([few] * 700, ignore_index=True)
    alone, together = (select_reasons(REGIME, frame, frame > 0) for frame in (few, many))
    for name in ("codes", "features", "contributions"):
        np.testing.assert_array_equal(getattr(together, name), np.tile(getattr(alone, name), (700, 1)))


def test_columns_may_stand_in_any_order_and_others_are_passed_over() -> None:
    random = np.random.default_rng(6)
    frame = pd.DataFrame(random.normal(0, 0.2, (20, len(NAMES))), columns=NAMES)
    expected = select_reasons(REGIME, frame, frame > 0)
    mixed = frame[NAMES[::-1]].assign(nothing_known=9.0)
    found = select_reasons(REGIME, mixed, mixed[random.permutation(NAMES).tolist()] > 0)
    np.testing.assert_array_equal(found.features, expected.features)


@pytest.mark.parametrize("most", [-1, 5])
def test_the_number_of_reasons_is_limited(most: int) -> None:
    with pytest.raises(UsageError, match="0 to 4"):
        select({"days_late": 0.3}, most=most)
