"""The comparison is built as the published figures are, and says what is a target and what is not."""

import numpy as np
import pandas as pd
import pytest

from taxgap.gap import compare_with_published, implied_multiplier
from taxgap.records import Records, Truth
from taxgap.synthetic import Settings
from taxgap.synthetic.published import published
from taxgap.synthetic.tables import make_tables


@pytest.fixture(scope="module")
def population():
    records, truth = make_tables(np.arange(3_000), Settings(taxpayers=3_000, random_share=0.4))
    return Records.from_frames(records, as_of="2026-09-30"), Truth.from_frames(truth)


@pytest.fixture(scope="module")
def table(population):
    return compare_with_published(*population)


def test_every_row_has_a_source_and_a_basis(table):
    assert table["source"].str.len().gt(5).all()
    assert set(table["basis"]) <= {"found", "derived", "memory"}


def test_remembered_figures_are_no_targets(table):
    assert not table.loc[table["basis"] == "memory", "is_target"].any()
    assert not table.loc[table["target"].str.contains("memory"), "is_target"].any()


def test_rows_can_be_told_apart(table):
    assert not table.duplicated(["group", "target"]).any()


def test_within_is_the_distance_against_the_tolerance(table):
    distance = (table["simulated"] - table["published"]).abs()
    assert ((distance <= table["tolerance"]) == table["within"])[distance != table["tolerance"]].all()


def test_intervals_hold_the_figure(table):
    known = table.dropna(subset=["low", "high"])
    assert len(known) > 90
    assert (known["low"] <= known["simulated"]).all()
    assert (known["simulated"] <= known["high"]).all()


def test_the_share_found_is_that_of_closed_random_cases(population, table):
    cases = population[0].table("enquiries", where={"programme": "random"})
    closed = cases[cases["closed_on"].notna()]
    row = table.set_index("target").loc["Returns with tax found"]
    assert row["simulated"] == pytest.approx((closed["tax_found"] > 0).mean())
    assert row["published"] == published()["random_enquiries"]["under_declared"]


def test_counts_are_scaled_to_the_returns_expected(population, table):
    rows = table[table["group"] == "Gross income of sole traders and landlords"]
    base = population[0].read("self_assessment", periods=["2023-24"]).drop_duplicates("taxpayer_id")
    business = ((base["turnover"] > 0) | (base["rents"] > 0)).sum()
    expected = len(population[0].read("obligations", periods=["2023-24"]))
    scaled = business * published()["returns"]["expected"] / expected
    assert rows["simulated"].sum() == pytest.approx(scaled, rel=0.01)


def test_without_the_truth_nothing_is_said_of_it(population, table):
    without = compare_with_published(population[0])
    assert set(table["group"]) - set(without["group"]) == {"Figures that are no targets"}


def test_the_multiplier_is_the_inverse_of_what_officers_find(population):
    found = implied_multiplier(population[1])
    potential = population[1].table("enquiries")
    wrong = potential[potential["tax_lost"] >= 1]
    assert found["detection"] == pytest.approx(wrong["tax_found"].sum() / wrong["tax_lost"].sum())
    assert found["multiplier"] == pytest.approx(1 / found["detection"])
    assert found["low"] < found["detection"] < found["high"]


def test_a_population_without_the_base_year_has_fewer_rows():
    records, _ = make_tables(np.arange(400), Settings(taxpayers=400, years=1, random_share=0.5))
    table = compare_with_published(Records.from_frames(records, as_of="2026-09-30"))
    assert isinstance(table, pd.DataFrame)
    assert "Filing" in set(table["group"])
    assert "Gross income of sole traders and landlords" not in set(table["group"])
