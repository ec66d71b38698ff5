"""The report: data first, then text, HTML and JSON; nothing of a row but its key."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from html.parser import HTMLParser

import pandas as pd
import pytest

from taxgap.errors import InvalidDataError, UsageError
from taxgap.records import Records
from taxgap.validation import ValidationReport, validate

Frames = dict[str, pd.DataFrame]
AS_OF = "2025-06-30"
SECRET = 987_654_321.0


@pytest.fixture(scope="module")
def report(clean_frames: Frames) -> ValidationReport:
    frames = {name: frame.copy() for name, frame in clean_frames.items()}
    returns = frames["self_assessment"]
    returns.loc[12:, "employment_pay"] = SECRET
    returns.loc[7, "turnover"] = -SECRET
    frames["taxpayers"].loc[0, "nino"] = "SECRET"
    frames["registrations"].loc[4, "effective_from"] = pd.Timestamp("2023-04-06")
    return validate(Records.from_frames(frames, as_of=AS_OF))


def test_findings_are_a_frame_with_a_row_for_each_rule_and_column(report: ValidationReport) -> None:
    findings = report.findings
    assert list(findings) == [
        "rule",
        "severity",
        "table",
        "partition",
        "column",
        "count",
        "share",
        "examples",
        "sentence",
        "remedy",
    ]
    added = findings[findings["rule"] == "total_income_adds_up"].iloc[0]
    assert added["count"] == 12
    assert added["share"] == pytest.approx(12 / 24)
    assert added["partition"] == 0
    assert added["examples"] == (
        "T0006/2022-23/0",
        "T0006/2023-24/0",
        "T0007/2022-23/0",
        "T0007/2023-24/0",
        "T0008/2022-23/0",
    )
    assert findings["severity"].tolist() == sorted(findings["severity"])


def test_rows_in_are_rows_kept_and_rows_quarantined(report: ValidationReport) -> None:
    rows = report.rows.set_index("table")
    assert list(rows) == ["rows_in", "kept", "quarantined", "unreadable_files"]
    assert rows.loc["self_assessment"].tolist() == [24, 9, 15, 0]
    assert (rows["rows_in"] == rows["kept"] + rows["quarantined"]).all()


def test_the_error_names_rule_table_column_row_and_remedy(report: ValidationReport) -> None:
    with pytest.raises(InvalidDataError) as raised:
        report.raise_if_failed()
    text = str(raised.value)
    assert "out_of_range in self_assessment.turnover, 1 row (T0003/2023-24/0)" in text
    assert "Turnover of the trade is not at least 0. Mend the value at its source." in text
    assert "more findings" in text


def test_warnings_fail_only_who_asks_for_it(frames: Frames, records_of: Callable[[Frames], Records]) -> None:
    frames["self_assessment"].loc[9, "tax_charged"] = 1.0
    report = validate(records_of(frames))
    report.raise_if_failed()
    assert report.passed
    with pytest.raises(InvalidDataError, match="tax_charged in self_assessment"):
        report.raise_if_failed("warn")
    with pytest.raises(UsageError, match="Available: reject, warn"):
        report.raise_if_failed("error")  # type: ignore[arg-type]


def test_no_form_of_the_report_shows_a_value_of_a_row(report: ValidationReport) -> None:
    for text in (report.to_text(), report.to_html(), report.to_json(), repr(report), str(report.findings)):
        assert "987" not in text
        assert "SECRET" not in text


def test_a_key_that_fails_the_schema_is_not_shown(
    frames: Frames, records_of: Callable[[Frames], Records]
) -> None:
    frames["payments"].loc[2, "taxpayer_id"] = "Jane Doe"
    report = validate(records_of(frames), tables=["payments"])
    assert report.findings["examples"].tolist() == [("row 2",)]
    assert "Doe" not in report.to_json()


def test_the_text_fits_on_a_screen(report: ValidationReport) -> None:
    lines = report.to_text().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    assert lines[0].startswith("Validation failed: ")
    assert any(line.split() == ["self_assessment", "24", "9", "15"] for line in lines)


def test_findings_of_all_partitions_are_added_up(
    frames: Frames, write_records: Callable[..., object], tmp_path: object
) -> None:
    frames["payments"]["liability"] = -1.0
    few = {"taxpayers": frames["taxpayers"], "payments": frames["payments"].head(12)}
    report = validate(write_records(few, tmp_path / "r", partitions=3), tables=[*few])  # type: ignore[operator, arg-type]
    assert len(report.findings) > 1
    summary = report.summary()
    assert summary["count"].tolist() == [12]
    assert summary["share"].tolist() == [1.0]


def test_json_holds_the_same_findings(report: ValidationReport) -> None:
    content = json.loads(report.to_json())
    assert content == report.to_dict()
    assert content["format"] == "taxgap-validation"
    assert content["passed"] is False
    assert [item["rule"] for item in content["findings"]] == report.findings["rule"].tolist()
    assert content["as_of"] == "2025-06-30"


class Page(HTMLParser):
    """Collects the tags that are open, and those that were met."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_its_tables_have_headers(report: ValidationReport) -> None:
    page = Page()
    page.feed(report.to_html())
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert tags.count("caption") == tags.count("table") == 2
    assert all("scope" in attributes for tag, attributes in page.seen if tag == "th")
    assert ("html", {"lang": "en-GB"}) in page.seen
    assert report._repr_html_() in report.to_html()


