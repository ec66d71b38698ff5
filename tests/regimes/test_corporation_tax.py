"""The measures of a company's return, each against a figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.regimes.corporation_tax import CORPORATION_TAX

Row = dict[str, Any]

YEAR = ("2022-07-01", "2023-06-30")  # 365 days
BEFORE = ("2021-07-01", "2022-06-30")
CALENDAR = ("2022-01-01", "2022-12-31")
HALF = ("2022-07-01", "2022-12-31")  # 184 of its days
LONG_AGO = pd.Timestamp("2019-01-01")


def filed(days: tuple[str, str] = YEAR, **boxes: float) -> Row:
    """A return of 100,000 of turnover, but for some boxes."""
    return {"days": days, "turnover": 100_000.0, **boxes}


def said(source: str, amount: float, **others: Any) -> Row:
    return {"source": source, "amount": amount, **others}


VAT = [{"regime": "vat", "effective_from": LONG_AGO, "scheme": "standard"}]
FLAT = [{"regime": "vat", "effective_from": LONG_AGO, "scheme": "flat_rate"}]
COSTS = {"cost_of_sales": 40_000.0, "staff_costs": 20_000.0, "depreciation": 1_234.0, "entertaining": 766.0}

CASES: list[tuple[str, float, list[Row], dict[str, list[Row]]]] = [
    (
        "takings_to_turnover",
        0.9,
        [filed()],
        {"third_party": [said("card_processor", 5e4), said("platform", 3e4), said("contractor", 1e4)]},
    ),
    # The calendar year shares 184 days with the accounts, which say 184 / 365 of their turnover for them.
    ("takings_to_turnover", 0.5, [filed()], {"third_party": [said("contractor", 5e4, days=CALENDAR)]}),
    (
        "takings_to_turnover",
        0.5,
        [filed()],
        {"third_party": [said("card_processor", 6e4)], "registrations": VAT},
    ),
    (
        "takings_to_turnover",
        0.5,
        [filed()],
        {
            "third_party": [said("card_processor", 55e3)],
            "registrations": VAT,
            "vat": [{"sales": 9e4, "output_tax": 9e3}],
        },
    ),
    ("takings_to_turnover", 0.0, [filed()], {}),
    ("takings_uncovered", 0.5, [filed()], {"third_party": [said("platform", 2e5)]}),
    (
        "card_to_turnover",
        0.25,
        [filed()],
        {"third_party": [said("card_processor", 25e3), said("platform", 9e3)]},
    ),
    ("interest_uncovered", 0.75, [filed(other_income=25.0)], {"third_party": [said("bank", 100.0)]}),
    ("interest_uncovered", 0.0, [filed()], {}),
    (
        "vat_sales_to_turnover",
        1.25,
        [filed()],
        {"vat": [{"days": HALF, "sales": 1.25 * 100_000.0 * 184 / 365}], "registrations": VAT},
    ),
    ("vat_sales_to_turnover", 1.0, [filed()], {"vat": [{"sales": 12e4}], "registrations": FLAT}),
    ("vat_sales_to_turnover", np.nan, [filed()], {}),
    ("turnover_uncovered", 0.2, [filed()], {"vat": [{"sales": 125e3}], "registrations": VAT}),
    ("turnover_uncovered", np.nan, [filed()], {}),
    (
        "costs_to_vat_purchases",
        2.0,
        [filed(**COSTS, premises_costs=100.0, travel_costs=134.0, other_costs=9_000.0)],
        {"vat": [{"purchases": 25e3}], "registrations": VAT},
    ),
    (
        "costs_to_vat_purchases",
        np.nan,
        [filed(**COSTS)],
        {"vat": [{"purchases": 25e3}], "registrations": FLAT},
    ),
    (
        "staff_to_payroll",
        1.5,
        [filed(staff_costs=2e4, directors_pay=1e4)],
        {"employer_paye": [{"pay": 18e3, "employer_nics": 2e3}]},
    ),
    # 274 days of the tax year, brought to the whole period.
    (
        "staff_to_payroll",
        2.0,
        [filed(staff_costs=2e4)],
        {"employer_paye": [{"days": ("2022-10-01", "2023-09-30"), "pay": 1e4}]},
    ),
    ("staff_to_payroll", np.nan, [filed(staff_costs=2e4)], {}),
    ("staff_without_payroll", 0.25, [filed(staff_costs=2e4)], {"employer_paye": [{"pay": 15e3}]}),
    ("staff_without_payroll", 1.0, [filed(staff_costs=2e4)], {}),
    ("staff_without_payroll", 0.0, [filed()], {}),
    ("gross_margin", 0.6, [filed(**COSTS)], {}),
    ("net_margin", -0.1, [filed(profit_before_tax=-1e4)], {}),
    ("taxable_to_turnover", 0.2, [filed(taxable_profit=2e4)], {}),
    ("premises_to_turnover", 0.2, [filed(premises_costs=2e4)], {}),
    ("travel_to_turnover", 0.2, [filed(travel_costs=2e4)], {}),
    ("other_to_turnover", 0.2, [filed(other_costs=2e4)], {}),
    ("staff_to_turnover", 0.2, [filed(**COSTS)], {}),
    ("costs_to_turnover", 0.62, [filed(**COSTS)], {}),
    ("not_added_back", 0.75, [filed(**COSTS, added_back=500.0)], {}),
    ("not_added_back", 0.0, [filed()], {}),
    ("directors_pay_to_turnover", 0.2, [filed(directors_pay=2e4)], {}),
    ("loans_to_turnover", 0.2, [filed(loan_to_directors=2e4)], {}),
    ("loans_untaxed", 0.5, [filed(loan_to_directors=2e4, tax_on_loans=3_250.0)], {}),
    ("loans_untaxed", 0.0, [filed(loan_to_directors=2e4, tax_on_loans=6_750.0)], {}),
    ("drawings_to_turnover", 0.5, [filed(directors_pay=2e4, dividends_paid=3e4)], {}),
    ("dividends_uncovered", 0.25, [filed(dividends_paid=4e4, net_assets=-1e4)], {}),
    ("dividends_uncovered", 0.0, [filed(dividends_paid=4e4, net_assets=1e4)], {}),
    ("rd_to_costs", 0.5, [filed(**COSTS, rd_relief=31_000.0)], {}),
    (
        "rd_change",
        0.5,
        [filed(**COSTS, rd_relief=31_000.0), filed(BEFORE, **COSTS)],
        {},
    ),
    ("rd_change", np.nan, [filed(**COSTS, rd_relief=31_000.0)], {}),
    ("capital_to_turnover", 0.2, [filed(capital_allowances=2e4)], {}),
    ("losses_to_profit", 0.2, [filed(losses_brought_forward=1e4, taxable_profit=4e4)], {}),
    ("capital_to_depreciation", 2.0, [filed(capital_allowances=2e4, depreciation=1e4)], {}),
    (
        "losses_unseen",
        0.75,
        [filed(losses_brought_forward=4e3), filed(BEFORE, profit_before_tax=-1e3)],
        {},
    ),
    ("losses_unseen", np.nan, [filed(losses_brought_forward=4e3)], {}),
    ("loss_periods", 2.0, [filed(profit_before_tax=-1.0), filed(BEFORE, profit_before_tax=-1.0)], {}),
    ("loss_periods", 0.0, [filed()], {}),
    ("net_assets_to_turnover", -0.2, [filed(net_assets=-2e4)], {}),
    # 30,000 more than a year before, of which 20,000 less 4,000 of tax and 6,000 of dividends were kept.
    (
        "unexplained_growth",
        0.2,
        [
            filed(net_assets=5e4, profit_before_tax=2e4, tax_charged=4e3, dividends_paid=6e3),
            filed(BEFORE, net_assets=2e4),
        ],
        {},
    ),
    ("below_vat_threshold", 1.0, [filed(turnover=84e3)], {}),
    ("below_vat_threshold", 0.0, [filed(turnover=84e3)], {"registrations": VAT}),
    ("below_vat_threshold", 0.0, [filed(turnover=76e3)], {}),
    ("below_profits_limit", 1.0, [filed(taxable_profit=5e4)], {}),
    ("below_profits_limit", 0.0, [filed(taxable_profit=5e4, associated_companies=1.0)], {}),
    ("below_profits_limit", 1.0, [filed(taxable_profit=24e3, associated_companies=1.0)], {}),
    ("turnover_change", 0.5, [filed(), filed(BEFORE, turnover=2e5)], {}),
    # 181 days after a whole year: day for day the same.
    (
        "turnover_change",
        1.0,
        [filed(("2023-01-01", "2023-06-30"), turnover=181.0), filed(CALENDAR, turnover=365.0)],
        {},
    ),
    ("turnover_change", np.nan, [filed(), filed(("2020-07-01", "2021-06-30"))], {}),
    ("costs_change", 2.0, [filed(travel_costs=2e4), filed(BEFORE, travel_costs=1e4)], {}),
    ("margin_change", -0.1, [filed(profit_before_tax=1e4), filed(BEFORE, profit_before_tax=2e4)], {}),
    (
        "days_late",
        29.0,
        [filed()],
        {
            "obligations": [
                {"regime": "corporation_tax", "period": "2023-06", "due_on": pd.Timestamp("2023-07-31")},
                {"regime": "vat", "period": "2023-06", "due_on": pd.Timestamp("2023-07-01")},
            ]
        },
    ),
    ("amendments", 2.0, [filed(version=2.0), filed(turnover=1.0)], {}),
    ("travel_to_turnover", 0.2, [filed(version=2.0, travel_costs=2e4), filed(travel_costs=1.0)], {}),
    (
        "shared_places",
        1.0,
        [filed()],
        {"links": [{"kind": "shares_address", "other_id": "B", "since": LONG_AGO}]},
    ),
    ("round_costs", 0.5, [filed(**COSTS)], {}),
    ("round_costs", np.nan, [filed(premises_costs=100.0, travel_costs=100.0)], {}),
]


@pytest.fixture(scope="module")
def measured(measure_cases: Callable[..., list[float]]) -> list[float]:
    return measure_cases("corporation_tax", CASES)


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}_{i}")
def test_a_company_return(measured: list[float], case: int) -> None:
    assert measured[case] == pytest.approx(CASES[case][1], nan_ok=True)


def test_every_measure_is_checked() -> None:
    assert {case[0] for case in CASES} == set(CORPORATION_TAX.feature)


def test_size_is_turnover_a_year_or_else_other_income(
    row: Callable[..., Row], hold: Callable[..., Any]
) -> None:
    half = row("corporation_tax", "2023-01-01", "2023-06-30", "A", turnover=8_000.0, other_income=1e9)
    none = row("corporation_tax", *YEAR, "B", other_income=2e6)
    records = hold(corporation_tax=[half, none])
    assert CORPORATION_TAX.measure(records, ["2023-24"])["size_band"].tolist() == ["10k_20k", "1m_10m"]
