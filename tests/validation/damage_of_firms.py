"""Damage to the tables of firms: the table, the key of a row, what is changed in it, and what must be found.

Read by ``test_damage.py``. Where nothing is to be found, the change is one that a rule must not mistake.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Damage = tuple[str, str, dict[str, Any], dict[tuple[str, str], list[str]]]

D = pd.Timestamp
VAT, COMPANY, PAYE, DUE = "vat", "corporation_tax", "employer_paye", "obligations"
V3, C3, P3 = "F0003/2023-09/0", "F0003/2024-03/0", "F0003/2023-24/0"

RETURNS: list[Damage] = [
    # VAT
    (VAT, V3, {"total_output_tax": 4_602.0, "net_vat": 3_102.0}, {(VAT, "total_output_tax_adds_up"): [V3]}),
    (VAT, V3, {"net_vat": 3_098.0}, {(VAT, "net_vat_adds_up"): [V3]}),
    (VAT, V3, {"net_vat": 3_101.0}, {}),
    (
        VAT,
        V3,
        {"acquisition_tax": 50.0, "total_output_tax": 4_650.0, "net_vat": 3_150.0},
        {(VAT, "acquisition_tax_without_goods"): [V3]},
    ),
    (VAT, V3, {"input_tax": 1_802.0, "net_vat": 2_798.0}, {(VAT, "input_tax_rate"): [V3]}),
    (VAT, V3, {"input_tax": 6_000.0, "net_vat": -1_400.0, "purchases": 30_000.0}, {}),
    (
        VAT,
        V3,
        {"output_tax": 6_402.0, "total_output_tax": 6_402.0, "net_vat": 4_902.0},
        {(VAT, "output_tax_rate"): [V3]},
    ),
    (
        VAT,
        "F0015/2023-09/0",
        {"output_tax": 10_000.0, "total_output_tax": 10_000.0, "net_vat": 8_500.0},
        {},
    ),
    (VAT, V3, {"period_start": D("2023-06-30")}, {(VAT, "periods_overlap"): [V3]}),
    (VAT, V3, {"period_start": D("2023-10-01")}, {(VAT, "period_dates"): [V3]}),
    (VAT, V3, {"period": "2023-08"}, {(VAT, "period_dates"): ["F0003/2023-08/0"]}),
    (VAT, V3, {"period": "2023-13"}, {(VAT, "form_of_text"): ["row 13"]}),
    (VAT, V3, {"period_start": D("2023-08-01")}, {(VAT, "period_length"): [V3]}),
    (VAT, V3, {"received_on": D("2023-09-30")}, {(VAT, "received_in_period"): [V3]}),
    (VAT, V3, {"sales": -1.0}, {(VAT, "out_of_range"): [V3]}),
    (VAT, V3, {"goods_from_eu": np.nan}, {(VAT, "empty_value"): [V3]}),
    (VAT, V3, {"taxpayer_id": "F0099"}, {(VAT, "no_taxpayer"): ["F0099/2023-09/0"]}),
    # companies
    (COMPANY, C3, {"turnover": 57_002.0}, {(COMPANY, "profit_before_tax_adds_up"): [C3]}),
    (COMPANY, C3, {"entertaining": 0.0, "other_costs": 2_300.0}, {(COMPANY, "added_back_adds_up"): [C3]}),
    (COMPANY, C3, {"taxable_profit": 20_548.0}, {(COMPANY, "taxable_profit_adds_up"): [C3]}),
    (COMPANY, C3, {"tax_charged": 4_244.0}, {(COMPANY, "company_tax_charged_adds_up"): [C3]}),
    (
        COMPANY,
        C3,
        {
            "losses_brought_forward": 30_000.0,
            "taxable_profit": 0.0,
            "corporation_tax": 0.0,
            "tax_charged": 337.5,
        },
        {(COMPANY, "losses_within_profit"): [C3]},
    ),
    (COMPANY, C3, {"corporation_tax": 3_900.0, "tax_charged": 4_237.5}, {(COMPANY, "corporation_tax"): [C3]}),
    (COMPANY, C3, {"associated_companies": 9.0}, {(COMPANY, "corporation_tax"): [C3]}),
    (
        COMPANY,
        "F0003/2023-03/0",
        {"period_start": D("2022-03-31")},
        {(COMPANY, "accounting_period_length"): ["F0003/2023-03/0"]},
    ),
    (
        COMPANY,
        "F0004/2023-09/0",
        {"period_start": D("2023-03-01")},
        {(COMPANY, "periods_overlap"): ["F0004/2023-09/0"]},
    ),
    (COMPANY, C3, {"period_start": D("2023-04-10")}, {(COMPANY, "gap_between_periods"): [C3]}),
    (COMPANY, C3, {"period_end": D("2024-03-30")}, {}),
    (COMPANY, C3, {"period_end": D("2024-02-29")}, {(COMPANY, "period_dates"): [C3]}),
    (
        COMPANY,
        C3,
        {"period": "2023-24"},
        {(COMPANY, "form_of_text"): ["row 7"], (DUE, "return_missing"): ["F0003/corporation_tax/2024-03"]},
    ),
    (COMPANY, C3, {"received_on": D("2024-03-31")}, {(COMPANY, "received_in_period"): [C3]}),
    (
        COMPANY,
        C3,
        {"taxpayer_id": "F0099"},
        {
            (COMPANY, "no_taxpayer"): ["F0099/2024-03/0"],
            (DUE, "return_missing"): ["F0003/corporation_tax/2024-03"],
        },
    ),
    # employers
    (PAYE, P3, {"tax_charged": 5_702.0}, {(PAYE, "employer_tax_charged_adds_up"): [P3]}),
    (PAYE, P3, {"directors_pay": 40_002.0}, {(PAYE, "directors_pay_within_pay"): [P3]}),
    (
        PAYE,
        "F0001/2023-24/0",
        {"cis_deducted": 3_002.0, "tax_charged": 8_702.0},
        {(PAYE, "construction_deduction"): ["F0001/2023-24/0"]},
    ),
    (PAYE, P3, {"employees": 0.0}, {(PAYE, "pay_without_employees"): [P3]}),
    (PAYE, P3, {"period_start": D("2023-04-01")}, {(PAYE, "period_dates"): [P3]}),
    (PAYE, P3, {"period": "2023-25"}, {(PAYE, "period_label"): ["F0003/2023-25/0"]}),
    (PAYE, P3, {"received_on": D("2024-04-04")}, {}),
    (PAYE, P3, {"taxpayer_id": "F0099"}, {(PAYE, "no_taxpayer"): ["F0099/2023-24/0"]}),
]

REG = "registrations"
OF_VAT, OF_COMPANY, OF_PAYE = (f"F0003/{regime}/2021-04-06" for regime in (VAT, COMPANY, PAYE))

REGISTER: list[Damage] = [
    (
        REG,
        OF_VAT,
        {"effective_from": D("2023-08-01")},
        {(VAT, "outside_registration"): ["F0003/2023-06/0"]},
    ),
    (REG, OF_VAT, {"deregistered_on": D("2023-12-31")}, {(VAT, "outside_registration"): ["F0003/2024-03/0"]}),
    (REG, OF_COMPANY, {"deregistered_on": D("2023-03-31")}, {(COMPANY, "outside_registration"): [C3]}),
    (
        REG,
        OF_PAYE,
        {"effective_from": D("2023-04-06")},
        {(PAYE, "outside_registration"): ["F0003/2022-23/0"]},
    ),
    (
        REG,
        OF_VAT,
        {"frequency": "annual"},
        {
            (VAT, "period_length"): [
                f"F0003/{month}/0" for month in ("2023-06", "2023-09", "2023-12", "2024-03")
            ]
        },
    ),
    (REG, OF_VAT, {"frequency": None}, {}),
    (REG, OF_VAT, {"flat_rate": 0.1}, {(REG, "vat_scheme"): [OF_VAT]}),
    (REG, OF_PAYE, {"scheme": "standard"}, {(REG, "vat_scheme"): [OF_PAYE]}),
    (REG, OF_VAT, {"scheme": "flat_rate"}, {(REG, "vat_scheme"): [OF_VAT]}),
    (
        REG,
        "F0015/vat/2021-04-06",
        {"flat_rate": 1.2},
        {
            (REG, "out_of_range"): ["F0015/vat/2021-04-06"],
            (VAT, "outside_registration"): [
                f"F0015/{month}/0" for month in ("2023-06", "2023-09", "2023-12", "2024-03")
            ],
        },
    ),
    ("taxpayers", "F0003", {"company_number": None}, {("taxpayers", "company_number_of_company"): ["F0003"]}),
    (
        "taxpayers",
        "T0003",
        {"company_number": "99000099"},
        {("taxpayers", "company_number_of_company"): ["T0003"]},
    ),
    (
        "taxpayers",
        "F0003",
        {"company_number": "99000004"},
        {("taxpayers", "unique_identifier"): ["F0003", "F0004"]},
    ),
    ("taxpayers", "T0002", {"nino": "QQ000001A"}, {("taxpayers", "unique_identifier"): ["T0001", "T0002"]}),
    (
        REG,
        OF_VAT,
        {"reference": "980780684"},
        {(REG, "unique_identifier"): [OF_VAT, "T0000/vat/2021-04-06"]},
    ),
    (REG, OF_COMPANY, {"reference": "980780684"}, {}),
    ("taxpayers", "F0003", {"birth_year": 1970.0}, {("taxpayers", "birth_year_of_person"): ["F0003"]}),
    ("taxpayers", "T0003", {"birth_year": None}, {("taxpayers", "birth_year_of_person"): ["T0003"]}),
]

L3, M3 = "F0003/directed_by/T0003", "T0003/director_of/F0003"
LINKS: list[Damage] = [
    (
        "links",
        L3,
        {"other_id": "F0003"},
        {("links", "link_to_itself"): ["F0003/directed_by/F0003"], ("links", "link_one_sided"): [M3]},
    ),
    (
        "links",
        L3,
        {"other_id": "X1"},
        {
            ("links", "link_without_other_end"): ["F0003/directed_by/X1"],
            ("links", "link_one_sided"): [M3],
        },
    ),
    (
        "links",
        L3,
        {"kind": "shares_address"},
        {("links", "link_one_sided"): ["F0003/shares_address/T0003", M3]},
    ),
    ("links", L3, {"until": D("2021-04-05")}, {("links", "link_dates"): [L3]}),
    ("links", L3, {"until": D("2021-04-06")}, {}),
    ("links", L3, {"share": 1.5}, {("links", "out_of_range"): [L3]}),
    (
        "links",
        L3,
        {"kind": "friend_of"},
        {("links", "unknown_code"): ["row 6"], ("links", "link_one_sided"): [M3]},
    ),
    (
        "links",
        L3,
        {"taxpayer_id": "F0099"},
        {("links", "no_taxpayer"): ["F0099/directed_by/T0003"], ("links", "link_one_sided"): [M3]},
    ),
    ("identities", "F0003", {"taxpayer_id": "F0099"}, {("identities", "no_taxpayer"): ["F0099"]}),
    ("identities", "F0003", {"name": None}, {("identities", "empty_value"): ["F0003"]}),
]

UNMATCHED = "third_party_unmatched"
AGG, A0 = "aggregates", "turnover/2023-24/all"
REPORTS: list[Damage] = [
    ("third_party", "C1", {"reporter_id": "F0001"}, {("third_party", "reporter_is_taxpayer"): ["C1"]}),
    ("third_party", "C1", {"reporter_id": None}, {}),
    ("third_party", "C1", {"reporter_id": "X1"}, {("third_party", "reporter_unknown"): ["C1"]}),
    (
        "third_party",
        "C1",
        {"taxpayer_id": "F0002", "source": "customs", "reporter_id": None, "amount": 4_000.0},
        {("third_party", "same_report_twice"): ["C1"]},
    ),
    (UNMATCHED, "U0", {"name": None}, {(UNMATCHED, "report_without_trace"): ["U0"]}),
    (UNMATCHED, "U1", {"address": ""}, {(UNMATCHED, "report_without_trace"): ["U1"]}),
    (UNMATCHED, "U0", {"period": "2022-23"}, {(UNMATCHED, "report_period"): ["U0"]}),
    (UNMATCHED, "U0", {"period": "2023-07"}, {(UNMATCHED, "period_label"): ["U0"]}),
    (UNMATCHED, "U0", {"amount": -5.0}, {(UNMATCHED, "out_of_range"): ["U0"]}),
    (AGG, A0, {"standard_error": 0.0}, {(AGG, "estimate_without_error"): [A0]}),
    (AGG, A0, {"standard_error": 5_000.0}, {(AGG, "estimate_spans_zero"): [A0]}),
    (AGG, A0, {"standard_error": -1.0}, {(AGG, "out_of_range"): [A0]}),
    (AGG, A0, {"amount": 0.0, "standard_error": 0.0}, {}),
    (AGG, A0, {"period": "2023-07"}, {(AGG, "period_label"): ["turnover/2023-07/all"]}),
]

PAID, CASE, ADJ = "payments", "enquiries", "adjustments"
MIXED: list[Damage] = [
    (
        DUE,
        "F0003/vat/2023-09",
        {"period_end": D("2023-10-31")},
        {(DUE, "period_dates"): ["F0003/vat/2023-09"]},
    ),
    (DUE, "F0003/vat/2023-09", {"period": "2023-24"}, {(DUE, "period_label"): ["F0003/vat/2023-24"]}),
    (
        DUE,
        "F0003/employer_paye/2023-24",
        {"period_start": D("2023-04-01")},
        {(DUE, "period_dates"): ["F0003/employer_paye/2023-24"]},
    ),
    (
        DUE,
        "F0003/corporation_tax/2024-03",
        {"regime": "employer_paye"},
        {(DUE, "period_label"): ["F0003/employer_paye/2024-03"]},
    ),
    (PAID, "F0003/vat/2023-09", {"period": "2023-24"}, {(PAID, "period_label"): ["F0003/vat/2023-24"]}),
    (PAID, "F0003/employer_paye/2023-24", {"regime": "vat"}, {(PAID, "period_label"): ["F0003/vat/2023-24"]}),
    (CASE, "E10", {"period": "2023-12"}, {(ADJ, "adjustment_of_another_case"): ["E10/output_tax"]}),
    (
        CASE,
        "E10",
        {"period": "2023-24"},
        {
            (CASE, "period_label"): ["E10"],
            (CASE, "no_return"): ["E10"],
            (ADJ, "enquiry_rejected"): ["E10/output_tax"],
            (ADJ, "adjustment_of_another_case"): ["E10/output_tax"],
        },
    ),
    (
        CASE,
        "E11",
        {"opened_on": D("2023-12-01")},
        {(CASE, "opened_before_return"): ["E11"], (ADJ, "enquiry_rejected"): ["E11/turnover"]},
    ),
    (
        CASE,
        "E12",
        {"regime": "self_assessment"},
        {},  # the table of that tax is not there
    ),
    (
        CASE,
        "E12",
        {"regime": "corporation_tax"},
        {
            (CASE, "period_label"): ["E12"],
            (CASE, "no_return"): ["E12"],
            (ADJ, "enquiry_rejected"): ["E12/tax_deducted"],
        },
    ),
    (
        ADJ,
        "E10/output_tax",
        {"period": "2023-99"},
        {(ADJ, "period_label"): ["E10/output_tax"], (ADJ, "adjustment_of_another_case"): ["E10/output_tax"]},
    ),
]

DAMAGE = [*RETURNS, *REGISTER, *LINKS, *REPORTS, *MIXED]

# The tables that a damaged one bears on; leaving out the others saves time.
WORLD = {
    VAT: (REG,),
    COMPANY: (REG, DUE),
    PAYE: (REG,),
    REG: (VAT, COMPANY, PAYE),
    CASE: (VAT, COMPANY, PAYE, ADJ),
    ADJ: (CASE,),
}
