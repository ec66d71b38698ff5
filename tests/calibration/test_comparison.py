"""The comparison is built as the published figures are, and says what is a target and what is not."""

import numpy as np
import pandas as pd
import pytest

from taxgap.calibration import compare_with_published
from taxgap.calibration.comparison import _TALLIES
from taxgap.calibration.partition import Part
from taxgap.calibration.sums import add
from taxgap.calibration.tolerances import NAMED
from taxgap.records import Records, Truth
from taxgap.synthetic import generate
from taxgap.synthetic.published import published


@pytest.fixture(scope="module")
def table(population):
    return population.table


def test_every_row_has_a_source_and_a_basis(table):
    assert table["source"].str.len().gt(5).all()
    assert set(table["basis"]) <= {"found", "derived", "memory"}


def test_remembered_figures_are_no_targets(table):
    assert not table.loc[table["basis"] == "memory", "is_target"].any()
    assert not table.loc[table["target"].str.contains("memory"), "is_target"].any()


def test_rows_can_be_told_apart(table):
    assert not table.duplicated(["group", "target"]).any()


def test_units_are_those_that_the_pages_can_write(table):
    assert set(table["unit"]) <= {"share", "GBP", "persons", "count"}


def test_within_is_the_distance_against_the_tolerance(table):
    distance = (table["simulated"] - table["published"]).abs()
    assert ((distance <= table["tolerance"]) == table["within"])[distance != table["tolerance"]].all()


def test_every_target_can_fail(table):
    targets = table[table["is_target"]]
    assert (targets["tolerance"] > 0).all()
    assert (targets["tolerance"] < targets["published"].abs()).all()
    assert set(NAMED) <= set(table["target"])


def test_intervals_hold_the_figure(table):
    known = table.dropna(subset=["low", "high"])
    assert len(known) > 250
    assert (known["low"] <= known["simulated"] + 1e-12).all()
    assert (known["simulated"] <= known["high"] + 1e-12).all()


def test_only_misses_have_explanations(table):
    assert (table.loc[table["within"], "explanation"] == "").all()
    assert (table["explanation"] != "").any()


def test_the_share_found_is_that_of_closed_random_cases(population, table):
    where = {"programme": "random", "regime": "self_assessment"}
    cases = population.records.table("enquiries", where=where)
    closed = cases[cases["closed_on"].notna()]
    row = table.set_index("target").loc["Returns with tax found"]
    assert row["simulated"] == pytest.approx((closed["tax_found"] > 0).mean())
    assert row["published"] == published()["random_enquiries"]["under_declared"]
    mean = table.set_index("target").loc["Mean tax found where any was"]
    assert mean["simulated"] == pytest.approx(closed.loc[closed["tax_found"] > 0, "tax_found"].mean())


def test_counts_are_scaled_to_the_returns_expected(population, table):
    rows = table[table["group"] == "Gross income of sole traders and landlords"]
    base = population.records.read("self_assessment", periods=["2023-24"]).drop_duplicates("taxpayer_id")
    business = ((base["turnover"] > 0) | (base["rents"] > 0)).sum()
    due = population.records.table("obligations", where={"regime": "self_assessment", "period": "2023-24"})
    scaled = business * published()["returns"]["expected"] / len(due)
    assert rows["simulated"].sum() == pytest.approx(scaled, rel=0.01)


def test_without_the_truth_nothing_is_said_of_the_gap(population, table):
    without = compare_with_published(population.records)
    gone = set(table["group"]) - set(without["group"])
    assert {"The tax gap by tax", "The hidden economy", "Research relief"} <= gone
    assert "VAT from above" in set(without["group"])


def test_the_multiplier_is_the_inverse_of_what_officers_find(population):
    people = population.records.table("taxpayers", ["taxpayer_id", "legal_form"])
    weight = people.set_index("taxpayer_id")["legal_form"].astype(str).map(population.part.weights)
    potential = population.truth.table("enquiries")
    potential["weight"] = potential["taxpayer_id"].map(weight)
    for regime in ("self_assessment", "vat"):
        found = population.calibration.gaps.multipliers[regime]
        wrong = potential[(potential["tax_lost"] >= 1) & (potential["regime"] == regime)]
        share = (wrong["weight"] * wrong["tax_found"]).sum() / (wrong["weight"] * wrong["tax_lost"]).sum()
        assert found["detection"] == pytest.approx(share)
        assert found["multiplier"] == pytest.approx(1 / found["detection"])
        assert found["missed_whole"] == pytest.approx((wrong["tax_found"] == 0).mean())
        assert found["low"] < found["detection"] < found["high"]


def test_sums_do_not_depend_on_how_taxpayers_are_divided(population):
    names = population.records.table("taxpayers", ["taxpayer_id"])["taxpayer_id"]
    first = set(names.iloc[::2])
    halves = [_half(population, first, inside=inside) for inside in (True, False)]
    for tally in _TALLIES:
        whole, parts = tally(population.part), {}
        for half in halves:
            parts = add(parts, tally(half))
        assert set(whole) == set(parts)
        for name, sums in whole.items():
            assert len(sums), f"nothing was summed in {name}"
            if name not in {"theoretical", "hidden"}:  # neither belongs to a taxpayer
                found = parts[name].reindex(sums.index)
                np.testing.assert_allclose(found[sums.columns], sums, rtol=1e-9, err_msg=name)


def test_a_population_without_the_base_year_has_fewer_rows(tmp_path):
    records = generate(tmp_path / "population", taxpayers=400, years=1, random_share=0.5)
    table = compare_with_published(records)
    assert isinstance(table, pd.DataFrame)
    assert "Filing" in set(table["group"])
    assert "Gross income of sole traders and landlords" not in set(table["group"])


def test_records_with_self_assessment_alone_can_be_compared(population):
    kept = ("taxpayers", "obligations", "self_assessment", "enquiries", "payments")
    frames = {name: population.records.table(name) for name in kept}
    for name in ("obligations", "enquiries", "payments"):
        frames[name] = frames[name][frames[name]["regime"] == "self_assessment"]
    table = compare_with_published(Records.from_frames(frames, as_of="2026-09-30"))
    assert "What random enquiries found" in set(table["group"])
    assert not {"VAT traders by section", "Companies that owe most"} & set(table["group"])


def _half(population, taxpayers, *, inside):
    tables = []
    for tables_of in (population.records, population.truth):
        frames = {name: tables_of.table(name) for name in tables_of.tables}
        for name, frame in frames.items():
            if name == "unregistered":
                continue
            if "taxpayer_id" in frame:
                frames[name] = frame[frame["taxpayer_id"].isin(taxpayers) == inside]
        tables.append(frames)
    records = Records.from_frames(tables[0], as_of="2026-09-30")
    return Part(records, Truth.from_frames(tables[1]), 0, population.part.weights)
