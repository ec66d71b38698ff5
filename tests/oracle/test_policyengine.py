"""Tax law against policyengine-uk, an independent calculator: 1,000 random people a year, 2021-22 to 2025-26.

Single adults without children in all four nations, a seventh of them over State Pension age and a quarter in
the region where the personal allowance is withdrawn, with any mix of pay, trading and property profits,
interest, dividends, pension, foreign and other income, finance costs, gifts, pension contributions and
losses brought forward, in whole pounds. Compared within GBP 1: Income Tax, Class 2 and Class 4 in every
year; Class 1 in every year but 2023-24.

Where the calculator is not the law, or not the law asked for here:

- It takes the personal allowance from non-savings income, then savings, then dividends, whatever the result.
  Income Tax Act 2007 s.25(2) demands the way that leaves the least tax. So the usual order is compared for
  everybody, and what `personal_tax` gives must equal it where the order does not matter and be less where it
  does.
- In 2021-22 it has the Scottish bands of 2024-25 (limits 2,306 and 13,991) in place of those of the Scottish
  Rate Resolution for 2021-22 (2,097 and 12,726; Scotland Act 1998 s.80C). Scottish taxpayers are compared
  under its limits, and one case shows the difference.
- It deducts pension contributions relieved at source from income. Finance Act 2004 s.192(4) and (4A) widens
  the bands instead, as Income Tax Act 2007 s.414 does for gifts, so that it is given the contributions as
  gifts.
- It charges Class 1 month by month. For 2022-23 it knows the annual earnings period of a director (Social
  Security (Contributions) Regulations 2001 reg.8) and is told that everybody is one. For 2023-24 it does not
  know the averaged rate of National Insurance Contributions (Reduction in Rates) Act 2023 Sch. para.1: Class
  1, and Class 4 of those whose Class 1 lowers its maximum, are left to the cases worked by hand.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.tax import income_tax as income_tax_module
from taxgap.tax import personal_tax, tax_law, tax_years
from taxgap.tax.allocation import deduct_in_order
from taxgap.tax.charge import charge
from taxgap.tax.incomes import read_incomes
from tests.oracle.conftest import PEOPLE

pytestmark = [
    pytest.mark.oracle,
    # The calculator and what it is built on warn about their own use of pandas and numpy.
    pytest.mark.filterwarnings("ignore"),
]

YEARS = tax_years()
ORACLE_SCOTTISH_LIMITS_2021_22 = (2_306.0, 13_991.0, 31_092.0, 150_000.0)
ORACLE_VARIABLES = {
    # The charge that recovers winter fuel payments is left out of the library.
    "income_tax": "income_tax_before_winter_fuel_payment_charge",
    "nics_class_1": "ni_class_1_employee",
    "nics_class_2": "ni_class_2",
    "nics_class_4": "ni_class_4",
}


def random_people(tax_year: str) -> pd.DataFrame:
    random = np.random.default_rng(int(tax_year[:4]))

    def some(highest: float, share: float) -> np.ndarray:
        return np.round(random.uniform(0, highest, PEOPLE) * (random.random(PEOPLE) < share))

    in_taper = random.random(PEOPLE) < 0.25
    pay = np.where(in_taper, np.round(random.uniform(85_000, 130_000, PEOPLE)), some(90_000, 0.6))
    profits = some(60_000, 0.5)
    people = pd.DataFrame(
        {
            "employment": pay,
            "self_employment": profits,
            "property": some(30_000, 0.4),
            "interest": some(9_000, 0.6),
            "dividends": some(30_000, 0.5),
            "pension": some(20_000, 0.2),
            "foreign_income": some(5_000, 0.1),
            "other_income": some(5_000, 0.1),
            "finance_costs": some(20_000, 0.3),
            # Contributions above earnings get less relief than a gift, so these stay below.
            "pension_contributions": np.minimum(some(20_000, 0.2), pay + profits),
            "gift_aid": some(4_000, 0.2),
            "losses": some(30_000, 0.2),
            "nation": random.choice(["England", "Wales", "Scotland", "Northern Ireland"], PEOPLE),
            "over_state_pension_age": random.random(PEOPLE) < 0.15,
        }
    )
    # The first is plain: a Scottish employee with pay of 60,000 and nothing else.
    people.loc[0, people.columns.difference(["nation", "over_state_pension_age"])] = 0.0
    people.loc[0, ["employment", "nation", "over_state_pension_age"]] = [60_000.0, "Scotland", False]
    return people


def oracle_inputs(people: pd.DataFrame) -> dict[str, np.ndarray]:
    nothing = np.zeros(len(people))
    net_of_basic_rate = 0.8
    inputs = {
        "age": np.where(people["over_state_pension_age"], 70, 40),
        "country": people["nation"].str.upper().str.replace(" ", "_"),
        "employment_income": people["employment"],
        "self_employment_income": people["self_employment"],
        "property_income": people["property"],
        "savings_interest_income": people["interest"],
        "dividend_income": people["dividends"],
        "private_pension_income": people["pension"],
        "miscellaneous_income": people["foreign_income"] + people["other_income"],
        "property_finance_costs": people["finance_costs"],
        "gift_aid": net_of_basic_rate * (people["gift_aid"] + people["pension_contributions"]),
        "loss_relief": people["losses"],
        "ni_class_4_losses_brought_forward": people["losses"],
        "is_full_year_category_a_director": nothing == 0,
        # Profits are taxable profits already, and benefits are not the matter here.
        "trading_allowance_deduction": nothing,
        "property_allowance_deduction": nothing,
        "uses_property_allowance": nothing > 0,
        "taxable_social_security_income": nothing,
    }
    return {name: np.asarray(values) for name, values in inputs.items()}


@pytest.fixture(scope="module", params=YEARS)
def compared(request, calculate) -> tuple[str, pd.DataFrame, pd.DataFrame]:
    """The people of a year and what the calculator says they owe."""
    people = random_people(request.param)
    return request.param, people, calculate(oracle_inputs(people), request.param, ORACLE_VARIABLES)


def usual_order_income_tax(people: pd.DataFrame, tax_year: str, monkeypatch) -> np.ndarray:
    """Return our Income Tax with the calculator's order of deduction and its Scottish limits."""
    law = tax_law(tax_year).income_tax
    if tax_year == "2021-22":
        law = replace(law, scottish_limits=ORACLE_SCOTTISH_LIMITS_2021_22)

    def usual_charge(income, allowance, law):
        return charge(deduct_in_order(income, np.minimum(allowance, income.total())), law)

    with monkeypatch.context() as patch:
        patch.setattr(income_tax_module, "least_charge", usual_charge)
        return income_tax_module.income_tax(read_incomes(people), law)


