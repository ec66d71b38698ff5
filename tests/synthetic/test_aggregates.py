"""Aggregates: near the truth by the error they state, and the same for any partitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taxgap.schemas import TABLES
from taxgap.synthetic.aggregates import estimate, sum_economy
from taxgap.synthetic.economy import Economy
from taxgap.synthetic.register import Integers
from taxgap.synthetic.settings import Settings
from taxgap.synthetic.timeline import LOOKBACK
from taxgap.synthetic.trading import YEARS

KEY = ["measure", "period", "industry"]
MEASURES = {
    "gross_output",
    "wages_and_salaries",
    "intermediate_consumption",
    "operating_surplus_of_companies",
    "vat_theoretical_liability",
}


@pytest.fixture(scope="module")
def sums(economy: Economy) -> pd.DataFrame:
    return sum_economy(economy)


@pytest.fixture(scope="module")
def table(sums: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return estimate([sums], settings)


@pytest.fixture(scope="module")
def true(sums: pd.DataFrame) -> pd.DataFrame:
    """The true sums, with those of all industries."""
    some = sums[sums["industry"] != "all"]
    whole = sums.groupby(["measure", "period"], as_index=False)["amount"].sum().assign(industry="all")
    return pd.concat([some, whole]).set_index(KEY)


def test_every_measure_is_estimated_for_every_year(table: pd.DataFrame, settings: Settings) -> None:
    assert set(table["measure"]) == MEASURES
    assert (table.groupby("measure")["period"].nunique() == settings.years).all()
    assert not table.duplicated(KEY).any()
    assert (table.groupby(["measure", "period"])["industry"].agg(lambda names: "all" in set(names))).all()


def test_estimates_are_near_the_truth_by_their_error(table: pd.DataFrame, true: pd.DataFrame) -> None:
    mine = table.set_index(KEY).join(true.add_suffix("_true"))
    mine = mine[mine["standard_error"] > 0]
    surprise = (mine["amount"] - mine["amount_true"]) / mine["standard_error"]
    assert surprise.abs().max() < 4.5
    assert abs(surprise.mean()) < 5 / np.sqrt(len(surprise))
    assert surprise.std() == pytest.approx(1, abs=0.25)


def test_the_whole_is_not_the_sum_of_the_estimates(table: pd.DataFrame) -> None:
    output = table[table["measure"] == "gross_output"]
    whole = output.loc[output["industry"] == "all"].set_index("period")["amount"]
    parts = output.loc[output["industry"] != "all"].groupby("period")["amount"].sum()
    assert (whole != parts).all()
    np.testing.assert_allclose(whole, parts, rtol=0.15)


def test_the_sums_stand_for_the_real_register(economy: Economy, sums: pd.DataFrame) -> None:
    trading, weights = economy.trading, economy.register.weights
    weight = np.array(list(weights.values()))[trading.firms["legal_form"]]
    expected = (trading.annual["turnover"] * weight[:, None])[:, LOOKBACK:].sum(axis=0)
    found = sums[sums["measure"] == "gross_output"].groupby("period")["amount"].sum()
    np.testing.assert_allclose(found.sort_index(), expected)
    assert len(expected) == YEARS - LOOKBACK


def test_the_sums_of_partitions_give_the_same_estimate(
    make_economy: Callable[[Integers, Settings], Economy], small: Settings
) -> None:
    everyone = small.register.entities()
    parts = [sum_economy(make_economy(everyone[part::2], small)) for part in range(2)]
    whole = [sum_economy(make_economy(everyone, small))]
    pd.testing.assert_frame_equal(estimate(parts, small), estimate(whole, small))


def test_another_seed_errs_otherwise_and_the_same_seed_alike(
    sums: pd.DataFrame, table: pd.DataFrame, settings: Settings
) -> None:
    pd.testing.assert_frame_equal(estimate([sums], settings), table)
    other = estimate([sums], replace(settings, seed=12))
    assert (other["amount"] != table["amount"]).mean() > 0.9
    pd.testing.assert_series_equal(other["standard_error"], table["standard_error"])


def test_they_are_published_in_the_second_autumn_after_the_year(table: pd.DataFrame) -> None:
    first = table["period"].str.slice(0, 4).astype(int)
    assert (table["received_on"].dt.year == first + 2).all()
    assert (table["received_on"].dt.month == 10).all()


def test_the_table_is_valid(table: pd.DataFrame) -> None:
    TABLES["aggregates"].validate(table)
    assert not np.signbit(table.loc[table["amount"] == 0, "amount"]).any()


def test_what_is_sold_is_worth_more_than_what_went_into_it(true: pd.DataFrame) -> None:
    whole = true.xs("all", level="industry")["amount"]
    assert (whole["gross_output"] > whole["intermediate_consumption"]).all()
    assert (whole["wages_and_salaries"] > 0).all()
    assert (whole["vat_theoretical_liability"] > 0).all()
