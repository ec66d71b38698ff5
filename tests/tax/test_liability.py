"""What must hold for the tax of anybody in any year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.tax import personal_tax, tax_years

YEARS = tax_years()
PARTS = ["income_tax", "nics_class_1", "nics_class_2", "nics_class_4"]

# The fixture only builds frames and holds no state, so that sharing it between examples is safe.
each_crowd = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
seeds = st.integers(0, 2**32 - 1)
years = st.sampled_from(YEARS)


@each_crowd
@given(seed=seeds, tax_year=years)
def test_total_is_the_sum_and_nothing_is_negative(crowd, seed, tax_year):
    result = personal_tax(crowd(seed, 50), tax_year)
    np.testing.assert_allclose(result["total"], result[PARTS].sum(axis=1))
    assert (result >= 0).all(axis=None)


@each_crowd
@given(seed=seeds, tax_year=years)
def test_each_row_is_taxed_on_its_own(crowd, seed, tax_year):
    people = crowd(seed, 40).set_axis([f"person {number}" for number in range(40)])
    whole = personal_tax(people, tax_year)
    order = np.random.default_rng(seed).permutation(40)
    pd.testing.assert_frame_equal(personal_tax(people.iloc[order], tax_year), whole.iloc[order])
    halves = [personal_tax(people.iloc[:13], tax_year), personal_tax(people.iloc[13:], tax_year)]
    pd.testing.assert_frame_equal(pd.concat(halves), whole)


@each_crowd
@given(seed=seeds, tax_year=years, index=st.sampled_from(["dates", "pairs", "repeated"]))
def test_result_keeps_any_index(crowd, seed, tax_year, index):
    people = crowd(seed, 6)
    people.index = {
        "dates": pd.date_range("2024-04-06", periods=6),
        "pairs": pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]]),
        "repeated": pd.Index([1, 1, 2, 2, 3, 3], name="person"),
    }[index]
    pd.testing.assert_index_equal(personal_tax(people, tax_year).index, people.index)


@each_crowd
@given(
    seed=seeds,
    tax_year=years,
    kind=st.sampled_from(["employment", "self_employment", "property", "interest", "dividends", "pension"]),
)
def test_a_thousand_pounds_more_cost_something_but_not_the_thousand(crowd, seed, tax_year, kind):
    # Two things make more income pay, rightly: relief for finance costs at 20% on income taxed at the
    # Scottish starter rate of 19%, and pension contributions that earnings were too low to relieve.
    people = crowd(seed, 50).assign(finance_costs=0.0, pension_contributions=0.0)
    more = people.assign(**{kind: people[kind] + 1_000})
    extra = personal_tax(more, tax_year)["total"] - personal_tax(people, tax_year)["total"]
    assert extra.min() > -0.01
    # Where no allowance is lost at once, at most 45% on 1.5 pounds in the taper with dividends pushed up,
    # and Class 1. At once can go: savings allowance of 500 twice, at up to 45%, and Class 2.
    assert extra.max() < 1_000 * 0.85 + 2 * 225 + 180


@each_crowd
@given(
    seed=seeds,
    tax_year=years,
    relief=st.sampled_from(["gift_aid", "pension_contributions", "losses", "finance_costs"]),
)
def test_relief_never_costs(crowd, seed, tax_year, relief):
    people = crowd(seed, 50).assign(**{relief: 0.0})
    if relief == "losses":
        # Losses also lower the income that finance costs are relieved against, at 20%, where it may be taxed
        # at 19%.
        people = people.assign(finance_costs=0.0)
    relieved = personal_tax(people.assign(**{relief: 2_500.0}), tax_year)["total"]
    assert (relieved <= personal_tax(people, tax_year)["total"] + 0.01).all()


@pytest.mark.parametrize("tax_year", YEARS)
def test_three_nations_pay_the_same(crowd, tax_year):
    people = crowd(1, 200)
    taxes = [
        personal_tax(people.assign(nation=n), tax_year) for n in ("England", "Wales", "Northern Ireland")
    ]
    pd.testing.assert_frame_equal(taxes[0], taxes[1])
    pd.testing.assert_frame_equal(taxes[0], taxes[2])


@pytest.mark.parametrize("tax_year", YEARS)
def test_nothing_received_nothing_owed(person, tax_year):
    assert personal_tax(person("Scotland"), tax_year).iloc[0].tolist() == [0.0] * 5


def test_projected_year_is_taxed_as_the_last_enacted_one(crowd):
    people = crowd(2, 50)
    pd.testing.assert_frame_equal(personal_tax(people, "2030-31"), personal_tax(people, YEARS[-1]))
