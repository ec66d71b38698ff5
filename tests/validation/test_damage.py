"""Each kind of damage is found by the right rule, at the right row, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import TABLES
from taxgap.schemas.table import row_key
from taxgap.validation import ValidationReport, rules, validate
from tests.validation.corruption_of_dealings import KINDS as DEALINGS

Frames = dict[str, pd.DataFrame]
Expected = dict[tuple[str, str], list[str]]


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
PEOPLE, FIRMS = (
    run_path(str(Path(__file__).with_name(f"damage_of_{name}.py"))) for name in ("people", "firms")
)


@pytest.mark.parametrize("cell", PEOPLE["CELLS"], ids=lambda cell: f"{cell.table}-{cell.column}-{cell.value}")
def test_one_wrong_cell_gives_exactly_its_findings(
    cell: Any, frames: Frames, records_of: Callable[..., Any]
) -> None:
    world = {name: frames[name] for name in (REGISTER, *PEOPLE["WORLD"].get(cell.table, ()), cell.table)}
    put(world, cell.table, cell.row, cell.column, cell.value)
    report = validate(records_of(world), tables=[*world])
    expected = {key: rows for key, rows in cell.expected.items() if rows}
    assert found(report) == expected
    rejected = [key for key in expected if key in rejecting(report)]
    assert report.rows["quarantined"].sum() == len({key for item in rejected for key in expected[item]})


@pytest.mark.parametrize("damage", FIRMS["DAMAGE"], ids=lambda item: f"{item[1]}-{'-'.join(item[2])}")
def test_one_damaged_row_of_a_firm_gives_exactly_its_findings(
    damage: Any, frames: Frames, records_of: Callable[..., Any]
) -> None:
    table, key, cells, expected = damage
    world = {
        name: frames[name] for name in TABLES if name in (REGISTER, table, *FIRMS["WORLD"].get(table, ()))
    }
    names = frames[table][row_key(TABLES[table])]
    texts = names.apply(lambda column: column.dt.date if column.dtype.kind == "M" else column).astype(str)
    (row,) = np.flatnonzero(texts.agg("/".join, axis=1) == key)
    for column, value in cells.items():
        put(world, table, int(row), column, value)
    report = validate(records_of(world), tables=[*world])
    assert found(report) == {finding: sorted(rows) for finding, rows in expected.items()}
    rejected = rejecting(report) & set(expected)
    assert report.rows["quarantined"].sum() == len(
        {(name, row) for name, rule in rejected for row in expected[name, rule]}
    )


def rejecting(report: ValidationReport) -> set[tuple[str, str]]:
    reject = report.findings[report.findings["severity"] == "reject"]
    return set(zip(reject["table"], reject["rule"], strict=True))


def test_every_rule_is_broken_by_some_damage() -> None:
    elsewhere = {
        "taxpayer_rejected",
        "return_rejected",
        "enquiry_rejected",
        "wrong_partition",
        # in test_comparisons.py
        "turnover_jump",
        "sales_jump",
        "pay_jump",
        "vat_sales_against_accounts",
        "return_missing",
        "met_on_another_day",
        "version_gap",
        "version_order",
        "registrations_overlap",
    }
    broken = {rule for cell in PEOPLE["CELLS"] for _, rule in cell.expected}
    broken |= {rule for *_, expected in FIRMS["DAMAGE"] for _, rule in expected}
    broken |= {rule for kind in DEALINGS for rule in kind.finds}
    assert {rule.code for rule in rules} - broken - elsewhere == set()


def test_every_rule_has_a_name_of_its_own_a_sentence_and_a_remedy() -> None:
    names = [(rule.table, rule.code, rule.columns[0]) for rule in rules]
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
    frames["identities"].loc[4, "birth_date"] = pd.Timestamp(1957, 8, 1)
    assert validate(records_of(frames)).findings.empty


def test_a_rejected_taxpayer_takes_along_what_refers_to_it(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[REGISTER].loc[1, "utr"] = "1234567890"
    report = validate(records_of(frames))
    assert found(report) == {
        (REGISTER, "utr_check_digit"): ["T0001"],
        ("registrations", "taxpayer_rejected"): ["T0001/self_assessment/2021-04-06"],
        ("links", "taxpayer_rejected"): [
            "T0001/director_of/F0001",
            "T0001/director_of/F0013",
            "T0001/director_of/F0025",
        ],
        ("identities", "taxpayer_rejected"): ["T0001"],
        ("obligations", "taxpayer_rejected"): [
            "T0001/self_assessment/2022-23",
            "T0001/self_assessment/2023-24",
        ],
        (SA, "taxpayer_rejected"): ["T0001/2022-23/0", "T0001/2022-23/1", "T0001/2023-24/0"],
        ("third_party", "taxpayer_rejected"): ["B1-2022", "B1-2023", "P1-2022", "P1-2023"],
        ("enquiries", "taxpayer_rejected"): ["E1"],
        ("enquiries", "return_rejected"): ["E1"],
        ("reviews", "enquiry_rejected"): ["W1"],
        ("reviews", "taxpayer_rejected"): ["W1"],
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


def test_a_rejected_company_takes_along_what_refers_to_it(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    frames[REGISTER].loc[frames[REGISTER]["taxpayer_id"] == "F0002", "company_number"] = "2"
    report = validate(records_of(frames))
    lost = {table for table, rule in found(report) if rule == "taxpayer_rejected"}
    returns = {"vat", "corporation_tax", "employer_paye"}
    assert (
        lost
        == {"registrations", "obligations", "links", "identities", "third_party", "enquiries", "payments"}
        | returns
    )
    assert found(report)["adjustments", "enquiry_rejected"] == ["E12/tax_deducted"]


def test_both_versions_of_a_return_are_judged_by_the_period_before(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    returns = frames["corporation_tax"]
    ours = (returns["taxpayer_id"] == "F0007") & (returns["period"] == "2024-03")
    returns.loc[ours & (returns["version"] == 0), "period_start"] = pd.Timestamp("2023-04-20")
    report = validate(records_of(frames))
    assert found(report)["corporation_tax", "gap_between_periods"] == ["F0007/2024-03/0"]
    assert report.passed
    assert ours.sum() == 2


def test_a_missing_return_that_is_known_to_be_due_is_no_gap(
    frames: Frames, records_of: Callable[..., Any]
) -> None:
    returns = frames["corporation_tax"].loc[lambda table: table["taxpayer_id"] == "F0003"].copy()
    returns["period_start"] = [pd.Timestamp("2021-04-01"), pd.Timestamp("2023-04-01")]
    returns["period_end"] = [pd.Timestamp("2022-03-31"), pd.Timestamp("2024-03-31")]
    returns["period"] = ["2022-03", "2024-03"]
    world = {REGISTER: frames[REGISTER], "corporation_tax": returns.reset_index(drop=True)}
    alone = validate(records_of(world), tables=[*world])
    due = validate(records_of(world | {"obligations": frames["obligations"]}), tables=[*world])
    assert ("corporation_tax", "gap_between_periods") in found(alone)
    assert ("corporation_tax", "gap_between_periods") not in found(due)


TABLES_TO_COPY = [
    REGISTER,
    SA,
    "vat",
    "links",
    "third_party",
    "third_party_unmatched",
    "enquiries",
    "adjustments",
    "aggregates",
]


@pytest.mark.parametrize("table", TABLES_TO_COPY)
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