def assert_within_a_pound(ours, theirs, what: str) -> None:
    apart = np.abs(np.asarray(ours) - np.asarray(theirs)) > 1
    assert not apart.any(), f"{what}: {apart.sum()} of {len(apart)} differ, first at row {np.argmax(apart)}"


def test_income_tax_in_the_usual_order(compared, monkeypatch):
    tax_year, people, theirs = compared
    ours = usual_order_income_tax(people, tax_year, monkeypatch)
    assert_within_a_pound(ours, theirs["income_tax"], tax_year)


def test_income_tax_in_the_order_of_the_law(compared, monkeypatch):
    tax_year, people, theirs = compared
    ours = personal_tax(people, tax_year)["income_tax"]
    if tax_year == "2021-22":
        # Under the law's own Scottish limits, which are not the calculator's.
        people, ours, theirs = (frame[people["nation"] != "Scotland"] for frame in (people, ours, theirs))
    order_matters = ours < usual_order_income_tax(people, tax_year, monkeypatch) - 0.005
    assert_within_a_pound(ours[~order_matters], theirs.loc[~order_matters, "income_tax"], tax_year)
    assert (ours < theirs["income_tax"] + 1).all()
    # Only those with two kinds of income have a choice, and it is rare.
    kinds = (people[["interest", "dividends"]] > 0).sum(axis=1) + (people["employment"] > 0)
    assert (kinds[order_matters] >= 1).all()
    assert 0 < order_matters.mean() < 0.1


@pytest.mark.parametrize("compared", [year for year in YEARS if year != "2023-24"], indirect=True)
def test_class_1(compared):
    tax_year, people, theirs = compared
    assert_within_a_pound(personal_tax(people, tax_year)["nics_class_1"], theirs["nics_class_1"], tax_year)


def test_class_2(compared):
    tax_year, people, theirs = compared
    assert_within_a_pound(personal_tax(people, tax_year)["nics_class_2"], theirs["nics_class_2"], tax_year)


def test_class_4(compared):
    tax_year, people, theirs = compared
    ours = personal_tax(people, tax_year)["nics_class_4"]
    if tax_year == "2023-24":
        alone = ~((people["employment"] > 12_570) & (people["self_employment"] > 12_570))
        ours, theirs = ours[alone], theirs[alone]
    assert_within_a_pound(ours, theirs["nics_class_4"], tax_year)


@pytest.mark.parametrize("compared", ["2021-22"], indirect=True)
def test_scottish_bands_of_2021_22_are_those_of_their_rate_resolution(compared):
    tax_year, people, theirs = compared
    # Taxable 47,430: 398.43 + 2,125.80 + 3,856.86 + 6,698.58. The calculator's limits give 14.74 less.
    assert personal_tax(people, tax_year)["income_tax"].iloc[0] == pytest.approx(13_079.67, abs=0.005)
    assert theirs["income_tax"].iloc[0] == pytest.approx(13_064.93, abs=0.005)
