"""The groups of figures: each counts what it says it counts."""

import numpy as np
import pandas as pd
import pytest

from taxgap.calibration.bunching import excess_below
from taxgap.calibration.hidden import GHOSTS, MOONLIGHTERS
from taxgap.calibration.partition import Part, weights_of
from taxgap.calibration.tables import BEHAVIOURS, CUSTOMERS
from taxgap.calibration.top_down import compare_top_down, tally_receipts
from taxgap.calibration.vat_traders import merge_sections
from taxgap.records import Records
from taxgap.schemas.codes import UNREGISTERED_KINDS
from taxgap.synthetic.published import published, trades


def test_shares_of_the_gap_add_up(population):
    shares = population.table.set_index(["group", "target"])["simulated"]
    assert shares.loc["The tax gap by customer group"].sum() == pytest.approx(1.0)
    assert shares.loc["The tax gap by behaviour"].sum() == pytest.approx(1.0)


def test_shares_of_registers_add_up(population):
    table = population.table
    for group in ("VAT traders by section", "VAT traders by turnover", "Companies registered, by region"):
        rows = table[table["group"] == group]
        assert rows["simulated"].sum() == pytest.approx(1.0), group
        assert rows["published"].sum() == pytest.approx(1.0), group


def test_every_published_group_has_a_title():
    assert set(CUSTOMERS) == set(published()["gap_by_customer"]["customer"])
    named = (
        published()["gap_by_behaviour"]["behaviour"] + published()["gap_by_behaviour_derived"]["behaviour"]
    )
    assert set(BEHAVIOURS) == set(named)


def test_every_kind_of_unregistered_person_counts_once():
    assert sorted(GHOSTS + MOONLIGHTERS) == sorted(UNREGISTERED_KINDS)


def test_ghosts_are_weighted_and_spread_over_the_years(population):
    truth = population.truth.table("unregistered")
    ghosts = truth[(truth["regime"] == "self_assessment") & truth["kind"].isin(GHOSTS)]
    weight = weights_of(population.records)["individual"]
    row = population.table.set_index("target").loc["Income Tax and National Insurance not paid by ghosts"]
    assert row["simulated"] == pytest.approx(
        ghosts["tax_lost"].sum() * weight / len(population.records.periods)
    )


def test_sections_are_merged_as_the_trades_can_tell():
    fact = published()["vat_by_section"]
    known = merge_sections(dict(zip(fact["section"], fact["traders"], strict=True)))
    assert sum(known.values()) == sum(fact["traders"]) - fact["traders"][fact["section"].index("O")]
    sections = {"B-E" if name in "BCDE" else name for name in trades()["section"]}
    assert set(known) == sections


def test_companies_over_a_million_are_counted(population):
    company = population.records.table("corporation_tax")
    company = company.sort_values("version").drop_duplicates(["taxpayer_id", "period"], keep="last")
    base = company[(company["period"] >= "2023-04") & (company["period"] <= "2024-03")]
    weight = weights_of(population.records)["company"]
    row = population.table.set_index("target").loc["Companies with over £1 million to pay"]
    assert row["simulated"] == pytest.approx(weight * (base["tax_charged"] > 1e6).sum())


def test_excess_is_measured_against_a_line():
    lower = published()["vat_bunching"]["lower"]
    line = 20.0 - 0.0002 * (np.asarray(lower) - lower[0])
    assert excess_below(lower, line) == pytest.approx(0.0, abs=1e-9)
    bunched = line + 8.0 * (np.asarray(lower) == 84_000)
    assert excess_below(lower, bunched) == pytest.approx(8.0 / line[12:20].mean())
    assert 1 < excess_below(lower, published()["vat_bunching"]["businesses"]) < 2.5


def test_vat_from_above_is_what_is_due_less_what_came():
    records = Records.from_frames(_vat_frames(), as_of="2024-12-31")
    sums = tally_receipts(Part(records, None, 0, {"company": 10.0}))
    (row,) = compare_top_down(sums, 2)
    # Due: 2,000. Paid 100 and repaid 20 by one company each, 10 found by an enquiry; each stands for ten.
    assert row.simulated == pytest.approx((2_000 - 10 * (100 - 20 + 10)) / 2_000)
    assert (row.high - row.low) / 2 == pytest.approx(1.96 * 50 * 900 / 2_000**2, rel=1e-3)
    assert not row.is_target


def _vat_frames():
    start, end = pd.Timestamp("2023-04-01"), pd.Timestamp("2023-06-30")
    known = {"received_on": pd.Timestamp("2023-08-01")}
    ids, key = ["T1", "T2"], {"period": "2023-06", "regime": "vat"}
    taxpayers = pd.DataFrame({"taxpayer_id": ids, "legal_form": "company", "region": "Wales", **known})
    boxes = {"total_output_tax": 150.0, "input_tax": 50.0, "sales": 1_000.0}
    returns = {
        "taxpayer_id": ids,
        "period": "2023-06",
        "period_start": start,
        "period_end": end,
        "version": 0,
    }
    paid = {
        "liability": 100.0,
        "paid": 100.0,
        "written_off": np.nan,
        "paid_on": end,
        "written_off_on": pd.NaT,
    }
    found = {"programme": "risk", "inclusion_probability": 0.1, "tax_found": 10.0, "closed_on": end}
    estimate = {"measure": "vat_theoretical_liability", "period": "2023-24", "industry": "all"}
    return {
        "taxpayers": taxpayers.assign(birth_year=np.nan, sic2007=None),
        "vat": pd.DataFrame({**returns, "period_end": end, **boxes, "net_vat": [100.0, -20.0], **known}),
        "payments": pd.DataFrame({"taxpayer_id": ["T1"], **key, **paid, **known}),
        "enquiries": pd.DataFrame({"taxpayer_id": ["T2"], **key, **found, "appealed_on": pd.NaT, **known}),
        "aggregates": pd.DataFrame({**estimate, "amount": [2_000.0], "standard_error": 50.0, **known}),
    }


def test_the_turnover_of_a_taxpayer_is_the_most_that_is_declared(population):
    part = population.part
    company = part.returns("corporation_tax")
    turnover = part.turnover[company["place"].to_numpy()]
    assert (turnover >= company["turnover"].to_numpy() - 1).all()


def test_only_the_last_version_of_a_return_counts(population):
    form = population.part.returns("self_assessment")
    raw = population.records.table("self_assessment")
    assert len(form) == len(raw.drop_duplicates(["taxpayer_id", "period"]))
    last = raw.sort_values("version").drop_duplicates(["taxpayer_id", "period"], keep="last")
    assert form["turnover"].sum() == pytest.approx(last["turnover"].sum())


def test_returns_of_the_same_thing_agree_more_or_less(population):
    checks = population.calibration.checks.set_index("quantity")["simulated"]
    assert 0.8 < checks["Turnover in the accounts to sales on the VAT returns of the same months"] < 1.2
    title = "Pay reported for people on the register to all pay their employer reported"
    assert 0 < checks[title] < 1.5
