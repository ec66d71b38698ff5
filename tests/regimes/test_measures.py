"""The measures of a Self Assessment return, each against a figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

Row = dict[str, Any]
Build = Callable[..., Row]
Measure = Callable[..., pd.DataFrame]

TRADER = {"turnover": 50_000.0, "cost_of_goods": 20_000.0, "travel_costs": 5_000.0, "office_costs": 2_345.0}


ALONE: list[tuple[str, Row, float]] = [
    ("expenses_to_turnover", TRADER, 27_345 / 50_000),
    ("gross_margin", TRADER, 0.6),
    ("travel_to_turnover", TRADER, 0.1),
    ("staff_to_turnover", TRADER, 0.0),
    ("subcontractors_to_turnover", {"turnover": 100.0, "subcontractor_costs": 25.0}, 0.25),
    ("premises_to_turnover", {"turnover": 100.0, "premises_costs": 25.0}, 0.25),
    ("office_to_turnover", {"turnover": 100.0, "office_costs": 25.0}, 0.25),
    ("other_to_turnover", {"turnover": 100.0, "other_expenses": 25.0}, 0.25),
    ("capital_to_turnover", {"turnover": 100.0, "capital_allowances": 25.0}, 0.25),
    ("expenses_to_turnover", {"turnover": 1.0, "travel_costs": 90.0}, 5.0),
    ("expenses_to_turnover", {"travel_costs": 90.0}, np.nan),
    ("expenses_to_turnover", {"turnover": 5_000.0, "trading_allowance": 1_000.0}, np.nan),
    ("round_expenses", TRADER, 2 / 3),
    ("round_expenses", {"turnover": 50_000.0, "travel_costs": 500.0, "office_costs": 100.0}, np.nan),
    ("losses_to_profit", {"turnover": 10_000.0, "losses_brought_forward": 4_000.0}, 0.4),
    ("pension_to_income", {"employment_pay": 50_000.0, "pension_contributions": 5_000.0}, 0.1),
    ("gift_aid_to_income", {"employment_pay": 50_000.0, "gift_aid": 500.0}, 0.01),
    ("employment_expenses_to_pay", {"employment_pay": 20_000.0, "employment_expenses": 500.0}, 0.025),
    ("employment_expenses_to_pay", {"employment_expenses": 500.0}, np.nan),
    ("costs_to_rents", {"rents": 10_000.0, "property_costs": 1_500.0}, 0.15),
    ("repairs_to_rents", {"rents": 10_000.0, "property_repairs": 900.0}, 0.09),
    ("finance_to_rents", {"rents": 10_000.0, "finance_costs": 4_000.0}, 0.4),
    ("finance_to_rents", {"rents": 10_000.0, "property_allowance": 1_000.0}, np.nan),
    ("loss_years", {"turnover": 100.0, "travel_costs": 101.0}, 1.0),
    ("loss_years", {"employment_pay": 9_000.0}, np.nan),
    ("vat_threshold_years", {"turnover": 89_999.0}, 1.0),
    ("vat_threshold_years", {"turnover": 90_000.0}, 0.0),
    ("vat_threshold_years", {"turnover": 84_999.0, "period": "2023-24"}, 1.0),
    ("vat_threshold_years", {"turnover": 89_999.0, "period": "2023-24"}, 0.0),
    ("vat_threshold_years", {"turnover": 80_000.0}, 0.0),
    ("trading_allowance_years", {"turnover": 1_000.0}, 1.0),
    ("trading_allowance_years", {"turnover": 1_001.0}, 0.0),
    ("trading_allowance_years", {}, np.nan),
    ("property_allowance_years", {"rents": 950.0}, 1.0),
    ("property_allowance_years", {"rents": 899.0}, 0.0),
    ("days_late", {}, 0.0),
    ("days_late", {"received_on": pd.Timestamp("2026-02-10")}, 10.0),
    ("days_late", {"received_on": pd.Timestamp("2028-02-10")}, 365.0),
    ("no_agent", {"by_agent": True}, 0.0),
    ("no_agent", {"by_agent": False}, 1.0),
]


@pytest.fixture(scope="module")
def alone(measure: Measure, a_return: Build) -> pd.DataFrame:
    """Every case measured at once, each as a person of its own."""
    return measure(*(a_return(f"{i:03}", **boxes) for i, (_, boxes, _) in enumerate(ALONE)))


@pytest.mark.parametrize("case", range(len(ALONE)), ids=lambda i: ALONE[i][0])
def test_a_return_by_itself(alone: pd.DataFrame, case: int) -> None:
    feature, _, expected = ALONE[case]
    assert alone[feature].iloc[case] == pytest.approx(expected, nan_ok=True)


REPORTED: list[tuple[str, Row, dict[str, float], float]] = [
    ("reported_to_income", {"turnover": 40_000.0}, {"card_processor": 30_000, "contractor": 26_000}, 1.4),
    (
        "reported_to_income",
        {"turnover": 30_000.0, "other_business_income": 10_000.0},
        {"platform": 8_000},
        0.2,
    ),
    ("reported_to_income", {"turnover": 40_000.0}, {}, 0.0),
    ("reported_to_income", {}, {"platform": 8_000}, np.nan),
    ("reported_to_income", {"turnover": 1.0}, {"platform": 8_000}, 10.0),
    ("card_to_income", {"turnover": 40_000.0}, {"card_processor": 30_000, "platform": 9_000}, 0.75),
    ("card_to_income", {"turnover": 1.0}, {"card_processor": 30_000}, 5.0),
    ("income_unreported", {"turnover": 40_000.0}, {"card_processor": 30_000}, 0.25),
    ("income_unreported", {"turnover": 40_000.0}, {"card_processor": 50_000}, 0.0),
    ("reports_uncovered", {"turnover": 30_000.0}, {"card_processor": 40_000}, 0.25),
    ("reports_uncovered", {"turnover": 10_000.0, "rents": 20_000.0}, {"platform": 40_000}, 0.25),
    ("platform_uncovered", {}, {"platform": 8_000}, 1.0),
    ("platform_uncovered", {}, {"platform": 1_000}, 0.0),
    ("platform_uncovered", {"other_income": 6_000.0}, {"platform": 8_000}, 0.25),
    ("platform_uncovered", {"turnover": 9_000.0}, {"platform": 8_000}, 0.0),
    ("contractor_uncovered", {"turnover": 9_000.0, "rents": 9_000.0}, {"contractor": 12_000}, 0.25),
    ("pay_unmatched", {"employment_pay": 15_000.0}, {"employer": 20_000}, 0.25),
    ("pay_unmatched", {"employment_pay": 25_000.0}, {"employer": 20_000}, 0.0),
    ("interest_unmatched", {"interest": 500.0}, {"bank": 1_000}, 0.5),
    ("interest_unmatched", {}, {"bank": 1_000}, 1.0),
    ("interest_unmatched", {"interest": 500.0}, {}, 0.0),
    ("interest_unmatched_to_income", {"employment_pay": 9_000.0}, {"bank": 1_000}, 0.1),
    ("interest_unmatched_to_income", {}, {}, 0.0),
    ("overseas_unmatched", {"foreign_income": 100.0}, {"overseas": 400}, 0.75),
]


@pytest.fixture(scope="module")
def reported(measure: Measure, a_return: Build, a_report: Build) -> pd.DataFrame:
    """Every case at once; each amount comes in two reports."""
    returns = [a_return(f"{i:03}", **boxes) for i, (_, boxes, _, _) in enumerate(REPORTED)]
    reports = [
        a_report(source, amount / 2, taxpayer_id=f"{i:03}")
        for i, (_, _, amounts, _) in enumerate(REPORTED)
        for source, amount in amounts.items()
        for _ in range(2)
    ]
    return measure(*returns, reports=reports)


@pytest.mark.parametrize("case", range(len(REPORTED)), ids=lambda i: REPORTED[i][0])
def test_a_return_against_reports(reported: pd.DataFrame, case: int) -> None:
    feature, _, _, expected = REPORTED[case]
    assert reported[feature].iloc[case] == pytest.approx(expected, nan_ok=True)


def test_tax_claimed_against_tax_reported(measure: Measure, a_return: Build, a_report: Build) -> None:
    found = measure(
        a_return("A", cis_deductions=4_000.0),
        a_return("B", tax_deducted=6_000.0),
        a_return("C", tax_deducted=6_000.0, pension=9_000.0),
        reports=[
            a_report("contractor", 20_000, 3_000, taxpayer_id="A"),
            a_report("employer", 20_000, 3_000, taxpayer_id="B"),
            a_report("employer", 20_000, 3_000, taxpayer_id="C"),
        ],
    )
    assert found["deductions_unmatched"].tolist() == [0.25, 0.0, 0.0]
    assert found["tax_credit_unmatched"].tolist() == pytest.approx([0.0, 0.5, np.nan], nan_ok=True)


def test_reports_of_other_people_and_years_do_not_count(
    measure: Measure, a_return: Build, a_report: Build
) -> None:
    reports = [
        a_report("platform", 9_000, taxpayer_id="B"),
        a_report("platform", 9_000, period="2023-24"),
        a_report("platform", 5_000),
    ]
    assert measure(a_return(turnover=10_000.0), reports=reports)["reported_to_income"].item() == 0.5


def test_card_takings_of_vat_registered_traders_contain_vat(
    measure: Measure, a_return: Build, a_report: Build
) -> None:
    spells = {
        "the whole year": ("2020-01-01", None, 1.0),
        "from the next year on": ("2025-04-06", None, 1.2),
        "until the year before": ("2020-01-01", "2024-04-05", 1.2),
        "a fifth of the year": ("2024-04-06", "2024-06-17", 1.2 / 1.04),
    }
    returns = [a_return(case, turnover=40_000.0) for case in spells]
    reports = [a_report("card_processor", 48_000, taxpayer_id=case) for case in spells]
    registrations = [
        {
            "taxpayer_id": case,
            "effective_from": pd.Timestamp(first),
            "deregistered_on": last and pd.Timestamp(last),
        }
        for case, (first, last, _) in spells.items()
    ]
    found = measure(*returns, reports=reports, registrations=registrations)["card_to_income"]
    expected = {case: ratio for case, (_, _, ratio) in spells.items()}
    assert found.droplevel("period").to_dict() == pytest.approx(expected)


def test_a_vat_registered_trader_is_not_below_the_threshold(measure: Measure, a_return: Build) -> None:
    spell = {"taxpayer_id": "A", "effective_from": pd.Timestamp("2020-01-01"), "deregistered_on": None}
    found = measure(a_return(turnover=89_000.0), registrations=[spell])
    assert found["vat_threshold_years"].item() == 0


FOLLOWED: list[tuple[str, Row, Row, float]] = [
    ("turnover_change", {"turnover": 40_000.0}, {"turnover": 30_000.0}, 0.75),
    ("turnover_change", {}, {"turnover": 30_000.0}, np.nan),
    (
        "expenses_change",
        {"turnover": 9.0, "travel_costs": 2.0},
        {"turnover": 9.0, "travel_costs": 3.0},
        1.5,
    ),
    (
        "margin_change",
        {"turnover": 10.0, "travel_costs": 2.0},
        {"turnover": 20.0, "travel_costs": 10.0},
        -0.3,
    ),
    ("rents_change", {"rents": 9_000.0}, {}, 0.0),
    ("interest_change", {"interest": 100.0}, {"interest": 900.0}, 5.0),
    ("dividends_change", {"dividends": 100.0}, {"dividends": 50.0}, 0.5),
    (
        "loss_years",
        {"turnover": 1.0, "travel_costs": 9.0},
        {"turnover": 1.0, "travel_costs": 9.0},
        2.0,
    ),
    ("loss_years", {"turnover": 1.0, "travel_costs": 9.0}, {"turnover": 1.0}, 1.0),
    ("vat_threshold_years", {"turnover": 84_000.0}, {"turnover": 89_000.0}, 2.0),
    ("property_allowance_years", {"rents": 1_000.0}, {"rents": 1_000.0}, 2.0),
]


@pytest.fixture(scope="module")
def followed(measure: Measure, a_return: Build) -> pd.DataFrame:
    """Every case at once; the year before is looked at, but not measured."""
    returns = [
        a_return(f"{i:03}", period, **boxes)
        for i, (_, before, now, _) in enumerate(FOLLOWED)
        for period, boxes in (("2023-24", before), ("2024-25", now))
    ]
    return measure(*returns, periods=["2024-25"])


@pytest.mark.parametrize("case", range(len(FOLLOWED)), ids=lambda i: FOLLOWED[i][0])
def test_a_return_against_the_year_before(followed: pd.DataFrame, case: int) -> None:
    feature, _, _, expected = FOLLOWED[case]
    assert followed[feature].iloc[case] == pytest.approx(expected, nan_ok=True)


def test_the_year_before_is_a_neighbour_and_the_same_person(measure: Measure, a_return: Build) -> None:
    found = measure(
        a_return(turnover=9.0),
        a_return(period="2022-23", turnover=9.0),
        a_return("B", period="2023-24", turnover=9.0),
    )
    assert found["turnover_change"].isna().all()


def test_a_first_year_before_the_law_held_is_looked_back_at(measure: Measure, a_return: Build) -> None:
    returns = a_return(period="2020-21", rents=1_000.0), a_return(period="2021-22", rents=1_000.0)
    found = measure(*returns, periods=["2021-22"])
    assert found[["property_allowance_years", "rents_change"]].to_numpy().tolist() == [[2.0, 1.0]]


def test_the_latest_version_is_measured_and_the_original_tells_when_it_came(
    measure: Measure, a_return: Build
) -> None:
    late = pd.Timestamp("2026-05-01")
    original = a_return(turnover=10_000.0, travel_costs=5_000.0)
    amended = a_return(version=1, turnover=20_000.0, travel_costs=5_000.0, received_on=late)
    found = measure(amended, original).iloc[0]
    assert found[["travel_to_turnover", "amendments", "days_late"]].tolist() == [0.25, 1.0, 0.0]


def test_size_is_business_receipts_or_else_all_other_income(measure: Measure, a_return: Build) -> None:
    found = measure(
        a_return("A", turnover=12_000.0, other_business_income=1_000.0, rents=8_000.0, employment_pay=9e5),
        a_return("B", employment_pay=40_000.0, interest=20_000.0),
        a_return("C", turnover=17_250.0, accounts_months=23.0, period="2023-24"),
        a_return("D"),
    )
    assert found["size_band"].tolist() == ["20k_30k", "50k_90k", "under_10k", "under_10k"]
    assert found["trade_group"].unique().tolist() == ["building_trades"]


def test_rows_are_sorted_and_one_a_return(measure: Measure, a_return: Build) -> None:
    found = measure(a_return("B"), a_return("A"), a_return("A", "2023-24"))
    assert found.index.tolist() == [("A", "2023-24"), ("A", "2024-25"), ("B", "2024-25")]
    assert found.index.names == ["taxpayer_id", "period"]
