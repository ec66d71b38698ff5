"""What the quality profile counts, on the small clean records and on damaged copies of them."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from taxgap.errors import UsageError
from taxgap.records import Records
from taxgap.schemas import TABLES
from taxgap.schemas.table import column_names, known_later
from taxgap.validation import validate
from taxgap.validation.plain_text import HEIGHT, WIDTH
from taxgap.validation.quality.measures import MEASURE_COLUMNS


def quality_of(records, **options):
    return validate(records, quality=True, **options).quality


@pytest.fixture(scope="module")
def clean(clean_frames):
    return quality_of(Records.from_frames(clean_frames, as_of="2025-06-30"), workers=1).measures


def pick(measures, table, column="", **where):
    asked = {"group": "all", "year": "all", "nation": "all", "region": "all"} | where
    mask = (measures["table"] == table) & (measures["column"] == column)
    for name, value in asked.items():
        mask &= measures[name] == value
    found = measures[mask]
    assert len(found) == 1
    return found.iloc[0]


def test_every_column_of_every_table_is_measured(clean) -> None:
    assert tuple(clean.columns) == MEASURE_COLUMNS
    for name, model in TABLES.items():
        assert set(clean.loc[clean["table"] == name, "column"]) == {"", *column_names(model)}


def test_clean_records_are_whole(clean) -> None:
    tables = clean[clean["column"] == ""]
    assert (tables[["completeness", "validity", "uniqueness"]] == 1.0).all(axis=None)
    assert (clean.loc[clean["required"], "completeness"] == 1.0).all()


def test_cells_that_may_be_empty_are_told_apart(clean, clean_frames) -> None:
    nino = pick(clean, "taxpayers", "nino")
    assert not nino["required"]
    assert nino["completeness"] == pytest.approx(clean_frames["taxpayers"]["nino"].notna().mean())
    assert pick(clean, "taxpayers", "nino", group="company")["completeness"] == 0.0


def test_rows_are_split_by_year_region_and_kind(clean, clean_frames) -> None:
    people = clean_frames["taxpayers"].set_index("taxpayer_id")
    returns = clean_frames["self_assessment"]
    region = returns["taxpayer_id"].map(people["region"].astype(object))
    for year in ("2022-23", "2023-24"):
        of_year = returns["period"] == year
        assert pick(clean, "self_assessment", year=year)["rows"] == of_year.sum()
        for name in ("London", "Wales"):
            nation = "England" if name == "London" else name
            found = pick(clean, "self_assessment", year=year, nation=nation, region=name)
            assert found["rows"] == (of_year & (region == name)).sum()
    reports = clean_frames["third_party"]
    assert pick(clean, "third_party", group="bank")["rows"] == (reports["source"] == "bank").sum()


def test_tables_without_period_go_by_the_tax_year_of_receipt(clean_frames) -> None:
    frames = dict(clean_frames)
    days = pd.to_datetime(["2023-04-05", "2023-04-06", "2020-01-01"]).astype("datetime64[ms]")
    frames["taxpayers"] = frames["taxpayers"].iloc[:3].assign(received_on=days)
    measures = quality_of(Records.from_frames(frames, as_of="2025-06-30")).measures
    rows = {
        year: pick(measures, "taxpayers", year=year)["rows"] for year in ("2022-23", "2023-24", "earlier")
    }
    assert rows == {"2022-23": 1, "2023-24": 1, "earlier": 1}


def test_what_a_later_event_brings_is_expected_from_then_on(clean, clean_frames) -> None:
    cases = clean_frames["enquiries"]
    assert cases["tax_found"].isna().any()
    assert "closed_on" in known_later(TABLES["enquiries"])
    assert pick(clean, "enquiries", "tax_found")["completeness"] == 1.0
    assert pick(clean, "enquiries", "closed_on")["completeness"] == cases["closed_on"].notna().mean()


def test_invalid_cells_count_among_filled_ones(frames, records_of) -> None:
    people = frames["taxpayers"]
    people.loc[[0, 1], "sic2007"] = "4321"
    people["region"] = people["region"].astype(object)
    people.loc[2, "region"] = "Atlantis"
    measures = quality_of(records_of(frames)).measures
    filled = people["sic2007"].notna().sum()
    assert pick(measures, "taxpayers", "sic2007")["validity"] == pytest.approx(1 - 2 / filled)
    region = pick(measures, "taxpayers", "region")
    assert (region["completeness"], region["validity"]) == (1.0, pytest.approx(1 - 1 / len(people)))
    assert pick(measures, "taxpayers", nation="unknown")["rows"] == 1


@pytest.mark.parametrize("partitions", [1, 3])
def test_repeated_keys_are_counted_over_all_partitions(
    frames, write_records, tmp_path, partitions: int
) -> None:
    reports = frames["third_party"]
    copies = reports.iloc[:5].assign(taxpayer_id=[f"T{number:04d}" for number in range(5, 10)])
    frames["third_party"] = pd.concat([reports, copies], ignore_index=True)
    frames["vat"] = pd.concat([frames["vat"], frames["vat"].iloc[:2]], ignore_index=True)
    records = Records.open(write_records(frames, tmp_path / "records", partitions))
    measures = quality_of(records, workers=1).measures
    assert pick(measures, "third_party")["uniqueness"] == pytest.approx(1 - 5 / (len(reports) + 5))
    assert pick(measures, "vat")["uniqueness"] == pytest.approx(1 - 2 / len(frames["vat"]))


def test_partitions_make_no_difference(frames, write_records, tmp_path) -> None:
    one, three = (
        quality_of(write_records(frames, tmp_path / str(number), number), workers=1) for number in (1, 3)
    )
    keys = ["table", "column", "group", "year", "nation", "region"]
    frames_of = [profile.measures.sort_values(keys, ignore_index=True) for profile in (one, three)]
    pd.testing.assert_frame_equal(*frames_of)
    pd.testing.assert_frame_equal(one.changes(), three.changes())


def test_days_run_from_the_end_of_the_period_and_leave_amendments_out(clean, clean_frames) -> None:
    returns = clean_frames["self_assessment"]
    original = returns[returns["version"] == 0]
    assert len(original) < len(returns)
    days = (original["received_on"] - original["period_end"]).dt.days
    found = pick(clean, "self_assessment")
    for name, share in (("days_median", 0.5), ("days_most", 0.9)):
        assert found[name] == np.quantile(days, share, method="inverted_cdf")


def test_obligations_are_timely_when_met_by_the_day_due(clean, clean_frames) -> None:
    due = clean_frames["obligations"]
    due = due[due["due_on"] <= pd.Timestamp("2025-06-30")]
    assert pick(clean, "obligations")["timeliness"] == pytest.approx((due["met_on"] <= due["due_on"]).mean())


def test_consistency_is_the_share_that_no_rule_across_columns_touches(frames, records_of) -> None:
    frames["self_assessment"].loc[0, "total_income"] += 500.0
    frames["vat"].loc[3, "sales"] = -1.0
    frames["taxpayers"].loc[0, "nation"] = "Wales"
    frames["payments"] = pd.concat([frames["payments"], frames["payments"].iloc[:1]], ignore_index=True)
    measures = quality_of(records_of(frames)).measures
    tables = {name: pick(measures, name) for name in ("self_assessment", "taxpayers", "vat", "payments")}
    people = len(frames["taxpayers"])
    assert tables["taxpayers"]["consistency"] == pytest.approx(1 - 1 / people)
    assert tables["payments"]["consistency"] == 1.0  # a copy is no contradiction
    assert tables["self_assessment"]["consistency"] < 1.0
    assert pick(measures, "vat", "sales")["validity"] == pytest.approx(1 - 1 / len(frames["vat"]))


def test_the_quality_is_measured_only_where_it_is_asked_for(frames, records_of) -> None:
    report = validate(records_of(frames))
    assert not report.has_quality
    with pytest.raises(UsageError, match="quality=True"):
        _ = report.quality


def test_a_missing_column_is_empty_and_spoils_nothing_else(frames, records_of) -> None:
    frames["vat"] = frames["vat"].drop(columns="sales")
    measures = quality_of(records_of(frames)).measures
    assert pick(measures, "vat", "sales")["completeness"] == 0.0
    assert pick(measures, "vat", "purchases")["completeness"] == 1.0
    assert np.isnan(pick(measures, "vat")["validity"])
    assert pick(measures, "payments")["validity"] == 1.0


def test_nothing_that_names_a_taxpayer_leaves_the_profile(frames, records_of) -> None:
    frames["taxpayers"].loc[0, "sic2007"] = "XSECRETX"
    profile = quality_of(records_of(frames))
    names = set(frames["taxpayers"]["taxpayer_id"]) | set(frames["identities"]["name"]) | {"XSECRETX"}
    names |= set(frames["taxpayers"]["utr"]) | set(frames["third_party"]["report_id"])
    for text in (profile.to_json(), profile.to_html(), profile.to_text(), profile.measures.to_csv()):
        assert not {name for name in names if re.search(rf"\b{re.escape(name)}\b", text)}


def test_json_bears_its_format_and_holds_no_gaps(frames, records_of) -> None:
    content = json.loads(quality_of(records_of(frames)).to_json())
    assert (content["format"], content["format_version"]) == ("taxgap-quality", 1)
    assert content["as_of"] == "2025-06-30"
    assert all(None not in row.values() for row in content["measures"])


def test_text_fits_one_screen(frames, records_of) -> None:
    lines = quality_of(records_of(frames)).to_text().splitlines()
    assert len(lines) <= HEIGHT
    assert max(map(len, lines)) <= WIDTH


def test_page_is_readable_without_sight_or_script(frames, records_of) -> None:
    frames["vat"].loc[3, "sales"] = -1.0
    page = quality_of(records_of(frames)).to_html()
    assert "<script" not in page
    assert '<html lang="en-GB">' in page
    assert page.count("<table>") == page.count("<caption>") == page.count("<thead>") > 2
    assert all("scope=" in head for head in re.findall(r"<th\b[^>]*>", page))
    assert all("aria-label=" in picture for picture in re.findall(r"<svg\b[^>]*>", page))


def test_no_records_make_an_empty_profile() -> None:
    profile = quality_of(Records.from_frames({}))
    assert profile.measures.empty
    assert profile.changes().empty
    assert profile.silent.empty
    assert "0 of 0" in profile.to_text()
    assert "Nothing got worse" in profile._repr_html_()
