"""What is due on pay against policyengine-uk, an independent calculator: 1,000 employees in England a year.

Compared within GBP 1: Income Tax in every year; the employee's Class 1 in every year but 2023-24, whose
averaged rate the calculator does not know; the employer's in every year but 2022-23, where it takes the rate
of April for the whole year: 15.05%, which one case shows, in place of the averaged 14.53% that the law gives
directors (HMRC National Insurance Manual NIM01615).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from taxgap.tax import payroll_tax, tax_years
from tests.oracle.conftest import PEOPLE, Calculate

pytestmark = [
    pytest.mark.oracle,
    # The calculator and what it is built on warn about their own use of pandas and numpy.
    pytest.mark.filterwarnings("ignore"),
]

YEARS = tax_years()
NOT_COMPARED = {"employee_nics": "2023-24", "employer_nics": "2022-23"}
VARIABLES = {
    "income_tax": "income_tax_before_winter_fuel_payment_charge",
    "employee_nics": "ni_class_1_employee",
    "employer_nics": "ni_class_1_employer",
}


@pytest.fixture(scope="module")
def oracle(calculate: Calculate) -> Callable[[np.ndarray, str], pd.DataFrame]:
    """Return the calculator as a function of the pay of PEOPLE employees and the tax year."""

    def owed(pay: np.ndarray, tax_year: str) -> pd.DataFrame:
        inputs = {
            "age": np.full(PEOPLE, 40),
            "country": np.full(PEOPLE, "ENGLAND"),
            "employment_income": pay,
            "is_full_year_category_a_director": np.ones(PEOPLE, dtype=bool),
            "taxable_social_security_income": np.zeros(PEOPLE),
        }
        return calculate(inputs, tax_year, VARIABLES)

    return owed


def random_pay(tax_year: str) -> np.ndarray:
    random = np.random.default_rng(int(tax_year[:4]))
    pay = np.where(
        random.random(PEOPLE) < 0.3,
        random.uniform(95_000, 160_000, PEOPLE),
        random.gamma(2, 16_000, PEOPLE),
    )
    pay[0] = 30_000
    return np.round(pay)


@pytest.mark.parametrize("tax_year", YEARS)
def test_payroll(oracle, tax_year):
    pay = random_pay(tax_year)
    theirs, ours = oracle(pay, tax_year), payroll_tax(pay, tax_year)
    for kind in VARIABLES:
        if NOT_COMPARED.get(kind) != tax_year:
            np.testing.assert_allclose(ours[kind], theirs[kind], rtol=0, atol=1, err_msg=f"{kind} {tax_year}")


def test_secondary_contributions_of_2022_23_are_averaged(oracle):
    pay = random_pay("2022-23")
    # 20,900 at 14.53%; the calculator's 15.05% gives 108.68 more.
    assert payroll_tax(pay, "2022-23")["employer_nics"].iloc[0] == pytest.approx(3_036.77, abs=0.005)
    assert oracle(pay, "2022-23")["employer_nics"].iloc[0] == pytest.approx(3_145.45, abs=0.005)
