"""Comparisons across periods, tables and extracts: each points out what it should, and nothing beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.validation import ValidationReport, validate

Frames = dict[str, pd.DataFrame]
Hold = Callable[[Frames], Records]
VAT, COMPANY, PAYE, DUE = "vat", "corporation_tax", "employer_paye", "obligations"
D = pd.Timestamp


def found(report: ValidationReport) -> dict[tuple[str, str], list[str]]:
    findings = report.findings
    return {(row.table, row.rule): sorted(row.examples) for row in findings.itertuples()}


def rows_of(frame: pd.DataFrame, taxpayer: str, *periods: str, regime: str | None = None) -> pd.Series:
    ours = (frame["taxpayer_id"] == taxpayer) & frame["period"].isin(periods)
    return ours if regime is None else ours & (frame["regime"] == regime)


def few(frames: Frames, *names: str) -> Frames:
    return {name: frames[name] for name in ("taxpayers", *names)}


def check(frames: Frames, records_of: Hold, *names: str) -> dict[tuple[str, str], list[str]]:
    world = few(frames, *names)
    report = validate(records_of(world), tables=[*world])
    assert report.passed
    return found(report)


@pytest.mark.parametrize(
    ("table", "column", "period", "rule"),
    [
        (VAT, "sales", "2023-09", "sales_jump"),
        (COMPANY, "turnover", "2024-03", "turnover_jump"),
        (PAYE, "pay", "2023-24", "pay_jump"),
    ],
)
def test_an_amount_twenty_times_that_of_the_period_before(  # noqa: PLR0917  parameters of the test
    table: str, column: str, period: str, rule: str, frames: Frames, records_of: Hold
) -> None:
    frame = frames[table]
    frame.loc[rows_of(frame, "F0003", period), column] *= 25
    if table == COMPANY:
        more = frame.loc[rows_of(frame, "F0003", period), column] * 24 / 25
        frame.loc[rows_of(frame, "F0003", period), "cost_of_sales"] += more
    assert check(frames, records_of, table) == {(table, rule): [f"F0003/{period}/0"]}


def test_a_small_amount_may_grow_many_times(frames: Frames, records_of: Hold) -> None:
    pay = frames[PAYE]
    pay.loc[rows_of(pay, "F0003", "2022-23"), ["pay", "directors_pay"]] = 900.0
    assert check(frames, records_of, PAYE) == {}


def test_a_jump_is_judged_by_the_last_version_before(frames: Frames, records_of: Hold) -> None:
    accounts = frames[COMPANY]
    original = rows_of(accounts, "F0007", "2023-03") & (accounts["version"] == 0)
    costs = accounts.loc[original, "turnover"] - 2_000.0
    accounts.loc[original, "turnover"] -= costs
    accounts.loc[original, ["cost_of_sales", "staff_costs", "directors_pay"]] = 0.0
    accounts.loc[original, "profit_before_tax"] = 2_050.0 - 7_900.0
    accounts.loc[original, ["taxable_profit", "corporation_tax", "marginal_relief", "tax_charged"]] = 0.0
    assert check(frames, records_of, COMPANY) == {}


def test_vat_sales_against_the_turnover_of_the_accounts(frames: Frames, records_of: Hold) -> None:
    vat = frames[VAT]
    ours = rows_of(vat, "F0003", "2023-06", "2023-09", "2023-12", "2024-03")
    vat.loc[ours, "sales"] += 80_000.0
    expected = {(COMPANY, "vat_sales_against_accounts"): ["F0003/2024-03/0"]}
    assert check(frames, records_of, VAT, COMPANY) == expected
    frames[VAT] = vat[~rows_of(vat, "F0003", "2023-09")].reset_index(drop=True)
    assert check(frames, records_of, VAT, COMPANY) == {}  # a quarter is not known


@pytest.mark.parametrize(("table", "keys"), [(VAT, ["F0001/2024-03/0"]), (COMPANY, ["F0001/2024-03/0"])])
def test_third_parties_report_far_more_than_a_firm_declares(
    table: str, keys: list[str], frames: Frames, records_of: Hold
) -> None:
    reports = frames["third_party"]
    card = reports["report_id"] == "C1"
    reports.loc[card, "amount"] = 200_000.0
    reports.loc[card, "period_start"] = D("2023-04-01")
    reports.loc[card, "period_end"] = D("2024-03-31")
    assert check(frames, records_of, table, "third_party") == {(table, "third_party_turnover"): keys}
    reports.loc[card, "source"] = "bank"
    assert check(frames, records_of, table, "third_party") == {}


def test_a_table_that_switches_to_pence(frames: Frames, records_of: Hold) -> None:
    late = frames["payments"]["period"].isin(["2023-24", "2024-03", "2023-12", "2023-09", "2023-06"])
    frames["payments"].loc[late, ["liability", "paid"]] *= 100
    report = validate(records_of(few(frames, "payments")), tables=["taxpayers", "payments"])
    assert found(report) == {("payments", "unit_shift"): ["2023-24"]}
    assert report.findings["partition"].isna().all()
    frames["payments"].loc[late, ["liability", "paid"]] /= 4
    assert check(frames, records_of, "payments") == {}


def test_too_few_amounts_tell_nothing_of_the_unit(frames: Frames, records_of: Hold) -> None:
    returns = frames["self_assessment"]
    late = returns["period"] == "2023-24"
    amounts = returns.select_dtypes("float64").columns.drop("accounts_months")
    returns.loc[late, amounts] *= 100
    rules = {rule for _, rule in found(validate(records_of(few(frames, "self_assessment"))))}
    assert "unit_shift" not in rules


@pytest.mark.parametrize("regime", [VAT, COMPANY, PAYE])
def test_a_return_that_was_filed_and_is_not_there(regime: str, frames: Frames, records_of: Hold) -> None:
    returns = frames[regime]
    period = {VAT: "2023-09", COMPANY: "2024-03", PAYE: "2023-24"}[regime]
    frames[regime] = returns[~rows_of(returns, "F0003", period)].reset_index(drop=True)
    expected = {(DUE, "return_missing"): [f"F0003/{regime}/{period}"]}
    assert check(frames, records_of, regime, DUE) == expected
    open_still = rows_of(frames[DUE], "F0003", period, regime=regime)
    frames[DUE].loc[open_still, "status"] = "missing"
    frames[DUE].loc[open_still, "met_on"] = pd.NaT
    assert check(frames, records_of, regime, DUE) == {}


def test_an_obligation_met_on_another_day_than_the_return_came(frames: Frames, records_of: Hold) -> None:
    ours = rows_of(frames[DUE], "F0007", "2023-03", regime=COMPANY)
    frames[DUE].loc[ours, "met_on"] += pd.Timedelta(days=1)
    expected = {(DUE, "met_on_another_day"): ["F0007/corporation_tax/2023-03"]}
    assert check(frames, records_of, COMPANY, DUE) == expected


def amended(frames: Frames, version: int, received: Any) -> None:
    vat = frames[VAT]
    first = rows_of(vat, "F0003", "2023-09") & (vat["version"] == 0)
    row = vat[first].assign(version=version, received_on=D(received))
    frames[VAT] = pd.concat([vat, row.astype(vat.dtypes)], ignore_index=True)


def test_versions_count_without_a_gap(frames: Frames, records_of: Hold) -> None:
    amended(frames, 2, "2024-02-01")
    assert check(frames, records_of, VAT) == {(VAT, "version_gap"): ["F0003/2023-09/2"]}
    amended(frames, 1, "2024-01-01")
    assert check(frames, records_of, VAT) == {}


def test_versions_come_in_their_order(frames: Frames, records_of: Hold) -> None:
    amended(frames, 1, "2024-02-01")
    amended(frames, 2, "2024-01-31")
    assert check(frames, records_of, VAT) == {(VAT, "version_order"): ["F0003/2023-09/2"]}


@pytest.mark.parametrize(("end", "finds"), [(None, True), ("2023-06-02", True), ("2023-06-01", False)])
def test_two_registrations_for_one_tax_do_not_overlap(
    end: str | None, finds: bool, frames: Frames, records_of: Hold
) -> None:
    spans = frames["registrations"]
    ours = (spans["taxpayer_id"] == "F0003") & (spans["regime"] == PAYE)
    again = spans[ours].assign(effective_from=D("2023-06-01")).astype(spans.dtypes)
    spans.loc[ours, "deregistered_on"] = D(end) if end else pd.NaT
    frames["registrations"] = pd.concat([spans, again], ignore_index=True)
    expected = {("registrations", "registrations_overlap"): [f"F0003/{PAYE}/2023-06-01"]}
    assert check(frames, records_of, "registrations") == (expected if finds else {})


def test_reports_with_the_same_content_are_pointed_out_only_if_they_add_up(
    frames: Frames, records_of: Hold
) -> None:
    reports = frames["third_party"]
    copies = reports.iloc[[1, 0]].assign(report_id=["N1", "N0"])  # a platform's report, and one of nothing
    frames["third_party"] = pd.concat([reports, copies], ignore_index=True)
    assert check(frames, records_of, "third_party") == {("third_party", "same_report_twice"): ["N1"]}
