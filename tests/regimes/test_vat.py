"""The measures of a VAT return, each against a figure worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.records import Records
from taxgap.regimes.vat import VAT
from taxgap.tax import flat_rate

Row = dict[str, Any]

QUARTER = ("2023-04-01", "2023-06-30")  # 91 days
BEFORE = ("2023-01-01", "2023-03-31")  # 90 days
YEAR_AGO = ("2022-04-01", "2022-06-30")
TAX_YEAR = ("2022-04-06", "2023-04-05")
CALENDAR = ("2022-01-01", "2022-12-31")
MARCH = pd.Timestamp("2023-03-01")
LONG_AGO = pd.Timestamp("2019-01-01")


def sold(days: tuple[str, str] = QUARTER, **boxes: float) -> Row:
    """A return of 10,000 of sales at the standard rate and 4,000 of purchases, but for some boxes."""
    usual = {"sales": 10_000.0, "output_tax": 2_000.0, "purchases": 4_000.0, "input_tax": 800.0}
    return {"days": days, **usual, **boxes}


def said(source: str, amount: float, **others: Any) -> Row:
    return {"source": source, "amount": amount, **others}


def vat(scheme: str = "standard", since: pd.Timestamp = LONG_AGO, **others: Any) -> list[Row]:
    return [{"regime": "vat", "effective_from": since, "scheme": scheme, **others}]


def linked(kind: str, other: str, since: pd.Timestamp = LONG_AGO, until: pd.Timestamp | None = None) -> Row:
    return {"kind": kind, "other_id": other, "since": since, "until": until}


LAST_YEAR = [("2022-07-01", "2022-09-30"), ("2022-10-01", "2022-12-31"), BEFORE]
FLAT = vat("flat_rate", flat_rate=0.1)
GROSS = {"sales": 12_000.0, "output_tax": 1_200.0}
ACCOUNTS = {"turnover": 40_000.0, "cost_of_sales": 1_200.0, "premises_costs": 300.0, "travel_costs": 200.0}
OWN_ACCOUNTS = {"turnover": 9_000.0, "other_business_income": 1_000.0, "cost_of_goods": 1_000.0}

TRADE_RATE = float(flat_rate(pd.Series(["43390"]))[0])

CASES: list[tuple[str, float, list[Row], dict[str, list[Row]]]] = [
    # Half a calendar year of card takings against the two quarters of it: 184 of 365 days of 60,000.
    (
        "takings_to_sales",
        184 / 365,
        [sold(sales=25_000.0, output_tax=5_000.0)]
        + [sold(days, sales=25_000.0, output_tax=5_000.0) for days in LAST_YEAR],
        {"third_party": [said("card_processor", 60_000.0, days=CALENDAR)], "registrations": vat()},
    ),
    (
        "takings_to_sales",
        1.0,
        [sold()],
        {"third_party": [said("card_processor", 6e3), said("contractor", 5e3)]},
    ),
    (
        "takings_to_sales",
        1.0,
        [sold(**GROSS)],
        {"third_party": [said("card_processor", 6e3), said("platform", 6e3)], "registrations": FLAT},
    ),
    ("takings_to_sales", 0.0, [sold()], {}),
    ("takings_uncovered", 0.5, [sold()], {"third_party": [said("card_processor", 24e3)]}),
    ("takings_uncovered", 0.99, [sold(sales=0.0)], {"third_party": [said("contractor", 100.0)]}),
    ("card_to_sales", 0.25, [sold()], {"third_party": [said("card_processor", 3e3), said("platform", 3e3)]}),
    (
        "takings_to_period_sales",
        200 / (10_000 / 91),
        [sold(), sold(BEFORE, sales=30_000.0)],
        {"third_party": [said("contractor", 181 * 200.0, days=("2023-01-01", "2023-06-30"))]},
    ),
    ("platform_uncovered", 0.75, [sold()], {"third_party": [said("platform", 48e3)]}),
    ("card_to_sales", 0.25, [sold(output_tax=9e9)], {"third_party": [said("card_processor", 3e3)]}),
    ("imports_uncovered", 0.75, [sold()], {"third_party": [said("customs", 16e3)]}),
    ("imports_uncovered", 0.0, [sold()], {"third_party": [said("card_processor", 16e3)]}),
    ("import_vat_to_inputs", 0.5, [sold()], {"third_party": [said("customs", 2e3)]}),
    ("sales_to_turnover", 0.25, [sold()], {"corporation_tax": [ACCOUNTS]}),
    ("sales_to_turnover", 1.0, [sold(TAX_YEAR)], {"self_assessment": [OWN_ACCOUNTS]}),
    ("sales_to_turnover", 0.25, [sold(**GROSS)], {"corporation_tax": [ACCOUNTS], "registrations": FLAT}),
    ("sales_to_turnover", np.nan, [sold()], {}),
    ("turnover_uncovered", 0.75, [sold()], {"corporation_tax": [ACCOUNTS]}),
    (
        "purchases_to_costs",
        2.0,
        [sold()],
        {"corporation_tax": [ACCOUNTS | {"other_costs": 250.0, "entertaining": 50.0, "staff_costs": 9e3}]},
    ),
    (
        "purchases_to_costs",
        2.0,
        [sold(TAX_YEAR)],
        {
            "self_assessment": [
                OWN_ACCOUNTS
                | {"subcontractor_costs": 500.0, "travel_costs": 200.0, "premises_costs": 100.0}
                | {"office_costs": 150.0, "other_expenses": 50.0, "staff_costs": 9e3}
            ]
        },
    ),
    ("value_added", 0.6, [sold()], {}),
    ("value_added", np.nan, [sold()], {"registrations": FLAT}),
    ("yearly_value_added", 0.3, [sold(), sold(BEFORE, purchases=10_000.0)], {}),
    ("inputs_to_outputs", 0.4, [sold()], {}),
    ("yearly_inputs_to_outputs", 0.5, [sold(), sold(BEFORE, input_tax=1_200.0)], {}),
    ("output_rate", 0.15, [sold(output_tax=1_500.0)], {}),
    ("input_rate", 0.1, [sold(input_tax=400.0)], {}),
    ("inputs_above_rate", 0.5, [sold(input_tax=1_600.0)], {}),
    ("inputs_to_usual", 3.0, [sold(input_tax=91 * 30.0), sold(BEFORE, input_tax=900.0)], {}),
    ("repayment_to_sales", 0.1, [sold(net_vat=-1_000.0)], {}),
    ("repayment_to_sales", 0.0, [sold(net_vat=1_000.0)], {}),
    ("repayment_to_inputs", 0.25, [sold(net_vat=-200.0)], {}),
    (
        "repayment_share",
        0.5,
        [sold(net_vat=1.0), sold(BEFORE, net_vat=-1.0), sold(YEAR_AGO, net_vat=-1.0)],
        {},
    ),
    ("repayment_when_new", 1.0, [sold(net_vat=-1.0)], {"registrations": vat(since=MARCH)}),
    ("repayment_when_new", 0.0, [sold(net_vat=1.0)], {"registrations": vat(since=MARCH)}),
    ("repayment_when_new", 0.0, [sold(net_vat=-1.0)], {"registrations": vat()}),
    ("sales_change", 0.5, [sold(), sold(YEAR_AGO, sales=20_000.0)], {}),
    ("sales_change", np.nan, [sold(), sold(BEFORE)], {}),
    ("sales_to_previous", 0.5, [sold(sales=4_550.0), sold(BEFORE, sales=9_000.0)], {}),
    ("purchases_change", 2.0, [sold(), sold(YEAR_AGO, purchases=2_000.0)], {}),
    ("output_rate_change", -0.1, [sold(output_tax=1_000.0), sold(YEAR_AGO)], {}),
    ("flat_tax_short", 0.25, [sold(output_tax=750.0)], {"registrations": FLAT}),
    ("flat_tax_short", np.nan, [sold(output_tax=750.0)], {"registrations": vat()}),
    # Half of what the flat rate of the building trades comes to.
    ("flat_tax_below_trade", 0.5, [sold(output_tax=TRADE_RATE * 5_000.0)], {"registrations": FLAT}),
    ("flat_tax_below_trade", np.nan, [sold()], {}),
    ("flat_rate_paid", 0.2, [sold()], {"registrations": FLAT}),
    ("flat_rate_paid", np.nan, [sold()], {}),
    (
        "output_rate_without_imports",
        0.16,
        [sold()],
        {"third_party": [said("customs", 2e3)]},
    ),
    ("output_rate_without_imports", 0.2, [sold()], {}),
    ("flat_inputs", 0.4, [sold()], {"registrations": FLAT}),
    ("below_flat_rate_limit", 1.0, [sold(sales=55_000.0)], {"registrations": FLAT}),
    ("below_flat_rate_limit", 0.0, [sold(sales=58_000.0)], {"registrations": FLAT}),
    ("below_flat_rate_limit", np.nan, [sold(sales=55_000.0)], {"registrations": vat()}),
    ("below_threshold", 1.0, [sold(sales=20_000.0)], {}),
    ("below_threshold", 0.0, [sold(sales=22_000.0)], {}),
    ("wages_to_sales", 0.3, [sold(TAX_YEAR)], {"employer_paye": [{"pay": 2_500.0, "employer_nics": 500.0}]}),
    ("wages_to_sales", np.nan, [sold(TAX_YEAR)], {}),
    ("wages_to_value_added", 0.5, [sold(TAX_YEAR)], {"employer_paye": [{"pay": 3_000.0}]}),
    (
        "days_late",
        5.0,
        [sold()],
        {"obligations": [{"regime": "vat", "period": "2023-06", "due_on": pd.Timestamp("2023-08-24")}]},
    ),
    ("amendments", 1.0, [sold(version=1.0), sold(sales=3.0)], {}),
    ("value_added", 0.6, [sold(version=1.0), sold(sales=3.0)], {}),
    ("registered_late", 1.0, [sold()], {"registrations": vat(late=1.0)}),
    ("new_partners", 0.5, [sold()], {"links": [linked("sells_to", "B", MARCH), linked("buys_from", "C")]}),
    ("new_partners", np.nan, [sold()], {"links": [linked("shares_address", "B")]}),
    (
        "two_way_partners",
        1.0,
        [sold()],
        {"links": [linked("sells_to", "B"), linked("buys_from", "B", MARCH)]},
    ),
    ("two_way_partners", 0.0, [sold()], {"links": [linked("sells_to", "B"), linked("buys_from", "C")]}),
    (
        "shared_places",
        2.0,
        [sold()],
        {
            "links": [
                linked("shares_address", "B"),
                linked("shares_account", "C"),
                linked("shares_address", "D", until=MARCH),
                linked("shares_address", "E", since=pd.Timestamp("2023-07-01")),
            ]
        },
    ),
    ("round_boxes", 0.75, [sold(input_tax=795.0)], {}),
    ("round_boxes", np.nan, [sold(input_tax=0.0, purchases=0.0)], {}),
]


@pytest.fixture(scope="module")
def measured(measure_cases: Callable[..., list[float]]) -> list[float]:
    return measure_cases("vat", CASES)


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}_{i}")
def test_a_vat_return(measured: list[float], case: int) -> None:
    assert measured[case] == pytest.approx(CASES[case][1], nan_ok=True)


def test_every_measure_is_checked() -> None:
    assert {case[0] for case in CASES} == set(VAT.feature)


def test_size_is_sales_without_vat_a_year(row: Callable[..., Row], hold: Callable[..., Any]) -> None:
    flat = [{"taxpayer_id": "B", **FLAT[0]}]
    records = hold(
        vat=[
            row("vat", *QUARTER, "A", sales=7_500.0),
            row("vat", *QUARTER, "B", sales=7_500.0),
            row("vat", *QUARTER, "C", sales=3_000_000.0),
        ],
        registrations=flat,
    )
    assert VAT.measure(records, ["2023-24"])["size_band"].tolist() == ["30k_50k", "20k_30k", "10m_plus"]


def test_a_trade_that_is_no_code_has_no_flat_rate(row: Callable[..., Row], hold: Callable[..., Any]) -> None:
    records = hold(
        vat=[row("vat", *QUARTER, "A", sales=100.0), row("vat", *QUARTER, "B", sales=100.0)],
        registrations=[{"taxpayer_id": name, **FLAT[0]} for name in "AB"],
    )
    frames = {name: records.table(name) for name in records.tables}
    trades = frames["taxpayers"].assign(sic2007=["builder", None])
    found = VAT.measure(Records.from_frames({**frames, "taxpayers": trades}), ["2023-24"])
    assert found["flat_tax_below_trade"].isna().all()
    assert found["flat_tax_short"].tolist() == [1.0, 1.0]
