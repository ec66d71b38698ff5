"""Caseloads: probabilities, hours, limits, and what cannot be selected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import taxgap as tg
from taxgap.cases import DESIGNS, select_cases
from taxgap.errors import InvalidDataError, UsageError

HOURS = 4_000


def knob(design: str) -> dict[str, float]:
    """The random share, of designs that have one."""
    return {} if design in ("random", "stratified") else {"random_share": 0.4}


@pytest.fixture(scope="module", params=DESIGNS)
def chosen(request, scores, earlier):
    return select_cases(scores, hours=HOURS, design=request.param, **knob(request.param), **earlier)


def test_everyone_has_a_probability_and_hours_are_kept(chosen, scores):
    frame = chosen.frame
    chance = frame["inclusion_probability"]
    assert chance.between(0, 1, inclusive="right").all()
    assert chosen.estimable
    assert HOURS - 2 * 40 <= chosen.hours <= HOURS
    assert chance @ frame["hours"] == pytest.approx(HOURS, abs=40)
    assert list(frame["taxpayer_id"]) == list(scores["taxpayer_id"])
    certain = frame["reason"].eq("certain")
    assert frame.loc[chance >= 1 - 1e-9, "selected"].all()
    assert (frame["selected"] == (certain | frame["reason"].eq("chance"))).all()


def test_the_order_of_rows_is_irrelevant_and_the_seed_decides(chosen, scores, earlier):
    shuffled = scores.sample(frac=1, random_state=1)
    given = {"hours": HOURS, "design": chosen.design, **knob(chosen.design), **earlier}
    again = select_cases(shuffled, **given).frame.sort_index()
    pd.testing.assert_frame_equal(again, chosen.frame)
    if chosen.design != "top_yield":
        other = select_cases(scores, seed=8, **given).frame
        assert (other["inclusion_probability"] == chosen.frame["inclusion_probability"]).all()
        assert (other["selected"] != chosen.frame["selected"]).any()


def test_drawn_cases_are_enquired_into_in_full(chosen):
    frame = chosen.frame
    assert frame.loc[frame["reason"].eq("chance"), "treatment"].eq("enquire").all()
    assert not frame.loc[~frame["selected"], "treatment"].isin(["check", "enquire"]).any()


@pytest.mark.parametrize("design", ["balanced", "top_yield", "proportional"])
def test_limits_hold(scores, earlier, design):
    hours = {"accounts": 3_000.0, "property": 1_500.0}
    limits = {"coverage": 8, "caps": {"decile": 0.12}}
    made = select_cases(scores, hours=hours, design=design, **limits, **earlier)
    cases = scores[made.frame["selected"]]
    spent = cases.groupby("skill")["expected_hours"].sum()
    assert (spent <= pd.Series(hours)).all()
    assert (spent > 0.9 * pd.Series(hours)).all()
    # a draw may miss by a case, which is held back beforehand
    assert cases["region"].value_counts().reindex(scores["region"].unique(), fill_value=0).min() >= 7
    assert cases.groupby("decile")["expected_hours"].sum().max() <= 0.12 * 4_500 + 40
    expected = made.frame["inclusion_probability"]
    assert expected.groupby(scores["region"]).sum().min() >= 8
    assert (expected * scores["expected_hours"]).groupby(scores["decile"]).sum().max() <= 0.12 * 4_500


def test_the_greedy_list_within_limits_is_the_linear_programme(scores):
    plain = select_cases(scores, hours=HOURS, design="top_yield")
    capped = select_cases(scores, hours=HOURS, design="top_yield", caps={"decile": 0.11})
    between = capped.frame["inclusion_probability"].between(1e-9, 1 - 1e-9).sum()
    assert between <= 11  # no more than there are limits
    assert capped.cases["expected_tax"].sum() <= plain.cases["expected_tax"].sum()
    assert capped.cases["expected_tax"].sum() > 0.9 * plain.cases["expected_tax"].sum()
    assert not plain.estimable
    assert "No total can be estimated" in plain.to_text()


def test_balanced_stands_between_greedy_and_random(scores, earlier):
    tax = {
        (design, share): float(made.frame["inclusion_probability"] @ scores["expected_tax"])
        for design, share in [("top_yield", 0), ("balanced", 0.2), ("balanced", 0.6), ("random", None)]
        for made in [select_cases(scores, hours=HOURS, design=design, random_share=share, **earlier)]
    }
    assert list(tax.values()) == sorted(tax.values(), reverse=True)


@pytest.mark.parametrize("design", ["balanced", "stratified"])
def test_what_is_said_of_an_untested_score_is_so(scores, earlier, design):
    made = select_cases(scores, hours=1_000, case_hours=10, design=design)
    (said,) = [note for note in made.notes if "untested" in note]
    frame = made.frame[made.frame["inclusion_probability"] < 1].sort_values("expected_tax")
    chance = frame["inclusion_probability"].to_numpy()
    if design == "stratified":
        assert "none is drawn more often" in said
        assert np.ptp(chance) < 1e-9
        assert frame["stratum"].is_monotonic_increasing
    else:
        assert "only a little, more so close to the certain cases" in said
        assert (np.diff(chance) >= 0).all()
        assert chance[0] < chance[len(chance) // 2] < 1.1 * chance[0]
        assert chance[-1] > 2 * chance[0]
    tested = select_cases(scores, hours=1_000, case_hours=10, design=design, **earlier)
    assert not any("untested" in note for note in tested.notes)


def test_limits_can_be_checked_with_the_frame_alone(scores):
    caps = {"decile": 0.15, "band": {"high": 0.4}}
    given = scores.assign(band=np.where(scores["expected_tax"] > 800, "high", "low"), case_type="full")
    asked = {"hours": {"accounts": 1_200.0, "property": 800.0}, "coverage": 4, "caps": caps}
    made = select_cases(given, case_hours={"full": 8}, **asked)
    frame = made.frame
    for name in ("skill", "case_type", "region", "decile", "band"):
        assert frame[name].tolist() == given[name].tolist()
    told = made.limits.set_index("limit")
    assert told["kind"].value_counts().to_dict() == {"coverage": 12, "cap": 11, "hours": 2}
    sums = frame.assign(expected=frame["inclusion_probability"], drawn=frame["selected"].astype(float))
    for name in ("expected", "drawn"):
        hours = sums[name] * sums["hours"]
        assert told.loc["cap of decile 3", name] == pytest.approx(hours[frame["decile"] == 3].sum())
        assert told.loc["hours of property", name] == pytest.approx(hours[frame["skill"] == "property"].sum())
        scotland = sums.loc[frame["region"] == "Scotland", name].sum()
        assert told.loc["coverage of Scotland", name] == pytest.approx(scotland)
        assert told.loc["cap of band high", f"{name}_share"] == pytest.approx(
            hours[frame["band"] == "high"].sum() / 2_000
        )
    assert told.loc["cap of band high", ["bound", "bound_share"]].tolist() == pytest.approx([800, 0.4])
    assert told.loc["coverage of Scotland", "bound"] == 4
    assert list(told.index[-11:-1]) == [f"cap of decile {number}" for number in range(1, 11)]
    assert len(made.to_dict()["limits"]) == 25
    assert "Limits: 25 of 25 are kept" in made.to_text()
    assert repr(made) == str(made) == made.to_text()


def test_a_draw_that_misses_a_limit_always_says_so(scores):
    missed, caps = 0, {"decile": {"1": 0.1, "2": 0.1, "3": 0.1}}
    for seed in range(12):  # caps of 30 hours, where a case takes up to 39
        made = select_cases(scores.head(300), hours=300, design="proportional", caps=caps, seed=seed)
        drawn = made.cases.groupby("decile")["hours"].sum()
        over = {f"cap of decile {name}" for name in (1, 2, 3) if drawn.get(name, 0) > 30}
        assert set(made.limits.loc[~made.limits["kept"], "limit"]) == over
        for name in over:
            (said,) = [note for note in made.notes if f"the {name}:" in note]
            hours = drawn[int(name.split()[-1])]
            assert f"{hours:,.1f} hours, {hours / 300:.1%} of all 300; the most is 30.0 (10.0%)" in said
            assert "; the notes name the others." in made.to_text()
        missed += len(over)
    assert missed > 0


def test_binding_limits_are_kept_although_there_are_many(scores):
    limits = {"coverage": 2, "caps": {"decile": 0.12}}
    for seed in range(4):
        made = select_cases(scores.head(600), hours=1_600, case_hours=16, seed=seed, **limits)
        assert made.limits["kept"].all(), made.notes


def test_a_cap_is_a_share_of_the_hours_there_is_work_for(scores):
    made = select_cases(scores, hours=1e9, case_hours=2, design="top_yield", caps={"decile": {"1": 0.05}})
    assert made.limits.set_index("limit").loc["cap of decile 1", "bound"] == pytest.approx(300)
    assert made.frame.loc[scores["decile"] == 1, "hours"].sum() > 300
    assert made.cases.loc[made.cases["decile"] == 1, "hours"].sum() <= 300


def test_groups_that_are_numbers_are_named_without_decimals(scores):
    some = scores.assign(decile=scores["decile"].where(scores.index > 4).astype(float))
    made = select_cases(some, hours=HOURS, caps={"decile": {1.0: 0.2, "2": 0.2}})
    assert list(made.limits["limit"]) == ["hours", "cap of decile 1", "cap of decile 2"]


def test_returns_without_a_group_are_told_of_and_none_with_one_is_refused(scores):
    half = scores.assign(decile=scores["decile"].where(scores.index % 2 == 0))
    made = select_cases(half, hours=HOURS, caps={"decile": 0.2})
    unknown = made.frame["decile"].isna()
    share = made.frame.loc[unknown & made.frame["selected"], "hours"].sum() / made.hours
    assert f"{unknown.sum():,} of {len(half):,} returns have no decile" in made.to_text()
    assert f"they bear {share:.0%} of the hours drawn" in made.to_text()
    with pytest.raises(InvalidDataError, match="No return has a decile"):
        select_cases(scores.assign(decile=None), hours=HOURS, caps={"decile": 0.2})
    with pytest.raises(UsageError, match="bands"):
        select_cases(scores, hours=HOURS, caps={"expected_tax": 0.2})


def test_hours_that_are_not_spent_are_told_of(scores):
    made = select_cases(scores, hours=HOURS, caps={"decile": 0.02})
    assert made.hours < HOURS / 2
    assert "hours are not spent" in made.to_text()
    assert "hours are not spent" not in select_cases(scores, hours=HOURS).to_text()


def test_windows_and_limits_follow_receipt_and_behaviour(workshop):
    records = tg.Records.open(workshop.records)
    returns = records.table("self_assessment", ["taxpayer_id", "period", "received_on"])
    returns = returns.sort_values("received_on").drop_duplicates(["taxpayer_id", "period"]).head(400)
    frame = returns[["taxpayer_id", "period"]].assign(
        regime="self_assessment", probability=0.4, expected_tax=900.0
    )
    frame["behaviour"] = np.where(np.arange(len(frame)) % 2 == 0, "evasion", "error")
    made = select_cases(frame, hours=200, case_hours=4, records=records, coverage=1)
    told = made.frame
    received = pd.to_datetime(returns["received_on"]).to_numpy()
    assert (told["received_on"].to_numpy() == received).all()
    assert (told["window_ends"] == told["received_on"] + pd.DateOffset(months=12)).all()
    assert (told["discovery"] == (told["window_ends"] < pd.Timestamp(records.as_of))).all()
    assert set(told["limit_years"]) == {4, 20}
    late = select_cases(frame, hours=200, case_hours=4, records=records, as_of="2035-01-01").frame
    assert late.loc[late["limit_years"] == 4, "reason"].eq("out_of_time").all()
    assert not late.loc[late["out_of_time"], "selected"].any()
    assert late["selected"].sum() == 50
    early = returns["received_on"].median()
    before = select_cases(frame, hours=200, case_hours=4, records=records, as_of=early)
    later = (received > early).tolist()
    assert before.frame["reason"].eq("not_received").tolist() == later
    assert before.frame["received_on"].isna().tolist() == later
    assert before.estimable
    assert f"not considered: {sum(later)}" in before.to_text()
    with pytest.raises(InvalidDataError, match=r"None of 400 .* 400 were received after"):
        select_cases(frame, hours=200, case_hours=4, records=records, as_of="2010-01-01")


def test_without_records_nothing_is_said_of_windows(scores):
    made = select_cases(scores, hours=HOURS)
    assert made.frame["discovery"].isna().all()
    assert "Enquiry windows are not known" in made.to_text()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"hours": 0}, UsageError, "more than 0"),
        ({"hours": 20}, UsageError, "Give more than 39 hours"),
        ({"hours": 300, "coverage": 30}, InvalidDataError, r"more than the 300 there are"),
        ({"hours": {"accounts": 100}}, UsageError, "without hours: property"),
        ({"coverage": 500}, InvalidDataError, "500 were asked for"),
        ({"coverage": 3, "region": "area"}, InvalidDataError, "no column area"),
        ({"coverage": 20, "caps": {"region": 0.02}}, InvalidDataError, "coverage of .* by"),
        ({"caps": {"decile": {"11": 0.1}}}, UsageError, "No return has decile 11"),
        ({"caps": {"decile": 1.5}}, UsageError, "up to 1"),
        ({"design": "best"}, UsageError, "balanced"),
        ({"random_share": 0}, UsageError, "top_yield"),
        ({"random_share": 0.3, "design": "stratified"}, UsageError, "does nothing"),
        ({"steepness": 3.0}, UsageError, "no steepness"),
        ({"hours": "6000"}, UsageError, "no number"),
        ({"coverage": 2.5}, UsageError, "no whole number"),
        ({"steepness": float("nan"), "design": "adaptive_bins"}, UsageError, "0 or more"),
        ({"random_share": 2}, UsageError, "between 0 and 1"),
        ({"case_hours": "days"}, InvalidDataError, "no column days"),
        ({"case_hours": {"vat": 3}}, InvalidDataError, "regime self_assessment"),
        ({"case_hours": 0}, InvalidDataError, "no hours"),
        ({"earlier_scores": [1.0]}, UsageError, "earlier_y"),
        ({"coverage": 3, "region": "area"}, InvalidDataError, r"records= .*--records .*--columns-from"),
        ({"caps": {"income": 0.1}}, InvalidDataError, "no column income.*--columns-from FILE"),
        ({"caps": {"reason": 0.1}}, UsageError, "another name"),
        ({"records": "population/records"}, UsageError, r"Records\.open\(path\)"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(scores, change, error, said):
    with pytest.raises(error, match=said):
        select_cases(scores.assign(reason="none"), **{"hours": HOURS, **change})


def test_scores_that_cannot_be_used_are_refused(scores):
    for wrong in ("scores", scores.to_dict()):
        with pytest.raises(UsageError, match=r"not a DataFrame.*read_scores"):
            select_cases(wrong, hours=HOURS)
    with pytest.raises(InvalidDataError, match="lack expected_tax"):
        select_cases(scores.drop(columns="expected_tax"), hours=HOURS)
    with pytest.raises(InvalidDataError, match="stand twice"):
        select_cases(pd.concat([scores, scores.head(2)]), hours=HOURS)
    with pytest.raises(InvalidDataError, match="negative"):
        select_cases(scores.assign(expected_tax=-1.0), hours=HOURS)
    with pytest.raises(InvalidDataError, match="no scores"):
        select_cases(scores.head(0), hours=HOURS)
