"""Each kind of damage is found by the right rule, at the right row, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from taxgap.validation import ValidationReport, rules, validate

Frames = dict[str, pd.DataFrame]
Expected = dict[tuple[str, str], list[str]]


class Cell(NamedTuple):
    """One cell set to a wrong value, and all findings that this must give."""

    table: str
    row: int
    column: str
    value: Any
    expected: Expected


def found(report: ValidationReport) -> Expected:
    findings = report.findings
    return {
        (table, rule): sorted(key for keys in part["examples"] for key in keys)
        for (table, rule), part in findings.groupby(["table", "rule"])
    }


def put(frames: Frames, table: str, row: int, column: str, value: Any) -> None:
    frame = frames[table]
    dtype = frame[column].dtype
    if isinstance(value, str) or (value is None and dtype.kind not in "fM"):
        frame[column] = frame[column].astype(object)
    elif isinstance(value, float) and dtype.kind in "ib":
        frame[column] = frame[column].astype("float64")
    frame.loc[row, column] = value


SA, REGISTER = "self_assessment", "taxpayers"
R7 = "T0003/2023-24/0"  # the row 7 of the returns: a small trader with the trading allowance, no enquiry
DAYS = pd.Timestamp

# The tables that a damaged one bears on, or that bear on it; leaving out the others saves time.
WORLD = {
    "registrations": (SA,),
    SA: ("registrations", "third_party"),
    "third_party": (SA,),
    "enquiries": (SA, "adjustments"),
    "adjustments": ("enquiries",),
}

CELLS = [
    # single columns
    Cell(SA, 7, "turnover", -1.0, {(SA, "out_of_range"): [R7]}),
    Cell(SA, 7, "turnover", np.nan, {(SA, "empty_value"): [R7]}),
    Cell(SA, 7, "turnover", np.inf, {(SA, "not_finite"): [R7]}),
    Cell(SA, 7, "turnover", "4,000", {(SA, "value_type"): [R7]}),
    Cell(SA, 7, "version", 0.5, {(SA, "value_type"): ["row 7"], (SA, "column_type"): []}),
    Cell(SA, 7, "by_agent", "yes", {(SA, "value_type"): [R7]}),
    Cell(SA, 7, "received_on", DAYS("2025-01-10 12:00"), {(SA, "value_type"): [R7]}),
    Cell(SA, 7, "period", "2023/24", {(SA, "form_of_text"): ["row 7"]}),
    Cell(SA, 7, "period", "2023-25", {(SA, "period_label"): ["T0003/2023-25/0"]}),
    Cell(SA, 7, "accounts_months", 0.0, {(SA, "out_of_range"): [R7]}),
    Cell(SA, 7, "accounts_months", 24.0, {(SA, "accounts_months"): [R7]}),
    Cell(REGISTER, 12, "sic2007", "4321", {(REGISTER, "form_of_text"): ["T0012"]}),
    Cell("third_party", 1, "source", "neighbour", {("third_party", "unknown_code"): ["P0-2022"]}),
    Cell("third_party", 1, "report_id", "P 0", {("third_party", "form_of_text"): ["row 1"]}),
    Cell("third_party", 1, "report_id", "P0\n", {("third_party", "form_of_text"): ["row 1"]}),
    Cell(
        "registrations",
        12,
        "reference",
        "980780685",
        {("registrations", "vrn_check_digits"): ["T0000/vat/2021-04-06"]},
    ),
    # boxes that must add up
    Cell(SA, 9, "cost_of_goods", 8_002.0, {(SA, "expenses_add_up"): ["T0004/2023-24/0"]}),
    Cell(SA, 9, "turnover", 60_000.0, {(SA, "net_profit_adds_up"): ["T0004/2023-24/0"]}),
    Cell(SA, 9, "basis_adjustment", 70.0, {(SA, "trading_profit_adds_up"): ["T0004/2023-24/0"]}),
    Cell(SA, 11, "rents", 12_000.0, {(SA, "property_profit_adds_up"): ["T0005/2023-24/0"]}),
    Cell(SA, 9, "interest", 200.0, {(SA, "total_income_adds_up"): ["T0004/2023-24/0"]}),
    Cell(
        SA,
        7,
        "losses_brought_forward",
        9_000.0,
        {(SA, "losses_within_profit"): [R7], (SA, "trading_profit_adds_up"): [R7]},
    ),
    Cell(SA, 7, "trading_allowance", 1_001.0, {(SA, "trading_allowance_alone"): [R7]}),
    Cell(SA, 7, "capital_allowances", 0.5, {(SA, "trading_allowance_alone"): [R7]}),
    Cell(SA, 9, "property_allowance", 1_000.5, {(SA, "property_allowance_alone"): ["T0004/2023-24/0"]}),
    Cell(SA, 9, "property_costs", 0.5, {(SA, "property_allowance_alone"): ["T0004/2023-24/0"]}),
    # dates
    Cell(SA, 7, "period_start", DAYS("2023-04-05"), {(SA, "period_dates"): [R7]}),
    Cell(SA, 7, "period_end", DAYS("2024-04-06"), {(SA, "period_dates"): [R7]}),
    Cell(SA, 7, "received_on", DAYS("2024-04-05"), {(SA, "received_in_period"): [R7]}),
    Cell(
        "obligations",
        3,
        "period_start",
        DAYS("2023-04-07"),
        {("obligations", "period_dates"): ["T0001/self_assessment/2023-24"]},
    ),
    Cell(
        "obligations",
        3,
        "status",
        "late",
        {("obligations", "obligation_status"): ["T0001/self_assessment/2023-24"]},
    ),
    Cell(
        "obligations",
        3,
        "status",
        "missing",
        {("obligations", "obligation_status"): ["T0001/self_assessment/2023-24"]},
    ),
    Cell(
        "obligations",
        3,
        "met_on",
        DAYS("2025-02-01"),
        {("obligations", "obligation_status"): ["T0001/self_assessment/2023-24"]},
    ),
    Cell(
        "obligations",
        3,
        "met_on",
        None,
        {("obligations", "obligation_status"): ["T0001/self_assessment/2023-24"]},
    ),
    Cell("third_party", 1, "period", "2021-22", {("third_party", "report_period"): ["P0-2022"]}),
    Cell("third_party", 1, "period_end", DAYS("2021-12-31"), {("third_party", "report_period"): ["P0-2022"]}),
    Cell(
        "registrations",
        11,
        "deregistered_on",
        DAYS("2021-04-05"),
        {
            ("registrations", "registration_dates"): ["T0011/self_assessment/2021-04-06"],
            (SA, "outside_registration"): ["T0011/2022-23/0"],
        },
    ),
    Cell(
        "payments", 3, "period", "2023-29", {("payments", "period_label"): ["T0001/self_assessment/2023-29"]}
    ),
    # enquiries
    Cell("enquiries", 4, "inclusion_probability", 0.0, {("enquiries", "inclusion_probability"): ["E4"]}),
    Cell("enquiries", 4, "inclusion_probability", 0.4, {("enquiries", "inclusion_probability"): ["E4"]}),
    Cell("enquiries", 4, "inclusion_probability", 1.4, {("enquiries", "out_of_range"): ["E4"]}),
    Cell("enquiries", 4, "opened_on", DAYS("2024-01-09"), {("enquiries", "opened_before_return"): ["E4"]}),
    Cell("enquiries", 3, "closed_on", DAYS("2024-04-30"), {("enquiries", "closed_before_opened"): ["E3"]}),
    Cell("enquiries", 3, "tax_found", None, {("enquiries", "outcome_when_closed"): ["E3"]}),
    Cell("enquiries", 4, "tax_found", 0.0, {("enquiries", "outcome_when_closed"): ["E4"]}),
    Cell("enquiries", 4, "period", "2021-22", {("enquiries", "no_return"): ["E4"]}),
    # references
    Cell(
        "registrations",
        4,
        "taxpayer_id",
        "T0099",
        {
            ("registrations", "no_taxpayer"): ["T0099/self_assessment/2021-04-06"],
            (SA, "outside_registration"): ["T0004/2022-23/0", "T0004/2023-24/0"],
        },
    ),
    Cell(
        "obligations",
        3,
        "taxpayer_id",
        "T0099",
        {("obligations", "no_taxpayer"): ["T0099/self_assessment/2023-24"]},
    ),
    Cell(SA, 7, "taxpayer_id", "T0099", {(SA, "no_taxpayer"): ["T0099/2023-24/0"]}),
    Cell("third_party", 1, "taxpayer_id", "T0099", {("third_party", "no_taxpayer"): ["P0-2022"]}),
    Cell(
        "payments",
        3,
        "taxpayer_id",
        "T0099",
        {("payments", "no_taxpayer"): ["T0099/self_assessment/2023-24"]},
    ),
    Cell("adjustments", 3, "enquiry_id", "E99", {("adjustments", "no_enquiry"): ["E99/travel_costs"]}),
    Cell(
        "adjustments",
        3,
        "taxpayer_id",
        "T0001",
        {("adjustments", "adjustment_of_another_case"): ["E2/travel_costs"]},
    ),
    Cell(
        "adjustments",
        3,
        "period",
        "2023-24",
        {("adjustments", "adjustment_of_another_case"): ["E2/travel_costs"]},
    ),
    # comparisons: warnings only
    Cell("third_party", 1, "amount", 70_000.0, {(SA, "third_party_turnover"): ["T0000/2022-23/0"]}),
    Cell(SA, 9, "tax_charged", 1.0, {(SA, "tax_charged"): ["T0004/2023-24/0"]}),
    Cell(
        "registrations",
        4,
        "effective_from",
        DAYS("2023-04-06"),
        {(SA, "outside_registration"): ["T0004/2022-23/0"]},
    ),
    Cell(
        "registrations",
        4,
        "deregistered_on",
        DAYS("2023-04-05"),
        {(SA, "outside_registration"): ["T0004/2023-24/0"]},
    ),
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.table}-{cell.column}-{cell.value}")
def test_one_wrong_cell_gives_exactly_its_findings(
    cell: Cell, frames: Frames, records_of: Callable[..., Any]
) -> None:
    world = {name: frames[name] for name in (REGISTER, *WORLD.get(cell.table, ()), cell.table)}
    put(world, cell.table, cell.row, cell.column, cell.value)
    report = validate(records_of(world), tables=[*world])
    expected = {key: rows for key, rows in cell.expected.items() if rows}
    assert found(report) == expected
    rejected = [key for key in expected if key in rejecting(report)]
    assert report.rows["quarantined"].sum() == len({key for item in rejected for key in expected[item]})


def rejecting(report: ValidationReport) -> set[tuple[str, str]]:
    reject = report.findings[report.findings["severity"] == "reject"]
    return set(zip(reject["table"], reject["rule"], strict=True))


def test_every_rule_is_broken_by_some_damage() -> None:
    elsewhere = {
        "taxpayer_rejected",
        "return_rejected",
        "enquiry_rejected",
        "wrong_partition",
        "turnover_jump",
    }
    broken = {rule for cell in CELLS for _, rule in cell.expected}
    assert {rule.code for rule in rules} - broken - elsewhere == set()


def test_every_rule_has_a_name_of_its_own_a_sentence_and_a_remedy() -> None:
    names = [(rule.table, rule.code) for rule in rules]
    assert len(names) == len(set(names))
    assert all(rule.sentence.endswith(".") and rule.remedy.endswith(".") for rule in rules)


def test_a_jump_in_turnover_is_a_warning(frames: Frames, records_of: Callable[..., Any]) -> None:
    returns = frames[SA]
    pence = ["turnover", "net_profit", "trading_profit", "total_income"]
    returns.loc[9, pence] += returns.loc[9, "turnover"] * 99
    report = validate(records_of(frames))
    assert found(report)[SA, "turnover_jump"] == ["T0004/2023-24/0"]
    assert report.passed


def test_a_rounded_box_is_no_finding(frames: Frames, records_of: Callable[..., Any]) -> None:
    frames[SA].loc[9, "total_expenses"] += 1.0
    frames[SA].loc[9, "tax_charged"] += 1.9
    assert validate(records_of(frames)).findings.empty


def test_a_nation_that_is_not_that_of_the_region_rejects_the_taxpayer(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[REGISTER].loc[11, "nation"] = "Wales"
    assert found(validate(records_of(frames)))[REGISTER, "nation_of_region"] == ["T0011"]


def test_a_late_birthday_of_the_pension_year_gives_no_warning(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    # Born in 1957, 66 in 2023: whether before 6 April is not in the register, so both charges are right.
    frames[REGISTER].loc[4, "birth_year"] = 1957
    assert validate(records_of(frames)).findings.empty


def test_a_rejected_taxpayer_takes_along_what_refers_to_it(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[REGISTER].loc[1, "utr"] = "1234567890"
    report = validate(records_of(frames))
    assert found(report) == {
        (REGISTER, "utr_check_digit"): ["T0001"],
        ("registrations", "taxpayer_rejected"): ["T0001/self_assessment/2021-04-06"],
        ("obligations", "taxpayer_rejected"): [
            "T0001/self_assessment/2022-23",
            "T0001/self_assessment/2023-24",
        ],
        (SA, "taxpayer_rejected"): ["T0001/2022-23/0", "T0001/2022-23/1", "T0001/2023-24/0"],
        ("third_party", "taxpayer_rejected"): ["B1-2022", "B1-2023", "P1-2022", "P1-2023"],
        ("enquiries", "taxpayer_rejected"): ["E1"],
        ("enquiries", "return_rejected"): ["E1"],
        ("adjustments", "enquiry_rejected"): ["E1/travel_costs", "E1/turnover"],
        ("payments", "taxpayer_rejected"): ["T0001/self_assessment/2022-23", "T0001/self_assessment/2023-24"],
    }
    assert report.findings["rule"].iloc[0] == "utr_check_digit"


def test_an_enquiry_goes_with_its_return_only_if_no_version_is_kept(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[SA].loc[[2, 4], "net_profit"] += 50.0  # the originals of T0001 (amended later) and T0002
    report = validate(records_of(frames))
    assert found(report)["enquiries", "return_rejected"] == ["E2"]
    assert "E1" in set(report.trusted.table("enquiries")["enquiry_id"])


@pytest.mark.parametrize("table", ["taxpayers", SA, "third_party", "enquiries", "adjustments"])
def test_of_rows_with_one_key_the_first_is_kept(
    table: str, frames: Frames, records_of: Callable[..., Any]
) -> None:
    frame = frames[table]
    frames[table] = pd.concat([frame, frame.iloc[[0, 1, 0]]], ignore_index=True)
    report = validate(records_of(frames))
    assert set(found(report)) == {(table, "duplicate_key")}
    assert report.failing(table)["rule"].tolist() == ["duplicate_key"] * 3
    pd.testing.assert_frame_equal(report.trusted.table(table), frame)


def test_a_copy_counts_even_if_the_first_is_rejected_for_another_reason(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[SA] = pd.concat([frames[SA], frames[SA].iloc[[7]]], ignore_index=True)
    frames[SA].loc[7, "turnover"] = -1.0
    assert set(found(validate(records_of(frames)))) == {(SA, "out_of_range"), (SA, "duplicate_key")}