def test_html_of_names_from_the_data_is_escaped(
    frames: Frames, records_of: Callable[[Frames], Records]
) -> None:
    frames["payments"]["<script>"] = 1
    assert "<script>" not in validate(records_of(frames)).to_html()


def test_a_passing_report_says_so(frames: Frames, records_of: Callable[[Frames], Records]) -> None:
    report = validate(records_of(frames))
    rows = sum(map(len, frames.values()))
    verdict = f"Validation passed: 0 faults, 0 warnings; 0 of {rows:,} rows quarantined."
    assert report.to_text().startswith(verdict)
    assert "No findings." in report.to_html()
    assert repr(report) == "<ValidationReport: passed, 0 findings>"


def test_a_report_and_its_trusted_records_travel_between_processes(report: ValidationReport) -> None:
    copy = pickle.loads(pickle.dumps(report))  # noqa: S301  our own bytes
    assert copy.to_dict() == report.to_dict()
    trusted = pickle.loads(pickle.dumps(report.trusted))  # noqa: S301
    pd.testing.assert_frame_equal(trusted.table("self_assessment"), report.trusted.table("self_assessment"))


def test_trusted_records_read_columns_and_earlier_dates(report: ValidationReport) -> None:
    trusted = report.trusted
    assert list(trusted.table("self_assessment", ["turnover"])) == ["turnover"]
    assert len(trusted.table("self_assessment")) == 9
    earlier = trusted.known_at("2024-12-31")
    assert set(earlier.table("self_assessment")["period"]) == {"2022-23"}
    assert set(earlier.tables) == set(trusted.tables)
    assert trusted.manifest.files == {}


def test_records_without_any_table(records_of: Callable[[Frames], Records]) -> None:
    report = validate(records_of({}), tables=[])
    assert report.passed
    assert report.rows.empty
    assert "passed" in report.to_text()
    assert "passed" in report.to_html()
    assert validate(records_of({})).summary()["rule"].eq("missing_table").all()


def test_failing_rows_come_back_as_they_were(report: ValidationReport) -> None:
    rejected = report.failing("self_assessment")
    assert rejected.loc[rejected["rule"] == "out_of_range", "turnover"].tolist() == [-SECRET]
    warned = report.failing("self_assessment", "warn")
    assert set(warned["rule"]) == {"outside_registration"}
    assert len(report.failing("payments")) == 0 or (report.failing("payments")["reason"] != "").all()
    with pytest.raises(UsageError, match="no table 'vat_returns'"):
        report.failing("vat_returns")
