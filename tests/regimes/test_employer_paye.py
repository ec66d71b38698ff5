"""The measures of an employer's year, each against a figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes.employer_paye import EMPLOYER_PAYE

Row = dict[str, Any]

YEAR = ("2023-04-06", "2024-04-05")  # 366 days
BEFORE = ("2022-04-06", "2023-04-05")
CALENDAR = ("2023-01-01", "2023-12-31")
LONG_AGO = pd.Timestamp("2019-01-01")
FULL_TIME = 10.42 * 35 * 52


def paid(days: tuple[str, str] = YEAR, **boxes: float) -> Row:
    """A year of 38,000 of pay and 2,000 of employer's contributions, but for some boxes."""
    return {"days": days, "pay": 38_000.0, "employer_nics": 2_000.0, **boxes}


def said(source: str, amount: float, **others: Any) -> Row:
    return {"source": source, "amount": amount, **others}


def shared(*others: str) -> list[Row]:
    return [{"kind": "shares_address", "other_id": other, "since": LONG_AGO} for other in others]


VAT = [{"regime": "vat", "effective_from": LONG_AGO, "scheme": "standard"}]
ACCOUNTS = {
    "turnover": 100_000.0,
    "cost_of_sales": 20_000.0,
    "staff_costs": 30_000.0,
    "directors_pay": 20_000.0,
}

