"""The true gap of the returns of an estimate, on the population that several rooms share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taxgap.errors import IncompatibleError, UsageError
from taxgap.gap.chain import GapEstimate, Multiplier, estimate_gap
from taxgap.publication.gap_page import render_gap_page
from taxgap.publication.gap_truth import sum_truth
from taxgap.records import Records, Truth
from taxgap.records.manifest import Manifest
from taxgap.records.periods import tax_year_of
from tests.publication.test_gap_page import plain

TAXES = ["self_assessment", "vat"]


@pytest.fixture(scope="module")
def records(workshop) -> Records:
    return Records.open(workshop.records)


@pytest.fixture(scope="module")
def truth(workshop) -> Truth:
    return Truth.open(workshop.population / "truth")


@pytest.fixture(scope="module")
def gap(records: Records) -> GapEstimate:
    return estimate_gap(records, non_detection=Multiplier(2.0, 1.6, 2.5), regimes=TAXES, pool_years=True)


def add_up(truth: Truth, regime: str, years: list[str]) -> float:
    """Sum by hand: every row of the truth of a tax and its years."""
    rows = truth.read("enquiries").query("regime == @regime")
    return float(rows["tax_lost"][tax_year_of(rows["period"].astype(object)).isin(years)].sum())


def test_it_adds_up_what_is_lost_on_returns_on_file(gap: GapEstimate, records: Records, truth: Truth) -> None:
    told = sum_truth(gap, records, truth)
    lost = {tax: add_up(truth, tax, gap.made["years"][tax]) for tax in TAXES}
    assert told["under_declared"] == pytest.approx(sum(lost.values()))
    whole = gap.table.set_index("regime")
    for tax in TAXES:
        more = whole["non_payment"][tax] - whole["compliance_yield"][tax]
        assert told[f"net: {tax}"] == pytest.approx(lost[tax] + more)
    assert told["gross"] - told["under_declared"] == pytest.approx(whole["non_payment"]["all"])
    assert told["net"] == pytest.approx(sum(told[f"net: {tax}"] for tax in TAXES))


def test_it_adds_up_groups(gap: GapEstimate, records: Records, truth: Truth) -> None:
    told = sum_truth(gap, records, truth)
    for dimension in ("nation", "customer group"):
        groups = gap.by(dimension)
        each = [told[f"net: {dimension}: {group}"] for group in groups["group"]]
        assert len(each) > 2
        assert sum(each) == pytest.approx(told["net"])
    home = records.read("taxpayers").drop_duplicates("taxpayer_id", keep="last").set_index("taxpayer_id")
    lost = truth.read("enquiries")
    year = tax_year_of(lost["period"].astype(object))
    asked = lost["regime"].isin(TAXES) & year.isin(gap.made["years"]["vat"])
    scots = lost["taxpayer_id"].map(home["nation"].astype(object)) == "Scotland"
    row = gap.by("nation").set_index("group").loc["Scotland"]
    counted = row["non_payment"] - row["compliance_yield"]
    by_hand = float(lost.loc[asked & scots, "tax_lost"].sum())
    assert told["net: nation: Scotland"] == pytest.approx(by_hand + counted)


def test_it_is_of_the_years_of_the_estimate(records: Records, truth: Truth) -> None:
    year = records.periods[0]
    one = estimate_gap(
        records, non_detection=Multiplier(2.0), regimes="self_assessment", years=year, groups=False
    )
    told = sum_truth(one, records, truth)
    assert told["under_declared"] == pytest.approx(add_up(truth, "self_assessment", [year]))


def test_it_stands_beside_bounds(records: Records, truth: Truth) -> None:
    year = records.periods[0]
    how = {"non_detection": Multiplier(2.0, 1.5, 3.0), "regimes": "self_assessment", "bounds": True}
    bounds = estimate_gap(records, years=[year], **how)
    told = sum_truth(bounds, records, truth, years=[year])
    assert told["under_declared"] == pytest.approx(add_up(truth, "self_assessment", [year]))
    every = sum_truth(estimate_gap(records, **how), records, truth)
    assert every["under_declared"] > told["under_declared"]


def test_another_truth_is_refused(gap: GapEstimate, records: Records, truth: Truth) -> None:
    def with_manifest(**changes: object) -> Truth:
        manifest: Manifest = replace(truth.manifest, **changes)  # type: ignore[arg-type]
        return Truth(truth._source, manifest)

    with pytest.raises(IncompatibleError, match="not that of the records"):
        sum_truth(gap, records, with_manifest(seed=99))
    assert truth.manifest.partitions == records.manifest.partitions
    frame = truth.read("enquiries")
    half = Truth.from_frames({"enquiries": frame.iloc[::2]})
    half = Truth(half._source, replace(half.manifest, synthetic=True, seed=truth.manifest.seed))
    with pytest.raises(UsageError, match="does not know"):
        sum_truth(gap, records, half)


def test_the_page_of_a_real_run(gap: GapEstimate, records: Records, truth: Truth) -> None:
    told = sum_truth(gap, records, truth)
    text = render_gap_page(gap.beside(told), synthetic=True)
    words = plain(text)
    assert "Known only because these records are made up" in words
    inside = gap.low <= told["net"] <= gap.high
    assert ("The truth lies outside" in words) == (not inside)
    for name in ("customer-group", "trade-group", "nation", "region", "behaviour"):
        assert f'id="groups-{name}-picture"' in text
