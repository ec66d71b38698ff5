"""Damage to registrations, obligations, reports, enquiries and aggregates, and what no rule finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tests.validation.corruption import Findings, Frames, Kind, Labels, Rng, cell, change, put
from tests.validation.corruption_of_cells import pick
from tests.validation.corruption_of_returns import where

Row = pd.Series
SA, VAT, COMPANY, PAYE = "self_assessment", "vat", "corporation_tax", "employer_paye"
RETURNS = (SA, VAT, COMPANY, PAYE)
REGISTER, REG, DUE, PAID, CASE = "taxpayers", "registrations", "obligations", "payments", "enquiries"
REPORTS, UNMATCHED, AGG = "third_party", "third_party_unmatched", "aggregates"
DAY = pd.Timedelta(days=1)


def _only_consequences(damage: Any) -> Any:
    return lambda frames, rows, rng: damage(frames, rows, rng) or {}


ENDED, BEGUN = pd.Timestamp("2024-03-31"), pd.Timestamp("2024-04-06")
"""Days on or before which registrations end, and on or after which they begin."""


def _with_return(regime: str, *, later: bool) -> Any:
    # Registrations that hold still, of who has a return for days that the damage leaves without one.
    def rule(frames: Frames) -> Any:
        returns, register = frames[regime], frames[REG]
        outside = returns["period_start"] > ENDED if later else returns["period_end"] < BEGUN
        filed = register["taxpayer_id"].isin(returns.loc[outside, "taxpayer_id"])
        holds = register["deregistered_on"].isna() & (register["effective_from"] < ENDED)
        return (register["regime"] == regime) & filed & holds

    return rule


def _begins_late(_row: Row, rng: Rng) -> dict[str, Any]:
    return {"effective_from": BEGUN + int(rng.integers(300)) * DAY}


def _ends_early(row: Row, rng: Rng) -> dict[str, Any]:
    days = min(int(rng.integers(200)), (ENDED - row["effective_from"]).days)
    return {"deregistered_on": ENDED - days * DAY}


REGISTRATIONS = [
    *(
        Kind(
            name=f"registration for {regime} after the return",
            table=REG,
            near=(regime,),
            eligible=_with_return(regime, later=False),
            damage=_only_consequences(change(REG, _begins_late)),
        )
        for regime in RETURNS
    ),
    *(
        Kind(
            name=f"registration for {regime} ends before the return",
            table=REG,
            near=(regime,),
            eligible=_with_return(regime, later=True),
            damage=_only_consequences(change(REG, _ends_early)),
        )
        for regime in RETURNS
    ),
    Kind(
        name="registration ends before it begins",
        table=REG,
        finds=("registration_dates",),
        near=(VAT, PAYE),
        damage=change(
            REG, lambda row, rng: {"deregistered_on": row["effective_from"] - int(rng.integers(1, 99)) * DAY}
        ),
    ),
    Kind(
        name="trader files more seldom than registered",
        table=REG,
        near=(VAT,),
        damage=_only_consequences(cell(REG, ["frequency"], pick("annual"))),
        eligible=where(REG, lambda f: (f["regime"] == VAT) & (f["frequency"] == "quarterly")),
    ),
    Kind(
        name="flat rate scheme without a rate",
        table=REG,
        finds=("vat_scheme",),
        damage=cell(REG, ["flat_rate"], pick(np.nan)),
        eligible=where(REG, lambda f: f["flat_rate"].notna()),
    ),
    Kind(
        name="flat rate without its scheme",
        table=REG,
        finds=("vat_scheme",),
        damage=cell(REG, ["flat_rate"], pick(0.12)),
        eligible=where(REG, lambda f: f["scheme"] == "standard"),
    ),
    Kind(
        name="VAT scheme for another tax",
        table=REG,
        finds=("vat_scheme",),
        damage=cell(REG, ["scheme"], pick("standard")),
        eligible=where(REG, lambda f: f["regime"] == PAYE),
    ),
]


def _status(name: str, new: Any, status: str) -> Kind:
    return Kind(
        name=name,
        table=DUE,
        damage=change(DUE, new),
        finds=("obligation_status",),
        eligible=where(DUE, lambda f: f["status"] == status),
    )


OBLIGATIONS = [
    _status("late written for met", lambda _row, _rng: {"status": "late"}, "met"),
    _status("missing written for met", lambda _row, _rng: {"status": "missing"}, "met"),
    _status("met written for late", lambda _row, _rng: {"status": "met"}, "late"),
    _status("met without a day", lambda _row, _rng: {"met_on": pd.NaT}, "met"),
    _status(
        "met after it was due",
        lambda row, rng: {"met_on": row["due_on"] + int(rng.integers(1, 99)) * DAY},
        "met",
    ),
    _status("missing with a day", lambda row, _rng: {"met_on": row["due_on"]}, "missing"),
    Kind(
        name="obligation of swapped days",
        table=DUE,
        finds=("period_dates",),
        damage=change(
            DUE, lambda row, _rng: {"period_start": row["period_end"], "period_end": row["period_start"]}
        ),
    ),
    *(
        Kind(
            name=f"tax year that is none in {table}",
            table=table,
            finds=("period_label",),
            damage=cell(table, ["period"], pick("2023-25", "2023-99", "2099-01")),
            eligible=where(table, lambda f: f["regime"].isin([SA, PAYE])),
        )
        for table in (DUE, PAID)
    ),
    Kind(
        name="payment for VAT with a tax year",
        table=PAID,
        finds=("period_label",),
        damage=cell(PAID, ["period"], pick("2023-24", "2024-25")),
        eligible=where(PAID, lambda f: f["regime"] == VAT),
    ),
]


def _untraced(frames: Frames, rows: Labels, rng: Rng) -> None:
    for label in rows:
        for column in ("name", "address", "account"):
            put(frames[UNMATCHED], label, column, [None, ""][int(rng.integers(2))])


def _reported_more(frames: Frames, rows: Labels, rng: Rng) -> Findings:
    reports, returns = frames[REPORTS], frames[SA]
    hit: Labels = []
    for label in rows:
        person, period = reports.loc[label, "taxpayer_id"], reports.loc[label, "period"]
        case = returns[(returns["taxpayer_id"] == person) & (returns["period"] == period)]
        declared = case[["turnover", "other_business_income", "rents"]].sum(axis=1).max()
        put(reports, label, "amount", 2.1 * declared + 2_500.0 + rng.exponential(9_000.0))
        hit += list(case.index)
    return {(SA, "third_party_turnover"): hit}


def _on_a_return(frames: Frames) -> pd.Series:
    reports, returns = frames[REPORTS], frames[SA]
    cases = pd.MultiIndex.from_frame(returns[["taxpayer_id", "period"]])
    known = pd.MultiIndex.from_frame(reports[["taxpayer_id", "period"]]).isin(cases)
    return reports["source"].isin(["platform", "card_processor", "contractor"]) & known


def _another_year(old: str, rng: Rng) -> str:
    return ["2016-17", "2019-20", "2030-31"][int(rng.integers(3))]


THIRD_PARTIES = [
    Kind(
        name="third party reports far more",
        table=REPORTS,
        damage=_reported_more,
        near=(SA,),
        eligible=_on_a_return,
    ),
    *(
        Kind(
            name=f"report of another year in {table}",
            table=table,
            finds=("report_period",),
            damage=cell(table, ["period"], _another_year),
        )
        for table in (REPORTS, UNMATCHED)
    ),
    *(
        Kind(
            name=f"days that run backwards in {table}",
            table=table,
            finds=("report_period",),
            damage=change(
                table,
                lambda row, _rng: {"period_start": row["period_end"], "period_end": row["period_start"]},
            ),
            eligible=where(table, lambda f: f["period_start"] < f["period_end"]),
        )
        for table in (REPORTS, UNMATCHED)
    ),
    Kind(
        name="report with a month for a label",
        table=REPORTS,
        finds=("period_label",),
        damage=cell(REPORTS, ["period"], pick("2023-07", "2024-12")),
    ),
    Kind(
        name="report that belongs to nobody",
        table=UNMATCHED,
        damage=_untraced,
        finds=("report_without_trace",),
    ),
]


def _opened_early(frames: Frames, rows: Labels, rng: Rng) -> None:
    for label in rows:
        case = frames[CASE].loc[label]
        returns = frames[case["regime"]]
        ours = (returns["taxpayer_id"] == case["taxpayer_id"]) & (returns["period"] == case["period"])
        first = returns.loc[ours, "received_on"].min()
        put(frames[CASE], label, "opened_on", first - int(rng.integers(1, 200)) * DAY)


CLOSED = where(CASE, lambda f: f["closed_on"].notna())
ENQUIRIES = [
    Kind(
        name="probability of nothing",
        table=CASE,
        finds=("inclusion_probability",),
        damage=cell(CASE, ["inclusion_probability"], pick(0.0)),
        near=("adjustments",),
    ),
    Kind(
        name="both probabilities of nothing",
        table=CASE,
        finds=("inclusion_probability",),
        damage=change(CASE, lambda _row, _rng: {"inclusion_probability": 0.0, "opening_probability": 0.0}),
    ),
    Kind(
        name="drawn likelier than opened",
        table=CASE,
        finds=("inclusion_probability",),
        damage=change(
            CASE,
            lambda row, rng: {"opening_probability": row["inclusion_probability"] * rng.uniform(0, 0.99)},
        ),
    ),
    Kind(
        name="opened before the return",
        table=CASE,
        damage=_opened_early,
        finds=("opened_before_return",),
        near=(*RETURNS, "adjustments"),
    ),
    Kind(
        name="closed before it was opened",
        table=CASE,
        finds=("closed_before_opened",),
        eligible=CLOSED,
        damage=change(
            CASE, lambda row, rng: {"closed_on": row["opened_on"] - int(rng.integers(1, 300)) * DAY}
        ),
    ),
    Kind(
        name="closed without an outcome",
        table=CASE,
        finds=("outcome_when_closed",),
        eligible=CLOSED,
        near=("adjustments",),
        damage=cell(CASE, ["tax_found"], pick(np.nan)),
    ),
    Kind(
        name="outcome without a close",
        table=CASE,
        finds=("outcome_when_closed",),
        eligible=CLOSED,
        damage=cell(CASE, ["closed_on"], pick(pd.NaT)),
    ),
    Kind(
        name="adjustment with a label that is none",
        table="adjustments",
        finds=("period_label", "adjustment_of_another_case"),
        damage=cell("adjustments", ["period"], pick("2023-25", "2023-99")),
        near=(CASE,),
    ),
]

AGGREGATES = [
    Kind(
        name="estimate without an error",
        table=AGG,
        damage=cell(AGG, ["standard_error"], pick(0.0)),
        finds=("estimate_without_error",),
        eligible=where(AGG, lambda f: f["amount"] != 0),
    ),
    Kind(
        name="error far above the estimate",
        table=AGG,
        finds=("estimate_spans_zero",),
        damage=change(AGG, lambda row, _rng: {"standard_error": abs(row["amount"]) + 1.0}),
    ),
    Kind(
        name="estimate with a month for a label",
        table=AGG,
        damage=cell(AGG, ["period"], pick("2023-07")),
        finds=("period_label",),
    ),
]


def _due_early(frames: Frames, rows: Labels, _rng: Rng) -> None:
    for label in rows:
        put(frames[DUE], label, "due_on", frames[DUE].loc[label, "period_start"] - 400 * DAY)
        put(frames[DUE], label, "met_on", frames[DUE].loc[label, "due_on"])


SINGLE = [
    Kind(
        name="year of birth in the future",
        table=REGISTER,
        damage=cell(REGISTER, ["birth_year"], pick(2090.0)),
        eligible=where(REGISTER, lambda f: f["legal_form"] == "individual"),
        finds=("birth_year_to_come",),
        also=("birth_years_differ", "tax_charged"),
    ),
    Kind(
        name="name of no letters",
        table="identities",
        damage=cell("identities", ["name"], pick("", " ")),
        finds=("form_of_text",),
    ),
    Kind(
        name="adjustment of a field that is none",
        table="adjustments",
        damage=cell("adjustments", ["field"], pick("turnovr")),
        near=(CASE,),
        finds=("adjusted_field",),
    ),
    Kind(
        name="paid without a day",
        table=PAID,
        damage=cell(PAID, ["paid_on"], pick(pd.NaT)),
        eligible=where(PAID, lambda f: f["paid"] > 0),
        finds=("day_when_paid",),
    ),
    Kind(
        name="written off without an amount",
        table=PAID,
        damage=change(PAID, lambda row, _rng: {"written_off_on": row["received_on"]}),
        eligible=where(PAID, lambda f: f["written_off_on"].isna()),
        finds=("day_when_written_off",),
    ),
    Kind(
        name="due before the period",
        table=DUE,
        damage=_due_early,
        eligible=where(DUE, lambda f: f["status"] == "met"),
        finds=("due_before_period",),
    ),
    Kind(
        name="more deducted than reported",
        table=REPORTS,
        damage=change(REPORTS, lambda row, _rng: {"tax_deducted": 2 * row["amount"] + 10.0}),
        finds=("deducted_within_amount",),
    ),
    Kind(
        name="birthday of another year",
        table="identities",
        near=(REGISTER,),
        damage=change("identities", lambda row, _rng: {"birth_date": row["birth_date"] - 9_000 * DAY}),
        eligible=where("identities", lambda f: f["birth_date"].notna()),
        finds=("birth_years_differ",),
    ),
]

KINDS = [*REGISTRATIONS, *OBLIGATIONS, *THIRD_PARTIES, *ENQUIRIES, *AGGREGATES, *SINGLE]