CASES: list[tuple[str, float, list[Row], dict[str, list[Row]]]] = [
    (
        "takings_to_pay",
        1.5,
        [paid()],
        {"third_party": [said("card_processor", 3e4), said("platform", 2e4), said("contractor", 1e4)]},
    ),
    ("takings_to_pay", 366 / 365, [paid()], {"third_party": [said("contractor", 4e4, days=CALENDAR)]}),
    ("takings_to_pay", 0.0, [paid()], {}),
    ("pay_per_head", 0.5, [paid(pay=FULL_TIME, employees=2.0)], {}),
    ("pay_per_head", np.nan, [paid()], {}),
    ("pay_to_turnover", 0.4, [paid()], {"corporation_tax": [ACCOUNTS]}),
    (
        "pay_to_turnover",
        0.8,
        [paid()],
        {"self_assessment": [{"turnover": 4e4, "other_business_income": 1e4}]},
    ),
    ("pay_to_turnover", 0.5, [paid()], {"vat": [{"sales": 8e4}], "registrations": VAT}),
    ("pay_to_turnover", 0.4, [paid()], {"corporation_tax": [ACCOUNTS], "vat": [{"sales": 8e4}]}),
    ("pay_to_turnover", np.nan, [paid()], {}),
    ("pay_to_staff_costs", 0.8, [paid()], {"corporation_tax": [ACCOUNTS]}),
    # Accounts of the calendar year share 270 of its 365 days, and are brought to the 366 of the tax year.
    (
        "pay_to_staff_costs",
        0.8 * 365 / 366,
        [paid()],
        {"corporation_tax": [ACCOUNTS | {"days": CALENDAR}]},
    ),
    ("pay_to_staff_costs", 2.0, [paid()], {"self_assessment": [{"turnover": 1.0, "staff_costs": 2e4}]}),
    ("staff_costs_uncovered", 0.2, [paid()], {"corporation_tax": [ACCOUNTS]}),
    ("staff_costs_uncovered", np.nan, [paid()], {}),
    ("heads_uncovered", 0.25, [paid(employees=3.0)], {"corporation_tax": [{"employees": 4.0}]}),
    ("heads_uncovered", np.nan, [paid(employees=3.0)], {"self_assessment": [{"turnover": 1.0}]}),
    ("directors_share", 0.5, [paid(directors_pay=19e3)], {}),
    ("directors_to_turnover", 0.15, [paid(directors_pay=15e3)], {"corporation_tax": [ACCOUNTS]}),
    ("directors_uncovered", 0.25, [paid(directors_pay=15e3)], {"corporation_tax": [ACCOUNTS]}),
    ("directors_uncovered", np.nan, [paid(directors_pay=15e3)], {}),
    ("loans_to_pay", 0.5, [paid()], {"corporation_tax": [{"loan_to_directors": 19e3}]}),
    ("loans_to_pay", np.nan, [paid()], {}),
    ("subcontractors_share", 0.05, [paid(paid_to_subcontractors=2e3)], {}),
    ("deduction_rate", 0.2, [paid(paid_to_subcontractors=2e3, cis_deducted=400.0)], {}),
    ("deduction_rate", np.nan, [paid()], {}),
    (
        "subcontractors_change",
        0.25,
        [paid(paid_to_subcontractors=38e3), paid(BEFORE, pay=3e3, paid_to_subcontractors=1e3)],
        {},
    ),
    (
        "suffered_uncovered",
        0.75,
        [paid(cis_suffered=400.0)],
        {
            "third_party": [
                said("contractor", 1e3, tax_deducted=100.0),
                said("employer", 0.0, tax_deducted=9e3),
            ]
        },
    ),
    ("suffered_uncovered", 0.0, [paid()], {}),
    (
        "suffered_to_due",
        0.25,
        [paid(cis_suffered=1e3, tax_deducted=1e3, employee_nics=500.0, cis_deducted=500.0)],
        {},
    ),
    ("allowance_to_nics", 0.5, [paid(employment_allowance=1e3)], {}),
    ("allowance_alone", 1.0, [paid(employment_allowance=1e3, employees=1.0)], {}),
    ("allowance_alone", 0.0, [paid(employment_allowance=1e3, employees=1.5)], {}),
    ("allowance_alone", 0.0, [paid(employees=1.0)], {}),
    ("allowance_shared", 2.0, [paid(employment_allowance=1e3)], {"links": shared("B", "C")}),
    ("allowance_shared", 0.0, [paid()], {"links": shared("B", "C")}),
    ("tax_rate", 0.1, [paid(tax_deducted=3_800.0)], {}),
    ("employee_nics_rate", 0.1, [paid(employee_nics=3_800.0)], {}),
    ("employer_nics_rate", 2 / 38, [paid()], {}),
    ("pay_change", 0.5, [paid(), paid(BEFORE, pay=76e3)], {}),
    ("pay_change", np.nan, [paid()], {}),
    ("pay_per_head_change", 0.75, [paid(employees=2.0), paid(BEFORE, pay=76e3, employees=3.0)], {}),
    ("employees_change", 0.5, [paid(employees=2.0), paid(BEFORE, employees=4.0)], {}),
    ("labour_to_value_added", 0.5, [paid()], {"corporation_tax": [ACCOUNTS]}),
    (
        "labour_to_value_added",
        1.0,
        [paid()],
        {"vat": [{"sales": 8e4, "purchases": 4e4}], "registrations": VAT},
    ),
    ("shared_places", 1.0, [paid()], {"links": [*shared("B"), {**shared("C")[0], "kind": "directed_by"}]}),
    (
        "days_late",
        16.0,
        [paid()],
        {
            "obligations": [
                {"regime": "employer_paye", "period": "2023-24", "due_on": pd.Timestamp("2024-05-19")}
            ]
        },
    ),
    ("amendments", 1.0, [paid(version=1.0), paid(pay=1.0)], {}),
    ("directors_share", 0.5, [paid(version=1.0, directors_pay=19e3), paid(pay=1.0)], {}),
    ("round_boxes", 2 / 3, [paid(tax_deducted=3_801.0)], {}),
    ("round_boxes", np.nan, [paid()], {}),
]


@pytest.fixture(scope="module")
def measured(measure_cases: Callable[..., list[float]]) -> list[float]:
    return measure_cases("employer_paye", CASES)


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}_{i}")
def test_an_employer_year(measured: list[float], case: int) -> None:
    assert measured[case] == pytest.approx(CASES[case][1], nan_ok=True)


def test_every_measure_is_checked() -> None:
    assert {case[0] for case in CASES} == set(EMPLOYER_PAYE.feature)


def test_size_is_pay_and_what_subcontractors_got(row: Callable[..., Row], hold: Callable[..., Any]) -> None:
    years = [
        row("employer_paye", *YEAR, "A", pay=15_000.0, paid_to_subcontractors=20_000.0),
        row("employer_paye", *YEAR, "B", pay=2e7),
    ]
    found = EMPLOYER_PAYE.measure(hold(employer_paye=years), ["2023-24"])
    assert found["size_band"].tolist() == ["30k_50k", "10m_plus"]
