"""Example cases: parts that add up, reasons with their evidence, and the truth apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from taxgap.publication import ExampleCase, PageContent
from taxgap.publication.cases import (
    BY_GROUP,
    NO_REASON,
    SMALL_THINGS,
    describe_case,
    describe_outcome,
    place_among_peers,
)
from taxgap.publication.truths import describe_truth, tabulate_truth
from taxgap.publication.waterfall import REST, SHOWN, describe_step, waterfall_steps


@pytest.fixture
def case(content: PageContent) -> ExampleCase:
    return content.cases[0]


def test_steps_lead_from_the_mean_to_the_score(case: ExampleCase) -> None:
    steps = waterfall_steps(case)
    assert steps["kind"].tolist() == ["start", "group", *["own"] * SHOWN, "rest", "end"]
    assert steps["after"].iloc[0] == case.score_row["population_mean"]
    assert steps["after"].iloc[-1] == pytest.approx(case.score_row["score"], abs=1e-12)
    between = steps.iloc[1:-1]
    assert (between["before"] + between["size"]).tolist() == pytest.approx(between["after"].tolist())
    assert between["before"].iloc[1:].tolist() == pytest.approx(between["after"].iloc[:-1].tolist())


def test_contributions_of_one_code_share_a_bar(case: ExampleCase) -> None:
    titles = case.contributions["title"].replace("Gross profit", "Late return")
    twice = replace(case, contributions=case.contributions.assign(title=titles))
    labels = waterfall_steps(twice)["label"].tolist()
    assert labels.count("Late return") == 1


def test_few_contributions_need_no_rest(case: ExampleCase) -> None:
    few = case.contributions.iloc[:2]
    score = float(
        case.score_row["population_mean"] + case.score_row["group_effect"] + few["contribution"].sum()
    )
    row = {**case.score_row, "score": score, "expected_tax": math.exp(score)}
    assert REST not in waterfall_steps(replace(case, contributions=few, score_row=row))["kind"].tolist()


def test_a_step_is_an_amount_or_a_factor() -> None:
    assert describe_step("start", math.log(140)) == "£140"
    assert describe_step("own", math.log(1.8)) == "multiplies by 1.8"


def test_a_card_says_what_is_expected_and_why(case: ExampleCase) -> None:
    card = describe_case(case, 1, material=1_000)
    assert card.title == "Case 1: takings that others report"
    assert card.about == "Taxpayer 1093485720, 2024-25. Ranked 3 of 40,801 returns."
    assert dict(card.facts)["Chance of £1,000 or more"] == "83%"
    assert card.outcome == ""
    first = card.reasons[0]
    assert first.effect == "multiplies by 4.6"
    assert first.evidence.startswith("Card terminal")
    assert "multiplies by 4.6" in card.picture.alt


def test_what_nobody_reports_is_said(case: ExampleCase) -> None:
    declared = describe_case(case, 1, material=1_000).declared
    assert declared is not None
    assert [row[2].text for row in declared.rows] == [
        "£44,590",
        "nobody reports it",
        "£118",
        "nobody reports it",
    ]
    assert describe_case(replace(case, declared=case.declared.iloc[:0]), 1, material=1_000).declared is None


def test_no_single_reason_is_an_answer(content: PageContent) -> None:
    without = content.cases[3]
    assert describe_outcome(without) == f"{NO_REASON} {SMALL_THINGS}"
    assert describe_case(without, 4, material=1_000).title == "Case 4: no single reason"


def test_a_case_ranked_for_its_group_is_said_to_be_so(content: PageContent) -> None:
    grouped = content.cases[2]
    assert describe_outcome(grouped) == BY_GROUP
    assert describe_outcome(replace(grouped, reasons=grouped.reasons.iloc[:0])) == f"{NO_REASON} {BY_GROUP}"
    assert describe_case(grouped, 3, material=1_000).title == "Case 3: mainly the group"


def test_the_truth_says_whether_the_reasons_lead_there(case: ExampleCase) -> None:
    def reach(*could: bool) -> str:
        return describe_truth(replace(case, truth=case.truth.assign(could_reveal=could)))[1]

    assert reach(True, True).endswith("all of it.")
    assert reach(True, False).endswith("part of it.")
    assert reach(False, False).startswith("None of the reasons")
    assert describe_truth(case)[0] == "Tax lost on this return: £3,290."


def test_a_return_can_be_right(content: PageContent) -> None:
    right = content.cases[3]
    assert describe_truth(right)[0] == "Nothing is wrong with this return."
    assert tabulate_truth(right, "key") is None


def test_a_slip_can_cost_the_taxpayer(case: ExampleCase) -> None:
    slip = replace(case, truth=case.truth.assign(tax_lost=[-100.0, -20.0]))
    assert describe_truth(slip)[0] == "The mistakes on this return cost the taxpayer £120 too much tax."


def test_a_strip_needs_numbers_that_differ() -> None:
    assert place_among_peers(0.1, 0.2, 0.3, math.nan) is None
    assert place_among_peers(1.0, 1.0, 1.0, 1.0) is None
    strip = place_among_peers(0.0, 0.0, 0.0, 1.0)
    assert strip is not None
    assert (strip.low, strip.high, strip.observed) == (5.0, 5.0, 95.0)
