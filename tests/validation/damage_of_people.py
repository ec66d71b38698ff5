"""Damage to the tables of people: one cell set to a wrong value, and all findings that it must give.

Read by ``test_damage.py``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

SA, REGISTER = "self_assessment", "taxpayers"
R7 = "T0003/2023-24/0"  # the row 7 of the returns: a small trader with the trading allowance, no enquiry
DAYS = pd.Timestamp


class Cell(NamedTuple):
    """One cell set to a wrong value, and all findings that this must give."""

    table: str
    row: int
    column: str
    value: Any
    expected: dict[tuple[str, str], list[str]]


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
    Cell(SA, 20, "partnership_profit", 13_000.0, {(SA, "total_income_adds_up"): ["T0010/2022-23/0"]}),
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
    # the register
    Cell(REGISTER, 12, "company_number", "123", {(REGISTER, "company_number_format"): ["T0012"]}),
    Cell(REGISTER, 12, "birth_year", 1960.5, {(REGISTER, "birth_year_whole"): ["T0012"]}),
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
