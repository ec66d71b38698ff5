"""People: persistent traits, in the proportions that are published."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from taxgap.schemas.codes import NATIONS, REGION_NATION, REGIONS
from taxgap.synthetic.people import KINDS, VAT_REGISTRATION_LEVEL, draw_people
from taxgap.synthetic.published import published, regions, trades
from taxgap.synthetic.register import Register
from taxgap.synthetic.streams import Streams
from taxgap.synthetic.timeline import TAX_YEARS

N = 20_000
SELDOM = 1e-5
REGISTER = Register(2, N, 3_490, 270)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return draw_people(Streams(2, np.arange(N)), REGISTER)


def fits(found: np.ndarray, shares: np.ndarray) -> bool:
    return bool(stats.chisquare(found, found.sum() * shares / shares.sum()).pvalue > SELDOM)


def test_a_person_is_the_same_whoever_else_is_drawn(people: pd.DataFrame) -> None:
    some = np.array([17_003, 4, 812])
    alone = draw_people(Streams(2, some), REGISTER)
    pd.testing.assert_frame_equal(alone, people.iloc[some].reset_index(drop=True))


def test_another_seed_gives_other_people(people: pd.DataFrame) -> None:
    others = draw_people(Streams(3, np.arange(100)), REGISTER)
    assert (others["gross"].to_numpy() != people["gross"].to_numpy()[:100])[others["gross"] > 0].all()


def test_kinds_are_as_common_as_published(people: pd.DataFrame) -> None:
    gross, expected = published()["gross_income"], published()["returns"]["expected"]
    counts = people["kind"].value_counts()
    for kind in ("self_employed", "landlord", "both"):
        share = sum(gross[kind]) / expected
        assert counts[kind] / N == pytest.approx(share, abs=5 * np.sqrt(share / N))
    assert set(counts.index) == set(KINDS)


def test_only_those_with_a_trade_or_a_property_have_gross_income(people: pd.DataFrame) -> None:
    has = people["kind"].isin(["self_employed", "landlord", "both"])
    assert (people.loc[has, "gross"] > 0).all()
    assert (people.loc[~has, "gross"] == 0).all()
    assert (people["trade"] >= 0).equals(people["kind"].isin(["self_employed", "both"]))


def test_incomes_are_finite_and_positive(people: pd.DataFrame) -> None:
    assert np.isfinite(people[["gross", "total_income"]]).all(axis=None)
    assert (people["total_income"] > 0).all()
    assert people["gross"].max() <= 3e7


def test_a_larger_business_mostly_comes_with_a_larger_income(people: pd.DataFrame) -> None:
    traders = people[people["trade"] >= 0]
    assert stats.spearmanr(traders["gross"], traders["total_income"]).statistic > 0.5


@pytest.mark.parametrize("column", ["small", "large"])
def test_trades_are_as_common_as_the_table_says(people: pd.DataFrame, column: str) -> None:
    registered = people["gross"] >= VAT_REGISTRATION_LEVEL
    mine = people.loc[(people["trade"] >= 0) & (registered == (column == "large")), "trade"]
    assert fits(np.bincount(mine, minlength=len(trades())), trades()[column].to_numpy())


def test_regions_are_as_common_as_published(people: pd.DataFrame) -> None:
    registered = (people["trade"] >= 0) & (people["gross"] >= VAT_REGISTRATION_LEVEL)
    lets = people["kind"].isin(["landlord", "both"]) & ~registered
    for kind, rows in (("trader", registered), ("landlord", lets), ("resident", ~registered & ~lets)):
        assert fits(people.loc[rows, "region"].value_counts()[REGIONS].to_numpy(), regions(kind))


def test_the_nation_follows_from_the_region(people: pd.DataFrame) -> None:
    assert (people["region"].astype(str).map(REGION_NATION) == people["nation"].astype(str)).all()
    assert list(people["nation"].cat.categories) == NATIONS


def test_people_are_of_an_age_to_file(people: pd.DataFrame) -> None:
    age = 2023 - people["birth_year"]
    assert age.between(19, 95).all()
    assert (age[people["kind"] == "pensioner"] >= 67).all()


def test_landlords_are_older_than_the_self_employed(people: pd.DataFrame) -> None:
    births = people.groupby("kind")["birth_year"].mean()
    assert births["landlord"] < births["self_employed"]


def test_the_disposition_is_a_standard_normal_lower_for_the_old(people: pd.DataFrame) -> None:
    assert abs(people["disposition"].mean()) < 0.05
    assert people["disposition"].std() == pytest.approx(1, abs=0.05)
    old = 2023 - people["birth_year"] >= 66
    assert people.loc[old, "disposition"].mean() < people.loc[~old, "disposition"].mean() - 0.2


def test_larger_and_mixed_businesses_have_agents_more_often(people: pd.DataFrame) -> None:
    with_agent = people.groupby("kind")["agent"].mean()
    assert with_agent["both"] > with_agent["self_employed"] > with_agent["employee"]
    assert with_agent.between(0.1, 0.9).all()


def test_careless_people_have_an_agent_less_often(people: pd.DataFrame) -> None:
    assert (
        people.loc[people["agent"], "disposition"].mean() < people.loc[~people["agent"], "disposition"].mean()
    )


def test_everyone_files_for_at_least_one_year(people: pd.DataFrame) -> None:
    assert (people["first_year"] <= people["last_year"]).all()
    assert (people["first_year"] < len(TAX_YEARS)).all()
    assert (people["last_year"] >= 0).all()


def test_about_one_in_twenty_joins_and_leaves_each_year(people: pd.DataFrame) -> None:
    for column in ("first_year", "last_year"):
        inside = people.loc[people[column].between(0, len(TAX_YEARS) - 1), column]
        shares = inside.value_counts() / N
        assert len(shares) == len(TAX_YEARS) - 1
        assert shares.between(0.03, 0.08).all()
