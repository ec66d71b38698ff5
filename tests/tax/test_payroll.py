"""What is due on pay, worked by hand, and against the liability of people with nothing but pay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxgap.errors import InvalidDataError, UsageError
from taxgap.tax import employment_allowance, payroll_tax, personal_tax, tax_law, tax_years

PENNY = {"abs": 0.005}
YEARS = tax_years()
KINDS = ["income_tax", "employee_nics", "employer_nics"]

pays = st.floats(0, 250_000, allow_nan=False).map(lambda pounds: round(pounds, 2))
years = st.sampled_from(YEARS)


def due(pay, tax_year, **options):
    return payroll_tax([pay], tax_year, **options).iloc[0].tolist()


@pytest.mark.parametrize(
    ("tax_year", "employee", "employer"),
    [
        # Tax each year: 30,000 - 12,570 = 17,430 at 20% = 3,486.
        # 20,432 at 12% = 2,451.84; 30,000 - 8,840 = 21,160 at 13.8% = 2,920.08
        ("2021-22", 2_451.84, 2_920.08),
        # 18,092 at 12.73% = 2,303.11; 20,900 at 14.53% = 3,036.77
        ("2022-23", 2_303.11, 3_036.77),
        # 17,430 at 11.5% = 2,004.45; 20,900 at 13.8% = 2,884.20
        ("2023-24", 2_004.45, 2_884.20),
        # 17,430 at 8% = 1,394.40
        ("2024-25", 1_394.40, 2_884.20),
        # 25,000 at 15% = 3,750
        ("2025-26", 1_394.40, 3_750.00),
    ],
)
def test_pay_of_30_000(tax_year, employee, employer):
    assert due(30_000, tax_year) == pytest.approx([3_486.00, employee, employer], **PENNY)


def test_pay_of_110_000():
    # Allowance 7,570: 37,700 at 20% = 7,540 and 64,730 at 40% = 25,892. 37,700 at 8% = 3,016 and 59,730 at 2%
    # = 1,194.60. 105,000 at 15% = 15,750.
    assert due(110_000, "2025-26") == pytest.approx([33_432.00, 4_210.60, 15_750.00], **PENNY)


def test_secondary_rate_of_2022_23_is_the_average_by_days():
    assert tax_law("2022-23").employers.secondary_rate == round((214 * 0.1505 + 151 * 0.138) / 365, 4)


@pytest.mark.parametrize("tax_year", YEARS)
def test_nothing_is_due_at_a_threshold(tax_year):
    law = tax_law(tax_year)
    thresholds = [
        law.income_tax.personal_allowance,
        law.national_insurance.primary_threshold,
        law.employers.secondary_threshold,
    ]
    assert np.diag(payroll_tax(thresholds, tax_year)).tolist() == [0, 0, 0]
    above = np.diag(payroll_tax(np.array(thresholds) + 100, tax_year))
    rates = [0.2, law.national_insurance.class_1_rates[0], law.employers.secondary_rate]
    np.testing.assert_allclose(above, 100 * np.array(rates))


@pytest.mark.parametrize("tax_year", YEARS)
def test_employees_owe_what_people_with_nothing_but_pay_owe(crowd, tax_year):
    random = np.random.default_rng(5)
    people = crowd(5, 400)
    amounts = people.columns.difference(["nation", "over_state_pension_age"])
    people = people.assign(**dict.fromkeys(amounts, 0.0), nation="England", over_state_pension_age=False)
    people["employment"] = np.round(random.uniform(0, 200_000, 400), 2)
    owed = personal_tax(people, tax_year)
    paid = payroll_tax(people["employment"], tax_year)
    np.testing.assert_allclose(paid["income_tax"], owed["income_tax"], atol=1e-8)
    np.testing.assert_allclose(paid["employee_nics"], owed["nics_class_1"], atol=1e-8)


def test_each_row_has_its_own_year():
    pay = np.array([30_000.0, 60_000, 120_000, 9_000, 200_000, 30_000])
    labels = ["2025-26", "2021-22", "2023-24", "2025-26", "2030-31", "2022-23"]
    one_by_one = [due(amount, label) for amount, label in zip(pay, labels, strict=True)]
    for many in (labels, np.array(labels), pd.Series(labels), pd.Categorical(labels)):
        np.testing.assert_array_equal(payroll_tax(pay, many), one_by_one)
    assert due(200_000, "2030-31") == due(200_000, "2025-26")


@given(pay=pays, tax_year=years, months=st.integers(1, 12))
def test_months_share_out_the_year(pay, tax_year, months):
    # What is paid in m months at an even pace bears m / 12 of what a year at that pace bears.
    share = months / 12
    expected = np.array(due(pay, tax_year)) * share
    np.testing.assert_allclose(due(pay * share, tax_year, months=months), expected, atol=0.01)


def test_months_by_hand():
    # 15,000 in 6 months of 2024-25, as 30,000 in a year: half of 3,486, 1,394.40 and 2,884.20
    result = payroll_tax([15_000, 30_000], "2024-25", months=[6, 12])
    assert result.iloc[0].tolist() == pytest.approx([1_743.00, 697.20, 1_442.10], **PENNY)
    assert result.iloc[1].tolist() == pytest.approx([3_486.00, 1_394.40, 2_884.20], **PENNY)


@given(pay=pays, tax_year=years)
def test_more_pay_costs_something_but_not_all(pay, tax_year):
    step = np.diff(payroll_tax([pay, pay + 1_000], tax_year), axis=0)[0]
    assert (step >= 0).all()
    assert step[0] <= 600.5  # 40% on a pound and a half; the allowance is rounded up to a pound
    assert step[1] <= 132.5
    assert step[2] <= 150.0001


def test_index_of_a_series_is_kept():
    pay = pd.Series([10_000, 20_000], index=["b", "a"], name="pay")
    result = payroll_tax(pay, "2024-25")
    assert result.index.tolist() == ["b", "a"]
    assert list(result.columns) == KINDS
    assert payroll_tax(pay.iloc[:0], "2024-25").shape == (0, 3)
    assert payroll_tax(pay.iloc[:0], pd.Series([], dtype=str)).shape == (0, 3)


@pytest.mark.parametrize("bad", [-1, np.nan, np.inf])
def test_bad_pay_is_refused(bad):
    with pytest.raises(InvalidDataError, match=r"pay: 1 .*first at row 1"):
        payroll_tax([1, bad], "2024-25")


@pytest.mark.parametrize("bad", [0, 12.5])
def test_bad_months_are_refused(bad):
    with pytest.raises(InvalidDataError, match=r"months: 1 not above 0 and up to 12 \(first at row 1\)"):
        payroll_tax([1, 1], "2024-25", months=[1, bad])


def test_bad_years_are_refused():
    with pytest.raises(UsageError, match="No tax law is held for 2020-21"):
        payroll_tax([1, 1], ["2024-25", "2020-21"])
    with pytest.raises(UsageError, match="not a tax year"):
        payroll_tax([1], "2024")
    with pytest.raises(UsageError, match="3 tax years for 2 rows"):
        payroll_tax([1, 1], ["2024-25"] * 3)
    with pytest.raises(InvalidDataError, match=r"tax_year: 1 missing \(first at row 1\)"):
        payroll_tax([1, 1], pd.Series(["2024-25", None]))
    with pytest.raises(UsageError, match="one length"):
        payroll_tax([1, 1], "2024-25", months=[1, 2, 3])


def test_employment_allowance():
    assert [employment_allowance(year) for year in YEARS] == [4_000, 5_000, 5_000, 5_000, 10_500]
    assert employment_allowance(pd.Series(YEARS)).tolist() == [4_000, 5_000, 5_000, 5_000, 10_500]
    assert employment_allowance("2029-30") == 10_500
    with pytest.raises(UsageError, match="No tax law"):
        employment_allowance("2019-20")


@pytest.mark.parametrize("tax_year", YEARS)
def test_construction_deductions(tax_year):
    construction = tax_law(tax_year).construction
    assert (construction.registered_rate, construction.unregistered_rate) == (0.2, 0.3)
